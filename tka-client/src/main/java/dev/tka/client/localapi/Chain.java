package dev.tka.client.localapi;

import dev.tka.core.Aum;
import dev.tka.core.AumKind;
import dev.tka.core.DecodeException;
import dev.tka.core.authority.ChainAudit;
import dev.tka.core.authority.OpenException;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.Commit;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.core.store.StoreException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The active chain of a daemon, from its log. */
final class Chain {
  private Chain() {}

  /**
   * Reads and verifies a log.
   *
   * @param newestFirst from the head along the parents
   * @param cut whether there may be more: then it goes back to the oldest checkpoint in it
   * @param now when each counts as taken in
   * @throws GoJson.Bad if it is no whole chain, or does not verify
   */
  static AumSnapshot verified(List<LogEntry> newestFirst, boolean cut, Instant now)
      throws GoJson.Bad {
    List<Aum> chain = decoded(newestFirst);
    if (cut) {
      while (!chain.isEmpty() && !begins(chain.get(chain.size() - 1))) {
        chain.remove(chain.size() - 1);
      }
    }
    if (chain.isEmpty()) {
      return new MemoryAumStore().read();
    }
    Aum oldest = chain.get(chain.size() - 1);
    if (!begins(oldest)) {
      throw new GoJson.Bad("the log: expected a checkpoint at its beginning, found another AUM");
    }
    try {
      MemoryAumStore store = new MemoryAumStore();
      Commit.Builder commit = Commit.on(store.read().revision());
      for (int i = chain.size() - 1; i >= 0; i--) {
        commit.add(chain.get(i), now);
      }
      AumSnapshot snapshot = store.commit(commit.lastActiveAncestor(oldest.hash()).build());
      Optional<ChainAudit.Problem> problem = ChainAudit.of(snapshot).problem();
      if (problem.isPresent()) {
        throw new GoJson.Bad(
            "the log does not verify: "
                + problem.get().hash()
                + ": "
                + problem.get().cause().getMessage());
      }
      return snapshot;
    } catch (StoreException | OpenException e) {
      throw new GoJson.Bad("the log does not verify: " + e.getMessage());
    }
  }

  private static boolean begins(Aum aum) {
    return aum.kind().equals(AumKind.CHECKPOINT);
  }

  /** Each is the parent of the one before. */
  private static List<Aum> decoded(List<LogEntry> newestFirst) throws GoJson.Bad {
    List<Aum> chain = new ArrayList<>();
    for (LogEntry entry : newestFirst) {
      Aum aum;
      try {
        aum = Aum.decode(entry.raw().toByteArray());
      } catch (DecodeException e) {
        throw new GoJson.Bad("the log: an AUM: " + e.getMessage());
      }
      boolean follows =
          chain.isEmpty() || chain.get(chain.size() - 1).parent().equals(Optional.of(aum.hash()));
      if (!follows || !entry.hash().equals(Optional.of(aum.hash()))) {
        throw new GoJson.Bad("the log: expected each AUM's parent after it, found another AUM");
      }
      chain.add(aum);
    }
    return chain;
  }
}
