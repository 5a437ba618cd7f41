package dev.tka.cli.command;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.State;
import dev.tka.core.TkaException;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.BuildException;
import dev.tka.core.authority.InformResult;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.authority.Revocation;
import dev.tka.core.authority.RevocationOutlook;
import dev.tka.core.authority.Thresholds;
import dev.tka.core.store.AumEntry;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.BodyReader;
import dev.tka.core.store.Commit;
import dev.tka.core.store.Limits;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.core.store.OwnAums;
import dev.tka.core.store.StoreException;
import dev.tka.sync.AnswerPolicy;
import dev.tka.sync.ControlEnd;
import dev.tka.sync.NodeRound;
import dev.tka.sync.NodeSync;
import dev.tka.sync.StrandedNode;
import dev.tka.sync.SyncAnswer;
import dev.tka.sync.SyncOffer;
import dev.tka.sync.SyncOutcome;
import dev.tka.sync.SyncReceipt;
import dev.tka.sync.SyncSend;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Whole rounds between a node and a control in this process, with the outcome at each end. */
public final class SyncRun {
  /** Room in an answer for some 5,000 AUMs of the usual length. */
  private static final long MOST_BYTES = 1 << 20;

  private final LiveAuthority node;
  private final LiveAuthority atControl;
  private final Recorder control;
  private final List<Round> rounds = new ArrayList<>();
  private final List<OwnAums.SetAside> setAside = new ArrayList<>();
  private final Set<AumHash> displacedOwn = new LinkedHashSet<>();
  private final Set<AumHash> refusedRevocations = new LinkedHashSet<>();
  private SyncOutcome outcome;

  /**
   * A round.
   *
   * @param answer control's answer, with its reasons
   * @param node the outcome at the node
   * @param receipt the outcome of the send at control; empty if there was none
   */
  public record Round(
      ControlEnd.Answer answer, NodeRound.End node, Optional<ControlEnd.Receipt> receipt) {}

  private SyncRun(LiveAuthority node, LiveAuthority control) throws TkaException {
    this.node = node;
    this.atControl = control;
    this.control = new Recorder(new ControlEnd(control, AnswerPolicy.bounded(MOST_BYTES)));
    outcome = run();
  }

  /** Runs rounds until the heads agree or nothing changes. */
  public static SyncRun of(LiveAuthority node, LiveAuthority control) throws TkaException {
    return new SyncRun(node, control);
  }

  /**
   * Runs more rounds, after the node has accepted control's last AUMs together with some that it
   * had refused.
   *
   * @param byHand the AUMs admitted by hand
   */
  void admit(Set<AumHash> byHand) throws TkaException {
    List<Aum> updates = new ArrayList<>();
    for (Bytes encoded : rounds.get(rounds.size() - 1).answer().message().missing()) {
      updates.add(Aum.decode(encoded.toByteArray()));
    }
    InformResult result =
        node.informFromControl(updates, updates.stream().map(Aum::hash).toList(), byHand);
    setAside.addAll(result.setAside());
    displacedOwn.addAll(result.displacedOwn());
    outcome = run();
  }

  private SyncOutcome run() throws TkaException {
    return new NodeSync(node).<TkaException>run(control, control::record);
  }

  public List<Round> rounds() {
    return rounds;
  }

  public SyncOutcome outcome() {
    return outcome;
  }

  /** Edits made at the node that are now set aside. */
  List<OwnAums.SetAside> setAside() {
    return setAside;
  }

  /** AUMs made at the node that control once had, and that left the active chain. */
  Set<AumHash> displacedOwn() {
    return displacedOwn;
  }

  /** Revocations made at the node that control has seen and does not follow. */
  Set<AumHash> refusedRevocations() {
    return refusedRevocations;
  }

