package dev.tka.control;

import static dev.tka.control.TestControl.TAILNET;
import static dev.tka.control.TestControl.disable;
import static dev.tka.control.TestControl.edit;
import static dev.tka.control.TestControl.genesis;
import static dev.tka.control.TestControl.lockKey;
import static dev.tka.control.TestControl.nodeKey;
import static dev.tka.control.TestControl.refusal;
import static dev.tka.control.TestControl.signature;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.core.Aum;
import dev.tka.core.Bytes;
import dev.tka.core.nodekey.NodeKeySignature;
import dev.tka.store.Tailnets;
import dev.tka.store.records.NodeToken;
import dev.tka.sync.rpc.Announcement;
import dev.tka.sync.rpc.RpcAnswer;
import dev.tka.sync.rpc.RpcRequest;
import dev.tka.testkit.Chains;
import dev.tka.testkit.NodeKeySignatures;
import dev.tka.testkit.TestKeys;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Logins, PUTs, signatures and tokens (service, sections 3, 5 and 10). */
class NodesTest {
  private static final LoginAnswer STORED = new LoginAnswer.Stored(Optional.empty());
  private final Aum genesis = genesis(1);

  /** A new key of node 2 and a login with it. */
  private static Login rekeyed() {
    return Login.of(nodeKey(22));
  }

  private static List<NodeEntry> list(TestControl control) throws Exception {
    List<NodeEntry> nodes = new ArrayList<>();
    control.service.nodes(TAILNET, Optional.empty(), nodes::add);
    return nodes;
  }

  @Test
  void aTailnetBeginsWithItsFirstLoginOnlyIfConfigured() throws Exception {
    try (TestControl control = new TestControl()) {
      assertThat(refusal(control::announced).code()).isEqualTo("unknown-tailnet");
      assertThat(control.login(1)).isEqualTo(STORED);
      assertThat(control.announced()).isEqualTo(new Announcement.Never());
      assertThat(control.announced().etag()).isEqualTo("\"never\"");
      assertThat(refusal(() -> control.service.login("a/b", 1, Login.of(nodeKey(1)))).status())
          .isEqualTo(400);
      assertThat(refusal(() -> control.service.login(TAILNET, 0, Login.of(nodeKey(1)))).status())
          .isEqualTo(400);
    }
    try (TestControl control = new TestControl(ControlSettings.DEFAULTS.creatingTailnets(false))) {
      assertThat(refusal(() -> control.login(1)).code()).isEqualTo("unknown-tailnet");
      assertThat(
              refusal(() -> control.service.putNode(TAILNET, NodeEntry.of(1, nodeKey(1)))).code())
          .isEqualTo("unknown-tailnet");
      control.service.create(TAILNET);
      control.service.create(TAILNET);
      assertThat(control.announced()).isEqualTo(new Announcement.Never());
      assertThat(control.login(1)).isEqualTo(STORED);
      control.service.create(TAILNET);
      assertThat(list(control)).hasSize(1);
      assertThat(refusal(() -> control.service.create("a/b")).status()).isEqualTo(400);
    }
  }

  @Test
  void anOmittedFieldOfALoginStaysUnchanged() throws Exception {
    try (TestControl control = new TestControl()) {
      control.login(1);
      control.service.login(TAILNET, 1, Login.of(nodeKey(1)));

      assertThat(list(control))
          .containsExactly(
              new NodeEntry(
                  1,
                  nodeKey(1),
                  Optional.empty(),
                  Optional.of(lockKey(1)),
                  Optional.of("node1"),
                  false,
                  true));
    }
  }

  @Test
  void whileTheLockIsOffNoSignatureIsStored() throws Exception {
    try (TestControl control = new TestControl()) {
      assertThat(
              control.service.login(TAILNET, 1, Login.of(nodeKey(1)).withSignature(signature(1))))
          .isEqualTo(STORED);
      assertThat(control.node(1).signature()).isEmpty();
    }
  }

