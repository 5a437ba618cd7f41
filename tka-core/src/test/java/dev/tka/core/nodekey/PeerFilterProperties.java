package dev.tka.core.nodekey;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.Aum;
import dev.tka.core.Bytes;
import dev.tka.core.TkaException;
import dev.tka.core.authority.Authority;
import dev.tka.testkit.Chains;
import dev.tka.testkit.DamagedStore;
import dev.tka.testkit.NaivePeerFilter;
import dev.tka.testkit.NaivePeerFilter.Fate;
import dev.tka.testkit.NodeKeySignatures;
import dev.tka.testkit.TestKeys;
import dev.tka.testkit.TestStores;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import net.jqwik.api.statistics.Statistics;

/**
 * Protocol, section 7, "Filtering peers": {@link PeerFilter} and {@link NaivePeerFilter} agree,
 * whatever the order of the peers, and one by one as at once. Node keys, wrapping keys and ids are
 * few, so that peers meet.
 */
class PeerFilterProperties {
  private static final Map<Signing, NodeKeySignature> SIGNED = new ConcurrentHashMap<>();

  private static final List<Authority> AUTHORITIES =
      List.of(
          NodeKeySignatures.trusting(1, 2),
          NodeKeySignatures.trusting(1),
          NodeKeySignatures.trusting(2, 3),
          degraded());

  private static Authority degraded() {
    Aum genesis = Chains.genesis(List.of(TestKeys.key(1, 1), TestKeys.key(2, 1)), 1);
    try {
      return Authority.open(
          new DamagedStore(
              TestStores.holding(List.of(genesis)).read(), Chains.noOp(genesis, "lost", 1).hash()));
    } catch (TkaException e) {
      throw new AssertionError("a genesis alone opens", e);
    }
  }

  /**
   * How a signature is made.
   *
   * @param nodeKeys the oldest first; one of a direct signature without rotations
   */
  private record Signing(
      boolean credential, int signer, int wrapping, List<Integer> nodeKeys, boolean spoilt) {
    NodeKeySignature signature() {
      return SIGNED.computeIfAbsent(this, Signing::sign);
    }

    private NodeKeySignature sign() {
      NodeKeySignature signature =
          credential
              ? NodeKeySignatures.credential(signer, wrapping)
              : NodeKeySignatures.direct(nodeKeys.get(0), signer, wrapping);
      for (int nodeKey : nodeKeys.subList(credential ? 0 : 1, nodeKeys.size())) {
        signature = NodeKeySignatures.rotation(signature, nodeKey, wrapping);
      }
      return spoilt ? NodeKeySignatures.spoil(signature, 0) : signature;
    }
  }

  /** How a peer stands in control's list; its node key is the newest that was signed. */
  private record Draft(String id, Signing signing, boolean signed, boolean unsignedPeerApiOnly) {
    Peer peer() {
      List<Integer> nodeKeys = signing.nodeKeys();
      return new Peer(
          id,
          NodeKeySignatures.nodeKey(nodeKeys.get(nodeKeys.size() - 1)),
          signed ? signing.signature().encoded() : Bytes.empty(),
          unsignedPeerApiOnly);
    }
  }

  private static Arbitrary<Signing> signings() {
    return Combinators.combine(
            Arbitraries.frequency(Tuple.of(3, false), Tuple.of(1, true)),
            Arbitraries.frequency(Tuple.of(4, 1), Tuple.of(2, 2), Tuple.of(1, 3)),
            Arbitraries.of(11, 12),
            Arbitraries.integers().between(0, 11).list().uniqueElements().ofMinSize(1).ofMaxSize(4),
            Arbitraries.frequency(Tuple.of(9, false), Tuple.of(1, true)))
        .as(Signing::new);
  }

  /** Rotations that are nearly all valid and end in one of few node keys, in several groups. */
  private static Arbitrary<Signing> competing() {
    return Combinators.combine(
            Arbitraries.of(11, 12, 13),
            Arbitraries.integers()
                .between(100, 120)
                .list()
                .uniqueElements()
                .ofMinSize(1)
                .ofMaxSize(3),
            Arbitraries.integers().between(0, 4))
        .as(
            (wrapping, earlier, last) ->
                new Signing(
                    false,
                    1,
                    wrapping,
                    Stream.concat(earlier.stream(), Stream.of(last)).toList(),
                    false));
  }

  private static Arbitrary<Draft> drafts(Arbitrary<Signing> signings) {
    return Combinators.combine(
            Arbitraries.integers().between(0, 9).map(id -> "peer-" + id),
            signings,
            Arbitraries.frequency(Tuple.of(9, true), Tuple.of(1, false)),
            Arbitraries.frequency(Tuple.of(9, false), Tuple.of(1, true)))
        .as(Draft::new);
  }

  /** Peers of different ids. */
  private static Arbitrary<List<Peer>> peers(Arbitrary<Signing> signings) {
    return drafts(signings)
        .list()
        .uniqueElements(Draft::id)
        .ofMaxSize(10)
        .map(drafts -> drafts.stream().map(Draft::peer).toList());
  }

  @Provide
  Arbitrary<List<Peer>> peers() {
    return Arbitraries.oneOf(peers(signings()), peers(competing()));
  }

