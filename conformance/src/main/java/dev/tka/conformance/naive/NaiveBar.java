package dev.tka.conformance.naive;

import dev.tka.conformance.naive.NaiveAdmission.Pair;
import dev.tka.core.Bytes;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;

/**
 * "Who may not rewrite", "Final", "y's weight at P" and what a rewrite inherits (protocol, section
 * 10), sentence by sentence and with nothing merged.
 *
 * @param chain the active chain from genesis on
 * @param reference the reference time
 * @param atNode whether this is a node, where what a rewrite gave back counts for 14 days only
 */
record NaiveBar(List<NaiveHeld> chain, long reference, boolean atNode) {
  /**
   * A taking away that counts.
   *
   * @param then what has followed it on the active chain
   * @param before its final level before its branch was displaced and came back
   * @param at the AUM that took away, or the rewrite that inherited it
   */
  private record Counted(
      NaiveTaking taking, List<NaiveHeld> then, OptionalLong before, NaiveHeld at) {
    /** Control sends again what something that it does not have displaced. */
    boolean fromBranchOf(NaiveHeld x) {
      return !at.knownToControl && at.displaced != null && at.displaced.equals(x.hash());
    }

    OptionalLong finalLevel(long reference) {
      OptionalLong now = taking.finalLevel(then, reference);
      return now.isPresent() && (before.isEmpty() || now.getAsLong() < before.getAsLong())
          ? now
          : before;
    }
  }

  /** The pairs that bar a rewrite, in the order of keys and hashes; none if it may rewrite. */
  List<Pair> against(NaiveHeld x) {
    List<Pair> pairs = new ArrayList<>();
    for (Counted counted : after(x.parent())) {
      NaiveTaking y = counted.taking();
      if (counted.fromBranchOf(x)) {
        continue;
      }
      if (!y.by().knownToControl || !x.signers().contains(y.key())) {
        continue;
      }
      OptionalLong level = counted.finalLevel(reference);
      if (level.isPresent() && y.concerns(x, level.getAsLong())) {
        pairs.add(new Pair(y.key(), y.by().hash(), true));
      } else if (y.young() && y.concerns(x, y.left()) && weight(y.by(), x.parent()) >= x.weight()) {
        pairs.add(new Pair(y.key(), y.by().hash(), false));
      }
    }
    // One y may be inherited more than once: final for one branch is final.
    pairs.removeIf(pair -> !pair.mature() && pairs.contains(new Pair(pair.key(), pair.by(), true)));
    return pairs.stream()
        .distinct()
        .sorted(Comparator.comparing(Pair::key).thenComparing(Pair::by))
        .toList();
  }

  /** What a rewrite inherits from the branch that it displaces, of the keys trusted at P. */
  List<NaiveTaking> inheritedBy(NaiveHeld x) {
    NaiveHeld end = chain.get(chain.size() - 1);
    List<NaiveTaking> kept = new ArrayList<>();
    for (Counted counted : after(x.parent())) {
      NaiveTaking y = counted.taking();
      OptionalLong finalThen = finalAt(x.parent(), counted);
      boolean young = y.young() && !y.undoneAt(end) && !y.undoneAt(x);
      boolean trusted = x.parent().state.trusts(y.key());
      if (trusted && (finalThen.isPresent() || young)) {
        List<NaiveHeld> after = new ArrayList<>(y.after());
        after.addAll(counted.then());
        kept.add(new NaiveTaking(y.by(), y.key(), after, finalThen, young));
      }
    }
    return kept;
  }

  /** The final level, if the key has more votes at P: what left it no fewer took nothing away. */
  private OptionalLong finalAt(NaiveHeld p, Counted counted) {
    OptionalLong level = counted.finalLevel(reference);
    return level.isPresent() && level.getAsLong() < p.votes(counted.taking().key())
        ? level
        : OptionalLong.empty();
  }

  /** Every taking away after P on the active chain, and everything inherited there. */
  private List<Counted> after(NaiveHeld p) {
    List<Counted> all = new ArrayList<>();
    for (int i = chain.indexOf(p) + 1; i < chain.size(); i++) {
      NaiveHeld at = chain.get(i);
      for (NaiveTaking taking : NaiveTaking.of(at)) {
        all.add(new Counted(taking, chain.subList(i + 1, chain.size()), finalBefore(taking), at));
      }
      for (NaiveTaking taking : at.inherited) {
        if (!(taking.undoneAt(at) && expired(at))) {
          all.add(new Counted(taking, chain.subList(i, chain.size()), OptionalLong.empty(), at));
        }
      }
    }
    return all;
  }

  /** What was final stays final, also when control sends a displaced branch again. */
  private OptionalLong finalBefore(NaiveTaking own) {
    return chain.stream()
        .flatMap(at -> at.inherited.stream())
        .filter(kept -> kept.key().equals(own.key()))
        .filter(kept -> kept.by().hash().equals(own.by().hash()))
        .flatMapToLong(kept -> kept.finalThen().stream())
        .min();
  }

  private boolean expired(NaiveHeld rewrite) {
    return atNode
        && rewrite.since <= reference
        && reference - rewrite.since >= NaiveTaking.FINAL_AFTER_SECONDS;
  }

  /** The weight at P of an AUM that follows it: every key that its signers stand for, once. */
  private static long weight(NaiveHeld y, NaiveHeld p) {
    Set<Bytes> keys = new HashSet<>();
    addStoodFor(y, p, keys);
    long weight = 0;
    for (Bytes key : keys) {
      long votes = p.votes(key);
      for (NaiveHeld at = y; at != p; at = at.parent()) {
        for (NaiveTaking taking : at.inherited) {
          if (taking.key().equals(key) && taking.finalThen().isPresent()) {
            votes = Math.min(votes, taking.finalThen().getAsLong());
          }
        }
      }
      weight += votes;
    }
    return weight;
  }

  private static void addStoodFor(NaiveHeld signed, NaiveHeld p, Set<Bytes> keys) {
    for (Bytes key : signed.signers()) {
      NaiveHeld at = signed.parent();
      while (at != p && !gives(at, key)) {
        at = at.parent();
      }
      if (at == p) {
        keys.add(key);
      } else {
        addStoodFor(at, p, keys);
      }
    }
  }

  /** True if an AUM adds a key, or is a rewrite that brings it back. */
  private static boolean gives(NaiveHeld at, Bytes key) {
    boolean takenAway =
        !at.parent().state.trusts(key)
            || at.inherited.stream()
                .anyMatch(taking -> taking.key().equals(key) && taking.left() == 0);
    return takenAway && at.state.trusts(key);
  }
}
