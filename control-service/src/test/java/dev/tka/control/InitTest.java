package dev.tka.control;

import static dev.tka.control.TestControl.TAILNET;
import static dev.tka.control.TestControl.VERSION;
import static dev.tka.control.TestControl.begin;
import static dev.tka.control.TestControl.finish;
import static dev.tka.control.TestControl.genesis;
import static dev.tka.control.TestControl.nodeKey;
import static dev.tka.control.TestControl.refusal;
import static dev.tka.control.TestControl.signature;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumKind;
import dev.tka.core.Bytes;
import dev.tka.core.Key;
import dev.tka.core.LockPublicKey;
import dev.tka.core.State;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.store.records.NodeRecord;
import dev.tka.store.records.RecordsChange;
import dev.tka.store.records.TailnetRecord;
import dev.tka.sync.rpc.Announcement;
import dev.tka.sync.rpc.RpcAnswer;
import dev.tka.sync.rpc.RpcRequest;
import dev.tka.testkit.Chains;
import dev.tka.testkit.NodeKeySignatures;
import dev.tka.testkit.TestKeys;
import dev.tka.testkit.WeakKeys;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** How an authority begins (service, sections 3 and 8). */
class InitTest {
  private final Aum genesis = genesis(1);

  @Test
  void everyNodeIsListedWithItsRotationKey() throws Exception {
    try (TestControl control = new TestControl()) {
      control.login(1);
      control.service.login(TAILNET, 2, Login.of(nodeKey(2)));

      RpcAnswer answer = control.call(1, begin(1, genesis));

      assertThat(((RpcAnswer.InitBegin) answer).nodes())
          .containsExactly(
              new RpcAnswer.NodeToSign(1, nodeKey(1), Optional.of(TestControl.lockKey(1))),
              new RpcAnswer.NodeToSign(2, nodeKey(2), Optional.empty()));
    }
  }

  @Test
  void onlyANodeThatMayInitBeginsAndByDefaultNobodyMay() throws Exception {
    try (TestControl control = new TestControl()) {
      control.service.login(TAILNET, 3, Login.of(nodeKey(3)));

      ControlException refusal = control.refusal(3, begin(3, genesis));
      assertThat(refusal.status()).isEqualTo(403);
      assertThat(refusal.code()).isEqualTo("forbidden");

      control.service.login(TAILNET, 3, Login.of(nodeKey(3)).withMayInit(true));
      control.call(3, begin(3, genesis));
    }
  }

  @Test
  void theOperatorMayInitWithoutANode() throws Exception {
    try (TestControl control = new TestControl()) {
      control.login(1);
      Caller operator = Caller.operator(TAILNET);
      control.service.call(
          operator, new RpcRequest.InitBegin(0, Optional.empty(), genesis.encoded()));
      control.service.call(
          operator,
          new RpcRequest.InitFinish(
              0, Optional.empty(), Map.of(1L, signature(1)), Optional.empty()));

      assertThat(control.head()).isEqualTo(genesis.hash());
    }
  }

  @Test
  void whatIsNoSoundGenesisIsRefused() throws Exception {
    try (TestControl control = new TestControl()) {
      control.login(1);
      RpcRequest noAum =
          new RpcRequest.InitBegin(
              VERSION, Optional.of(nodeKey(1)), Bytes.copyOf(new byte[] {1, 2}));
      assertThat(control.refusal(1, noAum).code()).isEqualTo("malformed");
      Aum child = Chains.addKey(genesis, TestKeys.key(3, 1), 1);
      assertThat(control.refusal(1, begin(1, child)).code()).isEqualTo("refused");
      Aum unsigned = genesis.withSignatures(List.of());
      assertThat(control.refusal(1, begin(1, unsigned)).code()).isEqualTo("refused");
      Aum badlySigned = TestKeys.signBadly(unsigned, 1);
      assertThat(control.refusal(1, begin(1, badlySigned)).code()).isEqualTo("refused");
      RpcRequest huge =
          new RpcRequest.InitBegin(
              VERSION, Optional.of(nodeKey(1)), Bytes.copyOf(new byte[600 << 10]));
      assertThat(control.refusal(1, huge).status()).isEqualTo(413);
      assertThat(control.service.status(TAILNET).pending()).isEmpty();
    }
  }

  @Test
  void keysThatAnybodyCanSignForAreRefusedUnlessConfigured() throws Exception {
    for (LockPublicKey weak : WeakKeys.all()) {
      Aum bad = genesis(1, TestKeys.key(1, 1), Key.of(weak, 1));
      try (TestControl control = new TestControl()) {
        control.login(1);
        assertThat(control.refusal(1, begin(1, bad)))
            .isInstanceOf(ControlException.Refused.class)
            .hasMessageContaining(LockPublicKey.textOf(weak.bytes()));
      }
    }
    try (TestControl control = new TestControl(ControlSettings.DEFAULTS.refusingWeakKeys(false))) {
      control.login(1);
      control.call(1, begin(1, genesis(1, TestKeys.key(1, 1), Key.of(WeakKeys.IDENTITY, 1))));
    }
  }

