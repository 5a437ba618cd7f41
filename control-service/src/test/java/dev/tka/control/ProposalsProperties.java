package dev.tka.control;

import static dev.tka.control.TestControl.SECRET;
import static dev.tka.control.TestControl.TAILNET;
import static dev.tka.control.TestControl.VERSION;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumKind;
import dev.tka.core.AumSignature;
import dev.tka.core.Bytes;
import dev.tka.core.Key;
import dev.tka.core.State;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.Thresholds;
import dev.tka.core.store.AumEntry;
import dev.tka.core.store.AumSnapshot;
import dev.tka.store.records.Proposal;
import dev.tka.store.records.TailnetRecord;
import dev.tka.sync.SyncSend;
import dev.tka.sync.rpc.RpcAnswer;
import dev.tka.sync.rpc.RpcRequest;
import dev.tka.testkit.Chains;
import dev.tka.testkit.TestKeys;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.statistics.Statistics;

/**
 * Service, section 11: whatever two services on one place are sent, in any order, nothing gets in
 * that has fewer votes than were asked of it then, and no authority ends without the votes for
 * that. What an AUM does is told by comparing two states.
 */
class ProposalsProperties {
  private static final int STEPS = 40;

  private final Random random = new Random();
  private final List<Aum> made = new ArrayList<>();
  private final List<Proposal> shown = new ArrayList<>();
  private final Set<AumHash> known = new HashSet<>();

  @Property(tries = 20)
  void nothingBelowAThresholdGetsInByAnyRequestInAnyOrder(@ForAll long seed) throws Exception {
    random.setSeed(seed);
    made.clear();
    shown.clear();
    known.clear();
    try (TestControl one = new TestControl();
        ControlService two =
            ControlService.over(
                new SharedPlace(one.place), ControlSettings.DEFAULTS, Clock.systemUTC())) {
      one.login(1);
      Aum genesis =
          TestControl.genesis(1, TestKeys.key(1, 1), TestKeys.key(2, 2), TestKeys.key(3, 1));
      one.lock(genesis, 1);
      made.add(genesis);
      known.add(genesis.hash());
      int landed = 0;
      boolean rewritten = false;
      for (int step = 0; step < STEPS; step++) {
        ControlService service = random.nextBoolean() ? one.service : two;
        Authority before = Authority.open(one.place.tailnet(TAILNET).read());
        TailnetRecord record = one.place.records().orElseThrow().tailnet(TAILNET);
        try {
          step(service, before);
        } catch (ControlException e) {
          // A bar names an AUM, its rival, what removed the key, and the signers.
          assertThat(e.getMessage()).matches("[ -~]{10,2000}");
        }
        AumSnapshot after = one.place.tailnet(TAILNET).read();
        if (after.entries().isEmpty()) {
          assertThat(approvals(record, before))
              .isGreaterThanOrEqualTo(record.thresholds().disable());
          Statistics.label("ended").collect(true);
          break;
        }
        // Setting thresholds comes before what it lets in.
        TailnetRecord then = one.place.records().orElseThrow().tailnet(TAILNET);
        Authority now = Authority.open(after);
        landed += requireVotes(now, then.thresholds());
        rewritten |= requireVotesToDisplace(before.head(), now, then.thresholds());
      }
      for (Proposal each : one.place.records().orElseThrow().tailnet(TAILNET).proposals()) {
        if (each.outcome().orElse(null) instanceof Proposal.Outcome.Done done
            && done.update().isPresent()) {
          assertThat(known).contains(done.update().get());
        }
      }
      Statistics.label("rewritten").collect(rewritten);
      Statistics.label("let in").collect(Math.min(landed, 4));
      Statistics.label("done").collect(shown.stream().anyMatch(each -> !each.isOpen()));
    }
  }

  private static long approvals(TailnetRecord record, Authority authority) {
    return record.proposals().stream()
        .filter(each -> each.isOpen() && each.subject() instanceof Proposal.Subject.Disable)
        .mapToLong(each -> authority.state().weightOf(each.signers()))
        .max()
        .orElse(0);
  }

