package dev.tka.store.records;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A change of what is kept of one tailnet, made as a whole or not at all. It states what is there
 * before, and fails if that is not so.
 *
 * @param tailnet what the tailnet's record must be before, and what it is afterwards; empty if the
 *     change does not depend on it
 * @param nodes the nodes that change, each at most once
 */
public record RecordsChange(Optional<OfTailnet> tailnet, List<OfNode> nodes) {
  /**
   * Copies the list.
   *
   * @throws IllegalArgumentException if a node is named twice
   */
  public RecordsChange {
    nodes = List.copyOf(nodes);
    Set<Long> named = new HashSet<>();
    for (OfNode each : nodes) {
      if (!named.add(each.id())) {
        throw new IllegalArgumentException("expected node " + each.id() + " once, found it twice");
      }
    }
  }

  /** The tailnet's record before and afterwards; equal if it is only a condition. */
  public record OfTailnet(TailnetRecord before, TailnetRecord after) {}

  /**
   * A node before and afterwards.
   *
   * @param before empty if there must be no such node
   * @param after empty if it is removed
   */
  public record OfNode(Optional<NodeRecord> before, Optional<NodeRecord> after) {
    /**
     * Checks that both are one node.
     *
     * @throws IllegalArgumentException if there is neither, or their numbers differ
     */
    public OfNode {
      if (before.isEmpty() && after.isEmpty()) {
        throw new IllegalArgumentException("expected a node before or afterwards, found neither");
      }
      if (before.isPresent() && after.isPresent() && before.get().id() != after.get().id()) {
        throw new IllegalArgumentException(
            "expected one node, found " + before.get().id() + " and " + after.get().id());
      }
    }

    /** The node's number. */
    public long id() {
      return before.or(() -> after).orElseThrow().id();
    }
  }

  /** A change of the tailnet's record alone. */
  public static RecordsChange ofTailnet(TailnetRecord before, TailnetRecord after) {
    return new RecordsChange(Optional.of(new OfTailnet(before, after)), List.of());
  }

  /** A change of one node alone. */
  public static RecordsChange ofNode(Optional<NodeRecord> before, Optional<NodeRecord> after) {
    return new RecordsChange(Optional.empty(), List.of(new OfNode(before, after)));
  }

  /** With one more node that changes. */
  public RecordsChange with(OfNode node) {
    List<OfNode> more = new ArrayList<>(nodes);
    more.add(node);
    return new RecordsChange(tailnet, more);
  }
}
