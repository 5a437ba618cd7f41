package dev.tka.core.authority;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.State;
import dev.tka.core.authority.ForkResolution.Contender;

/**
 * An update that would come to win over what follows its parent on the active chain (protocol,
 * section 10, "Displacing").
 *
 * @param atFork the state at the AUM that both follow
 * @param follower what follows it on the active chain, with its full weight
 * @param favoured true when it is on the chain that control follows, and wins a tie
 */
record Displacement(Aum update, State atFork, Contender follower, boolean favoured) {
  AumHash fork() {
    return update.parent().orElseThrow();
  }

  /** True when the update wins the fork with all its votes. */
  boolean wins() {
    return winsWith(atFork.weightOf(update));
  }

  /** True when the update wins the fork with this weight. */
  boolean winsWith(long weight) {
    return favoured
        ? weight >= follower.weight()
        : new Contender(update.hash(), update.kind(), weight).prevailsOver(follower);
  }

  /** True when this weight is more than that of what follows. */
  boolean isHeavierWith(long weight) {
    return weight > follower.weight();
  }
}