  private int requireVotes(Authority authority, Thresholds thresholds) throws Exception {
    int fresh = 0;
    for (AumEntry entry : authority.snapshot().entries()) {
      if (known.add(entry.hash())) {
        fresh++;
        Aum aum = authority.snapshot().get(entry.hash());
        State at = authority.stateAt(aum.parent().orElseThrow());
        assertThat(at.weightOf(aum))
            .as("%s under %s", aum.kind(), thresholds)
            .isGreaterThanOrEqualTo(needed(thresholds, aum, at, at.apply(aum)));
        made.add(aum);
      }
    }
    return fresh;
  }

  private static long needed(Thresholds thresholds, Aum aum, State before, State after) {
    long needed = aum.kind().isCheckpoint() ? thresholds.checkpoint() : 0;
    for (int number = 1; number < 9; number++) {
      long had = before.findKey(TestKeys.id(number)).map(Key::votes).orElse(0L);
      long has = after.findKey(TestKeys.id(number)).map(Key::votes).orElse(0L);
      needed = has > had ? highest(thresholds) : needed;
      needed = has < had ? Math.max(needed, thresholds.removeKey()) : needed;
    }
    if (!after.disablementValues().equals(before.disablementValues())) {
      return Math.max(needed, thresholds.disable());
    }
    return !aum.kind().isCheckpoint() && votesById(before).equals(votesById(after))
        ? fewest(thresholds)
        : needed;
  }

  private static Map<Bytes, Long> votesById(State state) {
    return state.keys().stream().collect(Collectors.toMap(Key::id, Key::votes));
  }

  /** Those that whatever changes nothing needs, since it moves the head. */
  private static long fewest(Thresholds thresholds) {
    return Stream.of(thresholds.addKey(), thresholds.removeKey(), thresholds.checkpoint())
        .filter(votes -> votes > 0)
        .min(Long::compare)
        .orElse(0L);
  }

  private static long highest(Thresholds thresholds) {
    return Stream.of(Thresholds.Kind.values()).mapToLong(thresholds::of).max().orElseThrow();
  }

  /** What leaves the chain of an earlier head may undo anything, so it needs the most of all. */
  private static boolean requireVotesToDisplace(
      AumHash before, Authority now, Thresholds thresholds) throws Exception {
    AumHash off = before;
    while (now.activeAfter(off).isEmpty()) {
      off = now.snapshot().parentOf(off).orElseThrow();
    }
    if (off.equals(before)) {
      return false;
    }
    Aum rewrite = now.snapshot().get(now.activeAfter(off).orElseThrow().get(0));
    assertThat(now.stateAt(off).weightOf(rewrite))
        .as("a rewrite by %s under %s", rewrite.kind(), thresholds)
        .isGreaterThanOrEqualTo(highest(thresholds));
    return true;
  }

  private void step(ControlService service, Authority now) throws Exception {
    switch (random.nextInt(12)) {
      case 0 ->
          service.setThresholds(
              TAILNET, TestControl.each(new Thresholds(votes(), votes(), votes(), votes())));
      case 1 -> service.restored(TAILNET, random.nextBoolean());
      case 2, 3 -> {
        List<Aum> edits = new ArrayList<>(List.of(operation()));
        if (random.nextInt(3) == 0) {
          edits.add(operation());
        }
        service.propose(TAILNET, edits);
      }
      case 4 -> service.proposeDisable(TAILNET);
      case 5 -> {
        if (random.nextInt(8) > 0) {
          return;
        }
        RpcAnswer unused =
            service.call(
                random.nextBoolean() ? Caller.node(TAILNET, 1) : Caller.operator(TAILNET),
                TestControl.disable(
                    1,
                    now.head(),
                    now.state().isDisabledBy(SECRET) ? SECRET : TestControl.OTHER_SECRET));
      }
      case 6, 7, 8 -> approve(service);
      case 9 -> {
        if (!shown.isEmpty() && random.nextInt(4) == 0) {
          service.withdraw(TAILNET, any(shown).id());
        }
      }
      default -> send(service, now);
    }
  }

