package dev.tka.cli.command;

import dev.tka.cli.input.OpenStore;
import dev.tka.cli.output.Texts;
import dev.tka.core.Aum;
import dev.tka.core.TkaException;
import dev.tka.core.authority.Refusal;
import dev.tka.sync.Intersection;
import dev.tka.sync.StrandedNode;
import dev.tka.sync.SyncOutcome;
import java.util.Optional;

/** What to do if the two ends of a sync disagree, with the commands to run. */
final class SyncRemedy {
  private final String node;
  private final String control;
  private final String both;
  private final String perhapsAnother;

  private SyncRemedy(OpenStore node, OpenStore control) {
    this.node = node.words();
    this.control = control.words();
    this.both = OpenStore.words(node, control);
    this.perhapsAnother = control.perhapsAnother();
  }

  /** Empty if they agree. */
  static Optional<String> of(SyncRun run, OpenStore node, OpenStore control) throws TkaException {
    Optional<Aum> mended = run.mended();
    return mended.isEmpty()
        ? of(run.outcome(), node, control)
        : mended.map(
            aum ->
                "the signatures that control names must not be on it, and the others are enough."
                    + " To store it with those, then sync: tka revoke-keys "
                    + (node.words() + " --finish " + RevokeKeysCommand.hex(aum)));
  }

  /** Empty if they agree. */
  static Optional<String> of(SyncOutcome outcome, OpenStore node, OpenStore control) {
    return new SyncRemedy(node, control).of(outcome);
  }

  private Optional<String> of(SyncOutcome outcome) {
    if (outcome instanceof SyncOutcome.UpToDate || outcome instanceof SyncOutcome.Converged) {
      return Optional.empty();
    }
    if (outcome instanceof SyncOutcome.NoCommonGround none) {
      return Optional.of(perhapsAnother + of(none.intersection()));
    }
    if (outcome instanceof SyncOutcome.OutOfReach far) {
      return Optional.of(
          "restore what the node's directory still has: "
              + ("tka repair " + node + " --to " + far.parent())
              + "; if it has nothing, restore that AUM and those between from a backup");
    }
    if (outcome instanceof SyncOutcome.Refused refused) {
      return Optional.of(of(refused.refusals().get(0)));
    }
    if (outcome instanceof SyncOutcome.RevocationRefused) {
      return Optional.of(
          "have it co-signed until it outweighs the updates that it undoes, by other keys if control"
              + " names some that must not sign it, or fork from a later update:"
              + (" tka revoke-keys " + node + " KEY... --plan --fork-from HASH"));
    }
    if (outcome instanceof SyncOutcome.ControlLostHistory lost) {
      return Optional.of(
          "control was restored from an old backup: sync a node that holds more with it, or"
              + (" restore what this one still has: tka repair " + node)
              + (" --to " + lost.common() + ", then " + restored()));
    }
    if (outcome instanceof SyncOutcome.ControlDenies) {
      return Optional.of(
          "if control was restored from a backup: "
              + restored()
              + "; if not, find out who runs it");
    }
    if (outcome instanceof SyncOutcome.Rejected) {
      return Optional.of("find the invalid AUM there: tka verify " + control);
    }
    return Optional.of("see what each end refuses: tka sync " + both + " --dry-run --explain");
  }

  private String of(Refusal refusal) {
    if (refusal instanceof Refusal.TooLong) {
      return "find out who made it, and make the edit again without it";
    }
    return "find out who signed it; if it is intended: tka sync "
        + (both + " --admit " + refusal.update());
  }

  private String restored() {
    return "tka sync " + both + " --restored";
  }

  /** The same for an offer, without the other end's store. */
  static String of(Intersection.None none) {
    return (none.heldApart() > 0
            ? "the separate parts have to be joined: restore the AUMs between them from a backup; "
            : "")
        + "compare the state ids that 'tka status' prints: if they differ, these are two"
        + " authorities, and the node has to leave its own; if they are the same, restore"
        + " forgotten AUMs, with 'tka repair' or from a backup of either end";
  }

  /** The problem of a node that control cannot help, and what to do. */
  static String of(StrandedNode stranded) {
    return Texts.capitalized(stranded.reason())
        + ". "
        + Texts.capitalized(stranded.remedy())
        + (stranded instanceof StrandedNode.OnDisplacedBranch displaced
            ? ": tka repair DIR --to " + displaced.branch().at()
            : ".");
  }
}
