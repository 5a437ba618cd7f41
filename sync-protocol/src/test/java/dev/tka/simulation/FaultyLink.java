package dev.tka.simulation;

import dev.tka.sync.SyncAnswer;
import dev.tka.sync.SyncOffer;
import dev.tka.sync.SyncSend;

/** A node's way to control, which may lose one message of every round; the judge listens. */
record FaultyLink(Member member, ControlPort control, Event.Loss loss, Judge judge)
    implements ControlPort {
  @Override
  public SyncAnswer offer(SyncOffer offer) throws RoundFailed {
    failOn(Event.Loss.OFFER);
    SyncAnswer answer = control.offer(offer);
    failOn(Event.Loss.ANSWER);
    judge.answered(member, answer);
    return answer;
  }

  @Override
  public Reply send(SyncSend send) throws RoundFailed {
    failOn(Event.Loss.SEND);
    Reply reply = control.send(send);
    failOn(Event.Loss.ACKNOWLEDGEMENT);
    member.refusedByControl = reply.receipt().refused();
    judge.acknowledged(member, send, reply);
    return reply;
  }

  private void failOn(Event.Loss lost) throws RoundFailed {
    if (loss == lost) {
      throw new RoundFailed(RoundFailed.Cause.LOST, lost.toString());
    }
  }
}
