package dev.tka.compaction;

import dev.tka.core.AumHash;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.OpenException;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.Commit;
import dev.tka.core.store.StoreException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What compaction makes of a store (protocol, section 6): either every AUM has its verdict, or
 * nothing is purged and the plan says why. Immutable; deciding writes nothing.
 */
public sealed interface CompactionPlan {
  /**
   * Decides. The cost is that of going over the store's index once; no AUM is decoded.
   *
   * @param now tells how old AUMs are
   */
  static CompactionPlan of(Authority authority, CompactionPolicy policy, Instant now) {
    return Retention.decide(authority, policy, now);
  }

  /**
   * Every AUM has its verdict. Where none goes, all of them have a reason to stay.
   *
   * @param base what it was decided on
   * @param oldestAncestor the oldest AUM of the active chain that stays
   * @param kept what stays, and why
   * @param purged what goes: everything else
   */
  record Decided(
      Authority base, AumHash oldestAncestor, Map<AumHash, KeepReason> kept, Set<AumHash> purged)
      implements CompactionPlan {
    /** Copies its parts. */
    public Decided {
      kept = Map.copyOf(kept);
      purged = Set.copyOf(purged);
    }

    /** True when applying it writes something: AUMs go, or the oldest ancestor is recorded. */
    public boolean changesStore() {
      return !purged.isEmpty()
          || !base.snapshot().lastActiveAncestor().equals(Optional.of(oldestAncestor));
    }

    /**
     * Purges, and records the oldest ancestor, in one commit. The authority over the store
     * afterwards has the same head and state; a {@link dev.tka.core.authority.LiveAuthority}
     * follows when it is refreshed, or by itself when it is next informed.
     *
     * @param store the one that the plan was decided on
     * @param admission tells whether what is purged from the active chain is remembered in the
     *     trail (protocol, section 10), or forgotten
     * @return what it holds now
     * @throws StoreException.Conflict if something was stored since; nothing was written
     * @throws StoreException if it cannot be read or written; it is as it was
     * @throws OpenException if the active chain does not apply, so that nobody verified it
     */
    public AumSnapshot applyTo(AumStore store, AdmissionPolicy admission)
        throws StoreException, OpenException {
      AumSnapshot before = base.snapshot();
      if (!changesStore()) {
        return before;
      }
      boolean remembers = admission.remembers();
      // Not by the builder, which would copy what is purged once more.
      return store.commit(
          new Commit(
              before.revision(),
              List.of(),
              purged,
              Optional.of(oldestAncestor),
              // A trail with a gap would be none.
              remembers ? Optional.empty() : before.trail().oldest(),
              remembers ? base.entriesBefore(oldestAncestor) : List.of(),
              Optional.empty()));
    }
  }

  /** Nothing is purged, and this is why. Where the reference fails whole, too. */
  sealed interface NothingToPurge extends CompactionPlan {
    /** The reason, as a sentence for people. */
    String reason();
  }

  /** Something in the store is damaged, and may be what wins (protocol, section 9). */
  record Degraded() implements NothingToPurge {
    @Override
    public String reason() {
      return "the store is damaged, and what is missing may be what wins";
    }
  }

  /**
   * No AUM that is old enough can be the oldest ancestor: the active chain ends before a
   * checkpoint.
   *
   * @param searchedFrom where the search back along the active chain began
   */
  record NoCheckpoint(AumHash searchedFrom) implements NothingToPurge {
    @Override
    public String reason() {
      return "what is stored of the active chain has, from "
          + searchedFrom
          + " back, no checkpoint that can be the oldest ancestor yet";
    }
  }

  /**
   * A young AUM, or one that follows it, does not descend from what stays of the active chain:
   * without purging, it does no harm, and once it is old, it goes.
   *
   * @param kept the AUM
   * @param end the last stored AUM on the way back from it; itself, when its parent is not stored
   */
  record Unconnected(AumHash kept, AumHash end) implements NothingToPurge {
    @Override
    public String reason() {
      return kept
          + " has to stay, and from it the way back ends at "
          + end
          + " before it meets what else stays";
    }
  }
}
