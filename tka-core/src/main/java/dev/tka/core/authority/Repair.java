package dev.tka.core.authority;

import dev.tka.core.AumHash;
import dev.tka.core.TkaException;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.Commit;
import dev.tka.core.store.StoreException;
import java.util.List;
import java.util.Objects;

/**
 * How AUMs of the trail that a store purged, and still has the bodies of, come back (protocol,
 * sections 4 and 10): either everything about them was verified and one commit brings them back, or
 * nothing comes back and the plan says why. So a node that compacted past what others have can sync
 * again. Immutable; deciding writes nothing.
 *
 * <p>What comes back begins with a checkpoint, which becomes the oldest ancestor, and leads to the
 * one that is the oldest ancestor now. The head and the state of the authority stay as they are.
 */
public sealed interface Repair {
  /** How far back to go. */
  sealed interface Reach {}

  /** To an AUM, or to the newest checkpoint before it. */
  record To(AumHash hash) implements Reach {
    /** Refuses nothing but null. */
    public To {
      Objects.requireNonNull(hash);
    }
  }

  /**
   * Some AUMs, or as many as there are; and on to the newest checkpoint before them.
   *
   * @param aums how many at least, from 1
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
   * meet there.
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
   * Decides. Costs the trail, and the signatures of what comes back.
   *
   * @throws OpenException if no authority can be opened from what is stored
   * @throws StoreException if a body cannot be read
   */
  static Repair of(AumSnapshot snapshot, Reach reach) throws OpenException, StoreException {
    return new RepairDecision(Authority.open(snapshot)).decide(reach);
  }

  /**
   * AUMs come back.
   *
   * @param base what it was decided on
   * @param additions what comes back, at least one, oldest first, with the commit times that they
   *     had
   */
  record Restore(AumSnapshot base, List<Commit.Addition> additions) implements Repair {
    /** Copies the list. */
    public Restore {
      additions = List.copyOf(additions);
    }

    /** How many AUMs come back. */
    public int count() {
      return additions.size();
    }

    /** The oldest of them, a checkpoint: the oldest ancestor to be. */
    public AumHash oldest() {
      return additions.get(0).aum().hash();
    }

    /** The newest of them: the parent of what is the oldest ancestor now. */
    public AumHash newest() {
      return additions.get(additions.size() - 1).aum().hash();
    }

    /**
     * Brings them back, takes them off the trail, and records the oldest ancestor, in one commit.
     *
     * @param store the one that it was decided on
     * @return what it holds now
     * @throws StoreException.Conflict if something was stored since; nothing was written
     * @throws StoreException if it cannot be written; it is as it was
     */
    public AumSnapshot applyTo(AumStore store) throws StoreException {
      Commit.Builder commit = Commit.on(base.revision()).cutTrail(oldest());
      additions.forEach(addition -> commit.add(addition.aum(), addition.committedAt()));
      return store.commit(commit.lastActiveAncestor(oldest()).build());
    }
  }

  /** Nothing comes back, and this is why. */
  sealed interface Nothing extends Repair {
    /** A word for programs, which stays as it is: {@code body-lost}. */
    String kind();

    /** Why, as a sentence without its capital letter and its full stop. */
    String reason();
  }

  /** What was asked for is there. */
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

  /** Nothing that was purged is known behind the oldest ancestor. */
  record NothingRemembered(AumHash oldestAncestor) implements Nothing {
    @Override
    public String kind() {
      return "nothing-remembered";
    }

    @Override
    public String reason() {
      return "no purged AUM is known from which the way leads on to " + oldestAncestor;
    }
  }

  /**
   * None of the AUMs that were asked for is one that was purged.
   *
   * @param wanted how many were asked for
   * @param oldestRemembered how far the trail goes back
   */
  record NotRemembered(int wanted, AumHash oldestRemembered) implements Nothing {
    @Override
    public String kind() {
      return "not-remembered";
    }

    @Override
    public String reason() {
      return "of the "
          + wanted
          + " AUMs that were asked for none is on the way back from the oldest ancestor, which ends"
          + " at "
          + oldestRemembered;
    }
  }

  /**
   * There is no checkpoint at or before an AUM with which a store could begin (protocol, section
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

  /** What would come back holds an edit that was set aside. */
  record SetAside(AumHash edit) implements Nothing {
    @Override
    public String kind() {
      return "set-aside";
    }

    @Override
    public String reason() {
      return edit + " was set aside, and does not come back unasked";
    }
  }

  /** The store remembers an AUM and does not have its body any more. */
  record BodyLost(AumHash hash) implements Nothing {
    @Override
    public String kind() {
      return "body-lost";
    }

    @Override
    public String reason() {
      return "the store does not have " + hash + " any more";
    }
  }

  /**
   * What would come back is not what a store of ours held: nobody accepts it.
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
   * A stored AUM, unconnected now, would win at one that comes back, and the head would be another.
   *
   * @param at the AUM that comes back
   * @param winner the one that is stored and would win there
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
}
