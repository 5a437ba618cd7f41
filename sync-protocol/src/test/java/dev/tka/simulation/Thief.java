package dev.tka.simulation;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumKind;
import dev.tka.core.AumSignature;
import dev.tka.core.Bytes;
import dev.tka.core.Key;
import dev.tka.core.State;
import dev.tka.core.authority.Authority;
import dev.tka.core.store.AumEntry;
import dev.tka.sync.SyncAnswer;
import dev.tka.sync.SyncOffer;
import dev.tka.sync.SyncSend;
import dev.tka.testkit.TestKeys;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The adversary of a tailnet: has every key that was rotated out, may steal current ones, and may
 * have control on his side. Counts what he tries and what he achieves.
 */
final class Thief {
  static final String OLD_KEY_TRIES = "attack: old key at an honest control, tries";
  static final String OLD_KEY_SUCCESSES = "attack: old key at an honest control, successes";
  static final String SERVED_TRIES = "attack: old key and a lying control, tries";
  static final String SERVED_SUCCESSES = "attack: old key and a lying control, successes";
  static final String REVOCATION_TRIES = "attack: honest revocations of a stolen key, tries";
  static final String COUNTER_TRIES =
      "attack: counter-rewrites where protocol section 4 would let them, tries";
  static final String COUNTER_SUCCESSES =
      "attack: counter-rewrites where protocol section 4 would let them, successes";
  private static final Duration FINAL_AFTER = Duration.ofDays(14);
  private static final Duration REVOCABLE_FOR = Duration.ofDays(13);

  /** The numbers of keys that the thief makes begin here. */
  private static final int FIRST_OWN_KEY = 900_000;

  private static final int OWN_VOTES = 50;

  /** What our control keeps of losing AUMs, and some for what was displaced after it had won. */
  private static final long MOST_LOSING_BYTES = 5 << 20;

  /** How many variants of an AUM he tries for one that wins a tie by its hash. */
  private static final int MOST_GRINDING = 8;

  private final Tailnet tailnet;
  private final Judge judge;
  private final Graph graph;
  private final List<OldKey> oldKeys = new ArrayList<>();
  private Optional<Theft> theft = Optional.empty();
  private int serial;

  /**
   * A key that was rotated out.
   *
   * @param removedAt by the true clock
   */
  private record OldKey(int number, Instant removedAt) {}

  /**
   * A current key that is in the wrong hands.
   *
   * @param number the key
   * @param before control's head when it was stolen
   */
  private record Theft(int number, AumHash before, Instant at) {}

  Thief(Tailnet tailnet) {
    this.tailnet = tailnet;
    this.judge = tailnet.judge();
    this.graph = tailnet.graph();
  }

  /** A key was rotated out: the thief gets hold of it. */
  void rotatedOut(int key) {
    oldKeys.add(new OldKey(key, tailnet.now()));
  }

  private Authority control() {
    return tailnet.control().authority();
  }

  // Rotated-out keys.

  void rewriteAtControl(Event.OldKeyRewrites event) {
    Optional<List<Aum>> rewrite = oldKeyRewrite(event);
    if (rewrite.isEmpty()) {
      return;
    }
    judge.tally().add(OLD_KEY_TRIES);
    Aum first = rewrite.get().get(0);
    tailnet.submitToControl(rewrite.get());
    if (control().isActive(first.hash())) {
      judge.tally().add(OLD_KEY_SUCCESSES);
      judge.violation("an old key rewrote control's history", first.toString());
    }
  }

  void rewriteServed(Event.OldKeyRewrites event, int node) {
    Optional<List<Aum>> rewrite = oldKeyRewrite(event);
    Member victim = tailnet.member(node);
    if (rewrite.isEmpty() || !victim.online) {
      return;
    }
    judge.tally().add(SERVED_TRIES);
    Aum first = rewrite.get().get(0);
    boolean isFinal =
        removals(first).stream().anyMatch(hash -> judge.model().isFinalAt(victim.index, hash));
    tailnet.syncWith(serving(rewrite.get()), victim, Event.Loss.NONE);
    if (victim.end.authority().isActive(first.hash())) {
      judge.tally().add(SERVED_SUCCESSES);
      if (isFinal) {
        judge.violation("an old key rewrote what was final at a node", first.toString());
      }
    }
  }

