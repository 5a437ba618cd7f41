package dev.tka.node;

import dev.tka.core.authority.Authority;
import java.util.List;
import java.util.Optional;

/**
 * How a node stands.
 *
 * @param lock {@code on}, {@code off}, or {@code unknown}, as {@link NodeAgent#lock} says
 * @param authority the authority, if there is one here
 * @param kept how many peers the node may talk to
 * @param dropped how many it may not
 * @param last what came of control's last announcement; empty before the first
 * @param log what the last look at control's log of heads found; empty if nobody ever looked
 * @param problems what is wrong with what the node kept, a line each
 */
public record AgentStatus(
    String lock,
    Optional<Authority> authority,
    int kept,
    int dropped,
    Optional<Followed> last,
    Optional<LogVerdict> log,
    List<String> problems) {
  /** Copies the list. */
  public AgentStatus {
    problems = List.copyOf(problems);
  }

  static AgentStatus of(
      String lock,
      Optional<Authority> authority,
      List<JudgedPeer> peers,
      Optional<Followed> last,
      Optional<LogVerdict> log,
      List<String> problems) {
    int kept = (int) peers.stream().filter(peer -> peer.access() != PeerAccess.NONE).count();
    return new AgentStatus(lock, authority, kept, peers.size() - kept, last, log, problems);
  }
}
