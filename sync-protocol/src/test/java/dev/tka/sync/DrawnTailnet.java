package dev.tka.sync;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.compaction.CompactionPlan;
import dev.tka.compaction.CompactionPolicy;
import dev.tka.core.AumHash;
import dev.tka.core.TkaException;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.InformResult;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.core.store.TrailEntry;
import dev.tka.testkit.Chains;
import dev.tka.testkit.FakeClock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A control and nodes that live through a drawing. Nodes compact with the default policy after each
 * sync. The first AUM of the drawing is the genesis, which everybody has.
 */
final class DrawnTailnet {
  private final Chains chains;
  private final FakeClock clock = new FakeClock();
  private final AdmissionPolicy nodePolicy;
  private AnswerPolicy answers;
  private Peer control;

  private DrawnTailnet(
      Chains chains,
      AdmissionPolicy controlPolicy,
      AdmissionPolicy nodePolicy,
      AnswerPolicy answers)
      throws TkaException {
    this.chains = chains;
    this.nodePolicy = nodePolicy;
    this.answers = answers;
    this.control = peer(controlPolicy);
  }

  /** Protocol, sections 4 to 6 at both ends. */
  static DrawnTailnet reference(Chains chains) throws TkaException {
    return new DrawnTailnet(
        chains, AdmissionPolicy.REFERENCE, AdmissionPolicy.REFERENCE, AnswerPolicy.reference());
  }

  /** Protocol, section 10 at both ends. */
  static DrawnTailnet engine(Chains chains) throws TkaException {
    return new DrawnTailnet(
        chains, AdmissionPolicy.CONTROL, AdmissionPolicy.NODE, AnswerPolicy.bounded(1 << 20));
  }

  /**
   * Protocol, section 10 at the nodes, and a control that follows protocol section 4 alone, and so
   * lies at will.
   */
  static DrawnTailnet lyingControl(Chains chains) throws TkaException {
    return new DrawnTailnet(
        chains, AdmissionPolicy.REFERENCE, AdmissionPolicy.NODE, AnswerPolicy.bounded(1 << 20));
  }

  /** Protocol, section 10 at control, and nodes that know only protocol sections 4 to 6. */
  static DrawnTailnet referenceNodes(Chains chains) throws TkaException {
    return new DrawnTailnet(
        chains, AdmissionPolicy.CONTROL, AdmissionPolicy.REFERENCE, AnswerPolicy.bounded(1 << 20));
  }

  /** A row of no-ops with a checkpoint at every 50th: {@code -> n1 -> n2 ... -> n73}. */
  static String run(String name, int from, int to, int signer) {
    StringBuilder run = new StringBuilder();
    for (int i = from; i <= to; i++) {
      run.append(" -> ").append(name).append(i);
      run.append(i % 50 == 0 ? "[checkpoint]" : "").append("(%d)".formatted(signer));
    }
    return run.toString();
  }

  /** The names of such a row. */
  static String names(String name, int from, int to) {
    StringBuilder names = new StringBuilder();
    for (int i = from; i <= to; i++) {
      names.append(i == from ? "" : " ").append(name).append(i);
    }
    return names.toString();
  }

  void day(int day) {
    clock.set(FakeClock.START.plus(Duration.ofDays(day)));
  }

  Chains chains() {
    return chains;
  }

  AumHash hash(String name) {
    return chains.get(name).hash();
  }

  String nameOf(AumHash hash) {
    return chains.nameOf(hash);
  }

  String names(Collection<AumHash> hashes) {
    return hashes.stream().map(chains::nameOf).collect(Collectors.joining(" "));
  }

  Peer control() {
    return control;
  }

  Peer node() throws TkaException {
    return peer(nodePolicy);
  }

  private Peer peer(AdmissionPolicy policy) throws TkaException {
    AumStore store = new MemoryAumStore();
    return new Peer(
        store, LiveAuthority.bootstrap(store, chains.all().get(0), policy, clock.clocks()));
  }

  /** Control as it was once: a new one, which holds these. */
  void restoreControl(AdmissionPolicy policy, String names) throws TkaException {
    control = peer(policy);
    if (!names.isEmpty()) {
      control.live.inform(chains.list(names));
    }
  }