  /** The AUMs after a fork, on control's chain, that took away keys of an AUM that follows it. */
  private List<AumHash> removals(Aum first) {
    Set<Bytes> signers =
        first.signatures().stream().map(AumSignature::signerId).collect(Collectors.toSet());
    return control().activeAfter(first.parent().orElseThrow()).orElseThrow().stream()
        .filter(
            hash ->
                NaiveRecount.takenAway(graph, graph.get(hash)).stream().anyMatch(signers::contains))
        .toList();
  }

  /** A rewrite that protocol section 4 would let win, by keys that were removed long ago. */
  private Optional<List<Aum>> oldKeyRewrite(Event.OldKeyRewrites event) {
    List<Integer> old =
        oldKeys.stream()
            .filter(key -> key.removedAt().plus(FINAL_AFTER).isBefore(tailnet.now()))
            .map(OldKey::number)
            .collect(Collectors.toList());
    if (old.isEmpty()) {
      return Optional.empty();
    }
    List<Integer> signers = new ArrayList<>();
    for (int i = 0; i < Math.min(event.signers(), old.size()); i++) {
      signers.add(old.get(Math.floorMod(event.key() + i, old.size())));
    }
    return rewrite(signers, event.place(), event.rewrite(), event.more());
  }

  /** A rewrite of control's chain by these keys, where protocol section 4 would let it win. */
  private Optional<List<Aum>> rewrite(
      List<Integer> signers, int place, Event.Rewrite kind, int more) {
    List<AumHash> newestFirst = control().newestFirst(control().length());
    List<Integer> places = new ArrayList<>();
    Set<Bytes> takenAwaySince = new HashSet<>();
    for (int i = 1; i < newestFirst.size(); i++) {
      takenAwaySince.addAll(NaiveRecount.takenAway(graph, graph.get(newestFirst.get(i - 1))));
      State atFork = graph.stateAt(newestFirst.get(i));
      // Where it is trusted since it was added again, it is not an old key.
      boolean trusted =
          signers.stream()
              .map(TestKeys::id)
              .allMatch(key -> atFork.trusts(key) && takenAwaySince.contains(key));
      long weight = signers.stream().mapToLong(key -> votes(atFork, key)).sum();
      if (trusted && weight >= atFork.weightOf(graph.get(newestFirst.get(i - 1)))) {
        places.add(i);
      }
    }
    if (places.isEmpty()) {
      return Optional.empty();
    }
    int at = places.get(Math.floorMod(place, places.size()));
    AumHash fork = newestFirst.get(at);
    Aum displaced = graph.get(newestFirst.get(at - 1));
    for (int i = 0; i < MOST_GRINDING; i++) {
      Aum first = Signing.sign(drawn(kind, fork, signers), signers);
      if (!first.equals(displaced) && graph.winsBySection4(first, displaced)) {
        graph.add(first);
        return Optional.of(withMore(first, signers.get(0), more));
      }
    }
    return Optional.empty();
  }

  private static long votes(State state, int key) {
    return state.findKey(TestKeys.id(key)).map(Key::votes).orElse(0L);
  }

  private Aum drawn(Event.Rewrite kind, AumHash fork, List<Integer> signers) {
    State atFork = graph.stateAt(fork);
    Optional<Key> other =
        atFork.keys().stream()
            .filter(key -> signers.stream().noneMatch(own -> TestKeys.id(own).equals(key.id())))
            .findFirst();
    Key fresh = TestKeys.key(FIRST_OWN_KEY + serial++, OWN_VOTES);
    if (kind == Event.Rewrite.REMOVE_KEY && other.isPresent()) {
      // Always the same AUM: nothing to grind, and a remove-key wins ties of votes anyhow.
      return Aum.builder(AumKind.REMOVE_KEY).parent(fork).keyId(other.get().id()).build();
    }
    return switch (kind) {
      case ADD_KEY -> Aum.builder(AumKind.ADD_KEY).parent(fork).key(fresh).build();
      case UPDATE_KEY, REMOVE_KEY ->
          Aum.builder(AumKind.UPDATE_KEY)
              .parent(fork)
              .keyId(TestKeys.id(signers.get(0)))
              .votes(OWN_VOTES + serial)
              .build();
      case CHECKPOINT -> checkpoint(fork, atFork, signers, fresh);
    };
  }

  private static Aum checkpoint(AumHash fork, State atFork, List<Integer> signers, Key fresh) {
    List<Key> keys = new ArrayList<>(List.of(fresh));
    for (Key key : atFork.keys()) {
      if (signers.stream().anyMatch(own -> TestKeys.id(own).equals(key.id()))) {
        keys.add(key);
      }
    }
    State body = State.of(atFork.disablementValues(), keys, atFork.stateId1(), atFork.stateId2());
    return Aum.builder(AumKind.CHECKPOINT).parent(fork).state(body).build();
  }

