package dev.tka.cli.output;

import dev.tka.core.authority.Refusal;
import dev.tka.sync.Intake;
import dev.tka.sync.Intersection;
import dev.tka.sync.MissingAums;
import dev.tka.sync.SyncOffer;
import dev.tka.sync.SyncOutcome;
import java.util.List;
import java.util.Locale;

/** What happens in a sync, in words. */
public final class SyncText {
  private SyncText() {}

  /** What one end offers, in a few words. */
  public static String offer(SyncOffer offer) {
    return offer.headText() + " and " + Texts.count(offer.ancestors().size(), "ancestor");
  }

  /** The name of an intersection, for JSON. */
  public static String name(Intersection intersection) {
    if (intersection instanceof Intersection.UpToDate) {
      return "up-to-date";
    }
    if (intersection instanceof Intersection.Head) {
      return "head";
    }
    if (intersection instanceof Intersection.Tail) {
      return "tail";
    }
    if (intersection instanceof Intersection.LosingBranch) {
      return "losing-branch";
    }
    return intersection instanceof Intersection.Remembered ? "remembered" : "none";
  }

  /** What one end makes of the other's offer: where their chains part. */
  public static String intersection(Intersection intersection) {
    if (intersection instanceof Intersection.UpToDate) {
      return "the same head";
    }
    if (intersection instanceof Intersection.Head head) {
      return "the other's head " + head.at() + ", and " + after(head.following());
    }
    if (intersection instanceof Intersection.Tail tail) {
      return "common ground at "
          + tail.at()
          + ", number "
          + (tail.skipped() + 1)
          + " of the ancestors named, and "
          + after(tail.following())
          + (tail.newestCommon().equals(tail.at())
              ? ""
              : "; the newest AUM in common is " + tail.newestCommon());
    }
    if (intersection instanceof Intersection.LosingBranch branch) {
      return "common ground at "
          + branch.at()
          + ", from which a branch of "
          + Texts.count(branch.branchLength(), "AUM")
          + " that lost here leads to "
          + branch.named()
          + ", and "
          + after(branch.following());
    }
    if (intersection instanceof Intersection.Remembered remembered) {
      return (remembered.isHead() ? "the other's head " : "common ground at ")
          + remembered.at()
          + ", which was purged here and is remembered";
    }
    Intersection.None none = (Intersection.None) intersection;
    return "no common ground: of "
        + Texts.count(none.named(), "AUM")
        + " named, "
        + (none.heldApart() == 0 ? "none is" : none.heldApart() + " are")
        + " stored here"
        + (none.heldApart() == 0 ? "" : ", apart from the active chain");
  }

  private static String after(int following) {
    return Texts.count(following, "AUM") + " after it";
  }

  /** What is sent. */
  public static String missing(MissingAums missing) {
    long bytes = missing.encoded().stream().mapToLong(aum -> aum.size()).sum();
    return Texts.count(missing.hashes().size(), "AUM")
        + ", "
        + Texts.count(bytes, "byte")
        + (missing.withheld() == 0 ? "" : "; " + missing.withheld() + " more in another round");
  }

  /** What became of what was sent. */
  public static String intake(Intake intake) {
    if (intake instanceof Intake.Done done) {
      return Texts.count(done.added().size(), "AUM")
          + " new, "
          + done.known()
          + " known"
          + (done.refusals().isEmpty() ? "" : ", " + done.refusals().size() + " not admitted");
    }
    return "refused whole: " + ((Intake.Rejected) intake).reason();
  }

  /** Which AUM was not admitted, and why. */
  public static String refusal(Refusal refusal) {
    return refusal.update() + ": " + refusal.reason();
  }

  /** What a node did not admit of what was sent. */
  public static List<Refusal> refusals(Intake intake) {
    return intake instanceof Intake.Done done ? done.refusals() : List.of();
  }

  /** A word for how rounds ended, for scripts: {@code control-denies}. */
  public static String kind(SyncOutcome outcome) {
    return outcome
        .getClass()
        .getSimpleName()
        .replaceAll("(?<=[a-z])(?=[A-Z])", "-")
        .toLowerCase(Locale.ROOT);
  }

  /** How rounds ended. */
  public static String outcome(SyncOutcome outcome) {
    if (outcome instanceof SyncOutcome.UpToDate equal) {
      return "The heads agree, nothing was to be done: " + equal.head();
    }
    if (outcome instanceof SyncOutcome.Converged converged) {
      return "The heads agree: " + converged.head();
    }
    if (outcome instanceof SyncOutcome.NoCommonGround none) {
      return "No AUM is known to both: "
          + (none.intersection().fromGenesis()
              ? "they are of different authorities, or control has forgotten what they share."
              : "they are of different authorities, or one has forgotten what they share.");
    }
    if (outcome instanceof SyncOutcome.OutOfReach far) {
      return "Control's chain leaves the node's before the oldest AUM that the node holds, "
          + far.oldest()
          + ": it would have to know "
          + far.parent()
          + ".";
    }
    if (outcome instanceof SyncOutcome.Rejected rejected) {
      return "The node refuses what control sends: " + rejected.cause().reason();
    }
    if (outcome instanceof SyncOutcome.Refused refused) {
      return "Control follows a chain that the node does not admit: "
          + refusal(refused.refusals().get(0));
    }
    if (outcome instanceof SyncOutcome.RevocationRefused revocation) {
      return "Control does not follow a revocation that was made here, "
          + revocation.revocations().get(0)
          + (revocation.reasons().isEmpty() ? "." : ": " + revocation.reasons().get(0));
    }
    if (outcome instanceof SyncOutcome.ControlLostHistory lost) {
      return "Control has lost history that the node no longer has: what they share, "
          + lost.common()
          + ", comes before the oldest AUM that the node holds, "
          + lost.oldest()
          + ".";
    }
    if (outcome instanceof SyncOutcome.ControlDenies denies) {
      return "Control denies what it once had: it does not follow "
          + denies.denied()
          + "; its head is "
          + denies.controlHead()
          + ".";
    }
    if (outcome instanceof SyncOutcome.Stalled stalled) {
      return "Rounds change nothing any more: the node stays at "
          + stalled.head()
          + ", control at "
          + stalled.controlHead()
          + ".";
    }
    SyncOutcome.Unfinished unfinished = (SyncOutcome.Unfinished) outcome;
    return "The heads differ still: " + unfinished.head() + ", " + unfinished.controlHead();
  }
}