  @Test
  void whileTheLockIsOnASignatureIsStoredIfItVerifies() throws Exception {
    try (TestControl control = TestControl.locked(2)) {
      Login login = Login.of(nodeKey(3)).withSignature(signature(3));
      assertThat(control.service.login(TAILNET, 3, login)).isEqualTo(STORED);
      assertThat(control.listed(3)).contains(signature(3));

      // Another node's, a stranger's, and no signature at all.
      for (Bytes bad :
          List.of(
              signature(2),
              NodeKeySignatures.direct(4, 9).encoded(),
              Bytes.copyOf(new byte[] {1, 2, 3}))) {
        LoginAnswer answer =
            control.service.login(TAILNET, 4, Login.of(nodeKey(4)).withSignature(bad));
        assertThat(((LoginAnswer.Stored) answer).refused().orElseThrow())
            .startsWith("the signature is refused: ");
        assertThat(control.listed(4)).isEmpty();
        assertThat(control.node(4).nodeKey()).isEqualTo(nodeKey(4));
      }
    }
  }

  @Test
  void theSameKeyWithoutASignatureKeepsTheStoredOne() throws Exception {
    try (TestControl control = TestControl.locked(2)) {
      assertThat(control.service.login(TAILNET, 2, Login.of(nodeKey(2)))).isEqualTo(STORED);
      assertThat(control.listed(2)).contains(signature(2));
      control.service.login(TAILNET, 2, Login.of(nodeKey(2)).withSignature(signature(1)));
      assertThat(control.listed(2)).contains(signature(2));
    }
  }

  @Test
  void aNewKeyGetsTheOldSignatureBackAndNothingIsStored() throws Exception {
    try (TestControl control = TestControl.locked(2)) {
      LoginAnswer answer = control.service.login(TAILNET, 2, rekeyed());
      assertThat(answer).isEqualTo(new LoginAnswer.HandBack(signature(2)));
      assertThat(control.node(2).nodeKey()).isEqualTo(nodeKey(2));
      assertThat(control.service.login(TAILNET, 2, rekeyed())).isEqualTo(answer);

      // It comes back with yet another key.
      Bytes rotation =
          NodeKeySignatures.rotation(NodeKeySignatures.direct(2, 1, 102), 23, 102).encoded();
      assertThat(control.service.login(TAILNET, 2, Login.of(nodeKey(23)).withSignature(rotation)))
          .isEqualTo(STORED);
      assertThat(control.listed(2)).contains(rotation);
      assertThat(control.node(2).nodeKey()).isEqualTo(nodeKey(23));
    }
  }

  @Test
  void afterALogoutTheLockKeyIsAnotherAndTheSignatureIsCleared() throws Exception {
    try (TestControl control = TestControl.locked(2)) {
      Login login = rekeyed().withRotationKey(lockKey(7));
      assertThat(control.service.login(TAILNET, 2, login)).isEqualTo(STORED);
      assertThat(control.listed(2)).isEmpty();
      assertThat(control.node(2).nodeKey()).isEqualTo(nodeKey(22));
    }
  }

  @Test
  void nothingIsHandedBackThatNoRotationCanBringToLife() throws Exception {
    // The key that it rests on is gone.
    try (TestControl control = TestControl.locked(2)) {
      Bytes byKey2 = NodeKeySignatures.direct(2, 2, 102).encoded();
      control.call(1, TestControl.sign(1, byKey2));
      control.call(1, edit(1, genesis.hash(), Chains.removeKey(genesis, TestKeys.id(2), 1)));
      assertThat(control.service.login(TAILNET, 2, rekeyed())).isEqualTo(STORED);
    }
    // The lock is off.
    try (TestControl control = TestControl.locked(2)) {
      control.call(1, disable(1, genesis.hash(), TestControl.SECRET));
      assertThat(control.service.login(TAILNET, 2, rekeyed())).isEqualTo(STORED);
    }
    // It was verified under another authority.
    try (TestControl control = TestControl.locked(2)) {
      control.call(1, disable(1, genesis.hash(), TestControl.SECRET));
      control.lock(genesis(2), 1);
      assertThat(control.service.login(TAILNET, 2, rekeyed())).isEqualTo(STORED);
    }
    // It names no key that may rotate it.
    try (TestControl control = TestControl.locked(2)) {
      control.call(1, TestControl.sign(1, NodeKeySignatures.direct(2, 1).encoded()));
      assertThat(control.service.login(TAILNET, 2, rekeyed())).isEqualTo(STORED);
    }
  }