  private List<Aum> withMore(Aum first, int signer, int more) {
    List<Aum> aums = new ArrayList<>(List.of(first));
    for (int i = 0; i < more && graph.stateAt(first.hash()).trusts(TestKeys.id(signer)); i++) {
      Aum next = tailnet.edit(aums.get(aums.size() - 1).hash(), signer);
      graph.add(next);
      aums.add(next);
    }
    return aums;
  }

  /** A control that shows a rewrite as its own chain, and acknowledges whatever it is sent. */
  private ControlPort serving(List<Aum> rewrite) {
    AumHash fork = rewrite.get(0).parent().orElseThrow();
    AumHash head = rewrite.get(rewrite.size() - 1).hash();
    Authority authority = control();
    List<AumHash> upToFork = new ArrayList<>();
    for (AumHash hash : authority.newestFirst(authority.length())) {
      if (graph.height(hash) <= graph.height(fork)) {
        upToFork.add(hash);
      }
    }
    List<AumHash> ancestors =
        upToFork.stream()
            .filter(hash -> hash.equals(fork) || graph.get(hash).kind().equals(AumKind.CHECKPOINT))
            .toList();
    return new ControlPort() {
      @Override
      public SyncAnswer offer(SyncOffer offer) {
        // From the newest AUM that the node names on, as an honest control would.
        AumHash from =
            ancestors.stream()
                .filter(hash -> offer.ancestors().contains(hash) || offer.head().equals(hash))
                .findFirst()
                .orElse(fork);
        List<Aum> missing = new ArrayList<>();
        for (AumHash hash : upToFork) {
          if (graph.height(hash) > graph.height(from)) {
            missing.add(0, graph.get(hash));
          }
        }
        missing.addAll(rewrite);
        return new SyncAnswer(
            new SyncOffer(head, ancestors), missing.stream().map(Aum::encoded).toList());
      }

      @Override
      public Reply send(SyncSend send) {
        return Reply.of(head);
      }
    };
  }

  void addAgain(int key, int node) {
    if (!oldKeys.isEmpty()) {
      tailnet.addKey(node, oldKeys.get(Math.floorMod(key, oldKeys.size())).number());
    }
  }

  // Stolen keys.

  void steal(int node) {
    tailnet
        .member(node)
        .keyTrustedBy(control().state())
        .ifPresent(key -> theft = Optional.of(new Theft(key, control().head(), tailnet.now())));
  }

  void removeAccusers(int most, int added) {
    if (theft.isEmpty() || !control().state().trusts(TestKeys.id(theft.get().number()))) {
      return;
    }
    int stolen = theft.get().number();
    for (int i = 0; i < added; i++) {
      Key fresh = TestKeys.key(FIRST_OWN_KEY + serial++, OWN_VOTES);
      extend(Aum.builder(AumKind.ADD_KEY).key(fresh), stolen);
    }
    List<Key> honest = new ArrayList<>(control().state().keys());
    honest.removeIf(key -> key.id().equals(TestKeys.id(stolen)) || key.votes() >= OWN_VOTES);
    for (Key key : honest.subList(0, Math.min(most, honest.size()))) {
      extend(Aum.builder(AumKind.REMOVE_KEY).keyId(key.id()), stolen);
    }
  }

  private void extend(Aum.Builder next, int signer) {
    Aum aum = Signing.sign(next.parent(control().head()).build(), List.of(signer));
    tailnet.submitToControl(List.of(aum));
  }

