package dev.tka.core;

import java.util.Comparator;
import java.util.List;

/**
 * Which of several children of one AUM is followed (section 4): the heaviest in the state at that
 * AUM; among those of one weight a remove-key before any other; then the lowest hash. What follows
 * a child does not count.
 */
public final class ForkResolution {
  private ForkResolution() {}

  /**
   * The child that wins.
   *
   * @param atParent the state at the AUM that all of them follow
   * @param children at least one
   * @throws IllegalArgumentException if there is none
   */
  public static Aum choose(State atParent, List<Aum> children) {
    return children.stream()
        .min(order(atParent))
        .orElseThrow(() -> new IllegalArgumentException("a fork has children"));
  }

  /** Winners first. */
  private static Comparator<Aum> order(State atParent) {
    return Comparator.<Aum>comparingLong(atParent::weightOf)
        .reversed()
        .thenComparing(aum -> !aum.kind().equals(AumKind.REMOVE_KEY))
        .thenComparing(Aum::hash);
  }
}