  @Test
  void aSignatureWithoutALayerLeftIsNotHandedBack() throws Exception {
    NodeKeySignature direct = NodeKeySignatures.direct(2, 1, 102);
    NodeKeySignature credential = NodeKeySignatures.credential(1, 102);
    assertThat(handsBack(nested(direct, 14))).isTrue();
    assertThat(handsBack(nested(credential, 14))).isTrue();
    // A shipping node makes a full chain shorter, but not over a credential.
    assertThat(handsBack(nested(direct, 15))).isTrue();
    assertThat(handsBack(nested(credential, 15))).isFalse();
  }

  private static NodeKeySignature nested(NodeKeySignature innermost, int rotations) {
    NodeKeySignature signature = innermost;
    for (int i = rotations - 1; i >= 0; i--) {
      signature = NodeKeySignatures.rotation(signature, 50 + i, 102);
    }
    return signature;
  }

  private static boolean handsBack(NodeKeySignature signature) throws Exception {
    try (TestControl control = TestControl.locked(1)) {
      Login login =
          Login.of(nodeKey(50)).withRotationKey(lockKey(2)).withSignature(signature.encoded());
      assertThat(control.service.login(TAILNET, 2, login)).isEqualTo(STORED);
      return control.service.login(TAILNET, 2, rekeyed()) instanceof LoginAnswer.HandBack;
    }
  }

  @Test
  void onePutStoresANodeAsGiven() throws Exception {
    try (TestControl control = TestControl.locked(2)) {
      NodeEntry given =
          new NodeEntry(
              5,
              nodeKey(5),
              Optional.of(signature(5)),
              Optional.of(lockKey(5)),
              Optional.of("five"),
              true,
              true);
      control.service.putNode(TAILNET, given);
      control.service.putNode(TAILNET, given);
      assertThat(list(control).get(2)).isEqualTo(given);

      control.service.putNode(TAILNET, NodeEntry.of(5, nodeKey(5)));
      NodeEntry less =
          new NodeEntry(
              5,
              nodeKey(5),
              Optional.of(signature(5)),
              Optional.empty(),
              Optional.empty(),
              false,
              false);
      assertThat(list(control).get(2)).isEqualTo(less);

      control.service.putNode(TAILNET, NodeEntry.of(5, nodeKey(6)));
      assertThat(list(control).get(2)).isEqualTo(NodeEntry.of(5, nodeKey(6)));
    }
  }

  @Test
  void aListIsReplacedAsAWholeOrNotAtAll() throws Exception {
    try (TestControl control = TestControl.locked(3)) {
      NodeEntry badlySigned =
          new NodeEntry(
              4,
              nodeKey(4),
              Optional.of(signature(1)),
              Optional.empty(),
              Optional.empty(),
              false,
              false);
      List<NodeEntry> before = list(control);
      ControlException refusal =
          refusal(
              () ->
                  control.service.replaceNodes(
                      TAILNET, List.of(NodeEntry.of(1, nodeKey(1)), badlySigned)));
      assertThat(refusal).hasMessageContaining("node 4");
      ControlException twice =
          refusal(
              () ->
                  control.service.replaceNodes(
                      TAILNET, List.of(NodeEntry.of(1, nodeKey(1)), NodeEntry.of(1, nodeKey(2)))));
      assertThat(twice.code()).isEqualTo("malformed");
      assertThat(list(control)).isEqualTo(before);

      control.service.replaceNodes(
          TAILNET,
          List.of(
              NodeEntry.of(1, nodeKey(1)),
              NodeEntry.of(2, nodeKey(22)),
              NodeEntry.of(4, nodeKey(4))));
      assertThat(list(control)).extracting(NodeEntry::node).containsExactly(1L, 2L, 4L);
      // A signature that is kept need not be sent again.
      assertThat(control.listed(1)).contains(signature(1));
      assertThat(control.listed(2)).isEmpty();
    }
  }

  @Test
  void someNodesCanBeReadAndUnknownOnesAreLeftOut() throws Exception {
    try (TestControl control = TestControl.locked(3)) {
      List<NodeEntry> some = new ArrayList<>();
      control.service.nodes(TAILNET, Optional.of(List.of(3L, 9L, 1L)), some::add);
      assertThat(some).extracting(NodeEntry::node).containsExactly(1L, 3L);
    }
  }

