package dev.tka.simulation;

import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.authority.Refusal;
import dev.tka.sync.SyncAnswer;
import dev.tka.sync.SyncOffer;
import dev.tka.sync.SyncReceipt;
import dev.tka.sync.SyncSend;
import dev.tka.sync.rpc.Announcement;
import dev.tka.sync.rpc.RpcAnswer;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Control as messages reach it: the end itself, a link that loses some, or a liar in between. */
interface ControlPort {
  /** What control tells a node, which it may then ask. */
  Announcement announced() throws RoundFailed;

  /** What a liar shows of how the lock began and ended; empty for what an honest control does. */
  default Optional<RpcAnswer> bootstrap() {
    return Optional.empty();
  }

  /** Sends a node's offer; what control answers. */
  SyncAnswer offer(SyncOffer offer) throws RoundFailed;

  /** Sends AUMs; what control says to that. */
  Reply send(SyncSend send) throws RoundFailed;

  /**
   * What control says to a send.
   *
   * @param receipt what goes over the wire
   * @param refused what it kept out, by its policy
   */
  record Reply(SyncReceipt receipt, List<Refused> refused) {
    public Reply {
      refused = List.copyOf(refused);
    }

    /** A head, and no more. */
    static Reply of(AumHash head) {
      return new Reply(new SyncReceipt(head, List.of()), List.of());
    }

    AumHash head() {
      return receipt.head();
    }
  }

  /**
   * An AUM that a policy kept out, at control or at a node.
   *
   * @param kind of the refusal
   * @param barred the signers that bar it, if that is why
   * @param reason for people
   */
  record Refused(AumHash aum, String kind, Set<Bytes> barred, String reason) {
    public Refused {
      barred = Set.copyOf(barred);
    }

    static Refused of(Refusal refusal) {
      Set<Bytes> barred = new HashSet<>();
      if (refusal instanceof Refusal.Finality finality) {
        finality.bars().forEach(bar -> barred.add(bar.signer()));
      }
      return new Refused(refusal.update(), refusal.kind(), barred, refusal.reason());
    }
  }
}
