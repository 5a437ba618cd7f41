package dev.tka.control;

import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.authority.Authority;
import dev.tka.core.nodekey.NodeKeyAuthorization;
import dev.tka.store.records.NodeRecord;
import dev.tka.store.records.NodeSighting;
import java.util.List;
import java.util.Optional;

/** How one node stands: the first condition that holds, what is the matter, and what to do. */
final class Fleet {
  private Fleet() {}

  private record Standing(String condition, Optional<String> reason, Optional<String> remedy) {
    static Standing well(String condition) {
      return new Standing(condition, Optional.empty(), Optional.empty());
    }

    static Standing of(String condition, String reason, String remedy) {
      return new Standing(condition, Optional.of(reason), Optional.of(remedy));
    }
  }

  /**
   * A node's entry.
   *
   * @param genesis under which its signature must have been verified to count
   * @param on the authority that is on
   * @param awaited whether it has yet to give back what it holds
   */
  static FleetEntry entry(
      NodeRecord node,
      Optional<AumHash> genesis,
      Optional<Authority> on,
      Optional<NodeSighting> last,
      boolean awaited) {
    Optional<Integer> behind =
        on.flatMap(
            authority ->
                last.flatMap(NodeSighting::head).flatMap(authority::activeAfter).map(List::size));
    Standing standing =
        on.isPresent() ? standing(node, genesis, on.get(), last, behind) : Standing.well("off");
    return new FleetEntry(
        NodeList.entry(node, genesis),
        last,
        behind,
        node.told(),
        awaited,
        standing.condition(),
        standing.reason(),
        standing.remedy());
  }

  private static Standing standing(
      NodeRecord node,
      Optional<AumHash> genesis,
      Authority on,
      Optional<NodeSighting> last,
      Optional<Integer> behind) {
    if (node.told().orElse(null) instanceof NodeRecord.Told.Retired) {
      return Standing.of(
          "retired",
          "it holds an authority that was ended, and is told that the lock is disabled",
          "wait until it has asked for the secret; if it does not, run tailscale lock local-disable"
              + " there and restart it");
    }
    String outcome = last.map(NodeSighting::outcome).orElse("");
    String detail = last.map(NodeSighting::detail).orElse("");
    if (outcome.equals("on-displaced-branch")) {
      return Standing.of(
          "stranded",
          detail,
          "bring back what its directory still has, or log it out and in again");
    }
    if (outcome.equals("nothing-known")) {
      return Standing.of(
          "stranded",
          detail,
          "run tailscale lock local-disable there, and log it out and in again");
    }
    if (outcome.equals("refused")) {
      return Standing.of(
          "refused", "control refuses what it sends: " + detail, "make the change again there");
    }
    Optional<String> unsigned = unsigned(node, genesis, on);
    if (unsigned.isPresent()) {
      return Standing.of(
          "locked-out", unsigned.get(), "sign " + node.nodeKey() + " with a trusted key");
    }
    if (last.isEmpty()) {
      return Standing.well("never-seen");
    }
    if (behind.isEmpty()) {
      return Standing.well("apart");
    }
    return Standing.well(behind.get() == 0 ? "current" : "behind");
  }

  /** Why its peers do not let a node in. */
  private static Optional<String> unsigned(
      NodeRecord node, Optional<AumHash> genesis, Authority on) {
    if (node.unsignedPeerApiOnly()) {
      return Optional.empty();
    }
    return NodeKeyAuthorization.of(
                on, node.nodeKey(), SignatureRules.counting(node, genesis).orElse(Bytes.empty()))
            instanceof NodeKeyAuthorization.Denied denied
        ? Optional.of(denied.reason())
        : Optional.empty();
  }
}