  /** Few more often than many, so that some edits get in. */
  private int votes() {
    return random.nextInt(1 + random.nextInt(4));
  }

  private <T> T any(List<T> list) {
    return list.get(random.nextInt(list.size()));
  }

  private Aum operation() {
    int key = 1 + random.nextInt(6);
    return switch (random.nextInt(3)) {
      case 0 -> Aum.builder(AumKind.ADD_KEY).key(TestKeys.key(key, 1)).build();
      case 1 -> Aum.builder(AumKind.REMOVE_KEY).keyId(TestKeys.id(key)).build();
      default ->
          Aum.builder(AumKind.UPDATE_KEY)
              .keyId(TestKeys.id(key))
              .votes(1 + random.nextInt(3))
              .build();
    };
  }

  /** Signs what is shown now, or was shown before; with a trusted key, or another. */
  private void approve(ControlService service) throws ControlException {
    service.proposals(TAILNET).forEach(each -> shown.add(each.proposal()));
    if (!shown.isEmpty()) {
      Proposal proposal = shown.get(shown.size() - 1 - random.nextInt(Math.min(4, shown.size())));
      int key = 1 + random.nextInt(5);
      Bytes hash = random.nextInt(10) == 0 ? any(made).sigHash() : proposal.sigHash();
      service.approve(
          TAILNET,
          proposal.id(),
          random.nextInt(10) == 0 ? hash : proposal.sigHash(),
          AumSignature.of(TestKeys.id(key), TestKeys.signature(key, hash)));
    }
  }

  /**
   * Sends some AUMs, one on the other, on one that is stored: as a node, the operator, a person.
   */
  private void send(ControlService service, Authority now) throws Exception {
    List<Aum> batch = new ArrayList<>();
    Aum parent = random.nextInt(3) > 0 ? now.snapshot().get(now.head()) : any(made);
    if (now.snapshot().find(parent.hash()).isEmpty()) {
      return;
    }
    State state = now.stateAt(parent.hash());
    for (int i = random.nextInt(3); i >= 0; i--) {
      Aum unsigned = edit(parent, state);
      int[] signers = random.ints(1, 4).distinct().limit(1 + random.nextInt(3)).toArray();
      Aum aum = TestKeys.sign(unsigned, signers);
      batch.add(aum);
      try {
        state = state.apply(aum);
      } catch (dev.tka.core.ApplyException e) {
        break;
      }
      parent = aum;
    }
    AumHash last = batch.get(batch.size() - 1).hash();
    service.call(
        random.nextBoolean() ? Caller.node(TAILNET, 1) : Caller.operator(TAILNET),
        new RpcRequest.Send(
            VERSION,
            Optional.of(TestControl.nodeKey(1)),
            new SyncSend(
                random.nextBoolean() ? last : now.head(),
                batch.stream().map(Aum::encoded).toList()),
            random.nextBoolean(),
            random.nextBoolean()));
  }

  private Aum edit(Aum parent, State state) {
    if (random.nextInt(3) == 0) {
      List<Key> keys = new ArrayList<>(state.keys());
      if (random.nextBoolean() && keys.size() > 1) {
        keys.remove(random.nextInt(keys.size()));
      }
      return Aum.builder(AumKind.CHECKPOINT)
          .parent(parent.hash())
          .state(
              State.of(
                  random.nextInt(4) == 0
                      ? List.of(TestControl.OTHER_SECRET.value())
                      : state.disablementValues(),
                  keys,
                  state.stateId1(),
                  state.stateId2()))
          .build();
    }
    Aum operation = operation();
    Aum.Builder edit = Aum.builder(operation.kind()).parent(parent.hash());
    operation.key().ifPresent(edit::key);
    operation.keyId().ifPresent(edit::keyId);
    operation.votes().ifPresent(edit::votes);
    return random.nextInt(6) == 0 ? Chains.noOp(parent, "n" + made.size()) : edit.build();
  }
}
