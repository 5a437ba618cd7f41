package dev.tka.control;

import dev.tka.store.records.NodeRecord;
import dev.tka.store.records.NodeSighting;
import java.util.Optional;

/**
 * How a node stands, for the operator.
 *
 * @param node the node, with its signature if it counts
 * @param last its last offer or request, if it came
 * @param behind how many AUMs follow the head that it offered last; empty if it offered none, or
 *     its head is not on the active chain
 * @param told what it is told instead of what most nodes are told
 * @param awaited whether the tailnet was restored from a backup, and this node has yet to give back
 *     what it holds
 * @param condition a stable word for programs, such as {@code stranded}
 * @param reason what is the matter, as one sentence; empty if nothing is
 * @param remedy what to do about it, as one sentence; empty if nothing is to be done
 */
public record FleetEntry(
    NodeEntry node,
    Optional<NodeSighting> last,
    Optional<Integer> behind,
    Optional<NodeRecord.Told> told,
    boolean awaited,
    String condition,
    Optional<String> reason,
    Optional<String> remedy) {

  /** Whether it is told something that has it come, because it is awaited. */
  public boolean isAskedToCome() {
    return told.equals(Optional.of(GivingBack.ASKED));
  }
}
