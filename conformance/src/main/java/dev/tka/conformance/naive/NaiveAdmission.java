package dev.tka.conformance.naive;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.IllFormedException;
import dev.tka.core.TkaException;
import dev.tka.core.authority.AumVerifier;
import dev.tka.core.authority.VerificationException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Who may rewrite, at control and at a node (protocol, section 10, "Displacing" to "A node", and
 * "Unsent"), as the page describes it: a second opinion on admission, deliberately slow. It holds
 * everything from genesis on, and shares with the library only what concerns single AUMs: verifying
 * one, applying one and its weight. Not safe for use by several threads.
 */
public final class NaiveAdmission {
  private static final long NEVER = Long.MIN_VALUE;

  /** Whose rules hold. */
  public enum Role {
    /** Control: strictly heavier checkpoints only. */
    CONTROL,
    /** Control that was restored from a backup: fork resolution and the bar alone. */
    RESTORED,
    /** A node. */
    NODE
  }

  /** Where a node has a batch from; control does not ask. */
  public enum Source {
    /** Control sent it. */
    CONTROL,
    /** The node made it. */
    OWN,
    /** A file, a command. */
    ELSEWHERE
  }

  /** What became of an AUM of a batch, said of the store after the batch. */
  public enum Outcome {
    /** On the active chain, and displaced nothing. */
    EXTENDS,
    /** On the active chain, in the place of another. */
    DISPLACES,
    /** Stored, and not on the active chain. */
    LOSES,
    /** Stored before, and it changed nothing; or the second of its kind in the batch. */
    KNOWN,
    /** Control: it would win, and is no checkpoint or not strictly heavier; not stored. */
    CONFLICT,
    /** Barred; not stored. */
    REFUSED,
    /** Builds on one that is not stored. */
    DROPPED,
    /** Left the store with a branch that would win over what was put in its place. */
    GONE
  }

  /**
   * A pair that bars an AUM of a batch.
   *
   * @param place the place of the AUM in the batch
   * @param pair the pair
   */
  public record Barred(int place, Pair pair) {}

  /**
   * What a batch led to.
   *
   * @param outcomes one for each AUM
   * @param barred every pair that bars, for each refused AUM, in order
   */
  public record Verdict(List<Outcome> outcomes, List<Barred> barred) {
    /** Copies its lists. */
    public Verdict {
      outcomes = List.copyOf(outcomes);
      barred = List.copyOf(barred);
    }
  }

  /**
   * A pair that bars a rewrite.
   *
   * @param key the signer that may not rewrite
   * @param by the AUM that took it away or lowered it
   * @param mature whether that is final
   */
  public record Pair(Bytes key, AumHash by, boolean mature) {}

  private final Role role;
  private final AumVerifier verifier;
  private final NaiveHeld genesis;
  private Map<AumHash, NaiveHeld> store = new LinkedHashMap<>();
  private List<NaiveHeld> active = List.of();
  private Map<AumHash, Integer> places = Map.of();
  private long lastAgreed = NEVER;

  /**
   * A store with nothing but a genesis, which everybody knows.
   *
   * @throws IllFormedException if the genesis is ill-formed
   * @throws VerificationException if its own state does not accept it
   */
  public NaiveAdmission(Role role, Aum genesis) throws IllFormedException, VerificationException {
    this(role, genesis, new AumVerifier());
  }

  /** The same, where somebody else may have verified some of the signatures before. */
  public NaiveAdmission(Role role, Aum genesis, AumVerifier verifier)
      throws IllFormedException, VerificationException {
    this.role = role;
    this.verifier = verifier;
    this.genesis = new NaiveHeld(genesis, null, verifier.verifyBootstrap(genesis), 0, 0, true);
    store.put(genesis.hash(), this.genesis);
    follow();
  }

  private NaiveAdmission(Role role, NaiveAdmission other) {
    this.role = role;
    this.verifier = other.verifier;
    this.genesis = other.genesis;
    this.store = new LinkedHashMap<>(other.store);
    this.active = other.active;
    this.places = other.places;
    this.lastAgreed = other.lastAgreed;
  }

  /** A copy of control's store, for control in a role. */
  public NaiveAdmission copyAs(Role ofControl) {
    return new NaiveAdmission(ofControl, this);
  }

  /** The last AUM of the active chain. */
  public AumHash head() {
    return active.get(active.size() - 1).hash();
  }

  /** The hashes of the active chain, genesis first. */
  public List<AumHash> chain() {
    return active.stream().map(NaiveHeld::hash).toList();
  }

  /** True for an AUM in the store. */
  public boolean holds(AumHash hash) {
    return store.containsKey(hash);
  }

  private NaiveHeld get(AumHash held) {
    return Optional.ofNullable(store.get(held)).orElseThrow();
  }

  private boolean holds(NaiveHeld one) {
    return store.get(one.hash()) == one;
  }

  /** True for an AUM of the active chain. */
  public boolean isActive(AumHash hash) {
    return places.containsKey(hash);
  }

