package dev.tka.simulation;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumKind;
import dev.tka.core.Bytes;
import dev.tka.core.Key;
import dev.tka.core.State;
import dev.tka.core.TkaException;
import dev.tka.core.authority.AumVerifier;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.BuildException;
import dev.tka.core.authority.ForkResolution;
import dev.tka.core.authority.Revocation;
import dev.tka.core.authority.UpdateBuilder;
import dev.tka.core.store.AumEntry;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.Commit;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.node.AgentFolder;
import dev.tka.sync.SyncAnswer;
import dev.tka.sync.SyncOffer;
import dev.tka.sync.SyncSend;
import dev.tka.sync.rpc.Announcement;
import dev.tka.testkit.Chains;
import dev.tka.testkit.FakeClock;
import dev.tka.testkit.TestKeys;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * One control and its nodes, to which events happen. What an event asks for and nobody could do (an
 * edit by a node whose key nobody trusts, say) is left out.
 */
final class Tailnet {
  static final String REVOCATIONS_TRIED = "honest revocations: tried";
  static final String REVOCATIONS_OUTVOTED = "honest revocations: too few votes at the fork";
  static final String REVOCATIONS_ANEW = "honest revocations: made anew without a signer";
  static final String REVOCATIONS_BARRED = "honest revocations: barred at the first place";
  static final String REVOCATIONS_IMPOSSIBLE = "honest revocations: barred at every place";
  static final String REVOCATIONS_ADMITTED = "honest revocations: admitted by control";
  private static final Duration DAY = Duration.ofDays(1);

  /** More members than this do not join. */
  private static final int MOST_MEMBERS = 6;

  /** Shipping commands submit few edits at a time; one below what makes a checkpoint of its own. */
  private static final int MOST_IN_ONE_SUBMISSION = UpdateBuilder.CHECKPOINT_EVERY - 1;

  /** What one round brings to control, the next brings to the others; some may take turns. */
  private static final int FEWEST_ROUNDS = 4;

  /** Enough for a reference node to take a long chain in from bounded answers. */
  private static final int MOST_ROUNDS = 60;

  private final FakeClock clock = new FakeClock();
  private final MachineClock controlClock;
  private final Aum genesis;
  private final Graph graph;
  private final EndFactory controlEnds;
  private final EndFactory nodeEnds;
  private final ControlEndpoint control;
  private final ControlPort port;
  private final Judge judge;
  private final List<Member> members = new ArrayList<>();
  private final Set<Member> notSeenSinceRestore = new HashSet<>();
  private final Thief thief;
  private final Optional<Roster> roster;
  private final List<Aum> expectedEverywhere = new ArrayList<>();
  private Optional<MemoryAumStore> backup = Optional.empty();
  private final boolean compacting;

  /** Nobody lies and nobody steals. */
  private final boolean honest;

  private boolean controlRuns = true;

  /** Control (0) or a node (from 1 on) that notes nothing for now. */
  private Optional<Integer> stopped = Optional.empty();

  /** Control's last change of head. */
  private Optional<Changed> changed = Optional.empty();

  private Optional<Event.EndLock> atLast = Optional.empty();

  private boolean wasRestored;
  private int serial;

  Tailnet(Scenario scenario, EndFactory controlEnds, EndFactory nodeEnds, AumVerifier verifier)
      throws TkaException {
    List<Key> keys = new ArrayList<>();
    for (int i = 0; i < scenario.founders().size(); i++) {
      keys.add(TestKeys.key(Member.firstKey(i), scenario.founders().get(i).votes()));
    }
    this.genesis =
        Signing.sign(
            Aum.builder(AumKind.CHECKPOINT)
                .state(
                    scenario.pairing() == Pairing.S ? EndOfLock.state(keys) : Chains.stateOf(keys))
                .build(),
            List.of(Member.firstKey(0)));
    this.graph = new Graph(genesis);
    this.compacting = scenario.compacting();
    this.controlEnds = controlEnds;
    this.nodeEnds = nodeEnds;
    this.controlClock = new MachineClock(clock, Duration.ZERO);
    this.control = controlEnds.control(genesis, controlClock);
    this.judge = new Judge(scenario, new NaiveModel(graph, genesis, verifier));
    this.port = judged(control);
    this.thief = new Thief(this);
    this.roster =
        control instanceof ServiceControl service
            ? Optional.of(new Roster(service, judge, scenario.seed()))
            : Optional.empty();
    this.honest = scenario.attack() == Attack.NONE;
    for (Scenario.Founder founder : scenario.founders()) {
      addMember(founder.votes(), founder.skew());
    }
    roster.ifPresent(Roster::begin);
  }

