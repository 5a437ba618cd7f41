package dev.tka.simulation;

import dev.tka.core.AumHash;
import dev.tka.sync.SyncAnswer;
import dev.tka.sync.SyncOffer;
import dev.tka.sync.SyncSend;
import dev.tka.sync.rpc.Announcement;
import dev.tka.sync.rpc.RpcAnswer;
import java.util.List;
import java.util.Optional;

/** A node's way to control, which may lose one message of every round; the judge listens. */
final class FaultyLink implements ControlPort {
  private final Member member;
  private final ControlPort control;
  private final Event.Loss loss;
  private final Judge judge;
  private Optional<AumHash> controlHead = Optional.empty();

  FaultyLink(Member member, ControlPort control, Event.Loss loss, Judge judge) {
    this.member = member;
    this.control = control;
    this.loss = loss;
    this.judge = judge;
  }

  @Override
  public Announcement announced() throws RoundFailed {
    Announcement told = control.announced();
    judge.told(member, told);
    return told;
  }

  @Override
  public Optional<RpcAnswer> bootstrap() {
    return control.bootstrap();
  }

  @Override
  public SyncAnswer offer(SyncOffer offer) throws RoundFailed {
    failOn(Event.Loss.OFFER);
    SyncAnswer answer = control.offer(offer);
    failOn(Event.Loss.ANSWER);
    controlHead = Optional.of(answer.offer().head());
    judge.answered(member, answer);
    member.lastAnswer = Optional.of(answer);
    return answer;
  }

  @Override
  public Reply send(SyncSend send) throws RoundFailed {
    failOn(Event.Loss.SEND);
    Reply reply = sendToControl(send);
    failOn(Event.Loss.ACKNOWLEDGEMENT);
    member.refusedByControl = reply.receipt().refused();
    judge.acknowledged(member, send, reply.head());
    return reply;
  }

  private Reply sendToControl(SyncSend send) throws RoundFailed {
    try {
      return control.send(send);
    } catch (RoundFailed e) {
      if (e.reason() == RoundFailed.Cause.NOT_ACCEPTED) {
        member.refusedByControl = List.of(e.getMessage());
        judge.acknowledged(member, send, controlHead.orElseThrow());
      }
      throw e;
    }
  }

  private void failOn(Event.Loss lost) throws RoundFailed {
    if (loss == lost) {
      throw new RoundFailed(RoundFailed.Cause.LOST, lost.toString());
    }
  }
}