  @Test
  void aNodeIsRemovedAlsoWhenThereIsNone() throws Exception {
    try (TestControl control = TestControl.locked(2)) {
      control.service.deleteNode(TAILNET, 2);
      control.service.deleteNode(TAILNET, 2);
      control.service.deleteNode("elsewhere.example", 2);
      assertThat(list(control)).hasSize(1);
    }
  }

  @Test
  void moreNodesThanTheCapAreRefused() throws Exception {
    try (TestControl control = new TestControl(ControlSettings.DEFAULTS.withMostNodes(2))) {
      control.login(1);
      control.login(2);
      control.login(2);
      assertThat(refusal(() -> control.login(3)).status()).isEqualTo(409);
      assertThat(
              refusal(() -> control.service.putNode(TAILNET, NodeEntry.of(3, nodeKey(3)))).status())
          .isEqualTo(409);
    }
  }

  @Test
  void aSignatureIsStoredForTheNodeThatHasTheKey() throws Exception {
    try (TestControl control = TestControl.locked(2)) {
      control.service.login(TAILNET, 3, Login.of(nodeKey(3)));
      assertThat(control.listed(3)).isEmpty();

      RpcAnswer answer = control.call(1, TestControl.sign(1, signature(3)));
      assertThat(control.call(1, TestControl.sign(1, signature(3)))).isEqualTo(answer);
      assertThat(control.listed(3)).contains(signature(3));

      ControlException unknown = control.refusal(1, TestControl.sign(1, signature(8)));
      assertThat(unknown.status()).isEqualTo(404);
      assertThat(unknown).hasMessageContaining(nodeKey(8).toString());
      Bytes untrusted = NodeKeySignatures.direct(3, 9).encoded();
      assertThat(control.refusal(1, TestControl.sign(1, untrusted)).code()).isEqualTo("refused");
      Bytes none = Bytes.copyOf(new byte[] {7});
      assertThat(control.refusal(1, TestControl.sign(1, none)).code()).isEqualTo("malformed");
      Bytes credential = NodeKeySignatures.credential(1, 2).encoded();
      assertThat(control.refusal(1, TestControl.sign(1, credential)).code()).isEqualTo("refused");
    }
    try (TestControl control = new TestControl()) {
      control.login(1);
      assertThat(control.refusal(1, TestControl.sign(1, signature(1))).code())
          .isEqualTo("lock-off");
    }
  }

  @Test
  void theSignaturesThatRestOnAKeyAreThoseOfNodesThatStillExist() throws Exception {
    try (TestControl control = TestControl.locked(3)) {
      control.service.deleteNode(TAILNET, 2);
      control.call(1, TestControl.sign(1, NodeKeySignatures.direct(3, 2).encoded()));

      RpcAnswer.AffectedSigs affected =
          (RpcAnswer.AffectedSigs) control.call(1, TestControl.affected(1, TestKeys.id(1)));
      assertThat(affected.signatures()).containsExactly(signature(1));
    }
  }

  @Test
  void moreSignaturesThanTheClientReadsAreAnError() throws Exception {
    try (TestControl control = TestControl.locked(1)) {
      List<NodeEntry> nodes = new ArrayList<>();
      nodes.add(NodeEntry.of(1, nodeKey(1)));
      // One node key for all of them, so that one signature has to be made.
      for (int node = 2; node <= 6000; node++) {
        nodes.add(NodeEntry.of(node, nodeKey(2)));
      }
      control.service.replaceNodes(TAILNET, nodes);
      control.call(1, TestControl.sign(1, signature(2)));

      RpcRequest old = new RpcRequest.AffectedSigs(142, Optional.of(nodeKey(1)), TestKeys.id(1));
      assertThat(control.refusal(1, old).status()).isEqualTo(413);
      RpcAnswer answer = control.call(1, TestControl.affected(1, TestKeys.id(1)));
      assertThat(((RpcAnswer.AffectedSigs) answer).signatures()).hasSize(6000);
    }
  }