  /** Control had another head until then. */
  private record Changed(AumHash before, Instant at) {}

  /** The end of the lock, if that is how it ends. */
  void end() throws TkaException {
    if (atLast.isPresent() && control instanceof ServiceControl service) {
      new EndOfLock(this, roster.orElseThrow(), service, atLast.get()).happen();
    }
  }

  void endLockAtLast(Event.EndLock event) {
    atLast = Optional.of(event);
  }

  void replicas(int count) {
    if (control instanceof ServiceControl service) {
      Unchecked.run(() -> service.replicas(count));
      judge.started(0);
    }
  }

  void moveControl() {
    if (control instanceof ServiceControl service) {
      Unchecked.run(service::move);
      judge.controlReplaced();
    }
  }

  void toldTwice(int node) {
    sync(node, Event.Loss.NONE);
    sync(node, Event.Loss.NONE);
  }

  /** Only what has just changed is told late. */
  void toldLate(int node) {
    Member member = member(node);
    Optional<Changed> late = changed.filter(change -> change.at().equals(clock.instant()));
    if (member.online && late.isPresent()) {
      syncWith(
          new ControlPort() {
            @Override
            public Announcement announced() {
              return new Announcement.Enabled(late.get().before());
            }

            @Override
            public SyncAnswer offer(SyncOffer offer) throws RoundFailed {
              return port.offer(offer);
            }

            @Override
            public Reply send(SyncSend send) throws RoundFailed {
              return port.send(send);
            }
          },
          member,
          Event.Loss.NONE);
    }
  }

  void damage(Event.Damage event) {
    Member member = member(event.node());
    if (!member.online || roster.isEmpty()) {
      return;
    }
    Roster list = roster.get();
    AgentNode node = Roster.agent(member);
    boolean aums = event.what().isOfAums();
    switch (event.what()) {
      case LOCK_NOTE, AUMS_AND_LOCK_NOTE ->
          node.folder().damage(AgentFolder.File.LOCK, event.place(), event.cut());
      case PEERS -> node.folder().damage(AgentFolder.File.PEERS, event.place(), event.cut());
      case AUMS, AUMS_LOST -> {}
    }
    if (aums) {
      node.folder().damageAums(event.what() == Event.Damaged.AUMS_LOST);
    }
    Unchecked.run(member.end::restart);
    judge.started(member.index + 1);
    judge.tally().add("damaged folders: " + event.what());
    if (aums) {
      list.checkNobody(member);
      if (event.what() != Event.Damaged.AUMS_AND_LOCK_NOTE) {
        // It begins with no authority but the one that it had.
        node.follow(new ForeignControl(event.cut()));
        list.checkNobody(member);
        if (node.agent().authority().isPresent()) {
          throw new IllegalStateException("a node begins with the authority of another tailnet");
        }
      }
      Unchecked.run(() -> node.begin(genesis));
      judge.beganAgain(member);
      member.ownEdits.clear();
    } else {
      list.checkSigned(member);
    }
    list.tell(member, true);
    syncNow(member, Event.Loss.NONE);
  }

  /** A node is shown answers of another tailnet: it stays where it is. */
  void foreignSync(Member member) {
    AumHash before = member.end.authority().head();
    Unchecked.run(() -> member.end.sync(new ForeignControl(serial % 2 == 0)));
    if (!member.end.authority().head().equals(before)) {
      judge.violation("a node follows another tailnet", "node " + member.index);
    }
  }

  /** A node makes an edit in its own store, if it can. */
  void editHere(Member member) {
    if (canEdit(member)) {
      edits(member, 1, Event.Via.OWN_STORE);
    }
  }

  /** Who may have an eye on peers does. */
  void checkPeers() {
    roster.ifPresent(Roster::check);
  }

