package dev.tka.core.authority;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.State;
import dev.tka.core.authority.ForkResolution.Contender;

/**
 * An update that would win over the AUM that follows its parent on the active chain (protocol,
 * section 10, "Displacing").
 *
 * @param atFork the state at the AUM that both follow
 * @param follower the AUM that follows it on the active chain, with its full weight
 * @param favoured true if the update is on the chain that control follows, and wins a tie
 */
record Displacement(Aum update, State atFork, Contender follower, boolean favoured) {
  AumHash fork() {
    return update.parent().orElseThrow();
  }

  /** The properties of the update that count at the fork. */
  Contender contender() {
    return Contender.of(update, atFork);
  }

  /** The votes behind the update at the fork. */
  long weight() {
    return atFork.weightOf(update);
  }

  /** True if the update wins the fork. */
  boolean wins() {
    return favoured ? weight() >= follower.weight() : contender().prevailsOver(follower);
  }

  /** True if the update is heavier than the follower. */
  boolean isHeavier() {
    return weight() > follower.weight();
  }
}
