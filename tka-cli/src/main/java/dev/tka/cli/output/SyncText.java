package dev.tka.cli.output;

import dev.tka.core.authority.Refusal;
import dev.tka.sync.Intake;
import dev.tka.sync.MissingAums;
import dev.tka.sync.SyncOffer;
import java.util.List;

/** The events of a sync, in words. */
public final class SyncText {
  private SyncText() {}

  /** An offer, in a few words. */
  public static String offer(SyncOffer offer) {
    return offer.headText() + " and " + Texts.count(offer.ancestors().size(), "ancestor");
  }

  /** The AUMs that are sent. */
  public static String missing(MissingAums missing) {
    long bytes = missing.encoded().stream().mapToLong(aum -> aum.size()).sum();
    return Texts.count(missing.hashes().size(), "AUM")
        + ", "
        + Texts.count(bytes, "byte")
        + (missing.withheld() == 0 ? "" : "; " + missing.withheld() + " more in another round");
  }

  /** The outcome of a send. */
  public static String intake(Intake intake) {
    if (intake instanceof Intake.Done done) {
      return Texts.count(done.added().size(), "AUM")
          + " new, "
          + done.known()
          + " known"
          + (done.refusals().isEmpty() ? "" : ", " + done.refusals().size() + " not admitted");
    }
    return "refused as a whole: " + ((Intake.Rejected) intake).reason();
  }

  /** The AUMs of a send that a node did not admit. */
  public static List<Refusal> refusals(Intake intake) {
    return intake instanceof Intake.Done done ? done.refusals() : List.of();
  }
}
