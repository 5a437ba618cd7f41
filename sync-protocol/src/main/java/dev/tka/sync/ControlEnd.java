package dev.tka.sync;

import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.authority.OpenException;
import dev.tka.core.authority.Refusal;
import dev.tka.core.authority.Thresholds;
import dev.tka.core.store.StoreException;
import java.util.List;
import java.util.Optional;

/**
 * Control's end of rounds (protocol, section 5). It keeps nothing between the two requests of a
 * round, so requests may come from any number of nodes, in any order, late, twice or not at all.
 */
public final class ControlEnd {
  private final LiveAuthority live;
  private final AnswerPolicy policy;

  /** Makes the end over an authority that keeps everything. */
  public ControlEnd(LiveAuthority live, AnswerPolicy policy) {
    this.live = live;
    this.policy = policy;
  }

  /**
   * An answer and, for operators, how it came about.
   *
   * @param message the message for the node
   * @param missing the AUMs in it
   * @param intersection control's result for the node's offer
   */
  public record Answer(SyncAnswer message, MissingAums missing, Intersection intersection) {
    /**
     * The reason why no answer can help this node, and the remedy, for operators (protocol, section
     * 10).
     *
     * @return empty if an answer can help
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
   * The result of a send.
   *
   * @param message the message for the node
   * @param intake the AUMs taken in, or the reason why none was
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
   * Takes in the AUMs that a node sends: all of them, or none.
   *
   * @throws StoreException if the store cannot be read or written; it is unchanged
   * @throws OpenException if another writer left a store that cannot be opened
   */
  public Receipt receive(SyncSend send) throws OpenException, StoreException {
    return receive(send, live.policy());
  }

  /**
   * The same by other rules, such as those of a control that was restored from a backup (protocol,
   * section 10).
   *
   * @throws IllegalArgumentException if the rules need what the authority's policy does not note
   */
  public Receipt receive(SyncSend send, AdmissionPolicy rules)
      throws OpenException, StoreException {
    return receive(send, rules, live.demand());
  }

  /**
   * The same at a control that asks votes of edits (service, section 11, "Thresholds").
   *
   * @throws IllegalArgumentException if the rules need what the authority's policy does not note
   */
  public Receipt receive(SyncSend send, AdmissionPolicy rules, Thresholds.Demand demand)
      throws OpenException, StoreException {
    Intake intake =
        send.missing().isEmpty()
            ? Intake.Done.nothingNew(0)
            : Intakes.atControl(live, send.missing(), rules, demand);
    return new Receipt(new SyncReceipt(live.current().head(), refused(intake)), intake);
  }

  private static List<String> refused(Intake intake) {
    if (intake instanceof Intake.Rejected rejected) {
      return List.of(rejected.reason());
    }
    return ((Intake.Done) intake)
        .refusals().stream().limit(SyncReceipt.MOST_REFUSED).map(Refusal::text).toList();
  }
}
