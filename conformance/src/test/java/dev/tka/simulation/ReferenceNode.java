package dev.tka.simulation;

import dev.tka.compaction.CompactionPlan;
import dev.tka.compaction.CompactionPolicy;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.TkaException;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.authority.SharedVerification;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.sync.SyncAnswer;
import dev.tka.sync.SyncSend;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A node of protocol sections 4 to 6 and 8 only, with the reference's limits: one round, which any
 * trouble ends, and the node then keeps what it took in and does not compact.
 */
final class ReferenceNode implements NodeEndpoint {
  private final MemoryAumStore store = new MemoryAumStore();
  private final MachineClock clock;
  private final SharedVerification verification;
  private LiveAuthority live;
  private boolean open = true;

  ReferenceNode(Aum genesis, MachineClock clock, SharedVerification verification)
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
  public void takeOwn(Authority base, List<Aum> updates) throws TkaException {
    live.informOn(base, updates);
  }

  @Override
  public SyncReport sync(ControlPort control) throws TkaException {
    try {
      round(control);
      return SyncReport.success();
    } catch (RoundFailed e) {
      return new SyncReport(Optional.of(e), List.of());
    }
  }

  private void round(ControlPort control) throws TkaException, RoundFailed {
    if (!open) {
      throw new RoundFailed(RoundFailed.Cause.NOT_OPEN, "this node's store");
    }
    Authority before = live.current();
    SyncAnswer answer = control.offer(ReferenceRules.offer(before));
    if (answer.offer().head().equals(before.head())) {
      return;
    }
    Optional<AumHash> intersection = ReferenceRules.intersection(before, answer.offer());
    if (intersection.isEmpty()) {
      throw new RoundFailed(
          RoundFailed.Cause.NO_INTERSECTION_AT_NODE, "control's head " + answer.offer().head());
    }
    List<Bytes> lacking = ReferenceRules.missing(before, intersection.get());
    ReferenceRules.inform(live, answer.missing());
    control.send(new SyncSend(live.current().head(), lacking));
  }

  @Override
  public Set<AumHash> compact() throws TkaException {
    CompactionPlan plan =
        CompactionPlan.of(live.current(), CompactionPolicy.DEFAULT, clock.instant());
    if (!(plan instanceof CompactionPlan.Decided decided) || !decided.changesStore()) {
      return Set.of();
    }
    decided.applyTo(store, AdmissionPolicy.REFERENCE);
    live.refresh();
    return decided.purged();
  }

  @Override
  public void takeFile(List<Aum> aums) throws TkaException {
    live.inform(aums);
  }

  @Override
  public Instant ownTime() {
    return clock.instant();
  }

  @Override
  public void goOn(Optional<Instant> agreed) {
    // The reference has no such time.
  }

  @Override
  public void restart() throws TkaException {
    LiveAuthority reopened = verification.open(store, AdmissionPolicy.REFERENCE, clock.clocks());
    open = reopened.current().length() <= ReferenceRules.MOST_ELSEWHERE;
    live = reopened;
  }

  @Override
  public Set<AumHash> reportedEdits() {
    return Set.of();
  }
}
