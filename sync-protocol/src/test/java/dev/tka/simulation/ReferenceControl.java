package dev.tka.simulation;

import dev.tka.core.AdmissionPolicy;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Authority;
import dev.tka.core.LiveAuthority;
import dev.tka.core.MemoryAumStore;
import dev.tka.core.TkaException;
import dev.tka.sync.SyncAnswer;
import dev.tka.sync.SyncOffer;
import dev.tka.sync.SyncSend;
import java.time.Clock;
import java.util.List;
import java.util.Optional;

/** A control of sections 4 and 5 only, with the reference's limits. */
final class ReferenceControl implements ControlEndpoint {
  private final Clock clock;
  private MemoryAumStore store = new MemoryAumStore();
  private LiveAuthority live;
  private boolean open = true;

  ReferenceControl(Aum genesis, Clock clock) throws TkaException {
    this.clock = clock;
    this.live = LiveAuthority.bootstrap(store, genesis, AdmissionPolicy.reference(), clock);
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
    return new Reply(live.current().head(), List.of());
  }

  private void requireOpen() throws RoundFailed {
    if (!open) {
      throw new RoundFailed(RoundFailed.Cause.NOT_OPEN, "control's store");
    }
  }

  @Override
  public void restart() throws TkaException {
    live = LiveAuthority.open(store, AdmissionPolicy.reference(), clock);
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
