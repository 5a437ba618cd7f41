package dev.tka.sync;

import dev.tka.core.AumHash;
import dev.tka.core.Authority;
import dev.tka.core.InformException;
import dev.tka.core.LiveAuthority;
import dev.tka.core.OpenException;
import dev.tka.core.StoreException;
import java.util.List;
import java.util.Optional;

/**
 * A node's end of one round (section 5), as a state machine whose states are types: a round begins
 * with an offer; control's answer leads to a {@link Send} or to the {@link End}; control's answer
 * to the send leads to the end. Nothing here talks to anybody.
 *
 * <p>What control lacks is computed before control's AUMs are applied, and so from the chain that
 * this node had: those AUMs are sent even when they lose the fork.
 */
public final class NodeRound {
  private final LiveAuthority live;
  private final SyncOffer offer;

  private NodeRound(LiveAuthority live, SyncOffer offer) {
    this.live = live;
    this.offer = offer;
  }

  /** Begins a round. */
  public static NodeRound begin(LiveAuthority live) {
    return begin(live, Optional.empty());
  }

  /**
   * Begins a round after another.
   *
   * @param shared an AUM that control is known to have, and this node, too: it is named beside the
   *     checkpoints, so that a bounded answer begins where the last one ended
   */
  static NodeRound begin(LiveAuthority live, Optional<AumHash> shared) {
    Authority authority = live.current();
    SyncOffer offer = SyncOffer.of(authority);
    return new NodeRound(
        live,
        shared
            .filter(hash -> authority.snapshot().find(hash).isPresent())
            .map(hash -> offer.naming(hash, authority))
            .orElse(offer));
  }

  /** What to send to control first. */
  public SyncOffer offer() {
    return offer;
  }

  /** What comes after control's answer. */
  public sealed interface Step {}

  /**
   * What the node made of an answer.
   *
   * @param offer the node's
   * @param answer control's
   * @param intersection of the node's chain with control's offer
   * @param received what became of control's AUMs
   * @param sent what the node found control to lack
   */
  public record Exchange(
      SyncOffer offer,
      SyncAnswer answer,
      Intersection intersection,
      Intake received,
      MissingAums sent) {}

  /**
   * The round goes on.
   *
   * @param message what to send to control
   * @param exchange how it came about
   */
  public record Send(SyncSend message, Exchange exchange) implements Step {
    /** Ends the round with control's head after the send. */
    public End acknowledged(AumHash controlHead) {
      AumHash head = message.head();
      return new End(
          head.equals(controlHead)
              ? new SyncOutcome.Converged(head)
              : new SyncOutcome.Unfinished(head, controlHead),
          exchange);
    }
  }

  /** The round is over. */
  public record End(SyncOutcome outcome, Exchange exchange) implements Step {}

  /**
   * Takes control's answer in.
   *
   * @throws StoreException if the store cannot be read or written; it is as it was
   * @throws OpenException if another writer left what cannot be opened
   */
  public Step answered(SyncAnswer answer) throws OpenException, StoreException {
    Authority before = live.current();
    Intersection intersection = Intersection.find(before, answer.offer());
    MissingAums missing = MissingAums.of(before, intersection);
    Intake nothing = new Intake.Done(List.of(), 0, List.of());
    if (intersection instanceof Intersection.UpToDate equal) {
      return new End(
          new SyncOutcome.UpToDate(equal.head()),
          new Exchange(offer, answer, intersection, nothing, missing));
    }
    Intake received =
        answer.missing().isEmpty() ? nothing : Receiving.atNode(live, answer.missing());
    Exchange exchange = new Exchange(offer, answer, intersection, received, missing);
    if (received instanceof Intake.Rejected rejected) {
      return new End(outcome(rejected, before), exchange);
    }
    if (intersection instanceof Intersection.None none && answer.missing().isEmpty()) {
      return new End(new SyncOutcome.NoCommonGround(none), exchange);
    }
    return new Send(new SyncSend(live.current().head(), missing.encoded()), exchange);
  }

  private static SyncOutcome outcome(Intake.Rejected rejected, Authority before) {
    if (rejected instanceof Intake.NotAccepted notAccepted
        && notAccepted.index() == 0
        && notAccepted.cause() instanceof InformException.UnknownParent unknown) {
      return new SyncOutcome.OutOfReach(unknown.parent(), before.oldestAncestor());
    }
    return new SyncOutcome.Rejected(rejected);
  }
}
