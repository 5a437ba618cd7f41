package dev.tka.simulation;

import dev.tka.sync.SyncAnswer;
import dev.tka.sync.SyncOffer;
import dev.tka.sync.SyncSend;

/** The way to control, which may lose one message of every round. */
record FaultyLink(ControlPort control, Event.Loss loss) implements ControlPort {
  @Override
  public SyncAnswer offer(SyncOffer offer) throws RoundFailed {
    failOn(Event.Loss.OFFER);
    SyncAnswer answer = control.offer(offer);
    failOn(Event.Loss.ANSWER);
    return answer;
  }

  @Override
  public Reply send(SyncSend send) throws RoundFailed {
    failOn(Event.Loss.SEND);
    Reply reply = control.send(send);
    failOn(Event.Loss.ACKNOWLEDGEMENT);
    return reply;
  }

  private void failOn(Event.Loss lost) throws RoundFailed {
    if (loss == lost) {
      throw new RoundFailed(RoundFailed.Cause.LOST, lost.toString());
    }
  }
}
