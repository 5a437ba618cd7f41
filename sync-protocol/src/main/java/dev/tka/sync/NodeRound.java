package dev.tka.sync;

import dev.tka.core.AumHash;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.InformException;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.authority.OpenException;
import dev.tka.core.authority.Settlement;
import dev.tka.core.store.OwnAums;
import dev.tka.core.store.StoreException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A node's end of one round (protocol, section 5), as a state machine whose states are types: a
 * round begins with an offer; control's answer leads to a {@link Send} or to the {@link End};
 * control's reply to the send leads to the end. This class does no I/O.
 *
 * <p>The AUMs that control lacks are computed before control's AUMs are applied, and therefore from
 * the chain that this node had: they are sent even if they lose the fork.
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
   * @param shared an AUM that both control and this node are known to have: it is named beside the
   *     checkpoints, so that a bounded answer begins where the last one ended
   */
  static NodeRound begin(LiveAuthority live, Optional<AumHash> shared) {
    Authority authority = live.current();
    SyncOffer offer = SyncOffer.of(authority, live.policy());
    return new NodeRound(
        live,
        shared
            .filter(hash -> authority.snapshot().find(hash).isPresent())
            .map(hash -> offer.naming(hash, authority))
            .orElse(offer));
  }

  /** The first message to control. */
  public SyncOffer offer() {
    return offer;
  }

  /** The step after control's answer. */
  public sealed interface Step {}

  /**
   * The node's view of an answer.
   *
   * @param offer the node's offer
   * @param answer control's answer
   * @param intersection of the node's chain with control's offer
   * @param received the result of taking in control's AUMs
   * @param sent the AUMs that control was found to lack
   */
  public record Exchange(
      SyncOffer offer,
      SyncAnswer answer,
      Intersection intersection,
      Intake received,
      MissingAums sent) {}

  /**
   * News from a round that a person should hear, whatever its outcome (protocol, section 10).
   *
   * @param setAside local edits that control does not follow; a person may make them again
   * @param displacedOwn local AUMs that control had accepted and that are no longer on the active
   *     chain
   * @param refusedRevocations local revocations that control has seen and does not follow
   * @param refusedByControl the AUMs that control refused and its reasons, a line each, if it gives
   *     them
   */
  public record Notices(
      List<OwnAums.SetAside> setAside,
      List<AumHash> displacedOwn,
      List<AumHash> refusedRevocations,
      List<String> refusedByControl) {
    /** Copies its lists. */
    public Notices {
      setAside = List.copyOf(setAside);
      displacedOwn = List.copyOf(displacedOwn);
      refusedRevocations = List.copyOf(refusedRevocations);
      refusedByControl = List.copyOf(refusedByControl);
    }

    private static Notices of(Intake received, Settlement settlement) {
      List<OwnAums.SetAside> setAside = new ArrayList<>();
      List<AumHash> displacedOwn = List.of();
      if (received instanceof Intake.Done done) {
        setAside.addAll(done.setAside());
        displacedOwn = done.displacedOwn();
      }
      setAside.addAll(settlement.setAside());
      return new Notices(setAside, displacedOwn, List.of(), List.of());
    }

    private Notices and(Settlement settlement, List<String> refusedByControl) {
      List<OwnAums.SetAside> more = new ArrayList<>(setAside);
      more.addAll(settlement.setAside());
      return new Notices(more, displacedOwn, settlement.refusedRevocations(), refusedByControl);
    }
  }

  /** The round goes on. */
  public final class Send implements Step {
    private final SyncSend message;
    private final Exchange exchange;
    private final Notices notices;

    private Send(SyncSend message, Exchange exchange, Notices notices) {
      this.message = message;
      this.exchange = exchange;
      this.notices = notices;
    }

    /** The message to control. */
    public SyncSend message() {
      return message;
    }

    /** The exchange that led to it. */
    public Exchange exchange() {
      return exchange;
    }

    /** Ends the round without control's reply to the send. */
    End unanswered() {
      return new End(
          new SyncOutcome.Unfinished(message.head(), exchange.answer().offer().head()),
          exchange,
          notices);
    }

    /**
     * Ends the round with control's reply to the send.
     *
     * @throws StoreException if the store cannot be read or written; it is unchanged
     * @throws OpenException if another writer left a store that cannot be opened
     */
    public End acknowledged(SyncReceipt receipt) throws OpenException, StoreException {
      Settlement settlement = live.settle(receipt.head(), List.of(), exchange.sent().hashes());
      AumHash head = live.current().head();
      return new End(
          head.equals(receipt.head())
              ? new SyncOutcome.Converged(head)
              : new SyncOutcome.Unfinished(head, receipt.head()),
          exchange,
          notices.and(settlement, receipt.refused()));
    }
  }

  /** The round is over. */
  public record End(SyncOutcome outcome, Exchange exchange, Notices notices) implements Step {}

  /**
   * Takes in control's answer.
   *
   * @throws StoreException if the store cannot be read or written; it is unchanged
   * @throws OpenException if another writer left a store that cannot be opened
   */
  public Step answered(SyncAnswer answer) throws OpenException, StoreException {
    Authority before = live.current();
    Intersection intersection = intersection(before, answer.offer());
    MissingAums missing =
        intersection instanceof Intersection.Remembered
            ? MissingAums.unsent(before)
            : MissingAums.of(before, intersection);
    Intake received =
        answer.missing().isEmpty() || intersection instanceof Intersection.UpToDate
            ? Intake.Done.nothingNew(0)
            : Intakes.atNode(live, answer.missing());
    Exchange exchange = new Exchange(offer, answer, intersection, received, missing);
    Settlement settlement = live.settle(answer.offer().head(), shown(answer, received), List.of());
    Notices notices = Notices.of(received, settlement);
    if (intersection instanceof Intersection.UpToDate equal) {
      return new End(new SyncOutcome.UpToDate(equal.head()), exchange, notices);
    }
    if (received instanceof Intake.Rejected rejected) {
      return new End(outcome(rejected, before), exchange, notices);
    }
    if (intersection instanceof Intersection.None none && answer.missing().isEmpty()) {
      return new End(new SyncOutcome.NoCommonGround(none), exchange, notices);
    }
    if (intersection instanceof Intersection.Remembered remembered && remembered.isHead()) {
      return new End(
          new SyncOutcome.ControlLostHistory(remembered.at(), before.oldestAncestor()),
          exchange,
          notices);
    }
    return new Send(new SyncSend(live.current().head(), missing.encoded()), exchange, notices);
  }

  private Intersection intersection(Authority local, SyncOffer remote) {
    return live.policy().remembers()
        ? Intersection.findRemembering(local, remote)
        : Intersection.find(local, remote);
  }

  /** The AUMs, besides its head, that control has shown that it has. */
  private static List<AumHash> shown(SyncAnswer answer, Intake received) {
    List<AumHash> shown = new ArrayList<>(answer.offer().ancestors());
    if (received instanceof Intake.Done) {
      answer.missing().forEach(sent -> shown.add(AumHash.ofEncoding(sent)));
    }
    return shown;
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
