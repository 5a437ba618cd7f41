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
 * A plan for the compaction of a store (protocol, section 6): either it decides on every AUM, or
 * nothing is purged and it says why. Immutable; deciding writes nothing.
 */
public sealed interface CompactionPlan {
  /**
   * Decides. It costs one pass over the store's index; no AUM is decoded.
   *
   * @param now the time from which the ages of AUMs are counted
   */
  static CompactionPlan of(Authority authority, CompactionPolicy policy, Instant now) {
    return Retention.decide(authority, policy, now);
  }

  /**
   * A decision on every AUM. If none is purged, all of them have a reason to stay.
   *
   * @param base the authority that it was decided on
   * @param oldestAncestor the oldest AUM of the active chain that stays
   * @param kept the AUMs that stay, and why
   * @param purged all other AUMs
   */
  record Decided(
      Authority base, AumHash oldestAncestor, Map<AumHash, KeepReason> kept, Set<AumHash> purged)
      implements CompactionPlan {
    /** Copies the collections. */
    public Decided {
      kept = Map.copyOf(kept);
      purged = Set.copyOf(purged);
    }

    /**
     * True if applying it writes something: AUMs are purged, or the oldest ancestor is recorded.
     */
    public boolean changesStore() {
      return !purged.isEmpty()
          || !base.snapshot().lastActiveAncestor().equals(Optional.of(oldestAncestor));
    }

    /**
     * Purges AUMs, and records the oldest ancestor, in one commit. The authority over the store
     * then has the same head and state; a {@link dev.tka.core.authority.LiveAuthority} follows when
     * it is refreshed, or by itself when it is next informed.
     *
     * @param store the store that the plan was decided on
     * @param admission tells whether what is purged from the active chain is remembered in the
     *     trail (protocol, section 10), or forgotten
     * @return the store's content after it
     * @throws StoreException.Conflict if the store changed since; nothing was written
     * @throws StoreException if the store cannot be read or written; it is unchanged
     * @throws OpenException if the active chain does not apply, so it was never verified
     */
    public AumSnapshot applyTo(AumStore store, AdmissionPolicy admission)
        throws StoreException, OpenException {
      AumSnapshot before = base.snapshot();
      if (!changesStore()) {
        return before;
      }
      boolean remembers = admission.remembers();
      // Without the builder, which would copy the purged hashes once more.
      return store.commit(
          new Commit(
              before.revision(),
              List.of(),
              purged,
              Optional.of(oldestAncestor),
              // A trail must not have a gap.
              remembers ? Optional.empty() : before.trail().oldest(),
              remembers ? base.entriesBefore(oldestAncestor) : List.of(),
              Optional.empty(),
              Optional.empty(),
              Map.of()));
    }
  }

  /** A reason to purge nothing. The reference fails as a whole in these cases. */
  sealed interface NothingToPurge extends CompactionPlan {
    /** A word for programs, which stays as it is: {@code no-checkpoint}. */
    String kind();

    /** Why, as a sentence without its capital letter and its full stop. */
    String reason();
  }

  /** The store is damaged, and a damaged AUM might win (protocol, section 9). */
  record Degraded() implements NothingToPurge {
    @Override
    public String kind() {
      return "degraded";
    }

    @Override
    public String reason() {
      return "the store is damaged, and a missing AUM might win";
    }
  }

  /**
   * No AUM can be the oldest ancestor: the stored active chain ends before an old enough
   * checkpoint.
   *
   * @param searchedFrom where the search back along the active chain began
   */
  record NoCheckpoint(AumHash searchedFrom) implements NothingToPurge {
    @Override
    public String kind() {
      return "no-checkpoint";
    }

    @Override
    public String reason() {
      return "the stored active chain has no checkpoint from "
          + searchedFrom
          + " back that can be the oldest ancestor yet";
    }
  }

  /**
   * A young AUM, or one that follows it, does not descend from the part of the active chain that
   * stays. It does no harm while nothing is purged, and is purged once it is old.
   *
   * @param kept the AUM
   * @param end its oldest stored ancestor; the AUM itself if its parent is not stored
   */
  record Unconnected(AumHash kept, AumHash end) implements NothingToPurge {
    @Override
    public String kind() {
      return "unconnected";
    }

    @Override
    public String reason() {
      return kept
          + " must stay, but its ancestors end at "
          + end
          + ", unconnected to the other AUMs that stay";
    }
  }
}
