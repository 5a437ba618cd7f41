package dev.tka.control;

import static dev.tka.control.TestControl.OTHER_SECRET;
import static dev.tka.control.TestControl.SECRET;
import static dev.tka.control.TestControl.TAILNET;
import static dev.tka.control.TestControl.bootstrap;
import static dev.tka.control.TestControl.disable;
import static dev.tka.control.TestControl.genesis;
import static dev.tka.control.TestControl.offer;
import static dev.tka.control.TestControl.signature;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.DisablementSecret;
import dev.tka.store.records.RetiredAuthority;
import dev.tka.sync.rpc.Announcement;
import dev.tka.sync.rpc.RpcAnswer;
import dev.tka.sync.rpc.RpcRequest;
import dev.tka.testkit.Chains;
import dev.tka.testkit.TestKeys;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** How an authority ends, and how nodes learn of it (service, sections 2 to 4). */
class EndTest {
  private final Aum genesis = genesis(1);
  private final Aum first = Chains.addKey(genesis, TestKeys.key(3, 1), 1);
  private final AumHash head = first.hash();

  /** Two nodes, an edit, and the end. */
  private TestControl ended() throws Exception {
    TestControl control = TestControl.locked(2);
    control.call(1, TestControl.edit(1, genesis.hash(), first));
    control.call(1, disable(1, head, SECRET));
    return control;
  }

  @Test
  void theRightSecretEndsTheAuthorityAndItsSignatures() throws Exception {
    try (TestControl control = ended()) {
      assertThat(control.announced()).isEqualTo(new Announcement.Disabled());
      assertThat(control.announced().etag()).isEqualTo("\"disabled\"");
      assertThat(control.listed(1)).isEmpty();
      RetiredAuthority retired =
          control.place.records().orElseThrow().tailnet(TAILNET).retired().get(0);
      assertThat(retired.name().genesis()).isEqualTo(genesis.hash());
      assertThat(retired.secret()).isEqualTo(SECRET);
      assertThat(control.place.tailnet(retired.store()).read().find(head)).isPresent();
      assertThat(control.service.status(TAILNET).retired()).isEqualTo(1);
    }
  }

  @Test
  void aWrongSecretChangesNothing() throws Exception {
    try (TestControl control = TestControl.locked(1)) {
      ControlException refusal = control.refusal(1, disable(1, genesis.hash(), OTHER_SECRET));

      assertThat(refusal.status()).isEqualTo(403);
      assertThat(refusal.code()).isEqualTo("wrong-secret");
      assertThat(control.head()).isEqualTo(genesis.hash());
    }
  }

  @Test
  void manyAttemptsAreLimitedForEachNodeAndTailnet() throws Exception {
    try (TestControl control = TestControl.locked(6)) {
      for (int attempt = 0; attempt < 5; attempt++) {
        assertThat(control.refusal(1, disable(1, genesis.hash(), OTHER_SECRET)).status())
            .isEqualTo(403);
      }
      ControlException.TooMany tooMany =
          (ControlException.TooMany) control.refusal(1, disable(1, genesis.hash(), SECRET));
      assertThat(tooMany.status()).isEqualTo(429);
      assertThat(tooMany.retryAfter()).isEqualTo(Duration.ofSeconds(12));
      for (int node = 2; node <= 4; node++) {
        for (int attempt = 0; attempt < 5; attempt++) {
          control.refusal(node, disable(node, genesis.hash(), OTHER_SECRET));
        }
      }
      assertThat(control.refusal(5, disable(5, genesis.hash(), SECRET)).status()).isEqualTo(429);
      // The operator is not held up by nodes.
      ControlException wrong =
          TestControl.refusal(
              () -> control.service.call(Caller.operator(TAILNET), byOperator(OTHER_SECRET)));
      assertThat(wrong.status()).isEqualTo(403);

      control.nanos.addAndGet(TimeUnit.SECONDS.toNanos(12));
      control.call(1, disable(1, genesis.hash(), SECRET));
    }
  }

  @Test
  void atMostTwoSecretsAreTriedAtOnce() throws Exception {
    try (TestControl control = TestControl.locked(1)) {
      Lifecycle.ATTEMPTS.acquire(2);
      try {
        assertThat(control.refusal(1, disable(1, genesis.hash(), SECRET)).status()).isEqualTo(429);
      } finally {
        Lifecycle.ATTEMPTS.release(2);
      }
      control.call(1, disable(1, genesis.hash(), SECRET));
    }
  }

