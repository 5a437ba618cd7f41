package dev.tka.core.authority;

import dev.tka.core.Aum;
import dev.tka.core.Bytes;
import dev.tka.core.Key;
import dev.tka.core.State;
import dev.tka.core.authority.ForkResolution.Contender;
import dev.tka.core.internal.Votes;
import dev.tka.core.store.StoreException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The keys that may sign a revocation, and those that would bar it (protocol, section 10, "Who may
 * not rewrite").
 *
 * @param able the keys that may sign it, all together; first those that never bar it, in each part
 *     as they were given
 * @param barred the reasons why each of the others must not, one or more for each
 */
record Cosigners(List<Key> able, List<Bar> barred) {
  /** Copies its lists. */
  Cosigners {
    able = List.copyOf(able);
    barred = List.copyOf(barred);
  }

  /**
   * Sorts out some keys.
   *
   * @param revocation the revocation, signed or not; who signed it does not count
   * @param rival the AUM that it would displace; no key bars one that displaces nothing
   * @param keys the keys as they are at the fork point
   */
  static Cosigners of(
      Judge judge, Aum revocation, State atFork, Optional<Contender> rival, List<Key> keys)
      throws StoreException, OpenException {
    if (rival.isEmpty()) {
      return new Cosigners(keys, List.of());
    }
    TakingsAway takingsAway = judge.after(revocation.parent().orElseThrow(), atFork);
    List<Key> able = takingsAway.unbarred(keys);
    List<Bar> barred = new ArrayList<>();
    for (Key key : keys) {
      if (!able.contains(key)) {
        // It bars what all the others sign with it: with fewer votes more is barred.
        List<Key> withIt = new ArrayList<>(able);
        withIt.add(key);
        barred.addAll(judge.barsOf(key, displacement(revocation, atFork, rival.get(), withIt)));
      }
    }
    // Those whom nothing bars, however few others sign, are asked first.
    long least = Votes.add(rival.get().weight(), 1);
    Set<Key> last = new HashSet<>(able);
    last.removeIf(
        key -> takingsAway.of(key).stream().noneMatch(taking -> taking.bars(true, least)));
    able.sort(Comparator.comparing(last::contains));
    return new Cosigners(able, barred);
  }

  /** The displacement by a revocation, as if only some keys had signed it. */
  static Displacement displacement(
      Aum revocation, State atFork, Contender rival, List<Key> signers) {
    return new Displacement(
        RevocationOutlook.asIfSigned(revocation, signers), atFork, rival, false);
  }

  /** The reasons why a key must not sign; empty if it may. */
  List<Bar> barsOf(Bytes keyId) {
    return barred.stream().filter(bar -> bar.signer().equals(keyId)).toList();
  }
}