  /** Control under another policy, over the same store. */
  void controlFollows(AdmissionPolicy policy) throws TkaException {
    control = new Peer(control.store, LiveAuthority.open(control.store, policy, clock.clocks()));
  }

  void answers(AnswerPolicy policy) {
    answers = policy;
  }

  ControlEnd controlEnd() {
    return new ControlEnd(control.live, answers);
  }

  /** What was said in the course of the rounds that a node had. */
  record Synced(SyncOutcome outcome, List<NodeRound.End> rounds) {
    String setAside(Chains chains) {
      return rounds.stream()
          .flatMap(end -> end.notices().setAside().stream())
          .map(edit -> chains.nameOf(edit.aum().hash()))
          .collect(Collectors.joining(" "));
    }

    String displacedOwn(Chains chains) {
      return rounds.stream()
          .flatMap(end -> end.notices().displacedOwn().stream())
          .map(chains::nameOf)
          .sorted()
          .collect(Collectors.joining(" "));
    }

    List<String> refusedByControl() {
      return rounds.stream().flatMap(end -> end.notices().refusedByControl().stream()).toList();
    }

    boolean agrees() {
      return Ends.agree(outcome);
    }
  }

  /** One end. */
  final class Peer {
    private final AumStore store;
    private LiveAuthority live;

    private Peer(AumStore store, LiveAuthority live) {
      this.store = store;
      this.live = live;
    }

    LiveAuthority live() {
      return live;
    }

    Authority authority() {
      return live.current();
    }

    /** Edits in the own store, which nobody knows of yet. */
    InformResult make(String names) throws TkaException {
      return live.informOn(live.current(), chains.list(names));
    }

    /** Starts again. */
    void restart() throws TkaException {
      live = LiveAuthority.open(store, live.policy(), clock.clocks());
    }

    Synced sync() throws TkaException {
      return sync(Ends.reach(controlEnd()));
    }

    Synced sync(NodeSync.Control<TkaException> reached) throws TkaException {
      List<NodeRound.End> rounds = new ArrayList<>();
      SyncOutcome outcome = new NodeSync(live).run(reached, rounds::add);
      assertThat(rounds.size()).isLessThan(20);
      assertOpensTheSame();
      compact();
      return new Synced(outcome, rounds);
    }

    void assertOpensTheSame() throws TkaException {
      Authority opened = Authority.open(store);
      assertThat(opened.head()).isEqualTo(live.current().head());
      assertThat(opened.state()).isEqualTo(live.current().state());
      assertThat(opened.newestFirst(opened.length()))
          .isEqualTo(live.current().newestFirst(live.current().length()));
      List<TrailEntry> trail = opened.snapshot().trail().entries();
      if (!trail.isEmpty()) {
        assertThat(opened.snapshot().get(opened.oldestAncestor()).parent())
            .contains(trail.get(trail.size() - 1).hash());
      }
    }

    void compact() throws TkaException {
      AumHash head = live.current().head();
      CompactionPlan plan =
          CompactionPlan.of(live.refresh(), CompactionPolicy.DEFAULT, clock.instant());
      if (plan instanceof CompactionPlan.Decided decided) {
        decided.applyTo(store, live.policy());
      }
      assertThat(live.refresh().head()).isEqualTo(head);
      assertOpensTheSame();
    }

    String head() {
      return chains.nameOf(live.current().head());
    }

    String oldest() {
      return chains.nameOf(live.current().oldestAncestor());
    }

    String aside() {
      return live.current().snapshot().ownAums().setAside().stream()
          .map(edit -> chains.nameOf(edit.aum().hash()))
          .collect(Collectors.joining(" "));
    }

    String unsent() {
      return live.current().snapshot().ownAums().unsent().stream()
          .map(chains::nameOf)
          .sorted()
          .collect(Collectors.joining(" "));
    }

    boolean stores(String name) {
      return live.current().snapshot().find(hash(name)).isPresent();
    }

    boolean remembers(String name) {
      return live.current().snapshot().trail().contains(hash(name));
    }
  }
}