  void signNode(int by, int whom) {
    roster.ifPresent(list -> list.sign(member(by), whom));
  }

  void changeNode(int whom, Event.Change change) {
    roster.ifPresent(list -> list.change(whom, change));
  }

  void tellPeers(int node, boolean whole) {
    if (member(node).online) {
      roster.ifPresent(list -> list.tell(member(node), whole));
    }
  }

  void lieAboutPeers(int node) {
    if (member(node).online) {
      roster.ifPresent(list -> list.lie(member(node)));
    }
  }

  List<Member> members() {
    return members;
  }

  Graph graph() {
    return graph;
  }

  Thief thief() {
    return thief;
  }

  Instant now() {
    return clock.instant();
  }

  ControlEndpoint control() {
    return control;
  }

  /** Control, with the judge listening. */
  ControlPort port() {
    return port;
  }

  Judge judge() {
    return judge;
  }

  private void addMember(int votes, Duration skew) throws TkaException {
    MachineClock own = new MachineClock(clock, skew);
    Member member = new Member(members.size(), votes, nodeEnds.node(genesis, own), own);
    members.add(member);
    judge.joined(member);
    roster.ifPresent(list -> list.joined(member));
  }

  /** Control, with the judge listening to what reaches it. */
  private ControlPort judged(ControlEndpoint end) {
    return new ControlPort() {
      @Override
      public Announcement announced() throws RoundFailed {
        return end.announced();
      }

      @Override
      public SyncAnswer offer(SyncOffer offer) throws RoundFailed {
        return end.offer(offer);
      }

      @Override
      public Reply send(SyncSend send) throws RoundFailed {
        Instant now = end.ownTime();
        AumHash before = end.authority().head();
        Reply reply = end.send(send);
        if (!end.authority().head().equals(before)) {
          changed = Optional.of(new Changed(before, clock.instant()));
        }
        judge.reachedControl(send, reply, end, now);
        return reply;
      }
    };
  }

  /** A member, by any number. */
  Member member(int number) {
    return members.get(Math.floorMod(number, members.size()));
  }

  /** Time passes; whoever runs notes its own time at the end of each day. */
  void pass(Duration time) {
    Duration rest = Duration.ofSeconds(time.toSeconds() % DAY.toSeconds());
    goOn(time.minus(rest));
    goOn(rest);
  }

  private void goOn(Duration time) {
    Map<Member, Instant> connected = new HashMap<>();
    for (Member member : members) {
      boolean reachable = member.online && controlRuns && isWatched(member.index + 1);
      if (reachable && isAtControlsHead(member)) {
        connected.put(member, member.now());
      }
    }
    clock.advance(time);
    Unchecked.run(
        () -> {
          for (Member member : members) {
            if (member.running && isWatched(member.index + 1)) {
              Optional<Instant> before = Optional.ofNullable(connected.get(member));
              member.end.goOn(before.map(own -> own.plus(time)));
            }
          }
          if (controlRuns && isWatched(0)) {
            control.goOn();
          }
        });
    connected.keySet().forEach(judge::agreed);
    for (Member member : members) {
      if (member.running && isWatched(member.index + 1)) {
        judge.wentOn(member, now());
      }
    }
    if (controlRuns && isWatched(0)) {
      judge.controlWentOn(control, now());
    }
  }

  /** False for a program that crashes before it notes its time. */
  private boolean isWatched(int one) {
    return stopped.isEmpty() || stopped.get() != one;
  }

  private boolean isAtControlsHead(Member member) {
    return member.end.authority().head().equals(control.authority().head());
  }

  void join(int votes, Duration skew) {
    if (members.size() < MOST_MEMBERS) {
      Unchecked.run(() -> addMember(votes, skew));
      syncNow(members.get(members.size() - 1), Event.Loss.NONE);
    }
  }

  /** A machine that was off starts. */
  private void start(Member member) {
    if (!member.running) {
      Unchecked.run(member.end::restart);
      judge.started(member.index + 1);
      member.running = true;
    }
  }

  /** The machine of a node is switched off. */
  void off(int node) {
    member(node).online = false;
    member(node).running = false;
  }

  void offline(int node) {
    if (member(node).running) {
      member(node).online = false;
    }
  }

