package dev.tka.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.AumHash;
import dev.tka.sync.Intersection;
import dev.tka.sync.StrandedNode;
import org.junit.jupiter.api.Test;

/** Remedies for a node that control cannot help, in the library's words. */
class SyncRemedyTest {
  private static final AumHash HASH = AumHash.of(new byte[AumHash.SIZE]);

  @Test
  void aNodeOnADisplacedBranchIsRepaired() {
    assertThat(
            SyncRemedy.of(
                new StrandedNode.OnDisplacedBranch(
                    new Intersection.LosingBranch(HASH, 3, HASH, 2, HASH))))
        .isEqualTo(
            "All that this node holds follows "
                + HASH
                + " on a branch that "
                + HASH
                + " displaced. Bring back what its directory still has, to "
                + HASH
                + " at least.");
  }

  @Test
  void aNodeThatNamesNothingKnownBeginsAnew() {
    assertThat(
            SyncRemedy.of(
                new StrandedNode.NothingKnown(new Intersection.None(HASH, HASH, true, 2, 0))))
        .isEqualTo(
            "Nothing that this node names is known here: it is of another authority, or of one that"
                + " was disabled. Tell it that the lock is disabled, with the old secret, and let"
                + " it bootstrap anew.");
  }
}
