package dev.tka.core.nodekey;

import static dev.tka.testkit.NodeKeySignatures.credential;
import static dev.tka.testkit.NodeKeySignatures.direct;
import static dev.tka.testkit.NodeKeySignatures.nodeKey;
import static dev.tka.testkit.NodeKeySignatures.rotation;
import static dev.tka.testkit.NodeKeySignatures.spoil;
import static dev.tka.testkit.NodeKeySignatures.trusting;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.tka.core.Aum;
import dev.tka.core.Bytes;
import dev.tka.core.authority.Authority;
import dev.tka.core.nodekey.NodeKeyAuthorization.Authorized;
import dev.tka.core.nodekey.PeerVerdict.Cloned;
import dev.tka.core.nodekey.PeerVerdict.Dropped;
import dev.tka.core.nodekey.PeerVerdict.Kept;
import dev.tka.core.nodekey.PeerVerdict.Obsolete;
import dev.tka.core.nodekey.PeerVerdict.Outrun;
import dev.tka.core.nodekey.PeerVerdict.SharedKey;
import dev.tka.core.nodekey.PeerVerdict.Unauthorized;
import dev.tka.testkit.Chains;
import dev.tka.testkit.DamagedStore;
import dev.tka.testkit.TestKeys;
import dev.tka.testkit.TestStores;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/**
 * Protocol, section 7, "Filtering peers", rule by rule. Keys 1 and 2 are trusted, 3 is not; 11 and
 * 12 are wrapping keys.
 */
class PeerFilterTest {
  private static final Authority AUTHORITY = trusting(1, 2);

  private static Peer peer(String id, int nodeKey, NodeKeySignature signature) {
    return new Peer(id, nodeKey(nodeKey), signature.encoded(), false);
  }

  private static Peer unsigned(String id, int nodeKey) {
    return new Peer(id, nodeKey(nodeKey), Bytes.empty(), true);
  }

  private static Map<String, PeerVerdict> filter(Peer... peers) {
    return PeerFilter.filter(AUTHORITY, List.of(peers));
  }

  private static Map<String, PeerVerdict> put(PeerFilter filter, List<Peer> peers) {
    return filter.apply(PeerChange.upserts(peers)).verdicts();
  }

  /** A chain from a direct signature for the first node key. */
  private static NodeKeySignature chain(int wrapping, int... nodeKeys) {
    return rotated(direct(nodeKeys[0], 1, wrapping), 1, wrapping, nodeKeys);
  }

  private static NodeKeySignature fromCredential(int wrapping, int... nodeKeys) {
    return rotated(credential(1, wrapping), 0, wrapping, nodeKeys);
  }

  private static NodeKeySignature rotated(
      NodeKeySignature first, int from, int wrapping, int... nodeKeys) {
    NodeKeySignature signature = first;
    for (int i = from; i < nodeKeys.length; i++) {
      signature = rotation(signature, nodeKeys[i], wrapping);
    }
    return signature;
  }

  private static Authority degraded() throws Exception {
    Aum genesis = Chains.genesis(List.of(TestKeys.key(1, 1), TestKeys.key(2, 1)), 1);
    return Authority.open(
        new DamagedStore(
            TestStores.holding(List.of(genesis)).read(), Chains.noOp(genesis, "lost", 1).hash()));
  }

  @Test
  void peersWithValidSignaturesAreKept() {
    Map<String, PeerVerdict> verdicts =
        filter(peer("a", 1, direct(1, 1)), peer("b", 3, chain(11, 2, 3)));

    assertThat(verdicts.get("a"))
        .isEqualTo(new Kept(Optional.of(new Authorized(TestKeys.id(1), Optional.empty()))));
    assertThat(verdicts.get("b")).isInstanceOf(Kept.class);
    assertThat(verdicts.keySet()).containsExactly("a", "b");
  }

  @Test
  void peersWithoutValidSignatureAreDropped() {
    Map<String, PeerVerdict> verdicts =
        filter(
            new Peer("none", nodeKey(1), Bytes.empty(), false),
            peer("stranger", 2, direct(2, 3)),
            peer("other", 4, direct(3, 1)));

    assertThat(verdicts)
        .containsEntry("none", new Unauthorized(new NodeKeyAuthorization.Unsigned()))
        .containsEntry(
            "stranger", new Unauthorized(new NodeKeyAuthorization.UntrustedKey(0, TestKeys.id(3))));
    assertThat(verdicts.get("other"))
        .isInstanceOfSatisfying(
            Unauthorized.class,
            dropped -> assertThat(dropped.reason()).startsWith("it is for another node key"));
  }