  /** What happens to a filter: peers come or change, go, or the authority is another. */
  private record Step(List<Peer> put, List<String> remove, int authority) {}

  @Provide
  Arbitrary<List<Step>> steps() {
    return Arbitraries.oneOf(steps(signings()), steps(competing()));
  }

  private static Arbitrary<List<Step>> steps(Arbitrary<Signing> signings) {
    Arbitrary<Step> put = peers(signings).map(peers -> new Step(peers, List.of(), -1));
    Arbitrary<Step> one =
        drafts(signings).map(draft -> new Step(List.of(draft.peer()), List.of(), -1));
    Arbitrary<Step> remove =
        Arbitraries.integers()
            .between(0, 9)
            .map(id -> new Step(List.of(), List.of("peer-" + id), -1));
    Arbitrary<Step> follow =
        Arbitraries.integers()
            .between(0, AUTHORITIES.size() - 1)
            .map(authority -> new Step(List.of(), List.of(), authority));
    return Arbitraries.frequencyOf(
            Tuple.of(2, put), Tuple.of(5, one), Tuple.of(2, remove), Tuple.of(2, follow))
        .list()
        .ofMaxSize(12);
  }

  private static Map<String, Fate> fates(Map<String, PeerVerdict> verdicts) {
    Map<String, Fate> fates = new HashMap<>();
    verdicts.forEach((id, verdict) -> fates.put(id, fate(verdict)));
    return fates;
  }

  private static Fate fate(PeerVerdict verdict) {
    if (verdict instanceof PeerVerdict.Kept) {
      return Fate.KEPT;
    }
    if (verdict instanceof PeerVerdict.Unauthorized) {
      return Fate.UNAUTHORIZED;
    }
    if (verdict instanceof PeerVerdict.Obsolete) {
      return Fate.OBSOLETE;
    }
    if (verdict instanceof PeerVerdict.SharedKey) {
      return Fate.SHARED_KEY;
    }
    return verdict instanceof PeerVerdict.Outrun ? Fate.OUTRUN : Fate.CLONED;
  }

  @Property
  void agreesWithTheNaiveModel(@ForAll("peers") List<Peer> peers) {
    Authority authority = AUTHORITIES.get(0);
    Map<String, Fate> expected = NaivePeerFilter.filter(authority, peers);
    expected.values().forEach(fate -> Statistics.label("fates").collect(fate));
    Statistics.label("fates")
        .coverage(
            coverage -> {
              for (Fate fate : Fate.values()) {
                coverage.check(fate).count(count -> count > 0);
              }
            });

    assertThat(fates(PeerFilter.filter(authority, peers))).isEqualTo(expected);
  }

  @Property
  void isTheSameWhateverTheOrder(@ForAll("peers") List<Peer> peers, @ForAll Random random) {
    Authority authority = AUTHORITIES.get(0);
    List<Peer> shuffled = new ArrayList<>(peers);
    Collections.shuffle(shuffled, random);
    PeerFilter oneByOne = new PeerFilter(authority);
    shuffled.forEach(peer -> oneByOne.apply(PeerChange.upserts(List.of(peer))));
    Map<String, PeerVerdict> expected = PeerFilter.filter(authority, peers);

    assertThat(PeerFilter.filter(authority, shuffled)).isEqualTo(expected);
    assertThat(oneByOne.verdicts()).isEqualTo(expected);
    assertThat(new ArrayList<>(oneByOne.verdicts().keySet())).isSorted();
  }

  @Property
  void isTheSameIncrementallyAsAtOnce(@ForAll("steps") List<Step> steps) {
    Authority authority = AUTHORITIES.get(0);
    Map<String, Peer> peers = new LinkedHashMap<>();
    PeerFilter filter = new PeerFilter(authority);
    for (Step step : steps) {
      Map<String, PeerVerdict> before = filter.verdicts();
      Map<String, PeerVerdict> told = new TreeMap<>();
      if (step.authority() >= 0) {
        authority = AUTHORITIES.get(step.authority());
        told.putAll(filter.follow(authority));
      }
      peers.keySet().removeAll(step.remove());
      step.put().forEach(peer -> peers.put(peer.id(), peer));
      PeerFilter.Effect effect = filter.apply(change(step, peers.values()));
      told.putAll(effect.verdicts());
      assertThat(Collections.disjoint(effect.gone(), peers.keySet())).isTrue();
      told.keySet().removeAll(effect.gone());

      Map<String, PeerVerdict> after = PeerFilter.filter(authority, peers.values());
      Map<String, PeerVerdict> changes = new TreeMap<>(after);
      changes.entrySet().removeIf(entry -> entry.getValue().equals(before.get(entry.getKey())));
      assertThat(filter.verdicts()).as("after %s", step).isEqualTo(after);
      assertThat(told).as("told after %s", step).isEqualTo(changes);
      assertThat(fates(after)).isEqualTo(NaivePeerFilter.filter(authority, peers.values()));
    }
  }

  /** A step as a delta or as the whole list, which come to the same. */
  private static PeerChange change(Step step, Collection<Peer> all) {
    if (step.put().size() % 2 == 1) {
      return PeerChange.whole(all);
    }
    Set<String> removals = new HashSet<>(step.remove());
    step.put().forEach(peer -> removals.remove(peer.id()));
    return new PeerChange.Delta(step.put(), removals);
  }
}
