package dev.tka.sync;

import dev.tka.core.AumHash;
import dev.tka.core.authority.Refusal;
import java.util.List;

/** The way a round, or a series of rounds, ended for the node. */
public sealed interface SyncOutcome {
  /** A stable identifier for programs, such as {@code control-denies}. */
  String kind();

  /** The outcome and its cause, as a sentence without its capital letter and full stop. */
  String reason();

  /** The heads were equal; nothing was sent. */
  record UpToDate(AumHash head) implements SyncOutcome {
    @Override
    public String kind() {
      return "up-to-date";
    }

    @Override
    public String reason() {
      return "the heads agree, there was nothing to do: " + head;
    }
  }

  /** The heads are equal now. */
  record Converged(AumHash head) implements SyncOutcome {
    @Override
    public String kind() {
      return "converged";
    }

    @Override
    public String reason() {
      return "the heads agree: " + head;
    }
  }

  /**
   * The heads still differ: another round may bring them together. A series of rounds never ends
   * this way.
   */
  record Unfinished(AumHash head, AumHash controlHead) implements SyncOutcome {
    @Override
    public String kind() {
      return "unfinished";
    }

    @Override
    public String reason() {
      return "the heads still differ: " + head + ", " + controlHead;
    }
  }

  /**
   * The heads differ, and rounds no longer change anything: control does not follow this node's
   * branch, has taken nothing in, or does not hand out the AUM that it names as its head.
   *
   * @param rounds the number of rounds
   */
  record Stalled(AumHash head, AumHash controlHead, int rounds) implements SyncOutcome {
    @Override
    public String kind() {
      return "stalled";
    }

    @Override
    public String reason() {
      return "rounds no longer change anything: the node stays at "
          + head
          + ", control at "
          + controlHead;
    }
  }

  /**
   * Neither end found an AUM that both have: the two belong to different authorities, or one has
   * forgotten what they share.
   *
   * @param intersection the node's result for control's offer
   */
  record NoCommonGround(Intersection.None intersection) implements SyncOutcome {
    @Override
    public String kind() {
      return "no-common-ground";
    }

    @Override
    public String reason() {
      return "no AUM is known to both: they belong to different authorities, or "
          + (intersection.fromGenesis() ? "control has" : "one has")
          + " forgotten what they share";
    }
  }

  /**
   * Control's AUMs follow one that this node does not hold: control's chain left this node's before
   * the oldest AUM that is held here. Nothing was stored.
   *
   * @param parent the AUM that is not held
   * @param oldest this node's oldest ancestor
   */
  record OutOfReach(AumHash parent, AumHash oldest) implements SyncOutcome {
    @Override
    public String kind() {
      return "out-of-reach";
    }

    @Override
    public String reason() {
      return "control's chain leaves the node's before the oldest AUM that the node holds, "
          + oldest
          + ": the node would need "
          + parent;
    }
  }

  /**
   * Control follows a chain that this node does not admit: it rests on keys that were removed, or
   * weighs too little. The rest was taken in.
   *
   * @param refusals the refused AUMs, with reasons
   */
  record Refused(List<Refusal> refusals) implements SyncOutcome {
    /** Copies the list. */
    public Refused {
      refusals = List.copyOf(refusals);
    }

    @Override
    public String kind() {
      return "refused";
    }

    /** Gives the first refusal. */
    @Override
    public String reason() {
      return "control follows a chain that the node does not admit: " + refusals.get(0).text();
    }
  }

  /**
   * Control has seen revocations that were made here, but does not follow them. This node does,
   * until a person decides.
   *
   * @param revocations the hashes of the revocations
   * @param reasons control's reasons, a line each; there may be none
   */
  record RevocationRefused(List<AumHash> revocations, List<String> reasons) implements SyncOutcome {
    /** Copies the lists. */
    public RevocationRefused {
      revocations = List.copyOf(revocations);
      reasons = List.copyOf(reasons);
    }

    @Override
    public String kind() {
      return "revocation-refused";
    }

    /** Gives the first revocation, with the first of control's reasons. */
    @Override
    public String reason() {
      return "control does not follow a revocation that was made here, "
          + revocations.get(0)
          + (reasons.isEmpty() ? "" : ": " + reasons.get(0));
    }
  }

  /**
   * Control's chain ends at an AUM that this node has left behind and purged, or continues from it
   * in a way that displaces nothing: control was restored from a backup that is older than the AUMs
   * this node holds. A node that holds more can give control back what it lost.
   *
   * @param common the newest AUM of this node's trail that control named
   * @param oldest this node's oldest ancestor
   */
  record ControlLostHistory(AumHash common, AumHash oldest) implements SyncOutcome {
    @Override
    public String kind() {
      return "control-lost-history";
    }

    @Override
    public String reason() {
      return "control has lost history that the node no longer has: what they share, "
          + common
          + ", comes before the oldest AUM that the node holds, "
          + oldest;
    }
  }

  /**
   * Control does not follow an AUM that it once sent or accepted, and none of the AUMs that it sent
   * displaces it. What it sent instead weighs too little ever to be followed, and was not stored.
   *
   * @param denied the first such AUM of this node's active chain
   * @param refusals what control sent instead, with reasons; there may be nothing
   */
  record ControlDenies(AumHash denied, AumHash controlHead, List<Refusal> refusals)
      implements SyncOutcome {
    /** Copies the list. */
    public ControlDenies {
      refusals = List.copyOf(refusals);
    }

    @Override
    public String kind() {
      return "control-denies";
    }

    @Override
    public String reason() {
      return "control denies what it once had: it does not follow "
          + denied
          + "; its head is "
          + controlHead
          + (refusals.isEmpty() ? "" : "; not admitted: " + refusals.get(0).text());
    }
  }

  /** The AUMs that control sent cannot be taken in. Nothing was stored. */
  record Rejected(Intake.Rejected cause) implements SyncOutcome {
    @Override
    public String kind() {
      return "rejected";
    }

    @Override
    public String reason() {
      return "the node refuses the AUMs that control sends: " + cause.reason();
    }
  }
}