  @Test
  void unsignedPeerApiOnlyIsKeptWithoutSignature() {
    assertThat(filter(unsigned("a", 1))).containsEntry("a", new Kept(Optional.empty()));
  }

  @Test
  void unsignedPeerApiOnlyIsDroppedWhenItsNodeKeyIsObsolete() {
    assertThat(filter(unsigned("a", 1), peer("b", 2, chain(11, 1, 2))))
        .containsEntry("a", new Obsolete("b"));
  }

  @Test
  void signatureOfUnsignedPeerApiOnlyMakesNothingObsolete() {
    Peer marked = new Peer("b", nodeKey(2), chain(11, 1, 2).encoded(), true);

    assertThat(filter(peer("a", 1, direct(1, 1)), marked).values())
        .allMatch(verdict -> verdict instanceof Kept);
  }

  @Test
  void everyEarlierNodeKeyOfValidRotationIsObsolete() {
    Map<String, PeerVerdict> verdicts =
        filter(
            peer("a", 1, direct(1, 1)),
            peer("b", 2, direct(2, 2)),
            peer("c", 3, chain(11, 1, 2, 3)));

    assertThat(verdicts)
        .containsEntry("a", new Obsolete("c"))
        .containsEntry("b", new Obsolete("c"));
    assertThat(verdicts.get("c")).isInstanceOf(Kept.class);
  }

  @Test
  void rotationFromCredentialMakesObsoleteToo() {
    assertThat(filter(peer("a", 1, fromCredential(11, 1)), peer("b", 2, fromCredential(11, 1, 2))))
        .containsEntry("a", new Obsolete("b"));
  }

  @Test
  void rotationThatIsNotValidMakesNothingObsolete() {
    Map<String, PeerVerdict> verdicts =
        filter(
            peer("a", 1, direct(1, 1)),
            peer("b", 2, spoil(chain(11, 1, 2), 0)),
            peer("c", 3, rotation(direct(1, 3, 11), 3, 11)));

    assertThat(verdicts.get("a")).isInstanceOf(Kept.class);
  }

  @Test
  void rotationOfPeerThatIsObsoleteItselfStillCounts() {
    // c makes b obsolete and says nothing of a; b does.
    Map<String, PeerVerdict> verdicts =
        filter(
            peer("a", 1, direct(1, 1)),
            peer("b", 2, chain(11, 1, 2)),
            peer("c", 3, chain(12, 2, 3)));

    assertThat(verdicts)
        .containsEntry("a", new Obsolete("b"))
        .containsEntry("b", new Obsolete("c"));
  }

  @Test
  void ofSeveralChainsFromOneWrappingKeyTheLongestIsKept() {
    Map<String, PeerVerdict> verdicts =
        filter(
            peer("a", 2, chain(11, 1, 2)),
            peer("b", 4, chain(11, 1, 3, 4)),
            peer("c", 6, chain(12, 5, 6)));

    assertThat(verdicts).containsEntry("a", new Outrun("b"));
    assertThat(verdicts.get("b")).isInstanceOf(Kept.class);
    assertThat(verdicts.get("c")).isInstanceOf(Kept.class);
  }

  @Test
  void groupDependsOnTheWrappingKeyAlone() {
    Map<String, PeerVerdict> verdicts =
        filter(
            peer("a", 2, rotation(direct(1, 1, 11), 2, 11)),
            peer("b", 5, rotation(rotation(direct(3, 2, 11), 4, 11), 5, 11)));

    assertThat(verdicts).containsEntry("a", new Outrun("b"));
  }

  @Test
  void directSignaturesThemselvesDoNotCompete() {
    assertThat(filter(peer("a", 1, direct(1, 1, 11)), peer("b", 4, chain(11, 2, 3, 4))).values())
        .allMatch(verdict -> verdict instanceof Kept);
  }

  @Test
  void equallyLongChainsAreAllDropped() {
    assertThat(filter(peer("b", 3, chain(11, 1, 3)), peer("a", 2, chain(11, 1, 2))))
        .containsEntry("a", new Cloned(List.of("a", "b")))
        .containsEntry("b", new Cloned(List.of("a", "b")));
  }

  @Test
  void tieForTheLongestDropsShorterOnesToo() {
    Map<String, PeerVerdict> verdicts =
        filter(
            peer("short", 2, chain(11, 1, 2)),
            peer("a", 4, chain(11, 1, 3, 4)),
            peer("b", 6, chain(11, 1, 5, 6)));

    assertThat(verdicts.values()).containsOnly(new Cloned(List.of("a", "b")));
  }

