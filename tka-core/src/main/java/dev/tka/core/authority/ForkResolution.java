package dev.tka.core.authority;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumKind;
import dev.tka.core.State;
import dev.tka.core.store.TrailEntry;
import java.util.Comparator;
import java.util.List;

/**
 * The choice among several children of one AUM (protocol, section 4): the heaviest in the state at
 * that AUM; among those of one weight a remove-key before any other; then the lowest hash. The AUMs
 * that follow a child do not count.
 */
public final class ForkResolution {
  static final Comparator<Contender> WINNERS_FIRST =
      Comparator.comparingLong(Contender::weight)
          .reversed()
          .thenComparing(contender -> !contender.kind().winsTies())
          .thenComparing(Contender::hash);

  private ForkResolution() {}

  /**
   * The properties of an AUM that count at a fork.
   *
   * @param hash of two of one weight and kind, the lower wins
   * @param kind of two of one weight, a remove-key wins
   * @param weight the votes behind it at the fork
   */
  public record Contender(AumHash hash, AumKind kind, long weight) {
    static Contender of(Aum aum, State atFork) {
      return new Contender(aum.hash(), aum.kind(), atFork.weightOf(aum));
    }

    static Contender of(TrailEntry entry, State atFork) {
      return new Contender(entry.hash(), entry.kind(), atFork.weightOf(entry.signers()));
    }

    /** True if this one wins against another AUM at the same fork. */
    boolean prevailsOver(Contender other) {
      return WINNERS_FIRST.compare(this, other) < 0;
    }
  }

  /**
   * Chooses the child that wins.
   *
   * @param atParent the state at the AUM that all of them follow
   * @param children at least one
   * @throws IllegalArgumentException if there are no children
   */
  static Aum choose(State atParent, List<Aum> children) {
    return children.stream()
        .min(Comparator.comparing(child -> Contender.of(child, atParent), WINNERS_FIRST))
        .orElseThrow(() -> new IllegalArgumentException("a fork has children"));
  }
}