  @Test
  void aTokenStandsForItsNodeUntilItIsRevokedAndOnlyItsHashIsKept() throws Exception {
    try (TestControl control = TestControl.locked(2)) {
      String token = control.service.makeToken(TAILNET, 2);
      assertThat(token).matches("tka-node-[A-Za-z0-9_-]{43}");
      Bytes hash =
          Bytes.copyOf(
              MessageDigest.getInstance("SHA-256")
                  .digest(token.getBytes(StandardCharsets.US_ASCII)));
      NodeToken kept = new NodeToken(hash, TAILNET, 2, control.clock.instant());

      assertThat(control.service.authenticate(token, "there")).contains(kept);
      assertThat(control.service.tokens(TAILNET)).containsExactly(kept);
      assertThat(control.service.authenticate(token + "x", "there")).isEmpty();
      assertThat(control.service.authenticate("tka-node-" + "A".repeat(43), "there")).isEmpty();

      control.service.revokeToken(TAILNET, hash);
      control.service.revokeToken(TAILNET, hash);
      assertThat(control.service.authenticate(token, "there")).isEmpty();
      assertThat(refusal(() -> control.service.makeToken(TAILNET, 9)).code())
          .isEqualTo("unknown-node");
    }
  }

  @Test
  void wrongTokensFromOnePlaceAreLookedUpOnlySoOftenAndHinderNobodyWhoWasRight() throws Exception {
    try (TestControl control = TestControl.locked(2)) {
      String token = control.service.makeToken(TAILNET, 2);
      String late = control.service.makeToken(TAILNET, 1);
      assertThat(control.service.authenticate(token, "there")).isPresent();
      String wrong = "tka-node-" + "A".repeat(43);
      for (int i = 0; i < Tokens.WRONG_BURST; i++) {
        assertThat(control.service.authenticate(wrong, "there")).isEmpty();
      }

      for (String each : List.of(wrong, late)) {
        assertThat(refusal(() -> control.service.authenticate(each, "there")))
            .isInstanceOfSatisfying(
                ControlException.TooMany.class,
                e -> assertThat(e.retryAfter()).isEqualTo(Tokens.WRONG_EACH));
      }
      assertThat(control.service.authenticate(token, "there")).isPresent();
      assertThat(control.service.authenticate(late, "elsewhere")).isPresent();
      control.nanos.addAndGet(Tokens.WRONG_EACH.toNanos());
      assertThat(control.service.authenticate(wrong, "there")).isEmpty();
      assertThat(refusal(() -> control.service.authenticate(wrong, "there")).code())
          .isEqualTo("too-many");
    }
  }

  @Test
  void whatANodeMaySayOfItselfIsNoMoreThanItsKeys() {
    assertThat(
            Login.of(nodeKey(1))
                .withRotationKey(lockKey(1))
                .withSignature(signature(1))
                .isOfNodeItself())
        .isTrue();
    assertThat(Login.of(nodeKey(1)).withMayInit(false).isOfNodeItself()).isFalse();
    assertThat(Login.of(nodeKey(1)).withName("x").isOfNodeItself()).isFalse();
  }

  @Test
  void aDeletedTailnetIsGoneWithItsTokens() throws Exception {
    try (TestControl control = TestControl.locked(2)) {
      String token = control.service.makeToken(TAILNET, 2);
      assertThat(control.service.tailnets())
          .extracting(TailnetStatus::tailnet)
          .containsExactly(TAILNET);
      control.service.delete(TAILNET);
      control.service.delete(TAILNET);

      assertThat(control.service.authenticate(token, "there")).isEmpty();
      assertThat(control.service.tailnets()).isEmpty();
      assertThat(refusal(control::announced).code()).isEqualTo("unknown-tailnet");
      control.login(1);
      assertThat(control.announced()).isEqualTo(new Announcement.Never());
    }
  }

  @Test
  void theStatusOfATailnetIsThatOfItsLock() throws Exception {
    try (TestControl control = TestControl.locked(2)) {
      TailnetStatus status = control.service.status(TAILNET);
      assertThat(status.head()).contains(genesis.hash());
      assertThat(status.length()).isEqualTo(1);
      assertThat(status.keys()).isEqualTo(2);
      assertThat(status.nodes()).isEqualTo(2);
      assertThat(status.authority().orElseThrow().genesis()).isEqualTo(genesis.hash());
    }
  }

  @Test
  void aPlaceWithoutRecordsIsRefused() {
    assertThatThrownBy(
            () ->
                ControlService.over(
                    Tailnets.of(Map.of()), ControlSettings.DEFAULTS, Clock.systemUTC()))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