  /** What is held off the active chain. */
  public Set<AumHash> losers() {
    Set<AumHash> losers = new HashSet<>(store.keySet());
    losers.removeAll(places.keySet());
    return losers;
  }

  /** What is held and was made here, and what control is not known to have. */
  public Set<AumHash> unsent() {
    Set<AumHash> unsent = new HashSet<>();
    store.values().stream().filter(NaiveHeld::unsent).forEach(one -> unsent.add(one.hash()));
    return unsent;
  }

  /**
   * The pairs that bar an AUM from rewriting now, be it heavy enough or not. Its parent is on the
   * active chain.
   */
  public List<Pair> against(Aum x, long time) {
    NaiveHeld parent = get(x.parent().orElseThrow());
    NaiveHeld one = new NaiveHeld(x, parent, parent.state, time, reference(time), true);
    return new NaiveBar(active, reference(time), role == Role.NODE).against(one);
  }

  /** Control has shown that it has AUMs, and so what they build on. */
  public void acknowledge(Collection<AumHash> named, long time) {
    named.stream().filter(this::holds).forEach(hash -> acknowledge(get(hash), time));
  }

  /** AUMs leave the store, with what builds on them. */
  public void remove(Set<AumHash> gone) {
    if (gone.stream().noneMatch(this::holds)) {
      return;
    }
    Map<AumHash, NaiveHeld> left = new LinkedHashMap<>();
    left.put(genesis.hash(), genesis);
    // Parents come before their children.
    for (NaiveHeld one : store.values()) {
      if (!one.isGenesis()
          && !gone.contains(one.hash())
          && left.get(one.parent().hash()) == one.parent()) {
        left.put(one.hash(), one);
      }
    }
    store = left;
    follow();
  }

  /** The node's head and control's were found equal. */
  public void agree(long time) {
    lastAgreed = time;
    acknowledge(active.get(active.size() - 1), time);
  }

  /** When the node's head and control's were last found equal, if ever. */
  public OptionalLong lastAgreed() {
    return lastAgreed == NEVER ? OptionalLong.empty() : OptionalLong.of(lastAgreed);
  }

  /** Control sent, named or accepted an AUM, and so everything that it builds on. */
  private static void acknowledge(NaiveHeld one, long time) {
    // What builds on an AUM is never known before it.
    for (NaiveHeld at = one; !(at.knownToControl && !at.unsent()); at = at.parent()) {
      at.knownToControl = true;
      if (at.unsent()) {
        at.since = time;
      }
    }
  }

  /**
   * Takes a batch in, parents first.
   *
   * @param time own time in seconds; at control also the reference time
   * @return empty if one of them is not valid: then nothing has changed
   */
  public Optional<Verdict> inform(List<Aum> aums, Source source, long time) {
    List<NaiveHeld> batch;
    try {
      batch = verified(aums, source, time);
    } catch (TkaException e) {
      return Optional.empty();
    }
    if (batch.size() < aums.size()) {
      return Optional.empty();
    }
    boolean sentByControl = role == Role.NODE && source == Source.CONTROL;
    if (sentByControl) {
      batch.forEach(one -> acknowledge(one, time));
    }
    return Optional.of(new Batch(batch, sentByControl, reference(time)).takeIn());
  }

  private long reference(long time) {
    return role == Role.NODE ? lastAgreed : time;
  }

  /** The AUMs with their states, up to one without a stored parent. */
  private List<NaiveHeld> verified(List<Aum> aums, Source source, long time) throws TkaException {
    Map<AumHash, NaiveHeld> fresh = new HashMap<>();
    List<NaiveHeld> batch = new ArrayList<>();
    for (Aum aum : aums) {
      NaiveHeld one = store.getOrDefault(aum.hash(), fresh.get(aum.hash()));
      if (one == null) {
        AumHash below = aum.parent().orElse(aum.hash());
        NaiveHeld parent = store.getOrDefault(below, fresh.get(below));
        if (parent == null) {
          break;
        }
        verifier.verify(aum, parent.state);
        boolean own = role == Role.NODE && source == Source.OWN;
        one =
            new NaiveHeld(
                aum,
                parent,
                parent.state.apply(aum),
                own ? NaiveHeld.UNSENT : time,
                reference(time),
                role != Role.NODE);
        fresh.put(aum.hash(), one);
      }
      batch.add(one);
    }
    return batch;
  }

  /** Judges valid AUMs against the store as it was before them, then stores them. */
  private final class Batch {
    private final List<NaiveHeld> batch;
    private final boolean sentByControl;
    private final NaiveBar bar;
    private final List<NaiveHeld> before = active;
    private final Map<AumHash, Integer> placesBefore = places;
    private final Set<NaiveHeld> heldBefore = new HashSet<>(store.values());
    private final List<NaiveHeld> admitted = new ArrayList<>();
    private final List<Barred> barred = new ArrayList<>();

    Batch(List<NaiveHeld> batch, boolean sentByControl, long reference) {
      this.batch = batch;
      this.sentByControl = sentByControl;
      bar = new NaiveBar(before, reference, role == Role.NODE);
    }