  void online(int node) {
    Member member = member(node);
    start(member);
    member.online = true;
    syncNow(member, Event.Loss.NONE);
  }

  void sync(int node, Event.Loss loss) {
    if (member(node).online) {
      syncNow(member(node), loss);
    }
  }

  void syncAll() {
    for (Member member : members) {
      if (member.online) {
        syncNow(member, Event.Loss.NONE);
      }
    }
  }

  /**
   * A round or more, then compaction when heads differed and all went well (protocol, section 8).
   */
  private void syncNow(Member member, Event.Loss loss) {
    if (loss != Event.Loss.NONE || roster.isEmpty()) {
      syncWith(port, member, loss);
      return;
    }
    // Peers come before or after the head, in one map or in two.
    Roster list = roster.get();
    boolean first = list.choose(2);
    if (first) {
      list.tell(member, list.choose(5));
      list.check(member);
    }
    syncWith(port, member, loss);
    if (!first) {
      list.check(member);
      list.tell(member, list.choose(5));
    }
    list.check(member);
    if (honest) {
      list.checkAfterAnnouncement(member);
    }
  }

  /** The same, with any answering control. */
  void syncWith(ControlPort other, Member member, Event.Loss loss) {
    boolean differed = !member.end.authority().head().equals(control.authority().head());
    Unchecked.run(
        () -> {
          NodeEndpoint.SyncReport report =
              member.end.sync(new FaultyLink(member, other, loss, judge));
          member.last = Optional.of(report);
          judge.synced(member, report);
          if (other == port && member.end.authority().head().equals(control.authority().head())) {
            member.agreedAt = Optional.of(clock.instant());
          }
          if (report.failure().isEmpty()) {
            seenSinceRestore(member);
            if (differed && compacting) {
              Set<AumHash> purged = member.end.compact();
              member.purged += purged.size();
              judge.compacted(member, purged);
            }
          }
        });
  }

  /** Made by the first node, from the one that is named on, that can. */
  void edits(int node, int count, Event.Via via) {
    for (int i = 0; i < members.size(); i++) {
      Member member = member(node + i);
      if (via == Event.Via.CONTROL && member.online) {
        syncNow(member, Event.Loss.NONE);
      }
      if ((via == Event.Via.OWN_STORE || member.online) && member.running && canEdit(member)) {
        edits(member, count, via);
        return;
      }
    }
  }

  private void edits(Member member, int count, Event.Via via) {
    for (int left = count; left > 0 && canEdit(member); left -= MOST_IN_ONE_SUBMISSION) {
      int size = Math.min(left, MOST_IN_ONE_SUBMISSION);
      int key = member.keyTrustedBy(member.end.authority().state()).getAsInt();
      make(member, key, via, builder -> addEdits(builder, key, size));
    }
  }

  private static boolean canEdit(Member member) {
    return member.keyTrustedBy(member.end.authority().state()).isPresent();
  }

  private void addEdits(UpdateBuilder builder, int key, int count)
      throws BuildException, TkaException {
    for (int i = 0; i < count; i++) {
      builder.setMeta(TestKeys.id(key), nextMeta());
    }
  }

  /** Metadata that no other edit has. */
  private Map<String, String> nextMeta() {
    return Map.of("edit", Integer.toString(serial++));
  }

  void rotate(int node, boolean signedByNew, Event.Via via) {
    Member member = member(node);
    if (!member.running || (via == Event.Via.CONTROL && !member.online)) {
      return;
    }
    OptionalInt trusted = member.keyTrustedBy(member.end.authority().state());
    if (trusted.isEmpty()) {
      return;
    }
    int old = trusted.getAsInt();
    int fresh = member.makeKey();
    make(member, old, via, builder -> builder.addKey(TestKeys.key(fresh, member.votes)));
    if (member.end.authority().state().trusts(TestKeys.id(fresh))) {
      make(member, signedByNew ? fresh : old, via, builder -> builder.removeKey(TestKeys.id(old)));
      if (via == Event.Via.CONTROL && !control.authority().state().trusts(TestKeys.id(old))) {
        thief.rotatedOut(old);
      }
    }
  }