  @Test
  void aRepeatedDisableHasTheSameAnswerAlsoWhenAnotherLockIsOn() throws Exception {
    try (TestControl control = ended()) {
      assertThat(control.call(1, disable(1, head, SECRET))).isEqualTo(new RpcAnswer.Disable());
      control.lock(genesis(2), 2);
      assertThat(control.call(1, disable(1, head, SECRET))).isEqualTo(new RpcAnswer.Disable());
      assertThat(control.head()).isEqualTo(genesis(2).hash());
      assertThat(control.service.status(TAILNET).retired()).isEqualTo(1);
    }
  }

  @Test
  void thereIsNothingToEndWhileTheLockIsOff() throws Exception {
    try (TestControl control = new TestControl()) {
      control.login(1);
      ControlException refusal = control.refusal(1, disable(1, genesis.hash(), SECRET));
      assertThat(refusal.status()).isEqualTo(409);
      assertThat(refusal.code()).isEqualTo("lock-off");
    }
  }

  @Test
  void bootstrapReturnsTheGenesisWhenOnAndNothingWhenNeverOn() throws Exception {
    try (TestControl control = new TestControl()) {
      control.login(1);
      assertThat(control.call(1, bootstrap(1, Optional.empty())))
          .isEqualTo(new RpcAnswer.Bootstrap(Optional.empty(), Optional.empty()));
    }
    try (TestControl control = TestControl.locked(1)) {
      assertThat(control.call(1, bootstrap(1, Optional.empty())))
          .isEqualTo(new RpcAnswer.Bootstrap(Optional.of(genesis.encoded()), Optional.empty()));
    }
  }

  @Test
  void bootstrapReturnsTheSecretOfTheAuthorityThatHoldsTheHead() throws Exception {
    try (TestControl control = ended()) {
      RpcAnswer secretAlone = new RpcAnswer.Bootstrap(Optional.empty(), Optional.of(SECRET));
      assertThat(control.call(2, bootstrap(2, Optional.of(head)))).isEqualTo(secretAlone);
      assertThat(control.call(2, bootstrap(2, Optional.of(genesis.hash())))).isEqualTo(secretAlone);

      control.lock(genesis(2), 2);
      assertThat(control.call(2, bootstrap(2, Optional.of(head))))
          .isEqualTo(
              new RpcAnswer.Bootstrap(Optional.of(genesis(2).encoded()), Optional.of(SECRET)));
      assertThat(control.call(2, bootstrap(2, Optional.of(genesis(2).hash()))))
          .isEqualTo(new RpcAnswer.Bootstrap(Optional.of(genesis(2).encoded()), Optional.empty()));
    }
  }

  @Test
  void aNodeThatMissedTheEndIsToldSoAloneUntilItHasTheSecret() throws Exception {
    try (TestControl control = ended()) {
      Aum next = genesis(2);
      control.lock(next, 2);

      RpcAnswer.Offer answer = (RpcAnswer.Offer) control.call(2, offer(2, head, genesis.hash()));
      assertThat(answer.answer().missing()).isEmpty();
      assertThat(answer.answer().offer().head()).isEqualTo(next.hash());
      assertThat(control.announced(2)).isEqualTo(new Announcement.Disabled());
      assertThat(control.announced(1)).isEqualTo(new Announcement.Enabled(next.hash()));
      assertThat(control.call(2, offer(2, head, genesis.hash()))).isEqualTo(answer);

      control.call(2, bootstrap(2, Optional.of(head)));
      assertThat(control.announced(2)).isEqualTo(new Announcement.Enabled(next.hash()));
    }
  }

  @Test
  void aNodeWithAnEditThatControlNeverSawIsToldOfTheEndByWhatItNames() throws Exception {
    try (TestControl control = ended()) {
      control.lock(genesis(2), 2);
      Aum unsent = Chains.addKey(first, TestKeys.key(4, 1), 1);

      control.call(2, offer(2, unsent.hash(), genesis.hash()));

      assertThat(control.announced(2)).isEqualTo(new Announcement.Disabled());
    }
  }

  @Test
  void signaturesOfAnAuthorityEndWithIt() throws Exception {
    try (TestControl control = ended()) {
      control.call(1, TestControl.begin(1, genesis(2)));
      control.call(1, TestControl.finish(1, Map.of(1L, signature(1))));

      assertThat(control.listed(1)).contains(signature(1));
      assertThat(control.listed(2)).isEmpty();
    }
  }

  private static RpcRequest byOperator(DisablementSecret secret) {
    return new RpcRequest.Disable(0, Optional.empty(), Optional.empty(), secret);
  }

  @Test
  void theOperatorEndsTheAuthority() throws Exception {
    try (TestControl control = TestControl.locked(1)) {
      control.service.call(Caller.operator(TAILNET), byOperator(SECRET));
      assertThat(control.announced()).isEqualTo(new Announcement.Disabled());
    }
  }
}