    Verdict takeIn() {
      List<Outcome> outcomes = new ArrayList<>();
      Set<NaiveHeld> seen = new HashSet<>();
      for (int i = 0; i < batch.size(); i++) {
        NaiveHeld x = batch.get(i);
        Outcome outcome = seen.add(x) ? judge(x, i) : Outcome.KNOWN;
        outcomes.add(outcome);
        switch (outcome) {
          case DISPLACES -> {
            admitted.add(x);
            store.put(x.hash(), x);
          }
          case EXTENDS, LOSES -> store.put(x.hash(), x);
          default -> {}
        }
      }
      admitted.forEach(
          x -> {
            x.inherited = bar.inheritedBy(x);
            x.displaced = displacedBy(x);
          });
      purge();
      follow();
      for (int i = 0; i < batch.size(); i++) {
        outcomes.set(i, afterwards(batch.get(i), outcomes.get(i)));
      }
      return new Verdict(outcomes, barred);
    }

    private @Nullable AumHash displacedBy(NaiveHeld x) {
      NaiveHeld f = before.get(before.indexOf(x.parent()) + 1);
      return f.knownToControl ? f.hash() : f.displaced;
    }

    private Outcome judge(NaiveHeld x, int place) {
      boolean held = heldBefore.contains(x);
      if (held && (!sentByControl || placesBefore.containsKey(x.hash()))) {
        return Outcome.KNOWN;
      }
      NaiveHeld p = x.parent();
      if (!holds(p)) {
        return Outcome.DROPPED;
      }
      int at = placesBefore.getOrDefault(p.hash(), -1);
      if (at < 0 || at == before.size() - 1) {
        return held ? Outcome.KNOWN : Outcome.EXTENDS;
      }
      NaiveHeld f = before.get(at + 1);
      // A tie goes to control's branch: neither hash nor remove-key decides.
      if (sentByControl ? x.weight() < f.weight() : !x.beats(f)) {
        return held ? Outcome.KNOWN : Outcome.LOSES;
      }
      if (role == Role.CONTROL && !(x.aum.kind().isCheckpoint() && x.weight() > f.weight())) {
        return Outcome.CONFLICT;
      }
      List<Pair> pairs = bar.against(x);
      pairs.forEach(pair -> barred.add(new Barred(place, pair)));
      return pairs.isEmpty() ? Outcome.DISPLACES : Outcome.REFUSED;
    }

    /**
     * Takes out what was displaced unsent, and what would win a tie with what control sent: a tie
     * goes to control's branch, also further up on the branch that comes to win.
     */
    private void purge() {
      Set<NaiveHeld> gone = new HashSet<>();
      for (NaiveHeld x : admitted) {
        List<NaiveHeld> displaced = before.subList(before.indexOf(x.parent()) + 1, before.size());
        displaced.stream().filter(NaiveHeld::unsent).forEach(gone::add);
      }
      if (sentByControl) {
        followed().forEach(x -> gone.addAll(wouldWinATieWith(x)));
      }
      Set<AumHash> hashes = new HashSet<>();
      gone.forEach(one -> hashes.add(one.hash()));
      remove(hashes);
    }

    /** What was admitted, and what control sent on top of it. */
    private Set<NaiveHeld> followed() {
      Set<NaiveHeld> followed = new LinkedHashSet<>(admitted);
      for (NaiveHeld one : batch) {
        if (holds(one) && followed.contains(one.parent())) {
          followed.add(one);
        }
      }
      return followed;
    }

    private List<NaiveHeld> wouldWinATieWith(NaiveHeld x) {
      return heldBefore.stream()
          .filter(one -> one != x && !one.isGenesis() && one.parent() == x.parent())
          .filter(one -> one.weight() == x.weight() && one.beats(x))
          .toList();
    }

    /** The outcome, said of the store after the batch. */
    private Outcome afterwards(NaiveHeld x, Outcome judged) {
      return switch (judged) {
        case EXTENDS, DISPLACES, LOSES -> {
          if (!holds(x)) {
            yield Outcome.GONE;
          }
          if (!isActive(x.hash())) {
            yield Outcome.LOSES;
          }
          yield judged == Outcome.DISPLACES ? Outcome.DISPLACES : Outcome.EXTENDS;
        }
        case KNOWN, CONFLICT, REFUSED, DROPPED, GONE -> judged;
      };
    }
  }

  /**
   * Follows the active chain of the store: fork resolution (protocol, section 4) from genesis on.
   */
  private void follow() {
    Map<NaiveHeld, NaiveHeld> winners = new HashMap<>();
    for (NaiveHeld one : store.values()) {
      if (!one.isGenesis()) {
        winners.merge(one.parent(), one, (best, other) -> other.beats(best) ? other : best);
      }
    }
    List<NaiveHeld> chain = new ArrayList<>();
    Map<AumHash, Integer> at = new HashMap<>();
    @Nullable NaiveHeld next = genesis;
    while (next != null) {
      at.put(next.hash(), chain.size());
      chain.add(next);
      next = winners.get(next);
    }
    active = chain;
    places = at;
  }
}
