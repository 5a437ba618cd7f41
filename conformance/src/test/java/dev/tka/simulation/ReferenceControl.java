package dev.tka.simulation;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.TkaException;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.authority.SharedVerification;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.sync.SyncAnswer;
import dev.tka.sync.SyncOffer;
import dev.tka.sync.SyncSend;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** A control of protocol sections 4 and 5 only, with the reference's limits. */
final class ReferenceControl implements ControlEndpoint {
  private final MachineClock clock;
  private final SharedVerification verification;
  private MemoryAumStore store = new MemoryAumStore();
  private LiveAuthority live;
  private boolean open = true;

  ReferenceControl(Aum genesis, MachineClock clock, SharedVerification verification)
      throws TkaException {
    this.clock = clock;
    this.verification = verification;
    this.live = verification.bootstrap(store, genesis, AdmissionPolicy.REFERENCE, clock.clocks());
  }

  @Override
  public Authority authority() {
    return live.current();
  }

  @Override
  public SyncAnswer offer(SyncOffer remote) throws RoundFailed {
    requireOpen();
    Authority local = live.current();
    SyncOffer offer = ReferenceRules.offer(local);
    if (remote.head().equals(local.head())) {
      return new SyncAnswer(offer, List.of());
    }
    Optional<AumHash> intersection = ReferenceRules.intersection(local, remote);
    if (intersection.isEmpty()) {
      throw new RoundFailed(
          RoundFailed.Cause.NO_INTERSECTION_AT_CONTROL, "the node's head " + remote.head());
    }
    try {
      return new SyncAnswer(offer, ReferenceRules.missing(local, intersection.get()));
    } catch (TkaException e) {
      throw new IllegalStateException("a store in memory", e);
    }
  }

  @Override
  public Reply send(SyncSend send) throws RoundFailed {
    requireOpen();
    try {
      ReferenceRules.inform(live, send.missing());
    } catch (TkaException e) {
      throw new IllegalStateException("a store in memory", e);
    }
    return Reply.of(live.current().head());
  }

  @Override
  public Optional<String> diagnosis(SyncOffer remote) {
    return Optional.empty();
  }

  private void requireOpen() throws RoundFailed {
    if (!open) {
      throw new RoundFailed(RoundFailed.Cause.NOT_OPEN, "control's store");
    }
  }

  @Override
  public Instant ownTime() {
    return clock.instant();
  }

  @Override
  public void goOn() {
    // The reference has no such time.
  }

  @Override
  public void restart() throws TkaException {
    live = verification.open(store, AdmissionPolicy.REFERENCE, clock.clocks());
    open = live.current().length() <= ReferenceRules.MOST_ELSEWHERE;
  }

  @Override
  public void restore(MemoryAumStore copy) throws TkaException {
    store = copy;
    restart();
  }

  @Override
  public void recovered() {
    // The reference has no such setting.
  }
}
