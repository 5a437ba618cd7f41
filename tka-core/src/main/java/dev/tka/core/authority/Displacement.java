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

  /** True if the update wins the fork with all its votes. */
  boolean wins() {
    return winsWith(atFork.weightOf(update));
  }

  /** True if the update wins the fork with this weight. */
  boolean winsWith(long weight) {
    return favoured
        ? weight >= follower.weight()
        : new Contender(update.hash(), update.kind(), weight).prevailsOver(follower);
  }

  /** True if this weight is higher than that of the follower. */
  boolean isHeavierWith(long weight) {
    return weight > follower.weight();
  }
}
