package dev.tka.simulation;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumKind;
import dev.tka.core.Bytes;
import dev.tka.core.DisablementSecret;
import dev.tka.core.Key;
import dev.tka.core.State;
import dev.tka.core.authority.Authority;
import dev.tka.core.store.AumEntry;
import dev.tka.sync.SyncAnswer;
import dev.tka.sync.SyncOffer;
import dev.tka.sync.SyncSend;
import dev.tka.sync.rpc.Announcement;
import dev.tka.sync.rpc.RpcAnswer;
import dev.tka.testkit.TestKeys;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The adversary of a tailnet: has every key that was rotated out, may steal current ones, and may
 * have control on his side. Counts what he tries and what he achieves.
 */
final class Thief {
  static final String OLD_KEY = "attack: old key at an honest control";
  static final String YOUNG = "attack: old key after an honest rewrite from below its removal";
  static final String SERVED = "attack: old key and a lying control";
  static final String SHIELD = "attack: old key shields a stolen key's rewrite";
  static final String LOWERED = "attack: lowered key rewrites from before";
  static final String REVIVE = "attack: revived key co-signs, honest answers refused";
  static final String STRIP = "attack: all keys stripped a month ago, honest answers refused";
  static final String STOLEN = "attack: stolen key removes accusers, honest answers refused";
  static final String COUNTER = "attack: counter-rewrites where protocol section 4 would let them";
  static final String PLANTED = "attack: removals planted at a node, apart in the end, ";
  private static final Duration FINAL_AFTER = Duration.ofDays(14);
  private static final Duration REVOCABLE_FOR = Duration.ofDays(13);

  private static final DisablementSecret WRONG =
      DisablementSecret.of("not the secret".getBytes(StandardCharsets.UTF_8));

  /** The numbers of keys that the thief makes begin here. */
  private static final int FIRST_OWN_KEY = 900_000;

  private static final int OWN_VOTES = 50;

  /** How many places are looked at for one where a rewrite wins. */
  private static final int MOST_PLACES = 40;

  /** What our control keeps of losing AUMs, and some for what was displaced after it had won. */
  private static final long MOST_LOSING_BYTES = 5 << 20;

  /** How many variants of an AUM he tries for one that wins a tie by its hash. */
  private static final int MOST_GRINDING = 8;

  private final Tailnet tailnet;
  private final Judge judge;
  private final Graph graph;
  private final List<OldKey> oldKeys = new ArrayList<>();
  private Optional<Theft> theft = Optional.empty();
  private Optional<Instant> rewrittenAt = Optional.empty();
  private Optional<Integer> lowered = Optional.empty();
  private Optional<Revival> revival = Optional.empty();
  private Optional<AumHash> plantedAt = Optional.empty();
  private boolean stripped;
  private final Map<Member, Planted> planted = new LinkedHashMap<>();
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

  /**
   * A rewrite that brought an old key back.
   *
   * @param keys the stolen key and the old one, both the thief's
   * @param votes those with which they count at the fork: the old key with its own only where it
   *     had been added again by then
   * @param displaced control's head before
   */
  private record Revival(
      List<Integer> keys, long votes, AumHash fork, AumHash displaced, Instant at) {
    Revival {
      keys = List.copyOf(keys);
    }
  }

