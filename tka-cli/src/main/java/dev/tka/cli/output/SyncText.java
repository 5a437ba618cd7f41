package dev.tka.cli.output;

import dev.tka.core.authority.Refusal;
import dev.tka.sync.Intake;
import dev.tka.sync.MissingAums;
import dev.tka.sync.SyncOffer;
import java.util.List;

/** What happens in a sync, in words. */
public final class SyncText {
  private SyncText() {}

  /** What one end offers, in a few words. */
  public static String offer(SyncOffer offer) {
    return offer.headText() + " and " + Texts.count(offer.ancestors().size(), "ancestor");
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

  /** What a node did not admit of what was sent. */
  public static List<Refusal> refusals(Intake intake) {
    return intake instanceof Intake.Done done ? done.refusals() : List.of();
  }
}
