package dev.tka.sync;

/** A node that none of control's answers can help, as control sees it (protocol, section 10). */
public sealed interface StrandedNode {
  /** A stable identifier for programs, such as {@code nothing-known}. */
  String kind();

  /** The problem, as a sentence without its capital letter and full stop. */
  String reason();

  /** The remedy, as a sentence without its capital letter and full stop. */
  String remedy();

  /**
   * Everything that the node holds lies on a branch that was displaced below its oldest AUM: it has
   * forgotten where its chain left control's, and cannot take in the AUMs that replaced it.
   *
   * @param branch the branch as control found it
   */
  record OnDisplacedBranch(Intersection.LosingBranch branch) implements StrandedNode {
    @Override
    public String kind() {
      return "on-displaced-branch";
    }

    @Override
    public String reason() {
      return "all that this node holds follows "
          + branch.at()
          + " on a branch that "
          + branch.winner()
          + " displaced";
    }

    @Override
    public String remedy() {
      return "bring back what its directory still has, to " + branch.at() + " at least";
    }
  }

  /**
   * Control holds none of the AUMs that the node named.
   *
   * @param nothing the result of control's search
   */
  record NothingKnown(Intersection.None nothing) implements StrandedNode {
    @Override
    public String kind() {
      return "nothing-known";
    }

    @Override
    public String reason() {
      return "nothing that this node names is known here: it is of another authority, or of one that was"
          + " disabled";
    }

    @Override
    public String remedy() {
      return "tell it that the lock is disabled, with the old secret, and let it bootstrap anew";
    }
  }
}
