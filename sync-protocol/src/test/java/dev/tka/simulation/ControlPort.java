package dev.tka.simulation;

import dev.tka.core.AumHash;
import dev.tka.sync.SyncAnswer;
import dev.tka.sync.SyncOffer;
import dev.tka.sync.SyncSend;
import java.util.List;

/** Control as messages reach it: the end itself, a link that loses some, or a liar in between. */
interface ControlPort {
  /** Sends a node's offer; what control answers. */
  SyncAnswer offer(SyncOffer offer) throws RoundFailed;

  /** Sends AUMs; what control says to that. */
  Reply send(SyncSend send) throws RoundFailed;

  /**
   * What control says to a send.
   *
   * @param head control's afterwards
   * @param refused what it kept out, by its policy
   */
  record Reply(AumHash head, List<Refused> refused) {
    public Reply {
      refused = List.copyOf(refused);
    }
  }

  /**
   * An AUM that a policy kept out, at control or at a node.
   *
   * @param reason for people
   */
  record Refused(AumHash aum, String reason) {}
}
