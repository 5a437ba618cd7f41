package dev.tka.core.authority;

import dev.tka.core.AumHash;
import dev.tka.core.TkaException;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.Commit;
import dev.tka.core.store.Limits;
import dev.tka.core.store.StoreException;
import java.util.List;
import java.util.Objects;

/**
 * The return of purged AUMs of the trail whose bodies a store still has (protocol, sections 4 and
 * 10): either everything about them was verified and one commit brings them back, or nothing comes
 * back and the plan says why. It lets a node that compacted past the AUMs of others sync again.
 * Immutable; deciding writes nothing.
 *
 * <p>The restored AUMs begin with a checkpoint, which becomes the oldest ancestor, and lead to the
 * current oldest ancestor. The head and the state of the authority stay as they are.
 *
 * <p>{@link #from} repairs a store that lacks AUMs which it should hold, with those of another.
 */
public sealed interface Repair {
  /** The distance to go back. */
  sealed interface Reach {}

  /** To an AUM, or to the newest checkpoint before it. */
  record To(AumHash hash) implements Reach {
    /** Rejects null. */
    public To {
      Objects.requireNonNull(hash);
    }
  }

  /**
   * A number of AUMs, or as many as there are; and on to the newest checkpoint before them.
   *
   * @param aums the least number, at least 1
   */
  record AtLeast(int aums) implements Reach {
    /** Requires a positive number. */
    public AtLeast {
      if (aums < 1) {
        throw new IllegalArgumentException("expected at least 1 AUM, found " + aums);
      }
    }
  }

  /** To the oldest checkpoint. */
  record All() implements Reach {}

  /**
   * To the newest AUM that another end has, or to the newest checkpoint before it, so that the two
   * have common ground.
   *
   * @param named the head and the ancestors of its offer (protocol, section 5)
   */
  record Offer(List<AumHash> named) implements Reach {
    /** Copies the list. */
    public Offer {
      named = List.copyOf(named);
    }
  }

  /**
   * Decides on a repair. The cost is that of the trail and of the signatures of the restored AUMs.
   *
   * @throws OpenException if no authority can be opened from what is stored
   * @throws StoreException if a body cannot be read
   */
  static Repair of(AumSnapshot snapshot, Reach reach) throws OpenException, StoreException {
    return new RepairDecision(Authority.open(snapshot)).decide(reach);
  }

  /**
   * Decides which AUMs a store should hold and does not, because a file is damaged or lost, and
   * takes them from another store of the same authority, such as control's. The source is verified
   * as a whole, and so is what the store would hold afterwards: no AUM is taken on trust. The head
   * may become a later one that the store has already.
   *
   * @param snapshot a store from which perhaps no authority can be opened
   * @param source the other store
   * @throws OpenException if no authority can be opened from the source
   * @throws StoreException if a body cannot be read
   */
  static Repair from(AumSnapshot snapshot, AumSnapshot source)
      throws OpenException, StoreException {
    return new FetchDecision(snapshot, source).decide();
  }

  /**
   * AUMs of another store come in.
   *
   * @param base the snapshot on which it was decided
   * @param additions the AUMs to add, parents first; empty if only the record of the oldest
   *     ancestor is set right
   * @param oldest the oldest ancestor afterwards
   * @param head the head afterwards
   * @param leftDamaged the damaged AUMs that the source does not have
   */
  record Fetch(
      AumSnapshot base,
      List<Commit.Addition> additions,
      AumHash oldest,
      AumHash head,
      List<AumHash> leftDamaged)
      implements Repair {
    /** Copies the lists. */
    public Fetch {
      additions = List.copyOf(additions);
      leftDamaged = List.copyOf(leftDamaged);
    }

    /**
     * Adds the AUMs and records the oldest ancestor, in one commit.
     *
     * @param store the store on which it was decided
     * @return the store after the commit
     * @throws StoreException.Conflict if something was stored since; nothing was written
     * @throws StoreException if the store cannot be written; it is unchanged
     */
    public AumSnapshot applyTo(AumStore store) throws StoreException {
      Commit.Builder commit = Commit.on(base.revision()).lastActiveAncestor(oldest);
      additions.forEach(
          addition -> commit.add(addition.at(Limits.nearestCommitTime(addition.committedAt()))));
      if (base.trail().contains(oldest)) {
        commit.cutTrail(oldest);
      }
      return store.commit(commit.build());
    }
  }

  /**
   * AUMs come back.
   *
   * @param base the snapshot on which it was decided
   * @param additions the AUMs to restore, at least one, oldest first, with their original commit
   *     times
   */
  record Restore(AumSnapshot base, List<Commit.Addition> additions) implements Repair {
    /** Copies the list. */
    public Restore {
      additions = List.copyOf(additions);
    }

    /** The number of AUMs that come back. */
    public int count() {
      return additions.size();
    }

    /** The oldest of them, a checkpoint: the future oldest ancestor. */
    public AumHash oldest() {
      return additions.get(0).aum().hash();
    }

    /** The newest of them: the parent of the current oldest ancestor. */
    public AumHash newest() {
      return additions.get(additions.size() - 1).aum().hash();
    }

