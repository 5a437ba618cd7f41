package dev.tka.core.authority;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumKind;
import dev.tka.core.State;
import dev.tka.core.authority.ForkResolution.Contender;
import dev.tka.core.store.Marks;
import dev.tka.core.store.StoreException;
import dev.tka.core.store.TrailEntry;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Judges displacements (protocol, section 10): who may rewrite what follows an AUM of the active
 * chain.
 */
final class Admission {
  /** Who decides, and by what. */
  enum Rule {
    /** Fork resolution alone (protocol, section 4). */
    FORK_RESOLUTION,
    /** Fork resolution with the recounted weight. */
    RECOUNTED_FORK_RESOLUTION,
    /** Control's rule. */
    HEAVIER_CHECKPOINT,
    /** A node's rule for what control sends. */
    CONTROL_IS_FOLLOWED
  }

  /**
   * An update that would win at a fork.
   *
   * @param atFork the state at the AUM that both follow
   * @param follower what follows it on the active chain, with its full weight
   * @param favoured true when it is on the chain that control follows
   */
  record Displacement(Aum update, State atFork, Contender follower, boolean favoured) {
    AumHash fork() {
      return update.parent().orElseThrow();
    }
  }

  /** How many bytes of AUMs that lost control keeps: some 20,000 of the usual length. */
  static final long MAX_LOSING_BYTES = 4 << 20;

  private final Authority authority;
  private final Rule rule;
  private final Instant reference;
  private final Marks marks;

  /** What follows the oldest AUM that was asked for, and where each AUM is in it. */
  private List<TrailEntry> known = List.of();

  private final Map<AumHash, Integer> places = new HashMap<>();

  /**
   * Judges by a rule.
   *
   * @param reference the time at which AUMs are mature or not
   */
  Admission(Authority authority, Rule rule, Instant reference) {
    this.authority = authority;
    this.rule = rule;
    this.reference = reference;
    // Nothing of control's is unsent.
    this.marks = rule == Rule.HEAVIER_CHECKPOINT ? Marks.NONE : authority.snapshot().marks();
  }

  /** Empty when the update loses the fork. */
  Optional<Displacement> displacement(
      Aum update, State atFork, Contender follower, boolean favoured) {
    Displacement displacement = new Displacement(update, atFork, follower, favoured);
    return wins(displacement, atFork.weightOf(update))
        ? Optional.of(displacement)
        : Optional.empty();
  }

  /** True when the update wins the fork with this weight. */
  private boolean wins(Displacement displacement, long weight) {
    Contender follower = displacement.follower();
    return (rule == Rule.CONTROL_IS_FOLLOWED && displacement.favoured())
        ? weight >= follower.weight()
        : Contender.of(displacement.update(), displacement.atFork())
            .withWeight(weight)
            .prevailsOver(follower);
  }

  /** Why an update may not displace what it would; empty when it may. */
  Optional<Refusal> judge(Displacement displacement) throws StoreException, OpenException {
    if (rule == Rule.FORK_RESOLUTION || isMissingHere(displacement.update())) {
      return Optional.empty();
    }
    Aum update = displacement.update();
    Contender follower = displacement.follower();
    if (rule == Rule.HEAVIER_CHECKPOINT && !update.kind().equals(AumKind.CHECKPOINT)) {
      return Optional.of(new Refusal.Conflict(update.hash(), displacement.fork(), follower.hash()));
    }
    Recount recount = recount(displacement);
    boolean admitted =
        rule == Rule.HEAVIER_CHECKPOINT
            ? recount.weight() > follower.weight()
            : wins(displacement, recount.weight());
    return admitted
        ? Optional.empty()
        : Optional.of(
            new Refusal.Finality(
                update.hash(), displacement.fork(), follower.hash(), follower.weight(), recount));
  }

  /** What a damaged file is named after was stored, and so admitted, before. */
  private boolean isMissingHere(Aum update) {
    return authority.snapshot().damage().stream()
        .anyMatch(damage -> damage.hash().equals(Optional.of(update.hash())));
  }

  /** The weight of an update that would displace, as it counts by what followed there. */
  Recount recount(Displacement displacement) throws StoreException, OpenException {
    List<TrailEntry> following = following(displacement.fork());
    return Recount.of(
        displacement.atFork(),
        displacement.update(),
        following,
        Recount.countMature(following, marks, reference));
  }

  /** What follows a fork, up to the newest that is not unsent. */
  private List<TrailEntry> following(AumHash fork) throws StoreException, OpenException {
    if (!places.containsKey(fork)) {
      // A batch with a second fork may have many: from then on, all that is known is looked at.
      boolean second = !places.isEmpty();
      AumHash from = second ? Following.oldest(authority) : fork;
      List<TrailEntry> following = Following.after(authority, from);
      int judged = following.size();
      while (judged > 0 && marks.isUnsent(following.get(judged - 1).hash())) {
        judged--;
      }
      known = following.subList(0, judged);
      places.clear();
      places.put(from, 0);
      for (int i = 0; i < following.size(); i++) {
        places.put(following.get(i).hash(), Math.min(i + 1, judged));
      }
    }
    Integer place = places.get(fork);
    if (place == null) {
      throw new IllegalArgumentException(fork + " is not on the active chain");
    }
    return known.subList(place, known.size());
  }
}
