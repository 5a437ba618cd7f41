package dev.tka.sync;

import dev.tka.core.authority.Authority;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.authority.OpenException;
import dev.tka.core.store.StoreException;
import java.util.List;
import java.util.Optional;

/**
 * Control's end of rounds (protocol, section 5). It remembers nothing between the two requests of a
 * round, so that requests may come from any number of nodes, in any order, late, twice or not at
 * all.
 */
public final class ControlEnd {
  private final LiveAuthority live;
  private final AnswerPolicy policy;

  /** An end over an authority that keeps everything. */
  public ControlEnd(LiveAuthority live, AnswerPolicy policy) {
    this.live = live;
    this.policy = policy;
  }

  /**
   * An answer, and for operators how it came about.
   *
   * @param message for the node
   * @param missing what is in it
   * @param intersection what control made of the node's offer
   */
  public record Answer(SyncAnswer message, MissingAums missing, Intersection intersection) {
    /**
     * Why no answer can help this node, and what can, for operators (protocol, section 10).
     *
     * @return empty when an answer can
     */
    public Optional<StrandedNode> stranded() {
      if (intersection instanceof Intersection.LosingBranch branch) {
        return Optional.of(new StrandedNode.OnDisplacedBranch(branch));
      }
      return intersection instanceof Intersection.None none
          ? Optional.of(new StrandedNode.NothingKnown(none))
          : Optional.empty();
    }
  }

  /**
   * What became of a send.
   *
   * @param message for the node
   * @param intake what was taken in, or why nothing was
   */
  public record Receipt(SyncReceipt message, Intake intake) {}

  /**
   * Answers a node's offer.
   *
   * @throws StoreException if a body cannot be read
   */
  public Answer answer(SyncOffer remote) throws StoreException {
    Authority authority = live.current();
    Intersection intersection = Intersection.find(authority, remote);
    MissingAums missing = MissingAums.bounded(authority, intersection, policy.maxBytes());
    SyncOffer offer = SyncOffer.of(authority, live.policy());
    if (policy.namesCommonAum() && intersection instanceof Intersection.Found found) {
      offer = offer.naming(found.newestCommon(), authority);
    }
    return new Answer(new SyncAnswer(offer, missing.encoded()), missing, intersection);
  }

  /**
   * Takes in what a node sends: all of it, or nothing.
   *
   * @throws StoreException if the store cannot be read or written; it is as it was
   * @throws OpenException if another writer left what cannot be opened
   */
  public Receipt receive(SyncSend send) throws OpenException, StoreException {
    Intake intake =
        send.missing().isEmpty()
            ? Intake.Done.nothingNew(0)
            : Receiving.atControl(live, send.missing());
    return new Receipt(new SyncReceipt(live.current().head(), refused(intake)), intake);
  }

  private static List<String> refused(Intake intake) {
    if (intake instanceof Intake.Rejected rejected) {
      return List.of(rejected.reason());
    }
    return ((Intake.Done) intake)
        .refusals().stream()
            .limit(SyncReceipt.MOST_REFUSED)
            .map(refusal -> refusal.update() + ": " + refusal.reason())
            .toList();
  }
}