  /**
   * How a node came by AUMs that control does not follow.
   *
   * @param outweighed whether the honest keys together have more votes than the stolen one
   */
  private record Planted(Event.Planting how, boolean outweighed) {
    String describe() {
      return how.toString().toLowerCase(Locale.ROOT).replace('_', ' ')
          + (outweighed ? "" : " by a key as heavy as all others");
    }
  }

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
    boolean young =
        rewrittenAt.filter(at -> at.plus(FINAL_AFTER).isAfter(tailnet.now())).isPresent();
    submit(young ? YOUNG : OLD_KEY, rewrite.get());
  }

  /** Submits a rewrite to control that must not be admitted. */
  private void submit(String attack, List<Aum> rewrite) {
    Aum first = rewrite.get(0);
    tailnet.submitToControl(rewrite);
    boolean succeeded = control().isActive(first.hash());
    judge.attacked(attack, succeeded);
    if (succeeded) {
      judge.violationOfRightClocks("succeeded, " + attack, first.toString());
    }
  }

  /** A lying control serves a rewrite to a node; what is final there must not be rewritten. */
  private void serve(String attack, List<Aum> rewrite, Member victim) {
    Aum first = rewrite.get(0);
    boolean isFinal = judge.model().isBarredForGood(victim.index, first, victim.now());
    tailnet.syncWith(serving(rewrite), victim, Event.Loss.NONE);
    boolean succeeded = victim.end.authority().isActive(first.hash());
    judge.attacked(attack, succeeded);
    if (succeeded && isFinal) {
      judge.violation("an old key rewrote what was final at a node", first.toString());
    }
  }

  private void submitOrServe(String attack, List<Aum> rewrite, boolean served, int node) {
    Member victim = tailnet.member(node);
    if (!served) {
      submit(attack, rewrite);
    } else if (victim.online) {
      serve(attack + ", served to a node", rewrite, victim);
    }
  }

  void rewriteServed(Event.OldKeyRewrites event, int node) {
    Optional<List<Aum>> rewrite = oldKeyRewrite(event);
    Member victim = tailnet.member(node);
    if (rewrite.isEmpty() || !victim.online) {
      return;
    }
    serve(SERVED, rewrite.get(), victim);
  }

  /** A rewrite that protocol section 4 would let win, by keys that were removed long ago. */
  private Optional<List<Aum>> oldKeyRewrite(Event.OldKeyRewrites event) {
    List<Integer> old = agedKeys();
    if (old.isEmpty()) {
      return Optional.empty();
    }
    List<Integer> signers = new ArrayList<>();
    for (int i = 0; i < Math.min(event.signers(), old.size()); i++) {
      signers.add(old.get(Math.floorMod(event.key() + i, old.size())));
    }
    return rewrite(signers, signers, event.place(), event.rewrite(), event.more());
  }

  /** The keys that were removed longer ago than a removal takes to be final. */
  private List<Integer> agedKeys() {
    return oldKeys.stream()
        .filter(key -> key.removedAt().plus(FINAL_AFTER).isBefore(tailnet.now()))
        .map(OldKey::number)
        .collect(Collectors.toList());
  }

  /**
   * A rewrite of control's chain by these keys, where protocol section 4 would let it win.
   *
   * @param old those of them that have lost votes since
   */
  private Optional<List<Aum>> rewrite(
      List<Integer> signers, List<Integer> old, int place, Event.Rewrite kind, int more) {
    List<AumHash> newestFirst = control().newestFirst(control().length());
    List<Integer> places = new ArrayList<>();
    Map<Integer, Long> fewestSince = new HashMap<>();
    for (int i = 1; i < newestFirst.size(); i++) {
      State since = graph.stateAt(newestFirst.get(i - 1));
      old.forEach(key -> fewestSince.merge(key, votes(since, key), Math::min));
      State atFork = graph.stateAt(newestFirst.get(i));
      boolean trusted = signers.stream().allMatch(key -> votes(atFork, key) > 0);
      // Where it is trusted since it was added again, it is not an old key.
      boolean lost = old.stream().allMatch(key -> votes(atFork, key) > fewestSince.get(key));
      long weight = signers.stream().mapToLong(key -> votes(atFork, key)).sum();
      if (trusted && lost && weight >= atFork.weightOf(graph.get(newestFirst.get(i - 1)))) {
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
      public Announcement announced() {
        return new Announcement.Enabled(head);
      }

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
    List<Integer> old = agedKeys();
    if (!old.isEmpty()) {
      tailnet.addKey(node, old.get(Math.floorMod(key, old.size())));
    }
  }

  // Stolen keys.

  void steal(int node) {
    stripped = false;
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
    if ((inTime || stripped) && stronger) {
      judge.attacked(stripped ? STRIP : STOLEN, !admitted);
      if (!admitted) {
        judge.violationOfRightClocks("control refused an honest revocation", revocation.toString());
      }
      tailnet.expectEverywhere(revocation);
    }
  }

  void counterRewrite(int place, int more) {
    if (theft.isEmpty() || control().state().trusts(TestKeys.id(theft.get().number()))) {
      return;
    }
    Optional<List<Aum>> rewrite =
        rewrite(
            List.of(theft.get().number()),
            List.of(theft.get().number()),
            place,
            Event.Rewrite.CHECKPOINT,
            more);
    if (rewrite.isEmpty()) {
      return;
    }
    tailnet.submitToControl(rewrite.get());
    judge.attacked(COUNTER, control().isActive(rewrite.get().get(0).hash()));
  }

  void shieldedRewrite(Event.ShieldedRewrite event) {
    List<Integer> old = agedKeys();
    if (theft.isEmpty() || old.isEmpty()) {
      return;
    }
    int shield = old.get(Math.floorMod(event.rewrite().key(), old.size()));
    rewrite(
            List.of(theft.get().number(), shield),
            List.of(shield),
            event.rewrite().place(),
            Event.Rewrite.CHECKPOINT,
            event.rewrite().more())
        .ifPresent(rewrite -> submitOrServe(SHIELD, rewrite, event.served(), event.node()));
  }

  void lower(Event.Lower event) {
    Member member = tailnet.member(event.node());
    lowered = Optional.empty();
    tailnet.changeVotes(event.node(), event.node(), event.high(), Event.Via.CONTROL);
    tailnet.edits(event.node() + 1, 3, Event.Via.CONTROL);
    tailnet.pass(Duration.ofDays(3));
    tailnet.syncAll();
    OptionalInt key = member.keyTrustedBy(control().state());
    if (key.isPresent() && votes(control().state(), key.getAsInt()) == event.high()) {
      tailnet.changeVotes(event.node(), event.node(), event.low(), Event.Via.CONTROL);
      tailnet.syncAll();
      if (votes(control().state(), key.getAsInt()) == event.low()) {
        lowered = Optional.of(key.getAsInt());
      }
      tailnet.pass(FINAL_AFTER.plusDays(2));
      tailnet.syncAll();
    }
  }

  void loweredRewrites(Event.LoweredRewrites event) {
    lowered
        .flatMap(
            key -> rewrite(List.of(key), List.of(key), event.place(), Event.Rewrite.CHECKPOINT, 1))
        .ifPresent(rewrite -> submitOrServe(LOWERED, rewrite, event.served(), event.node()));
  }

  /** Where an old key is still trusted on control's chain, newest first, from below its removal. */
  private List<AumHash> placesOf(int old) {
    List<AumHash> places = new ArrayList<>();
    for (AumHash hash : control().newestFirst(control().length())) {
      if (!hash.equals(control().head()) && graph.stateAt(hash).trusts(TestKeys.id(old))) {
        places.add(hash);
      }
    }
    return places;
  }

  private Aum followerOf(AumHash fork) {
    return graph.get(control().activeAfter(fork).orElseThrow().get(0));
  }

  void honestRewrite(Event.HonestRewrite event) {
    List<Integer> old = agedKeys();
    if (old.isEmpty()) {
      return;
    }
    List<AumHash> places = placesOf(old.get(Math.floorMod(event.key(), old.size())));
    State now = control().state();
    for (int i = 0; i < Math.min(places.size(), MOST_PLACES); i++) {
      AumHash fork = places.get(Math.floorMod(event.place() + i, places.size()));
      State atFork = graph.stateAt(fork);
      List<Integer> signers = tailnet.keysTrustedBy(atFork, -1);
      signers.removeIf(key -> !now.trusts(TestKeys.id(key)));
      Aum unsigned =
          Aum.builder(AumKind.CHECKPOINT).parent(fork).state(now.withoutLastAumHash()).build();
      graph.add(unsigned);
      Set<Bytes> barred =
          judge.barredAtControl(Signing.sign(unsigned, signers), tailnet.control().ownTime());
      signers.removeIf(key -> barred.contains(TestKeys.id(key)));
      Aum rewrite = Signing.sign(unsigned, signers);
      if (atFork.weightOf(rewrite) > atFork.weightOf(followerOf(fork))) {
        tailnet.submitToControl(List.of(rewrite));
        rewrittenAt =
            control().isActive(rewrite.hash()) ? Optional.of(tailnet.now()) : Optional.empty();
        return;
      }
    }
  }

  void revive(Event.Revive event) {
    List<Integer> old = agedKeys();
    revival = Optional.empty();
    if (theft.isEmpty() || old.isEmpty()) {
      return;
    }
    int stolen = theft.get().number();
    int revived = old.get(Math.floorMod(event.key(), old.size()));
    List<AumHash> places = placesOf(revived);
    for (int i = 0; i < Math.min(places.size(), MOST_PLACES); i++) {
      AumHash fork = places.get(Math.floorMod(event.place() + i, places.size()));
      State atFork = graph.stateAt(fork);
      if (votes(atFork, stolen) <= atFork.weightOf(followerOf(fork))) {
        continue;
      }
      AumHash before = control().head();
      Aum first =
          Signing.sign(
              Aum.builder(AumKind.CHECKPOINT)
                  .parent(fork)
                  .state(atFork.withoutLastAumHash())
                  .build(),
              List.of(stolen));
      graph.add(first);
      List<Aum> batch = new ArrayList<>(List.of(first));
      for (int honest : tailnet.keysTrustedBy(atFork, stolen)) {
        if (honest != revived) {
          Aum last = batch.get(batch.size() - 1);
          Aum removal =
              Aum.builder(AumKind.REMOVE_KEY)
                  .parent(last.hash())
                  .keyId(TestKeys.id(honest))
                  .build();
          batch.add(Signing.sign(removal, List.of(stolen, revived)));
          graph.add(batch.get(batch.size() - 1));
        }
      }
      tailnet.submitToControl(batch);
      if (control().isActive(first.hash())) {
        long own = isLoweredBetween(revived, fork, before) ? 0 : votes(atFork, revived);
        long votes = votes(atFork, stolen) + own;
        revival =
            Optional.of(new Revival(List.of(stolen, revived), votes, fork, before, tailnet.now()));
      }
      return;
    }
  }

  void answerRevival() {
    if (revival.isEmpty() || !control().isActive(revival.get().fork())) {
      return;
    }
    Revival thiefs = revival.get();
    revival = Optional.empty();
    Optional<Aum> answer =
        answerTo(thiefs.keys(), thiefs.votes(), thiefs.fork(), thiefs.displaced());
    boolean inTime = !thiefs.at().plus(REVOCABLE_FOR).isBefore(tailnet.now());
    if (answer.isPresent() && inTime) {
      tailnet.submitToControl(List.of(answer.get()));
      boolean admitted = control().isActive(answer.get().hash());
      judge.attacked(REVIVE, !admitted);
      if (!admitted) {
        judge.violationOfRightClocks("control refused an honest answer", answer.toString());
      }
      tailnet.expectEverywhere(answer.get());
    }
  }

  /** Honest keys answer from where the thief forked off at a node. */
  void answerPlanting() {
    if (theft.isPresent() && plantedAt.filter(control()::isActive).isPresent()) {
      AumHash fork = plantedAt.get();
      int stolen = theft.get().number();
      answerTo(List.of(stolen), votes(graph.stateAt(fork), stolen), fork, control().head())
          .ifPresent(answer -> tailnet.submitToControl(List.of(answer)));
    }
    plantedAt = Optional.empty();
  }

  /**
   * The state at an honest head without a thief's keys, forked off where the thief's rewrite was,
   * by the keys that have lost nothing since; empty where they do not outweigh the thief.
   */
  private Optional<Aum> answerTo(
      List<Integer> thiefs, long thiefsVotes, AumHash fork, AumHash honestHead) {
    State atFork = graph.stateAt(fork);
    State honest = graph.stateAt(honestHead);
    List<Key> left = new ArrayList<>(honest.keys());
    left.removeIf(key -> thiefs.stream().map(TestKeys::id).anyMatch(key.id()::equals));
    List<Integer> signers = tailnet.keysTrustedBy(atFork, thiefs.get(0));
    signers.removeIf(key -> thiefs.contains(key) || isLoweredBetween(key, fork, honestHead));
    long votes = signers.stream().mapToLong(key -> votes(atFork, key)).sum();
    if (left.isEmpty() || votes <= thiefsVotes) {
      return Optional.empty();
    }
    State body = State.of(honest.disablementValues(), left, honest.stateId1(), honest.stateId2());
    return Optional.of(
        Signing.sign(Aum.builder(AumKind.CHECKPOINT).parent(fork).state(body).build(), signers));
  }

  private boolean isLoweredBetween(int key, AumHash fork, AumHash head) {
    long before = votes(graph.stateAt(fork), key);
    AumHash at = head;
    while (!at.equals(fork)) {
      if (votes(graph.stateAt(at), key) < before) {
        return true;
      }
      at = graph.get(at).parent().orElseThrow();
    }
    return false;
  }

  void strip() {
    if (theft.isEmpty() || !control().state().trusts(TestKeys.id(theft.get().number()))) {
      return;
    }
    int stolen = theft.get().number();
    State state = control().state();
    List<Key> own = new ArrayList<>(state.keys());
    own.removeIf(key -> !key.id().equals(TestKeys.id(stolen)));
    State alone = State.of(state.disablementValues(), own, state.stateId1(), state.stateId2());
    Aum takes =
        Signing.sign(
            Aum.builder(AumKind.CHECKPOINT).parent(control().head()).state(alone).build(),
            List.of(stolen));
    Aum gives =
        Signing.sign(
            Aum.builder(AumKind.CHECKPOINT)
                .parent(takes.hash())
                .state(state.withoutLastAumHash())
                .build(),
            List.of(stolen));
    stripped = tailnet.submitToControl(List.of(takes, gives));
  }

  void plant(Event.Plant event) {
    Member victim = tailnet.member(event.node());
    AumHash fork = victim.end.authority().head();
    boolean behind = control().isActive(fork) && !fork.equals(control().head());
    if (theft.isEmpty() || !behind) {
      return;
    }
    int stolen = theft.get().number();
    State state = graph.stateAt(fork);
    List<Integer> others = tailnet.keysTrustedBy(state, stolen);
    if (!state.trusts(TestKeys.id(stolen)) || others.isEmpty()) {
      return;
    }
    List<Aum> removals = new ArrayList<>();
    AumHash parent = fork;
    for (int other : others) {
      Aum removal =
          Signing.sign(
              Aum.builder(AumKind.REMOVE_KEY).parent(parent).keyId(TestKeys.id(other)).build(),
              List.of(stolen));
      graph.add(removal);
      removals.add(removal);
      parent = removal.hash();
    }
    plantedAt = Optional.of(fork);
    long honest = others.stream().mapToLong(key -> votes(state, key)).sum();
    planted.put(victim, new Planted(event.how(), honest > votes(state, stolen)));
    switch (event.how()) {
      case IN_FILE -> tailnet.giveFile(victim, removals);
      case ONCE -> tailnet.syncWith(serving(removals), victim, Event.Loss.NONE);
      case FOR_WEEKS -> {
        for (int day = 0; day < FINAL_AFTER.toDays() + 3; day++) {
          tailnet.syncWith(serving(removals), victim, Event.Loss.NONE);
          tailnet.pass(Duration.ofDays(1));
        }
        tailnet.syncWith(serving(removals), victim, Event.Loss.NONE);
      }
    }
  }

  /** At the very end, counts the nodes that were set apart. */
  void countPlanted() {
    planted.forEach((victim, how) -> judge.attacked(PLANTED + how.describe(), isApart(victim)));
  }

  private boolean isApart(Member member) {
    return !member.end.authority().head().equals(control().head());
  }

  // Control.

  void lyingSync(int node, Event.Lie lie) {
    Member victim = tailnet.member(node);
    if (!victim.online) {
      return;
    }
    judge.tally().add("attack: lying control, tries");
    if (lie == Event.Lie.FOREIGN) {
      tailnet.foreignSync(victim);
      return;
    }
    ControlPort honest = tailnet.control();
    ControlPort lying =
        switch (lie) {
          case WITHHOLD ->
              new ControlPort() {
                @Override
                public Announcement announced() throws RoundFailed {
                  return honest.announced();
                }

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
          case ANSWER_AGAIN -> again(victim.lastAnswer, tailnet.port());
          case FOREIGN -> throw new IllegalStateException("see above");
          case DISABLED -> disabled(Optional.empty());
          case WRONG_SECRET -> disabled(Optional.of(WRONG));
          case FALSE_ACKNOWLEDGEMENT ->
              new ControlPort() {
                @Override
                public Announcement announced() throws RoundFailed {
                  return honest.announced();
                }

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

  /** Brings an answer that a node had before in the place of control's. */
  private static ControlPort again(Optional<SyncAnswer> before, ControlPort honest) {
    return new ControlPort() {
      @Override
      public Announcement announced() throws RoundFailed {
        return before.isPresent()
            ? new Announcement.Enabled(before.get().offer().head())
            : honest.announced();
      }

      @Override
      public SyncAnswer offer(SyncOffer offer) throws RoundFailed {
        return before.isPresent() ? before.get() : honest.offer(offer);
      }

      @Override
      public Reply send(SyncSend send) throws RoundFailed {
        return honest.send(send);
      }
    };
  }

  /** Says that the lock is off. */
  private static ControlPort disabled(Optional<DisablementSecret> secret) {
    return new ControlPort() {
      @Override
      public Announcement announced() {
        return secret.isPresent() ? new Announcement.Disabled() : new Announcement.Never();
      }

      @Override
      public Optional<RpcAnswer> bootstrap() {
        return Optional.of(new RpcAnswer.Bootstrap(Optional.empty(), secret));
      }

      @Override
      public SyncAnswer offer(SyncOffer offer) {
        throw new IllegalStateException("the lock is off");
      }

      @Override
      public Reply send(SyncSend send) {
        throw new IllegalStateException("the lock is off");
      }
    };
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
    if (bytes > MOST_LOSING_BYTES && judge.isOurControl()) {
      judge.violation("control keeps losing AUMs without end", bytes + " bytes");
    }
  }
}