  void changeVotes(int node, int whose, int votes, Event.Via via) {
    Member member = member(node);
    if (!member.running || (via == Event.Via.CONTROL && !member.online)) {
      return;
    }
    State state = member.end.authority().state();
    OptionalInt signer = member.keyTrustedBy(state);
    OptionalInt changed = member(whose).keyTrustedBy(state);
    if (signer.isPresent() && changed.isPresent()) {
      make(
          member,
          signer.getAsInt(),
          via,
          builder -> builder.setVotes(TestKeys.id(changed.getAsInt()), votes));
    }
  }

  // Clocks and programs that stop.

  /** Whose clock, by any number: control's or a node's. */
  private MachineClock clockOf(int who) {
    int one = Math.floorMod(who, members.size() + 1);
    return one == 0 ? controlClock : member(one - 1).clock;
  }

  void clockJump(int who, Duration by) {
    clockOf(who).jump(by);
  }

  void starts(Event.Starts event) {
    int one = Math.floorMod(event.who(), members.size() + 1);
    if (one > 0 && !member(one - 1).running) {
      return;
    }
    MachineClock machine = clockOf(event.who());
    for (int i = 0; i < event.times(); i++) {
      boolean wrong =
          event.wrong() == Event.Wrong.AT_FIRST
              || (event.wrong() == Event.Wrong.BY_TURNS && i % 2 == 0);
      machine.jump(wrong ? event.by() : Duration.ZERO);
      if (one == 0) {
        restartControl();
      } else {
        restart(one - 1);
      }
      if (event.wrong() == Event.Wrong.AT_FIRST) {
        pass(Duration.ofHours(1));
        machine.jump(event.by().negated());
      }
      stopped = Optional.of(one);
      pass(event.each());
      stopped = Optional.empty();
      if (event.wrong() == Event.Wrong.BY_TURNS && wrong) {
        machine.jump(event.by().negated());
      }
    }
    if (one == 0) {
      restartControl();
    } else {
      restart(one - 1);
    }
  }

  void controlDown(Duration time) {
    controlRuns = false;
    pass(time.dividedBy(2));
    if (roster.isPresent()) {
      // It knows its peers before it hears of anybody.
      members.forEach(member -> restart(member.index));
      checkPeers();
    }
    edits(0, 1, Event.Via.OWN_STORE);
    pass(time.dividedBy(2));
    controlRuns = true;
    restartControl();
  }

  void trust(int node, int whom) {
    Member member = member(node);
    Member other = member(whom);
    OptionalInt key = member.keyTrustedBy(member.end.authority().state());
    if (member.online
        && key.isPresent()
        && other.keyTrustedBy(member.end.authority().state()).isEmpty()) {
      Key added = TestKeys.key(other.newestKey(), other.votes);
      make(member, key.getAsInt(), Event.Via.CONTROL, builder -> builder.addKey(added));
    }
  }

  /** What goes into a batch. */
  private interface Operations {
    void addTo(UpdateBuilder builder) throws TkaException;
  }

  /** Builds a batch on a node's head and hands it in; what the builder refuses is not made. */
  private void make(Member member, int key, Event.Via via, Operations operations) {
    Unchecked.run(
        () -> {
          Authority base = member.end.authority();
          UpdateBuilder builder = new UpdateBuilder(base, Signing.signer(key));
          try {
            operations.addTo(builder);
          } catch (BuildException e) {
            return;
          }
          List<Aum> updates = builder.build().updates();
          handIn(member, base, updates, via);
        });
  }

  private void handIn(Member member, Authority base, List<Aum> updates, Event.Via via) {
    if (via == Event.Via.CONTROL) {
      submitToControl(updates);
      syncNow(member, Event.Loss.NONE);
      return;
    }
    updates.forEach(graph::add);
    updates.forEach(update -> member.ownEdits.add(update.hash()));
    judge.made(member, updates);
    Unchecked.run(() -> member.end.takeOwn(base, updates));
  }

  /** True when control follows them. */
  boolean submitToControl(List<Aum> updates) {
    updates.forEach(graph::add);
    Aum last = updates.get(updates.size() - 1);
    try {
      ControlPort.Reply reply =
          port.send(
              new SyncSend(
                  updates.get(0).parent().orElseThrow(),
                  updates.stream().map(Aum::encoded).toList()));
      return reply.head().equals(last.hash());
    } catch (RoundFailed e) {
      return false;
    }
  }

