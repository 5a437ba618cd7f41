package dev.tka.simulation;

import dev.tka.core.Aum;
import dev.tka.core.TkaException;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.authority.SharedVerification;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.sync.AnswerPolicy;
import dev.tka.sync.ControlEnd;
import dev.tka.sync.Intake;
import dev.tka.sync.StrandedNode;
import dev.tka.sync.SyncAnswer;
import dev.tka.sync.SyncOffer;
import dev.tka.sync.SyncSend;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** Our control. */
final class EngineControl implements ControlEndpoint {
  /** Little enough that nodes need several rounds now and then: some 80 AUMs. */
  private static final AnswerPolicy ANSWERS = AnswerPolicy.bounded(16 << 10);

  private final MachineClock clock;
  private final SharedVerification verification;
  private MemoryAumStore store = new MemoryAumStore();
  private AdmissionPolicy policy = AdmissionPolicy.CONTROL;
  private LiveAuthority live;

  EngineControl(Aum genesis, MachineClock clock, SharedVerification verification)
      throws TkaException {
    this.clock = clock;
    this.verification = verification;
    this.live = verification.bootstrap(store, genesis, policy, clock.clocks());
  }

  @Override
  public Authority authority() {
    return live.current();
  }

  @Override
  public SyncAnswer offer(SyncOffer remote) {
    return answer(remote).message();
  }

  @Override
  public Optional<String> diagnosis(SyncOffer remote) {
    return answer(remote).stranded().map(StrandedNode::remedy);
  }

  private ControlEnd.Answer answer(SyncOffer remote) {
    try {
      return new ControlEnd(live, ANSWERS).answer(remote);
    } catch (TkaException e) {
      throw new IllegalStateException("a store in memory", e);
    }
  }

  @Override
  public Reply send(SyncSend send) {
    try {
      ControlEnd.Receipt receipt = new ControlEnd(live, ANSWERS).receive(send);
      List<Refused> refused =
          receipt.intake() instanceof Intake.Done done
              ? done.refusals().stream().map(refusal -> Refused.of(refusal)).toList()
              : List.of();
      return new Reply(receipt.message(), refused);
    } catch (TkaException e) {
      throw new IllegalStateException("a store in memory", e);
    }
  }

  @Override
  public Instant ownTime() {
    return live.ownTime();
  }

  @Override
  public void goOn() throws TkaException {
    live.noteTime();
  }

  @Override
  public void restart() throws TkaException {
    live = verification.open(store, policy, clock.clocks());
    live.noteTime();
  }

  @Override
  public void restore(MemoryAumStore copy) throws TkaException {
    store = copy;
    policy = AdmissionPolicy.RESTORED_CONTROL;
    restart();
  }

  @Override
  public void recovered() throws TkaException {
    policy = AdmissionPolicy.CONTROL;
    restart();
  }
}
