package dev.tka.simulation;

import dev.tka.compaction.CompactionPlan;
import dev.tka.compaction.CompactionPolicy;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.TkaException;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.InformResult;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.authority.SharedVerification;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.Commit;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.sync.Intake;
import dev.tka.sync.NodeRound;
import dev.tka.sync.NodeSync;
import dev.tka.sync.SyncAnswer;
import dev.tka.sync.SyncOffer;
import dev.tka.sync.SyncOutcome;
import dev.tka.sync.SyncReceipt;
import dev.tka.sync.SyncSend;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Our node. */
final class EngineNode implements NodeEndpoint {
  private final MemoryAumStore store = new MemoryAumStore();
  private final MachineClock clock;
  private final SharedVerification verification;
  private final Set<AumHash> reported = new HashSet<>();
  private LiveAuthority live;

  EngineNode(Aum genesis, MachineClock clock, SharedVerification verification) throws TkaException {
    this.clock = clock;
    this.verification = verification;
    this.live = verification.bootstrap(store, genesis, AdmissionPolicy.NODE, clock.clocks());
  }

  @Override
  public Authority authority() {
    return live.current();
  }

  @Override
  public void takeOwn(Authority base, List<Aum> updates) throws TkaException {
    note(live.informOn(base, updates));
  }

  private void note(InformResult result) {
    result.refusals().forEach(refusal -> reported.add(refusal.update()));
    result.setAside().forEach(edit -> reported.add(edit.aum().hash()));
    reported.addAll(result.displacedOwn());
  }

  @Override
  public SyncReport sync(ControlPort control) throws TkaException {
    List<ControlPort.Refused> refused = new ArrayList<>();
    NodeSync.Control<RoundFailed> reached =
        new NodeSync.Control<>() {
          private Optional<AumHash> controlHead = Optional.empty();

          @Override
          public SyncAnswer offer(SyncOffer offer) throws RoundFailed {
            SyncAnswer answer = control.offer(offer);
            controlHead = Optional.of(answer.offer().head());
            return answer;
          }

          @Override
          public SyncReceipt send(SyncSend send) throws RoundFailed {
            try {
              return control.send(send).receipt();
            } catch (RoundFailed e) {
              if (e.reason() == RoundFailed.Cause.NOT_ACCEPTED) {
                return new SyncReceipt(controlHead.orElseThrow(), List.of(e.getMessage()));
              }
              throw e;
            }
          }
        };
    try {
      SyncOutcome outcome = new NodeSync(live).run(reached, end -> note(end, refused));
      return new SyncReport(failure(outcome), refused);
    } catch (RoundFailed e) {
      return new SyncReport(Optional.of(e), refused);
    }
  }

  private void note(NodeRound.End end, List<ControlPort.Refused> refused) {
    if (end.exchange().received() instanceof Intake.Done done) {
      done.refusals().forEach(refusal -> refused.add(ControlPort.Refused.of(refusal)));
    }
    end.notices().setAside().forEach(edit -> reported.add(edit.aum().hash()));
    reported.addAll(end.notices().displacedOwn());
    reported.addAll(end.notices().refusedRevocations());
  }

  /** What did not bring the heads together says why. */
  static Optional<RoundFailed> failure(SyncOutcome outcome) {
    if (outcome instanceof SyncOutcome.UpToDate || outcome instanceof SyncOutcome.Converged) {
      return Optional.empty();
    }
    if (outcome instanceof SyncOutcome.ControlLostHistory) {
      return Optional.of(
          new RoundFailed(RoundFailed.Cause.CONTROL_LOST_HISTORY, outcome.toString()));
    }
    boolean says =
        outcome instanceof SyncOutcome.Refused
            || outcome instanceof SyncOutcome.RevocationRefused
            || outcome instanceof SyncOutcome.ControlDenies;
    return Optional.of(
        new RoundFailed(
            says ? RoundFailed.Cause.TYPED : RoundFailed.Cause.STALLED, outcome.toString()));
  }

  @Override
  public Set<AumHash> compact() throws TkaException {
    CompactionPlan plan =
        CompactionPlan.of(live.current(), CompactionPolicy.DEFAULT, clock.instant());
    if (!(plan instanceof CompactionPlan.Decided decided) || !decided.changesStore()) {
      return Set.of();
    }
    decided.applyTo(store, AdmissionPolicy.NODE);
    live.refresh();
    return decided.purged();
  }

  @Override
  public void takeFile(List<Aum> aums) throws TkaException {
    live.inform(aums);
  }

  @Override
  public Instant ownTime() {
    return live.ownTime();
  }

  @Override
  public void goOn(Optional<Instant> agreed) throws TkaException {
    if (agreed.isPresent()) {
      // What many equal heads in a row come to, in one commit.
      AumSnapshot before = live.current().snapshot();
      store.commit(
          Commit.on(before.revision()).ownAums(before.ownAums().agreed(agreed.get())).build());
      live.refresh();
    }
    live.noteTime();
  }

  @Override
  public void restart() throws TkaException {
    live = verification.open(store, AdmissionPolicy.NODE, clock.clocks());
    live.noteTime();
  }

  @Override
  public Set<AumHash> reportedEdits() {
    // A round that a lost message ends reports nothing; what it set aside is listed all the same.
    live.current().snapshot().ownAums().setAside().forEach(edit -> reported.add(edit.aum().hash()));
    return Set.copyOf(reported);
  }
}