  @Test
  void tieOfShorterOnesLeavesTheLongest() {
    Map<String, PeerVerdict> verdicts =
        filter(
            peer("a", 2, chain(11, 1, 2)),
            peer("b", 3, chain(11, 1, 3)),
            peer("long", 5, chain(11, 1, 4, 5)));

    assertThat(verdicts)
        .containsEntry("a", new Outrun("long"))
        .containsEntry("b", new Outrun("long"));
    assertThat(verdicts.get("long")).isInstanceOf(Kept.class);
  }

  @Test
  void obsoletePeersAreSetAsideBeforeChainsCompete() {
    // a and b tie, and the credential's chain makes b obsolete, so that a is alone.
    Map<String, PeerVerdict> verdicts =
        filter(
            peer("a", 2, chain(11, 1, 2)),
            peer("b", 3, chain(11, 1, 3)),
            peer("c", 4, fromCredential(12, 3, 4)));

    assertThat(verdicts.get("a")).isInstanceOf(Kept.class);
    assertThat(verdicts).containsEntry("b", new Obsolete("c"));
  }

  @Test
  void chainsFromCredentialsDoNotCompete() {
    assertThat(
            filter(
                    peer("a", 1, fromCredential(11, 1)),
                    peer("b", 2, fromCredential(11, 2)),
                    peer("c", 4, fromCredential(11, 3, 4)))
                .values())
        .allMatch(verdict -> verdict instanceof Kept);
  }

  @Test
  void theLoserIsTheNodeKeySoThatAnOutrunningPeerThatSharesItIsDroppedToo() {
    Map<String, PeerVerdict> verdicts =
        filter(peer("a", 2, chain(11, 1, 2)), peer("b", 2, chain(11, 3, 4, 2)), unsigned("c", 2));

    assertThat(verdicts)
        .containsEntry("a", new Outrun("b"))
        .containsEntry("b", new SharedKey("a", new Outrun("b")))
        .containsEntry("c", new SharedKey("a", new Outrun("b")));
  }

  @Test
  void nodeKeyThatLostTakesNoPartInTheGroupOfALaterWrappingKey() {
    // Whichever of the two wrapping keys is the lower settles first.
    boolean inOrder = wrappingKey(11).compareTo(wrappingKey(12)) < 0;
    int lower = inOrder ? 11 : 12;
    int higher = inOrder ? 12 : 11;
    Peer shorter = peer("a", 2, chain(lower, 1, 2));
    Peer longer = peer("b", 5, chain(lower, 3, 4, 5));
    Peer sharing = peer("c", 2, chain(higher, 6, 7, 2));
    Peer rival = peer("d", 9, chain(higher, 8, 9));

    assertThat(filter(sharing, rival)).containsEntry("d", new Outrun("c"));
    Map<String, PeerVerdict> verdicts = filter(sharing, rival, longer, shorter);
    assertThat(verdicts)
        .containsEntry("a", new Outrun("b"))
        .containsEntry("c", new SharedKey("a", new Outrun("b")));
    assertThat(verdicts.get("d")).isInstanceOf(Kept.class);

    PeerFilter filter = new PeerFilter(AUTHORITY);
    put(filter, List.of(sharing, rival, longer));
    assertThat(put(filter, List.of(shorter))).containsOnlyKeys("a", "c", "d");
    assertThat(filter.apply(PeerChange.removal("b")).verdicts()).containsOnlyKeys("a", "c", "d");
    assertThat(filter.verdict("d")).contains(new Outrun("c"));
  }

  private static Bytes wrappingKey(int number) {
    return direct(1, 1, number).wrappingPubkey();
  }

  @Test
  void nodeKeyThatReturnsIsObsoleteByItsOwnSignature() {
    assertThat(filter(peer("a", 1, chain(11, 1, 2, 1)))).containsEntry("a", new Obsolete("a"));
  }

  @Test
  void degradedAuthorityAuthorizesNobody() throws Exception {
    PeerFilter filter = new PeerFilter(AUTHORITY);
    put(
        filter,
        List.of(peer("a", 1, direct(1, 1)), peer("b", 3, chain(11, 2, 3)), unsigned("c", 2)));
    Map<String, PeerVerdict> before = filter.verdicts();

    filter.follow(degraded());

    assertThat(filter.verdicts())
        .containsEntry("a", new Unauthorized(new NodeKeyAuthorization.Degraded()))
        .containsEntry("b", new Unauthorized(new NodeKeyAuthorization.Degraded()))
        // Nobody's rotation is valid, so nothing makes it obsolete.
        .containsEntry("c", new Kept(Optional.empty()));
    assertThat(filter.follow(AUTHORITY)).hasSize(3);
    assertThat(filter.verdicts()).isEqualTo(before);
  }