  @Test
  void nothingIsAnnouncedBetweenBeginAndFinish() throws Exception {
    try (TestControl control = new TestControl()) {
      control.login(1);
      control.call(1, begin(1, genesis));

      assertThat(control.announced()).isEqualTo(new Announcement.Never());
      assertThat(control.service.status(TAILNET).pending())
          .contains(
              new TailnetStatus.Pending(genesis.hash(), Optional.of(1L), control.clock.instant()));

      control.call(1, finish(1, Map.of(1L, signature(1))));

      assertThat(control.announced()).isEqualTo(new Announcement.Enabled(genesis.hash()));
      assertThat(control.listed(1)).contains(signature(1));
      assertThat(control.service.status(TAILNET).pending()).isEmpty();
    }
  }

  @Test
  void aLaterBeginReplacesAnEarlierOneAndOnlyItsNodeFinishes() throws Exception {
    try (TestControl control = new TestControl()) {
      control.login(1);
      control.service.login(TAILNET, 2, Login.of(nodeKey(2)).withMayInit(true));
      control.call(1, begin(1, genesis));
      control.call(2, begin(2, genesis(2)));

      ControlException refusal = control.refusal(1, finish(1, Map.of()));
      assertThat(refusal.code()).isEqualTo("forbidden");
      control.call(2, finish(2, Map.of()));

      assertThat(control.head()).isEqualTo(genesis(2).hash());
    }
  }

  @Test
  void aFinishWithoutABeginIsRefused() throws Exception {
    try (TestControl control = new TestControl()) {
      control.login(1);
      assertThat(control.refusal(1, finish(1, Map.of())).code()).isEqualTo("conflict");
    }
  }

  @Test
  void oneBadSignatureAndNothingIsStored() throws Exception {
    try (TestControl control = new TestControl()) {
      control.login(1);
      control.login(2);
      control.call(1, begin(1, genesis));
      Bytes untrusted = NodeKeySignatures.direct(2, 9).encoded();
      for (Bytes bad : List.of(signature(1), untrusted, Bytes.copyOf(new byte[] {9}))) {
        ControlException refusal = control.refusal(1, finish(1, Map.of(1L, signature(1), 2L, bad)));
        assertThat(refusal.code()).isEqualTo("refused");
        assertThat(refusal).hasMessageContaining("node 2");
        assertThat(control.announced()).isEqualTo(new Announcement.Never());
        assertThat(control.node(1).signature()).isEmpty();
      }
      control.call(1, finish(1, Map.of(1L, signature(1), 2L, signature(2))));
    }
  }

  @Test
  void nodesThatComeBetweenBeginAndFinishAreNamedToTheOperator() throws Exception {
    try (TestControl control = new TestControl()) {
      control.login(1);
      control.login(2);
      control.call(1, begin(1, genesis));
      control.login(3);
      control.service.deleteNode(TAILNET, 2);
      control.call(1, finish(1, Map.of(1L, signature(1), 2L, signature(2))));

      assertThat(control.unsigned).containsExactly(3L);
      List<FleetEntry> fleet = new ArrayList<>();
      control.service.fleet(TAILNET, fleet::add);
      assertThat(fleet)
          .extracting(FleetEntry::condition)
          .containsExactly("never-seen", "locked-out");
      assertThat(fleet.get(1).remedy().orElseThrow()).contains("sign nodekey:");
    }
  }

  @Test
  void aLockThatIsOnIsNotBegunAgain() throws Exception {
    try (TestControl control = TestControl.locked(1)) {
      ControlException refusal = control.refusal(1, begin(1, genesis(2)));
      assertThat(refusal.status()).isEqualTo(409);
      assertThat(refusal.code()).isEqualTo("lock-on");
    }
  }

  @Test
  void aSecretForSupportIsRefusedUnlessConfigured() throws Exception {
    RpcRequest withSupport =
        new RpcRequest.InitFinish(
            VERSION, Optional.of(nodeKey(1)), Map.of(), Optional.of(TestControl.SECRET));
    try (TestControl control = new TestControl()) {
      control.login(1);
      control.call(1, begin(1, genesis));
      assertThat(control.refusal(1, withSupport))
          .isInstanceOf(ControlException.Refused.class)
          .hasMessageContaining("support");
      assertThat(control.announced()).isEqualTo(new Announcement.Never());
    }
    try (TestControl control =
        new TestControl(ControlSettings.DEFAULTS.takingSupportSecrets(true))) {
      control.login(1);
      control.call(1, begin(1, genesis));
      control.call(1, withSupport);
      assertThat(control.service.status(TAILNET).hasSupportSecret()).isTrue();
    }
  }