    /**
     * Brings the AUMs back, removes them from the trail, and records the oldest ancestor, in one
     * commit.
     *
     * @param store the store on which it was decided
     * @return the store after the commit
     * @throws StoreException.Conflict if something was stored since; nothing was written
     * @throws StoreException if the store cannot be written; it is unchanged
     */
    public AumSnapshot applyTo(AumStore store) throws StoreException {
      Commit.Builder commit = Commit.on(base.revision()).cutTrail(oldest());
      additions.forEach(
          addition -> commit.add(addition.at(Limits.nearestCommitTime(addition.committedAt()))));
      return store.commit(commit.lastActiveAncestor(oldest()).build());
    }
  }

  /** Nothing comes back, for a given reason. */
  sealed interface Nothing extends Repair {
    /** A stable identifier for programs, such as {@code body-lost}. */
    String kind();

    /** The reason, as a sentence without its capital letter and full stop. */
    String reason();
  }

  /** The requested AUM is stored already. */
  record NotNeeded(AumHash stored) implements Nothing {
    @Override
    public String kind() {
      return "not-needed";
    }

    @Override
    public String reason() {
      return stored + " is stored already, and no purged AUM is needed to reach it";
    }
  }

  /** No purged AUM is known behind the oldest ancestor. */
  record NothingRemembered(AumHash oldestAncestor) implements Nothing {
    @Override
    public String kind() {
      return "nothing-remembered";
    }

    @Override
    public String reason() {
      return "no purged AUM is known that leads to " + oldestAncestor;
    }
  }

  /**
   * None of the requested AUMs is a purged one.
   *
   * @param wanted the number of requested AUMs
   * @param oldestRemembered the AUM at which the trail ends
   */
  record NotRemembered(int wanted, AumHash oldestRemembered) implements Nothing {
    @Override
    public String kind() {
      return "not-remembered";
    }

    @Override
    public String reason() {
      return "of the AUMs requested ("
          + wanted
          + "), none is on the way back from the oldest ancestor, which ends at "
          + oldestRemembered;
    }
  }

  /**
   * No checkpoint with which a store could begin is known at or before an AUM (protocol, section
   * 4).
   */
  record NoCheckpoint(AumHash hash) implements Nothing {
    @Override
    public String kind() {
      return "no-checkpoint";
    }

    @Override
    public String reason() {
      return "no checkpoint is known at or before " + hash + ", and a store has to begin with one";
    }
  }

  /** The AUMs to restore include an edit that was set aside. */
  record SetAside(AumHash edit) implements Nothing {
    @Override
    public String kind() {
      return "set-aside";
    }

    @Override
    public String reason() {
      return edit + " was set aside, and does not come back by itself";
    }
  }

  /** The store remembers an AUM but no longer has its body. */
  record BodyLost(AumHash hash) implements Nothing {
    @Override
    public String kind() {
      return "body-lost";
    }

    @Override
    public String reason() {
      return "the store no longer has " + hash;
    }
  }

  /**
   * The AUMs to restore are not ones that a store of ours held: no state accepts them.
   *
   * @param hash the first AUM that is refused, the oldest ancestor included
   * @param cause the rule that it breaks
   */
  record NotAccepted(AumHash hash, TkaException cause) implements Nothing {
    @Override
    public String kind() {
      return "not-accepted";
    }

    @Override
    public String reason() {
      return hash + " is not accepted: " + cause.getMessage();
    }
  }

  /**
   * A stored AUM, now unconnected, would win at one that comes back, and the head would change.
   *
   * @param at the AUM that comes back
   * @param winner the stored AUM that would win there
   */
  record OtherHead(AumHash at, AumHash winner) implements Nothing {
    @Override
    public String kind() {
      return "other-head";
    }

    @Override
    public String reason() {
      return winner
          + ", which is stored, would win after "
          + at
          + ", and the head would move to it";
    }
  }

  /** The store lacks nothing that it should hold. */
  record Complete() implements Nothing {
    @Override
    public String kind() {
      return "complete";
    }

    @Override
    public String reason() {
      return "nothing is missing or damaged";
    }
  }

  /** The source is damaged itself. */
  record SourceDamaged(String problem) implements Nothing {
    @Override
    public String kind() {
      return "source-damaged";
    }

    @Override
    public String reason() {
      return "the other store is damaged itself: " + problem;
    }
  }

  /** The source holds nothing that this store names. */
  record NothingInCommon() implements Nothing {
    @Override
    public String kind() {
      return "nothing-in-common";
    }

    @Override
    public String reason() {
      return "the other store has none of the AUMs that are stored or damaged here: it belongs to"
          + " another authority";
    }
  }

  /** The source does not have the AUMs that are damaged. */
  record NotInSource(AumHash hash) implements Nothing {
    @Override
    public String kind() {
      return "not-in-source";
    }

    @Override
    public String reason() {
      return "the other store does not have " + hash;
    }
  }

  /** No authority could be opened afterwards either. */
  record StillUnopenable(OpenException cause) implements Nothing {
    @Override
    public String kind() {
      return "still-unopenable";
    }

    @Override
    public String reason() {
      return "no authority could be opened afterwards either: " + cause.getMessage();
    }
  }
}