  void giveFile(Member member, List<Aum> aums) {
    Unchecked.run(
        () -> {
          judge.given(member, aums);
          member.end.takeFile(aums);
        });
  }

  void staleEdit(int node, int back) {
    Member member = member(node);
    if (member.online) {
      editOn(member, graph.before(member.end.authority().head(), back))
          .ifPresent(edit -> submitToControl(List.of(edit)));
    }
  }

  void draft(int node) {
    Member member = member(node);
    editOn(member, member.end.authority().head()).ifPresent(member.drafts::add);
  }

  void submit(int node) {
    Member member = member(node);
    if (member.online && !member.drafts.isEmpty()) {
      submitToControl(List.of(member.drafts.remove()));
    }
  }

  private Optional<Aum> editOn(Member member, AumHash parent) {
    OptionalInt key = member.keyTrustedBy(graph.stateAt(parent));
    if (key.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(edit(parent, key.getAsInt()));
  }

  /** An edit that no other is equal to, whoever holds the key. */
  Aum edit(AumHash parent, int key) {
    Aum unsigned =
        Aum.builder(AumKind.UPDATE_KEY)
            .parent(parent)
            .keyId(TestKeys.id(key))
            .meta(nextMeta())
            .build();
    return Signing.sign(unsigned, List.of(key));
  }

  /** Of every member the key that a state trusts, but one key. */
  List<Integer> keysTrustedBy(State state, int but) {
    List<Integer> keys = new ArrayList<>();
    for (Member member : members) {
      member.keyTrustedBy(state).stream().filter(key -> key != but).forEach(keys::add);
    }
    return keys;
  }

  /** Adds a key through control, signed by a node's. */
  void addKey(int node, int added) {
    Member member = member(node);
    OptionalInt key = member.keyTrustedBy(member.end.authority().state());
    if (member.online && key.isPresent()) {
      Key again = TestKeys.key(added, member.votes);
      make(member, key.getAsInt(), Event.Via.CONTROL, builder -> builder.addKey(again));
    }
  }

  /** What every node must have on its chain in the end, for as long as control has. */
  void expectEverywhere(Aum aum) {
    expectedEverywhere.add(aum);
  }

  boolean wasRestored() {
    return wasRestored;
  }

  List<Aum> expectedEverywhere() {
    return expectedEverywhere;
  }

  /** Control as it was at its last backup, still answering. */
  ControlPort oldControl() {
    try {
      ControlEndpoint old = controlEnds.oldControl(genesis, new MachineClock(clock, Duration.ZERO));
      old.restore(backup.map(kept -> copyOf(kept.read())).orElseGet(this::storeOfGenesis));
      return old;
    } catch (TkaException e) {
      throw new IllegalStateException(e);
    }
  }

  void revoke(int node, int target, Event.Via via) {
    Member member = member(node);
    Member other = member(target);
    if (!member.online || member == other) {
      return;
    }
    syncNow(member, Event.Loss.NONE);
    Authority authority = member.end.authority();
    OptionalInt signer = member.keyTrustedBy(authority.state());
    OptionalInt revoked = other.keyTrustedBy(authority.state());
    if (signer.isEmpty() || revoked.isEmpty()) {
      return;
    }
    Unchecked.run(
        () ->
            revocation(authority, signer.getAsInt(), TestKeys.id(revoked.getAsInt()), member, other)
                .ifPresent(aum -> submitRevocation(member, authority, aum, via)));
  }

  void revokeAt(int node, int target, int back) {
    Member member = member(node);
    Member other = member(target);
    if (!member.online || member == other) {
      return;
    }
    syncNow(member, Event.Loss.NONE);
    Authority authority = member.end.authority();
    OptionalInt signer = member.keyTrustedBy(authority.state());
    OptionalInt revoked = other.keyTrustedBy(authority.state());
    AumHash fork = graph.before(authority.head(), back);
    if (signer.isEmpty()
        || revoked.isEmpty()
        || !graph.stateAt(fork).trusts(TestKeys.id(signer.getAsInt()))) {
      return;
    }
    Unchecked.run(
        () -> {
          Optional<Aum> revocation;
          try {
            Aum unsigned =
                Revocation.draftAt(authority, Set.of(TestKeys.id(revoked.getAsInt())), fork);
            graph.add(unsigned);
            revocation = cosigned(authority, unsigned, signers(authority, unsigned, member, other));
          } catch (BuildException e) {
            return;
          }
          revocation.ifPresent(aum -> submitRevocation(member, authority, aum, Event.Via.CONTROL));
        });
  }

  private void submitRevocation(Member member, Authority authority, Aum aum, Event.Via via) {
    graph.add(aum);
    handIn(member, authority, List.of(aum), via);
    syncNow(member, Event.Loss.NONE);
    boolean admitted = control.authority().isActive(aum.hash());
    judge.tally().add(judge.named(REVOCATIONS_ADMITTED), admitted ? 1 : 0);
  }

  /** Who can sign a revocation, its author first, then the heaviest. */
  private List<Integer> signers(Authority authority, Aum unsigned, Member author, Member other) {
    State atFork = graph.stateAt(unsigned.parent().orElseThrow());
    List<Member> cosigners = new ArrayList<>(members);
    cosigners.remove(other);
    cosigners.remove(author);
    cosigners.sort(Comparator.comparingInt((Member one) -> one.votes).reversed());
    cosigners.add(0, author);
    List<Integer> signers = new ArrayList<>();
    for (Member cosigner : cosigners) {
      OptionalInt key = cosigner.keyTrustedBy(atFork);
      // Nobody asks a key that was taken away since.
      if (key.isPresent() && authority.state().trusts(TestKeys.id(key.getAsInt()))) {
        signers.add(key.getAsInt());
      }
    }
    return signers;
  }

  /** A revocation with as many signatures as it needs; empty where there are not enough. */
  private Optional<Aum> revocation(
      Authority authority, int signer, Bytes revoked, Member author, Member other)
      throws TkaException {
    Aum unsigned;
    try {
      unsigned = Revocation.draft(authority, Set.of(revoked), TestKeys.publicKey(signer));
    } catch (BuildException e) {
      return Optional.empty();
    }
    graph.add(unsigned);
    if (!graph.stateAt(unsigned.parent().orElseThrow()).trusts(TestKeys.id(signer))) {
      return Optional.empty();
    }
    return cosigned(authority, unsigned, signers(authority, unsigned, author, other));
  }

  /**
   * Signed by the first of some signers that outweigh what follows, without those that bar it; the
   * others are asked instead.
   */
  private Optional<Aum> cosigned(Authority authority, Aum unsigned, List<Integer> signers)
      throws TkaException {
    List<Integer> left = new ArrayList<>(signers);
    judge.tally().add(judge.named(REVOCATIONS_TRIED));
    for (boolean anew = false; ; anew = true) {
      Optional<Aum> signed = outweighing(authority, unsigned, left);
      if (signed.isEmpty()) {
        judge.tally().add(judge.named(anew ? REVOCATIONS_BARRED : REVOCATIONS_OUTVOTED));
        if (anew) {
          boolean possible = isPossibleBelow(unsigned, signers);
          judge.tally().add(judge.named(REVOCATIONS_IMPOSSIBLE), possible ? 0 : 1);
        }
        return Optional.empty();
      }
      Set<Bytes> barred = judge.barredAtControl(signed.get(), control.ownTime());
      if (barred.isEmpty()) {
        judge.tally().add(judge.named(REVOCATIONS_ANEW), anew ? 1 : 0);
        return signed;
      }
      left.removeIf(key -> barred.contains(TestKeys.id(key)));
    }
  }

  /** Whether some of the signers can make the revocation from another place further down. */
  private boolean isPossibleBelow(Aum unsigned, List<Integer> signers) {
    AumHash at = unsigned.parent().orElseThrow();
    while (graph.get(at).parent().isPresent() && control.authority().isActive(at)) {
      Aum follower = graph.get(at);
      at = follower.parent().orElseThrow();
      State atFork = graph.stateAt(at);
      List<Integer> able = new ArrayList<>(signers);
      able.removeIf(key -> !atFork.trusts(TestKeys.id(key)));
      Aum there =
          Aum.builder(AumKind.CHECKPOINT).parent(at).state(unsigned.state().orElseThrow()).build();
      Set<Bytes> barred = Set.of();
      do {
        Set<Bytes> out = barred;
        able.removeIf(key -> out.contains(TestKeys.id(key)));
        Aum signed = Signing.sign(there, able);
        if (atFork.weightOf(signed) <= atFork.weightOf(follower)) {
          break;
        }
        barred = judge.barredAtControl(signed, control.ownTime());
        if (barred.isEmpty()) {
          return true;
        }
      } while (!able.isEmpty());
    }
    return false;
  }

  /** Signed by the first that outweigh what follows; empty where all of them do not. */
  private Optional<Aum> outweighing(Authority authority, Aum unsigned, List<Integer> signers)
      throws TkaException {
    Optional<ForkResolution.Contender> rival = Revocation.effect(authority, unsigned).rival();
    State atFork = graph.stateAt(unsigned.parent().orElseThrow());
    for (int i = 1; i <= signers.size(); i++) {
      Aum signed = Signing.sign(unsigned, signers.subList(0, i));
      if (rival.isEmpty() || atFork.weightOf(signed) > rival.get().weight()) {
        return Optional.of(signed);
      }
    }
    return Optional.empty();
  }

  void restart(int node) {
    if (member(node).running) {
      Unchecked.run(() -> member(node).end.restart());
      judge.started(member(node).index + 1);
    }
  }

  void restartControl() {
    Unchecked.run(control::restart);
    judge.started(0);
  }

  void backup() {
    backup = Optional.of(copyOf(control.authority().snapshot()));
    judge.model().backup();
  }

  void restore() {
    MemoryAumStore copy = backup.map(kept -> copyOf(kept.read())).orElseGet(this::storeOfGenesis);
    Unchecked.run(() -> control.restore(copy));
    judge.model().restored();
    judge.controlReplaced();
    notSeenSinceRestore.addAll(members);
    wasRestored = true;
  }

  private void seenSinceRestore(Member member) throws TkaException {
    if (notSeenSinceRestore.remove(member) && notSeenSinceRestore.isEmpty()) {
      control.recovered();
      judge.started(0);
      judge.model().recovered();
    }
  }

  private MemoryAumStore storeOfGenesis() {
    MemoryAumStore store = new MemoryAumStore();
    Unchecked.run(
        () ->
            store.commit(
                Commit.on(store.read().revision())
                    .add(genesis, clock.instant())
                    .lastActiveAncestor(genesis.hash())
                    .build()));
    return store;
  }

  private static MemoryAumStore copyOf(AumSnapshot snapshot) {
    MemoryAumStore copy = new MemoryAumStore();
    copy(snapshot, copy);
    return copy;
  }

  /** Copies all that a store of a control has. */
  static void copy(AumSnapshot snapshot, AumStore copy) {
    Unchecked.run(
        () -> {
          Commit.Builder commit = Commit.on(copy.read().revision());
          List<? extends AumEntry> parentsFirst =
              snapshot.entries().stream()
                  .sorted(Comparator.comparingInt(AumEntry::height))
                  .toList();
          for (AumEntry entry : parentsFirst) {
            commit.add(
                new Commit.Addition(
                    snapshot.get(entry.hash()), entry.committedAt(), entry.facts()));
          }
          snapshot.lastActiveAncestor().ifPresent(commit::lastActiveAncestor);
          snapshot.notes().time().ifPresent(commit::time);
          snapshot.notes().inherited().forEach(commit::inherits);
          copy.commit(commit.build());
        });
  }

  /** Everybody comes back, nothing is lost from then on, and all sync as often as it takes. */
  void settle() {
    members.forEach(this::start);
    members.forEach(member -> member.online = true);
    List<AumHash> before = List.of();
    List<AumHash> heads = heads();
    for (int round = 0;
        round < FEWEST_ROUNDS || (round < MOST_ROUNDS && !heads.equals(before));
        round++) {
      pass(Duration.ofMinutes(1));
      syncAll();
      before = heads;
      heads = heads();
    }
  }

  /** Control's head, then the nodes'. */
  List<AumHash> heads() {
    List<AumHash> heads = new ArrayList<>();
    heads.add(control.authority().head());
    members.forEach(member -> heads.add(member.end.authority().head()));
    return heads;
  }
}