  /**
   * A revocation made at the node that control refuses, without the signatures for which it does so
   * (protocol, section 10, "Who may not rewrite"); empty if there is none or the others are not
   * enough.
   */
  Optional<Aum> mended() throws TkaException {
    if (!(outcome instanceof SyncOutcome.RevocationRefused refused)) {
      return Optional.empty();
    }
    Aum made = node.current().snapshot().get(refused.revocations().get(0));
    Instant now = Instant.now();
    try {
      Authority control = atControl.current();
      Revocation.requireCurrent(control, made);
      Aum mended = Revocation.withoutBarred(control, made, now);
      boolean enough =
          Revocation.effect(control, mended).outcome() == Revocation.Outcome.TAKES_EFFECT
              && RevocationOutlook.of(control, mended, now).refusedByControl().isEmpty();
      return enough && !mended.equals(made) ? Optional.of(mended) : Optional.empty();
    } catch (BuildException e) {
      return Optional.empty();
    }
  }

  /** True if the ends have different authorities. */
  boolean isReCreated() {
    State ours = node.current().state();
    State theirs = atControl.current().state();
    return ours.stateId1() != theirs.stateId1() || ours.stateId2() != theirs.stateId2();
  }

  /** Why control could not help the node, from its view; empty if the two agree. */
  Optional<StrandedNode> stranded() {
    return agrees() ? Optional.empty() : rounds.get(rounds.size() - 1).answer().stranded();
  }

  /** True if both ends have the same head. */
  boolean agrees() {
    return outcome instanceof SyncOutcome.UpToDate || outcome instanceof SyncOutcome.Converged;
  }

  /** The authority in a store. */
  static LiveAuthority open(AumStore store, AdmissionPolicy policy) throws TkaException {
    return LiveAuthority.open(store, policy, Clock.systemUTC());
  }

  /** The same where votes are asked of what is taken in. */
  static LiveAuthority open(AumStore store, AdmissionPolicy policy, Thresholds.Demand demand)
      throws TkaException {
    return LiveAuthority.open(store, policy, Clock.systemUTC(), demand);
  }

  /** A copy in memory, to try rounds on. */
  static AumStore copy(AumSnapshot snapshot) throws StoreException {
    MemoryAumStore copy = new MemoryAumStore();
    Commit.Builder commit = Commit.on(copy.read().revision());
    List<? extends AumEntry> entries = List.copyOf(snapshot.entries());
    BodyReader reader = new BodyReader(snapshot, entries.stream().map(AumEntry::hash).toList());
    for (AumEntry entry : entries) {
      commit.add(
          new Commit.Addition(
              reader.aum(), Limits.nearestCommitTime(entry.committedAt()), entry.facts()));
    }
    snapshot.lastActiveAncestor().ifPresent(commit::lastActiveAncestor);
    commit.trail(snapshot.trail().entries()).ownAums(snapshot.ownAums());
    snapshot.notes().time().ifPresent(commit::time);
    snapshot.notes().inherited().forEach(commit::inherits);
    copy.commit(commit.build());
    return copy;
  }

  /** Control, with its actions in the current round. */
  private final class Recorder implements NodeSync.Control<TkaException> {
    private final ControlEnd control;
    private Optional<ControlEnd.Answer> answer = Optional.empty();
    private Optional<ControlEnd.Receipt> receipt = Optional.empty();

    Recorder(ControlEnd control) {
      this.control = control;
    }

    @Override
    public SyncAnswer offer(SyncOffer offer) throws TkaException {
      ControlEnd.Answer made = control.answer(offer);
      answer = Optional.of(made);
      receipt = Optional.empty();
      return made.message();
    }

    @Override
    public SyncReceipt send(SyncSend send) throws TkaException {
      ControlEnd.Receipt made = control.receive(send);
      receipt = Optional.of(made);
      return made.message();
    }

    void record(NodeRound.End end) {
      rounds.add(new Round(answer.orElseThrow(), end, receipt));
      setAside.addAll(end.notices().setAside());
      displacedOwn.addAll(end.notices().displacedOwn());
      refusedRevocations.addAll(end.notices().refusedRevocations());
    }
  }
}
