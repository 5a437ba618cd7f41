package dev.tka.testkit;

import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.store.AumEntry;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.Commit;
import dev.tka.core.store.Damage;
import dev.tka.core.store.Notes;
import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import dev.tka.core.store.Trail;
import java.io.IOException;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/**
 * A store that fails when it is told to. Every call that a store may fail is counted, those of its
 * snapshots too: {@code read}, {@code encoded} (and so {@code get}), {@code commit}, {@code wipe}.
 * A call that fails has not reached the store behind, except where it says so.
 *
 * <p>For one thread.
 */
public final class FailingAumStore implements AumStore {
  private final AumStore behind;
  private int calls;
  private int failingCall;
  private int conflicts;
  private boolean losesAnswer;

  /** A store that does not fail yet. */
  public FailingAumStore(AumStore behind) {
    this.behind = behind;
  }

  /** How many calls there were since the last {@link #failAt}, or ever. */
  public int calls() {
    return calls;
  }

  /**
   * One call from now will fail as unavailable; the others do not.
   *
   * @param call which, counted from 1
   */
  public void failAt(int call) {
    calls = 0;
    failingCall = call;
  }

  /** The next commits will fail, as if other writers had been first. */
  public void conflictAtNextCommits(int count) {
    conflicts = count;
  }

  /** The next commit will be made and reported as a failure: the answer is lost on its way. */
  public void loseAnswerOfNextCommit() {
    losesAnswer = true;
  }

  @Override
  public AumSnapshot read() throws StoreException {
    count("read");
    return new FailingSnapshot(behind.read());
  }

  @Override
  public AumSnapshot commit(Commit commit) throws StoreException {
    count("commit");
    if (conflicts > 0) {
      conflicts--;
      throw new StoreException.Conflict(commit.base(), behind.read().revision());
    }
    AumSnapshot after = behind.commit(commit);
    if (losesAnswer) {
      losesAnswer = false;
      throw unavailable("the answer to a commit");
    }
    return new FailingSnapshot(after);
  }

  @Override
  public void wipe() throws StoreException {
    count("wipe");
    behind.wipe();
  }

  private void count(String call) throws StoreException.Unavailable {
    calls++;
    if (calls == failingCall) {
      throw unavailable(call);
    }
  }

  private static StoreException.Unavailable unavailable(String what) {
    return new StoreException.Unavailable(what, new IOException("told to fail"));
  }

  /** A snapshot whose bodies may be unreadable. */
  private final class FailingSnapshot implements AumSnapshot {
    private final AumSnapshot behindIt;

    FailingSnapshot(AumSnapshot behindIt) {
      this.behindIt = behindIt;
    }

    @Override
    public Bytes encoded(AumHash hash) throws StoreException {
      count("encoded");
      return behindIt.encoded(hash);
    }

    @Override
    public Revision revision() {
      return behindIt.revision();
    }

    @Override
    public Collection<? extends AumEntry> entries() {
      return behindIt.entries();
    }

    @Override
    public Optional<? extends AumEntry> find(AumHash hash) {
      return behindIt.find(hash);
    }

    @Override
    public List<? extends AumEntry> children(AumHash parent) {
      return behindIt.children(parent);
    }

    @Override
    public Optional<AumHash> lastActiveAncestor() {
      return behindIt.lastActiveAncestor();
    }

    @Override
    public Trail trail() {
      return behindIt.trail();
    }

    @Override
    public Notes notes() {
      return behindIt.notes();
    }

    @Override
    public List<Damage> damage() {
      return behindIt.damage();
    }
  }
}