  @Test
  void changesAreTold() {
    PeerFilter filter = new PeerFilter(AUTHORITY);

    assertThat(put(filter, List.of(peer("a", 1, direct(1, 1)), peer("z", 9, direct(9, 1)))))
        .containsOnlyKeys("a", "z");
    assertThat(put(filter, List.of(peer("b", 2, chain(11, 1, 2))))).containsOnlyKeys("a", "b");
    assertThat(put(filter, List.of(peer("b", 2, chain(11, 1, 2))))).isEmpty();
    assertThat(filter.apply(PeerChange.removal("b")).verdicts()).containsOnlyKeys("a");
    assertThat(filter.apply(PeerChange.removal("b")).verdicts()).isEmpty();
    assertThat(filter.verdict("b")).isEmpty();
    assertThat(filter.verdict("a")).containsInstanceOf(Kept.class);
    assertThat(filter.follow(trusting(2))).containsOnlyKeys("a", "z");
  }

  @Test
  void aChangeThatContradictsItselfCannotBeMade() {
    Peer one = peer("a", 1, direct(1, 1));
    Peer other = peer("a", 2, direct(2, 1));

    assertThatIllegalArgumentException()
        .isThrownBy(() -> PeerChange.whole(List.of(one, other)))
        .withMessage("two peers have one id: a");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> PeerChange.upserts(List.of(one, other)))
        .withMessage("two peers have one id: a");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new PeerChange.Delta(List.of(one), Set.of("a")))
        .withMessage("a peer is changed and removed: a");
  }

  @Test
  void whoeverAWholeListLeavesOutIsGone() {
    PeerFilter filter = new PeerFilter(AUTHORITY);
    put(filter, List.of(peer("a", 1, direct(1, 1)), peer("b", 2, chain(11, 1, 2))));

    PeerFilter.Effect effect =
        filter.apply(PeerChange.whole(List.of(peer("a", 1, direct(1, 1)), unsigned("c", 3))));

    assertThat(effect.gone()).containsExactly("b");
    assertThat(effect.verdicts()).containsOnlyKeys("a", "c");
    assertThat(filter.verdict("a")).containsInstanceOf(Kept.class);
  }

  /** Memory grows with the clones, not with their square; and so does what is said of each. */
  @Test
  void verdictsOnManyClonesShareTheirList() {
    NodeKeySignature signature = chain(11, 1, 2);
    List<Peer> clones = new ArrayList<>();
    for (int i = 0; i < 1000; i++) {
      clones.add(peer("clone-" + i, 2, signature));
    }

    Map<String, PeerVerdict> verdicts = PeerFilter.filter(AUTHORITY, clones);

    Cloned first = (Cloned) verdicts.get("clone-0");
    assertThat(first).isNotNull();
    assertThat(first.ids()).hasSize(1000);
    assertThat(verdicts.values())
        .allSatisfy(verdict -> assertThat(((Cloned) verdict).ids()).isSameAs(first.ids()));
    assertThat(first.reason())
        .endsWith("clone-0, clone-1, clone-10, clone-100, clone-101 and 995 more");
  }

  @Test
  void reasonsAreSentencesForPeople() {
    Map<String, PeerVerdict> obsolete =
        filter(peer("a", 1, direct(1, 1)), peer("b", 2, chain(11, 1, 2)));
    Map<String, PeerVerdict> outrun =
        filter(peer("a", 2, chain(11, 1, 2)), peer("b", 4, chain(11, 1, 3, 4)));

    Map<String, PeerVerdict> shared =
        filter(peer("a", 2, chain(11, 1, 2)), peer("b", 4, chain(11, 1, 3, 4)), unsigned("c", 2));

    assertThat(((Dropped) shared.get("c")).reason())
        .isEqualTo(
            "it has the node key of a, which is dropped: another machine has its rotation key, and"
                + " has rotated more often: b");
    assertThat(((Dropped) obsolete.get("a")).reason())
        .isEqualTo("its node key was rotated: the signature of b makes it obsolete");
    assertThat(((Dropped) outrun.get("a")).reason())
        .isEqualTo("another machine has its rotation key, and has rotated more often: b");
  }
}