  void beRevoked() {
    if (theft.isEmpty() || !control().isActive(theft.get().before())) {
      return;
    }
    Theft stolen = theft.get();
    List<AumHash> after = control().activeAfter(stolen.before()).orElseThrow();
    State atFork = graph.stateAt(stolen.before());
    List<Key> left = new ArrayList<>(atFork.keys());
    left.removeIf(key -> key.id().equals(TestKeys.id(stolen.number())));
    List<Integer> honest = tailnet.keysTrustedBy(atFork, stolen.number());
    if (left.isEmpty() || honest.isEmpty() || after.isEmpty()) {
      return;
    }
    State body = State.of(atFork.disablementValues(), left, atFork.stateId1(), atFork.stateId2());
    Aum revocation =
        Signing.sign(
            Aum.builder(AumKind.CHECKPOINT).parent(stolen.before()).state(body).build(), honest);
    long votes = atFork.weightOf(revocation);
    boolean inTime = !stolen.at().plus(REVOCABLE_FOR).isBefore(tailnet.now());
    boolean stronger =
        votes > votes(atFork, stolen.number()) && votes > atFork.weightOf(graph.get(after.get(0)));
    tailnet.submitToControl(List.of(revocation));
    boolean admitted = control().isActive(revocation.hash());
    if (inTime && stronger) {
      judge.tally().add(REVOCATION_TRIES);
      judge
          .tally()
          .add("attack: honest revocations of a stolen key, admitted by control", admitted ? 1 : 0);
      if (!admitted) {
        judge.violation("control refused an honest revocation", revocation.toString());
      }
      tailnet.expectEverywhere(revocation);
    }
  }

  void counterRewrite(int place, int more) {
    if (theft.isEmpty() || control().state().trusts(TestKeys.id(theft.get().number()))) {
      return;
    }
    Optional<List<Aum>> rewrite =
        rewrite(List.of(theft.get().number()), place, Event.Rewrite.CHECKPOINT, more);
    if (rewrite.isEmpty()) {
      return;
    }
    judge.tally().add(COUNTER_TRIES);
    Aum first = rewrite.get().get(0);
    tailnet.submitToControl(rewrite.get());
    if (control().isActive(first.hash())) {
      judge.tally().add(COUNTER_SUCCESSES);
    }
  }

  // Control.

  void lyingSync(int node, Event.Lie lie) {
    Member victim = tailnet.member(node);
    if (!victim.online) {
      return;
    }
    judge.tally().add("attack: lying control, tries");
    ControlPort honest = tailnet.control();
    ControlPort lying =
        switch (lie) {
          case WITHHOLD ->
              new ControlPort() {
                @Override
                public SyncAnswer offer(SyncOffer offer) throws RoundFailed {
                  return new SyncAnswer(honest.offer(offer).offer(), List.of());
                }

                @Override
                public Reply send(SyncSend send) {
                  return Reply.of(control().head());
                }
              };
          case REPLAY -> tailnet.oldControl();
          case FALSE_ACKNOWLEDGEMENT ->
              new ControlPort() {
                @Override
                public SyncAnswer offer(SyncOffer offer) throws RoundFailed {
                  return honest.offer(offer);
                }

                @Override
                public Reply send(SyncSend send) {
                  return Reply.of(send.head());
                }
              };
        };
    tailnet.syncWith(lying, victim, Event.Loss.NONE);
  }

  /** An AUM that does nothing, and takes up room. */
  private Aum noOp(AumHash parent, int signer, int bytes) {
    Map<String, String> meta = Map.of("" + serial++, "-".repeat(bytes));
    return Signing.sign(
        Aum.builder(AumKind.NO_OP).parent(parent).meta(meta).build(), List.of(signer));
  }

  void flood(Event.Flood event) {
    List<AumHash> newestFirst = control().newestFirst(control().length());
    if (newestFirst.size() < 2) {
      return;
    }
    Set<Integer> trustedOnce = oldKeys.stream().map(OldKey::number).collect(Collectors.toSet());
    theft.ifPresent(stolen -> trustedOnce.add(stolen.number()));
    for (int i = 0; i < event.count(); i++) {
      int at = 1 + Math.floorMod(event.place() + 7 * i, newestFirst.size() - 1);
      AumHash fork = newestFirst.get(at);
      State atFork = graph.stateAt(fork);
      Aum winner = graph.get(newestFirst.get(at - 1));
      for (int key : trustedOnce) {
        if (atFork.trusts(TestKeys.id(key))) {
          Aum loser = noOp(fork, key, event.bytes());
          if (graph.winsBySection4(winner, loser)) {
            judge.tally().add("attack: flood of losing AUMs, sent");
            tailnet.submitToControl(List.of(loser));
          }
          break;
        }
      }
    }
    checkStoredBytes();
  }

  private void checkStoredBytes() {
    long bytes = 0;
    for (AumEntry entry : control().snapshot().entries()) {
      if (!control().isActive(entry.hash())) {
        bytes += graph.get(entry.hash()).encoded().size();
      }
    }
    if (bytes > MOST_LOSING_BYTES && tailnet.control() instanceof EngineControl) {
      judge.violation("control keeps losing AUMs without end", bytes + " bytes");
    }
  }
}
