package dev.tka.simulation;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumKind;
import dev.tka.core.AumSignature;
import dev.tka.core.Bytes;
import dev.tka.core.Key;
import dev.tka.core.State;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * The recount of protocol section 10, word for word, by one who has every AUM at hand.
 *
 * <p>What the section leaves open is read so: both clauses look at the AUMs after P up to the
 * newest that is not unsent; a key is taken away by whatever AUM it is trusted before and not
 * after, and added by whatever AUM it is trusted after and not before; of a key that was added more
 * than once after P, the newest addition before y counts.
 */
final class NaiveRecount {
  private final Graph graph;
  private final State atFork;
  private final List<Aum> after;
  private final int mature;

  /**
   * A recount at one fork.
   *
   * @param fork P
   * @param after the AUMs after P on the active chain, up to the newest that is not unsent
   * @param mature how many of them are mature: the first ones
   */
  NaiveRecount(Graph graph, AumHash fork, List<Aum> after, int mature) {
    this.graph = graph;
    this.atFork = graph.stateAt(fork);
    this.after = after;
    this.mature = mature;
  }

  /** The counted weight of an AUM that follows P. */
  long weightOf(Aum x) {
    Set<Bytes> counted = new LinkedHashSet<>();
    for (Bytes signer : signersOf(x)) {
      if (atFork.trusts(signer)) {
        counted.add(signer);
      }
    }
    for (Aum y : after.subList(0, mature)) {
      counted.removeAll(takenAway(graph, y));
    }
    while (true) {
      Set<Bytes> struck = new HashSet<>();
      for (int i = mature; i < after.size(); i++) {
        Set<Bytes> taken = takenAway(graph, after.get(i));
        taken.retainAll(counted);
        if (!taken.isEmpty() && votesOf(counted) <= votesOf(standIns(i))) {
          struck.addAll(taken);
        }
      }
      if (struck.isEmpty()) {
        return votesOf(counted);
      }
      counted.removeAll(struck);
    }
  }

  private long votesOf(Set<Bytes> keys) {
    long votes = 0;
    for (Bytes key : keys) {
      votes += atFork.findKey(key).map(Key::votes).orElse(0L);
    }
    return votes;
  }

  /** The keys trusted at P that stand behind the AUM at an index. */
  private Set<Bytes> standIns(int index) {
    Set<Bytes> found = new HashSet<>();
    addStandIns(index, found);
    return found;
  }

  private void addStandIns(int index, Set<Bytes> found) {
    for (Bytes signer : signersOf(after.get(index))) {
      if (atFork.trusts(signer)) {
        found.add(signer);
        continue;
      }
      for (int i = index - 1; i >= 0; i--) {
        if (adds(after.get(i), signer)) {
          addStandIns(i, found);
          break;
        }
      }
    }
  }

  private boolean adds(Aum aum, Bytes key) {
    return !graph.stateAt(aum.parent().orElseThrow()).trusts(key)
        && graph.stateAt(aum.hash()).trusts(key);
  }

  private static List<Bytes> signersOf(Aum aum) {
    return aum.signatures().stream().map(AumSignature::signerId).distinct().toList();
  }

  /** The keys that are trusted before an AUM and not after it. */
  static Set<Bytes> takenAway(Graph graph, Aum aum) {
    Set<Bytes> taken = new HashSet<>();
    if (aum.kind().equals(AumKind.REMOVE_KEY) || aum.kind().equals(AumKind.CHECKPOINT)) {
      State before = graph.stateAt(aum.parent().orElseThrow());
      State behind = graph.stateAt(aum.hash());
      for (Key key : new ArrayList<>(before.keys())) {
        if (!behind.trusts(key.id())) {
          taken.add(key.id());
        }
      }
    }
    return taken;
  }
}
