package dev.tka.cli.command;

import dev.tka.cli.input.OpenStore;
import dev.tka.cli.output.Advice;
import dev.tka.cli.output.Texts;
import dev.tka.core.Aum;
import dev.tka.core.TkaException;
import dev.tka.core.authority.Refusal;
import dev.tka.sync.Intersection;
import dev.tka.sync.StrandedNode;
import dev.tka.sync.SyncOutcome;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What to do if the two ends of a sync disagree. */
final class SyncRemedy {
  private final OpenStore node;
  private final OpenStore control;
  private final String both;

  private SyncRemedy(OpenStore node, OpenStore control) {
    this.node = node;
    this.control = control;
    this.both = OpenStore.words(node, control);
  }

  /** Empty if they agree. */
  static List<Advice> of(SyncRun run, OpenStore node, OpenStore control) throws TkaException {
    Optional<Aum> mended = run.mended();
    SyncRemedy remedy = new SyncRemedy(node, control);
    return mended.isEmpty()
        ? remedy.of(run.outcome(), run.isReCreated())
        : List.of(Advice.finish(node.words(), remedy.both, RevokeKeysCommand.hex(mended.get())));
  }

  private List<Advice> of(SyncOutcome outcome, boolean reCreated) {
    if (outcome instanceof SyncOutcome.UpToDate || outcome instanceof SyncOutcome.Converged) {
      return List.of();
    }
    if (outcome instanceof SyncOutcome.NoCommonGround none) {
      List<Advice> all = new ArrayList<>(control.perhapsAnother());
      all.add(
          reCreated
              ? Advice.followReCreated(node.words(), control.words())
              : of(none.intersection()));
      return all;
    }
    if (outcome instanceof SyncOutcome.OutOfReach) {
      return List.of(
          node.place()
              .path()
              .map(path -> Advice.beginAnew(path.toString(), node.words(), control.words()))
              .orElseGet(() -> Advice.followReCreated(node.words(), control.words())));
    }
    if (outcome instanceof SyncOutcome.Refused refused) {
      return List.of(of(refused.refusals().get(0)));
    }
    if (outcome instanceof SyncOutcome.RevocationRefused) {
      return List.of(
          Advice.person(
              "have it co-signed until it outweighs the updates that it undoes, by other keys if"
                  + " control names some that must not sign it, or fork from a later update: 'tka"
                  + " revoke-keys "
                  + (node.words() + " KEY... --plan --fork-from HASH' previews that")));
    }
    if (outcome instanceof SyncOutcome.ControlLostHistory lost) {
      return List.of(Advice.giveBack(node.words(), both, lost.common()));
    }
    if (outcome instanceof SyncOutcome.ControlDenies) {
      return List.of(Advice.restored(both));
    }
    if (outcome instanceof SyncOutcome.Rejected) {
      return List.of(
          Advice.person(
              "whoever runs control has to replace its invalid AUM: 'tka verify "
                  + (control.words() + "' names it")));
    }
    return List.of(
        Advice.person("see what each end refuses: 'tka sync " + both + " --dry-run --explain'"));
  }

  private Advice of(Refusal refusal) {
    return refusal instanceof Refusal.TooLong
        ? Advice.person("find out who made it, and make the edit again without it")
        : Advice.admit(both, refusal.update());
  }

  /** The same for an offer, without the other end's store. */
  static Advice of(Intersection.None none) {
    return Advice.person(
        (none.heldApart() > 0
                ? "the separate parts have to be joined: restore the AUMs between them from a"
                    + " backup; "
                : "")
            + "compare the state ids that 'tka status' prints: if they differ, these are two"
            + " authorities, and the node has to leave its own; if they are the same, restore"
            + " forgotten AUMs from a backup of either end");
  }

  /** The problem of a node that control cannot help, as control sees it. */
  static String of(StrandedNode stranded) {
    return Texts.capitalized(stranded.reason()) + ". " + Texts.capitalized(stranded.remedy()) + ".";
  }
}
