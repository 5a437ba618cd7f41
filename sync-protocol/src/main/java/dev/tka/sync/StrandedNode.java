package dev.tka.sync;

/** A node that no answer of control's can help, as control sees it (protocol, section 10). */
public sealed interface StrandedNode {
  /** What is wrong and what helps, a sentence or two. */
  String remedy();

  /**
   * All that the node holds lies on a branch that was displaced below its oldest AUM: it has
   * forgotten where its chain left control's, and cannot take in what replaced it.
   *
   * @param branch where control found it
   */
  record OnDisplacedBranch(Intersection.LosingBranch branch) implements StrandedNode {
    @Override
    public String remedy() {
      return "All that this node holds follows "
          + branch.at()
          + " on a branch that "
          + branch.winner()
          + " displaced. Bring back what its directory still has, to "
          + branch.at()
          + " at least: tka repair DIR --to "
          + branch.at();
    }
  }

  /**
   * Control holds nothing that the node named.
   *
   * @param nothing how much that was
   */
  record NothingKnown(Intersection.None nothing) implements StrandedNode {
    @Override
    public String remedy() {
      return "Nothing that this node names is known here: it is of another authority, or of one that"
          + " was disabled. Tell it that the lock is disabled, with the old secret, and let it"
          + " bootstrap anew.";
    }
  }
}
