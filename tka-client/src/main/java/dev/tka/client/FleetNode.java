package dev.tka.client;

import dev.tka.core.NodeKey;
import dev.tka.store.records.NodeSighting;
import java.util.Optional;

/**
 * How a server says that a node stands. Nothing of it is verified.
 *
 * @param node control's number for it
 * @param nodeKey its node key
 * @param name its name, for people
 * @param signed whether the server keeps a signature for it
 * @param last when it came last, what it offered, and how that ended; empty if it never came
 * @param behind how many AUMs follow the head that it offered last; empty if that is not on the
 *     active chain, or it offered none
 * @param told {@code disabled}, {@code catching-up} or {@code asked-to-come} for a node that is
 *     told something else than most
 * @param awaited whether the tailnet was restored from a backup, and this node has yet to give back
 *     what it holds
 * @param condition a stable word for programs, such as {@code ok} or {@code stranded}
 * @param reason what is the matter
 * @param remedy what to do about it
 */
public record FleetNode(
    long node,
    NodeKey nodeKey,
    Optional<String> name,
    boolean signed,
    Optional<NodeSighting> last,
    Optional<Long> behind,
    Optional<String> told,
    boolean awaited,
    String condition,
    Optional<String> reason,
    Optional<String> remedy) {
  /** The condition of a node that no answer of control helps. */
  public static final String STRANDED = "stranded";

  /** Whether no answer of control helps it. */
  public boolean isStranded() {
    return condition.equals(STRANDED);
  }
}