  @Test
  void aListThatTheClientCannotReadIsAnError() throws Exception {
    try (TestControl control = new TestControl()) {
      control.login(1);
      List<NodeEntry> nodes = new ArrayList<>();
      for (int node = 1; node <= 80_000; node++) {
        nodes.add(
            new NodeEntry(
                node,
                nodeKey(node),
                Optional.empty(),
                Optional.of(TestControl.lockKey(1)),
                Optional.empty(),
                false,
                node == 1));
      }
      control.service.replaceNodes(TAILNET, nodes);
      RpcRequest old = new RpcRequest.InitBegin(142, Optional.of(nodeKey(1)), genesis.encoded());

      assertThat(control.refusal(1, old).status()).isEqualTo(413);
      assertThat(((RpcAnswer.InitBegin) control.call(1, begin(1, genesis))).nodes())
          .hasSize(80_000);
    }
  }

  @Test
  void aRepeatedBeginOrFinishHasTheSameAnswerAndNoMoreEffect() throws Exception {
    try (TestControl control = new TestControl()) {
      control.login(1);
      RpcAnswer begun = control.call(1, begin(1, genesis));
      control.clock.advance(Duration.ofSeconds(9));
      TailnetRecord before = control.place.records().orElseThrow().tailnet(TAILNET);
      assertThat(control.call(1, begin(1, genesis))).isEqualTo(begun);
      assertThat(control.place.records().orElseThrow().tailnet(TAILNET)).isEqualTo(before);

      RpcAnswer finished = control.call(1, finish(1, Map.of(1L, signature(1))));
      assertThat(control.call(1, finish(1, Map.of(1L, signature(1))))).isEqualTo(finished);
      control.call(
          1, TestControl.edit(1, genesis.hash(), Chains.addKey(genesis, TestKeys.key(3, 1), 1)));
      assertThat(control.call(1, finish(1, Map.of(1L, signature(1))))).isEqualTo(finished);
    }
  }

  @Test
  void aFinishThatWasCutOffAfterTheSignaturesIsFinishedByARepetition() throws Exception {
    try (TestControl control = new TestControl()) {
      control.login(1);
      control.call(1, begin(1, genesis));
      var records = control.place.records().orElseThrow();
      var signed =
          control
              .node(1)
              .withSignature(Optional.of(new NodeRecord.Signature(signature(1), genesis.hash())));
      records.commit(
          TAILNET, RecordsChange.ofNode(Optional.of(control.node(1)), Optional.of(signed)));

      assertThat(control.announced()).isEqualTo(new Announcement.Never());
      assertThat(control.listed(1)).isEmpty();
      control.call(1, finish(1, Map.of(1L, signature(1))));

      assertThat(control.listed(1)).contains(signature(1));
      assertThat(control.head()).isEqualTo(genesis.hash());
    }
  }

  @Test
  void anAuthorityThatBeganWithoutTheServiceIsServedAndNamed() throws Exception {
    try (TestControl control = new TestControl()) {
      control.login(1);
      LiveAuthority.bootstrap(
          control.place.tailnet(TAILNET), genesis, AdmissionPolicy.CONTROL, control.clock);

      assertThat(control.head()).isEqualTo(genesis.hash());
      control.call(1, TestControl.sign(1, signature(1)));

      assertThat(control.listed(1)).contains(signature(1));
      AumHash named =
          control
              .place
              .records()
              .orElseThrow()
              .tailnet(TAILNET)
              .authority()
              .orElseThrow()
              .genesis();
      assertThat(named).isEqualTo(genesis.hash());
    }
  }

  @Test
  void aGenesisThatWasEndedDoesNotBeginAgain() throws Exception {
    try (TestControl control = TestControl.locked(1)) {
      control.call(1, TestControl.disable(1, genesis.hash(), TestControl.SECRET));

      assertThat(control.refusal(1, begin(1, genesis)).code()).isEqualTo("refused");
      assertThat(refusal(() -> control.call(1, finish(1, Map.of()))).code()).isEqualTo("conflict");
    }
  }

  @Test
  void aStateWithoutKeysDoesNotBegin() throws Exception {
    try (TestControl control = new TestControl()) {
      control.login(1);
      Aum none = Aum.builder(AumKind.CHECKPOINT).state(State.NOTHING).build();
      assertThat(control.refusal(1, begin(1, none)).code()).isEqualTo("refused");
    }
  }
}
