package dev.tka.node;

import java.util.List;

/**
 * What an agent's folder holds, as of one moment; an agent may use the folder meanwhile.
 *
 * @param status how the node stands
 * @param peers every peer that control listed last, with what is decided about it
 */
public record AgentLook(AgentStatus status, List<JudgedPeer> peers) {
  /** Copies the list. */
  public AgentLook {
    peers = List.copyOf(peers);
  }
}
