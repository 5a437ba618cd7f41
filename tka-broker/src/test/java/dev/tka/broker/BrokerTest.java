package dev.tka.broker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.core.Bytes;
import dev.tka.core.NodeKey;
import dev.tka.core.nodekey.NodeKeySignature;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a broker signs and logs (service, section 11). */
class BrokerTest {
  @TempDir Path folder;
  private Scene scene;
  private Path file;

  @BeforeEach
  void begin() throws Exception {
    scene = new Scene(folder);
    file = folder.resolve("log.jsonl");
  }

  private static Broker broker(Policy policy, BrokerLog log) {
    return new Broker(policy, log, Scene.clock(), (second, request) -> Optional.empty(), false);
  }

  private SigningRequest vouched(int node) throws Exception {
    NodeKey key = Scene.node(node);
    return Scene.request(key, scene.jwt(Scene.claims(key, "of " + node)));
  }

  private List<LogEntry.Decided> decided() throws Exception {
    List<LogEntry.Decided> all = new ArrayList<>();
    BrokerLog.verify(
        file,
        Set.of(),
        entry -> {
          if (entry.what() instanceof LogEntry.Decided decided) {
            all.add(decided);
          }
        });
    return all;
  }

  @Test
  void itSignsWithACredentialOrATrustedKeyAndLogsBoth() throws Exception {
    for (String sign : List.of(Scene.AUTH_KEY, scene.trustedKey())) {
      Files.deleteIfExists(file);
      try (BrokerLog log = BrokerLog.open(file)) {
        Broker broker = broker(scene.policy(Scene.rule("ci", Scene.OIDC, sign, "")), log);
        SigningRequest request = vouched(1);
        Broker.Answer.Signed signed = (Broker.Answer.Signed) broker.ask(request);
        NodeKeySignature signature = NodeKeySignature.decode(signed.signature().toByteArray());
        assertThat(signature.isSigned()).isTrue();
        assertThat(signature.nodeKey()).contains(request.nodeKey());
        assertThat(signature.authorizingKeyId()).contains(scene.trusted.publicKey().bytes());
        assertThat(broker.ask(request)).as("whose answer was lost").isEqualTo(signed);
        Map<String, Object> another = Scene.claims(Scene.node(2), "of 1");
        Broker.Answer.Refused again =
            (Broker.Answer.Refused) broker.ask(Scene.request(Scene.node(2), scene.jwt(another)));
        assertThat(again.why().reason()).isEqualTo(Reason.REPLAYED);
        assertThat(decided())
            .extracting(each -> each.signature().isPresent(), LogEntry.Decided::reason)
            .containsExactly(
                org.assertj.core.groups.Tuple.tuple(true, Optional.empty()),
                org.assertj.core.groups.Tuple.tuple(false, Optional.of("replayed")));
      }
    }
  }

  @Test
  void whatCannotBeSignedNowLeavesTheVoucherUnused() throws Exception {
    try (BrokerLog log = BrokerLog.open(file)) {
      Broker broker =
          broker(scene.policy(Scene.rule("ci", Scene.OIDC, scene.trustedKey(), "")), log);
      Path key = folder.resolve("admin.key");
      Files.move(key, folder.resolve("away"));
      Decision.Refuse why = ((Broker.Answer.Refused) broker.ask(vouched(1))).why();
      assertThat(why.reason()).isEqualTo(Reason.SIGNER);
      assertThat(why.sentence())
          .as("for whoever asks")
          .isEqualTo("the key to sign with cannot be used now; the broker's own lines say why");
      assertThat(why.detail().orElseThrow()).as("for its own people").contains("admin.key");
      Files.move(folder.resolve("away"), key);
      assertThat(broker.ask(vouched(1))).isInstanceOf(Broker.Answer.Signed.class);
    }
  }

  @Test
  void aRuleWhoseKeyFailsHoldsUpNoOther() throws Exception {
    Policy policy =
        scene.policy(
            Scene.rule("ci", Scene.OIDC, scene.trustedKey(), ""),
            Scene.rule("tokens", Scene.TOKEN, Scene.AUTH_KEY, ""));
    Files.delete(folder.resolve("admin.key"));
    BrokerToken token = BrokerToken.generate(Scene.RANDOM);
    try (BrokerLog log = BrokerLog.open(file)) {
      Broker broker = broker(policy, log);
      Broker.issue(log, token.id(), "tokens", Scene.UNTIL, Scene.NOW);
      SigningRequest failing = vouched(1);
      for (int i = 0; i < Broker.MOST_REFUSALS + 1; i++) {
        assertThat(broker.ask(failing))
            .isInstanceOf(
                i < Broker.MOST_FAILURES ? Broker.Answer.Refused.class : Broker.Answer.Later.class);
      }
      assertThat(decided()).hasSize(Broker.MOST_FAILURES);
      NodeKey node = Scene.node(2);
      assertThat(
              broker.ask(Scene.request(node, token.vouch(Scene.TAILNET, node, Optional.empty()))))
          .isInstanceOf(Broker.Answer.Signed.class);
    }
  }

  @Test
  void aSecondBrokerIsAskedAboveANumberAndItsRefusalCounts() throws Exception {
    Policy policy =
        scene.policy(
            Scene.rule(
                "ci",
                Scene.OIDC,
                scene.trustedKey(),
                ",'second':{'above':1,'url':'https://b.example','key':'"
                    + scene.trusted.publicKey()
                    + "'}"));
    List<String> asked = new ArrayList<>();
    try (BrokerLog log = BrokerLog.open(file)) {
      Broker broker =
          new Broker(
              policy,
              log,
              Scene.clock(),
              (second, request) -> {
                asked.add(request.nodeKey().toString());
                return asked.size() == 1 ? Optional.of("it is no") : Optional.empty();
              },
              false);
      assertThat(broker.ask(vouched(1))).isInstanceOf(Broker.Answer.Signed.class);
      assertThat(asked).isEmpty();
      Broker.Answer.Refused refused = (Broker.Answer.Refused) broker.ask(vouched(2));
      assertThat(refused.why().reason()).isEqualTo(Reason.SECOND);
      assertThat(refused.why().detail()).contains("it is no");
      assertThat(refused.why().sentence()).doesNotContain("it is no");
      assertThat(broker.ask(vouched(2))).isInstanceOf(Broker.Answer.Signed.class);
      assertThat(asked).hasSize(2);
    }
  }

  @Test
  void anAgreementThatTheFirstBrokerCouldNotUseIsGivenAgain() throws Exception {
    Policy agree =
        scene.policy(
            Scene.rule("agree", Scene.OIDC, "{'agree':'file:" + folder + "/admin.key'}", ""));
    Policy policy =
        scene.policy(
            Scene.rule(
                "ci",
                Scene.OIDC,
                Scene.AUTH_KEY,
                ",'second':{'above':0,'url':'https://b.example','key':'"
                    + scene.trusted.publicKey()
                    + "'}"));
    try (BrokerLog own = BrokerLog.open(file);
        BrokerLog other = BrokerLog.open(folder.resolve("other"))) {
      Broker second = broker(agree, other);
      List<Broker.Answer> agreed = new ArrayList<>();
      Broker first =
          new Broker(
              policy,
              own,
              Scene.clock(),
              (pinned, request) -> {
                try {
                  agreed.add(second.ask(request));
                } catch (LogException | IOException e) {
                  throw new IllegalStateException(e);
                }
                return agreed.size() == 1 ? Optional.of("no answer in time") : Optional.empty();
              },
              false);
      Path key = folder.resolve("auth.txt");
      Files.move(key, folder.resolve("away"));
      assertThat(((Broker.Answer.Refused) first.ask(vouched(1))).why().reason())
          .isEqualTo(Reason.SIGNER);
      assertThat(agreed).as("it is not asked for what cannot be signed").isEmpty();
      Files.move(folder.resolve("away"), key);
      SigningRequest request = vouched(1);
      assertThat(((Broker.Answer.Refused) first.ask(request)).why().reason())
          .isEqualTo(Reason.SECOND);
      assertThat(first.ask(request)).isInstanceOf(Broker.Answer.Signed.class);
      assertThat(agreed.get(0)).isInstanceOf(Broker.Answer.Agreed.class).isEqualTo(agreed.get(1));
    }
  }

  @Test
  void refusalsFillTheLogNoFasterThanSoManyAMinuteAndWithShortTexts() throws Exception {
    AtomicReference<Instant> now = new AtomicReference<>(Scene.NOW);
    InstantSource clock = now::get;
    Policy policy = scene.policy(Scene.rule("ci", Scene.OIDC, Scene.AUTH_KEY, ""));
    SigningRequest wrong =
        Scene.named(
            Scene.request(Scene.node(1), "please"),
            "n".repeat(250),
            Collections.nCopies(64, "tag:" + "t".repeat(200)),
            "u".repeat(250));
    try (BrokerLog log = BrokerLog.open(file)) {
      Broker broker =
          new Broker(
              policy,
              log,
              clock.withZone(ZoneOffset.UTC),
              (second, request) -> Optional.empty(),
              false);
      for (int i = 0; i < Broker.MOST_REFUSALS; i++) {
        assertThat(broker.ask(wrong)).isInstanceOf(Broker.Answer.Refused.class);
      }
      long size = Files.size(file);
      assertThat(size / Broker.MOST_REFUSALS).isLessThan(2048);
      now.set(Scene.NOW.plusSeconds(20));
      assertThat(broker.ask(wrong)).isEqualTo(new Broker.Answer.Later(Duration.ofSeconds(40)));
      assertThat(Files.size(file)).isEqualTo(size);
      now.set(Scene.NOW.plusSeconds(60));
      assertThat(broker.ask(vouched(1))).isInstanceOf(Broker.Answer.Signed.class);
      assertThat(broker.ask(wrong)).isInstanceOf(Broker.Answer.Refused.class);
    }
  }

  @Test
  void tokensThatExpiredLongAgoAreForgotten() {
    Ledger ledger = Ledger.empty();
    for (int i = 0; i < 1000; i++) {
      Instant at = Scene.NOW.plusSeconds(3600L * i);
      ledger =
          ledger.with(
              new LogEntry(
                  at,
                  new LogEntry.TokenIssued(
                      BrokerToken.generate(Scene.RANDOM).id(), "tokens", at.plusSeconds(60))));
    }
    assertThat(ledger.tokens().size()).isLessThan(100);
  }

  @Test
  void aRehearsalSignsNothing() throws Exception {
    try (BrokerLog log = BrokerLog.open(file)) {
      Policy policy = scene.policy(Scene.rule("ci", Scene.OIDC, "{'signer':'agent:/none'}", ""));
      Broker broker =
          new Broker(policy, log, Scene.clock(), (second, request) -> Optional.empty(), true);
      assertThat(broker.ask(vouched(1))).isInstanceOf(Broker.Answer.WouldSign.class);
      assertThat(broker.ask(vouched(1)))
          .as("no voucher was used up")
          .isInstanceOf(Broker.Answer.WouldSign.class);
      assertThat(decided()).allMatch(each -> each.signature().isEmpty());
    }
  }

  @Test
  void manyAtOnceGetOneSignatureForAVoucherAndNoMoreThanTheRate() throws Exception {
    String rule = Scene.rule("ci", Scene.OIDC, scene.trustedKey(), "").replace(":1000", ":5");
    ExecutorService threads = Executors.newFixedThreadPool(8);
    try (BrokerLog one = BrokerLog.open(file);
        BrokerLog two = BrokerLog.open(file)) {
      Policy policy = scene.policy(rule);
      List<Broker> brokers = List.of(broker(policy, one), broker(policy, two));
      List<Callable<Broker.Answer>> asking = new ArrayList<>();
      for (int i = 0; i < 32; i++) {
        SigningRequest request = vouched(i % 8);
        Broker broker = brokers.get(i % 2);
        asking.add(() -> broker.ask(request));
      }
      Set<Broker.Answer> signed = new HashSet<>();
      for (Future<Broker.Answer> each : threads.invokeAll(asking)) {
        if (each.get() instanceof Broker.Answer.Signed answer) {
          signed.add(answer);
        }
      }
      assertThat(signed).hasSize(5);
      assertThat(decided()).filteredOn(LogEntry.Decided::counts).hasSize(5);
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void nothingIsGivenOnceTheLogWasForged() throws Exception {
    BrokerToken token = BrokerToken.generate(Scene.RANDOM);
    try (BrokerLog log = BrokerLog.open(file)) {
      Policy policy = scene.policy(Scene.rule("tokens", Scene.TOKEN, Scene.AUTH_KEY, ""));
      Broker broker = broker(policy, log);
      Broker.start(log, policy.hash(Map.of()), Scene.NOW);
      NodeKey node = Scene.node(1);
      SigningRequest request =
          Scene.request(node, token.vouch(Scene.TAILNET, node, Optional.empty()));
      assertThat(((Broker.Answer.Refused) broker.ask(request)).why().reason())
          .isEqualTo(Reason.TOKEN_UNKNOWN);
      Files.writeString(
          file,
          "{\"n\":3,\"prev\":\""
              + log.head().hash().toHex()
              + "\",\"at\":\"2030-01-01T00:00:00Z\",\"kind\":\"token\",\"id\":\""
              + token.id()
              + "\",\"rule\":\"tokens\",\"until\":\"2031-01-01T00:00:00Z\",\"hash\":\""
              + "0".repeat(64)
              + "\"}\n",
          StandardOpenOption.APPEND);
      assertThatThrownBy(() -> broker.ask(request))
          .isInstanceOf(LogException.class)
          .hasMessageContaining("line 3: expected its own hash at its end, found another");
    }
  }

  /** One way in which a request is wrong, and what is answered. */
  private record Wrong(Reason reason, Asking asking) {}

  private interface Asking {
    SigningRequest with(NodeKey node) throws Exception;
  }

  private Wrong claim(Reason reason, String name, Object value) {
    return new Wrong(
        reason,
        node -> {
          Map<String, Object> claims = Scene.claims(node, node.toString());
          claims.put(name, value);
          return good(Scene.request(node, scene.jwt(claims)));
        });
  }

  private static SigningRequest good(SigningRequest request) {
    return Scene.named(request, "ci-7", List.of("tag:ci"), "bot");
  }

  @Test
  void ofAThousandRequestsExactlyThoseThatThePolicyAllowsAreSigned() throws Exception {
    String only = ",'only':{'names':['ci-*'],'tags':['tag:ci'],'users':['bot']}";
    Policy policy =
        scene.policy(
            Scene.rule("ci", Scene.OIDC, Scene.AUTH_KEY, only),
            Scene.rule("tokens", Scene.TOKEN, scene.trustedKey(), ""),
            Scene.rule("few", Scene.OIDC, Scene.AUTH_KEY, "")
                .replace("\"sub\":\"job\"", "\"sub\":\"few\"")
                .replace(":1000", ":1"),
            Scene.rule("ended", Scene.OIDC, Scene.AUTH_KEY, "")
                .replace("\"sub\":\"job\"", "\"sub\":\"ended\"")
                .replace(Scene.UNTIL.toString(), Scene.NOW.toString()));
    AtomicLong ticks = new AtomicLong();
    InstantSource ticking = () -> Scene.NOW.plusMillis(100 * ticks.getAndIncrement());
    try (BrokerLog log = BrokerLog.open(file)) {
      // As many refusals in one minute would not be logged.
      Broker broker =
          new Broker(
              policy,
              log,
              ticking.withZone(ZoneOffset.UTC),
              (second, request) -> Optional.empty(),
              false);
      BrokerToken late = BrokerToken.generate(Scene.RANDOM);
      Broker.issue(log, late.id(), "tokens", Scene.NOW, Scene.NOW);
      BrokerToken others = BrokerToken.generate(Scene.RANDOM);
      Broker.issue(log, others.id(), "another", Scene.UNTIL, Scene.NOW);
      NodeKey served = Scene.node(-1);
      SigningRequest once = good(Scene.request(served, scene.jwt(Scene.claims(served, "x"))));
      assertThat(broker.ask(once)).isInstanceOf(Broker.Answer.Signed.class);
      NodeKey one = Scene.node(-2);
      Map<String, Object> few = Scene.claims(one, "y");
      few.put("sub", "few");
      assertThat(broker.ask(Scene.request(one, scene.jwt(few))))
          .isInstanceOf(Broker.Answer.Signed.class);
      List<Wrong> wrongs =
          List.of(
              claim(Reason.EXPIRED, "exp", Scene.NOW.getEpochSecond() - 1),
              claim(Reason.EXPIRED, "exp", null),
              claim(Reason.NOT_YET, "nbf", Scene.NOW.getEpochSecond() + 3600),
              claim(Reason.AUDIENCE, "aud", "another"),
              claim(Reason.NODE_KEY, "aud", "tka-broker"),
              claim(Reason.NODE_KEY, "aud", "tka-broker#" + Scene.node(-3)),
              claim(Reason.ISSUER, "iss", "https://evil.example"),
              claim(Reason.CLAIM, "sub", "nobody"),
              claim(Reason.RATE, "sub", "few"),
              claim(Reason.RULE_ENDED, "sub", "ended"),
              new Wrong(
                  Reason.REPLAYED,
                  node -> good(Scene.request(node, scene.jwt(Scene.claims(node, "x"))))),
              new Wrong(
                  Reason.VOUCHER_SIGNATURE,
                  node ->
                      Scene.request(
                          served, Scene.jwt(Scene.claims(served, "x"), Scene.providerKey()))),
              new Wrong(
                  Reason.TAILNET,
                  node ->
                      Scene.in(
                          good(Scene.request(node, scene.jwt(Scene.claims(node, "" + node)))),
                          "evil.example")),
              new Wrong(
                  Reason.NAME,
                  node -> Scene.request(node, scene.jwt(Scene.claims(node, "" + node)))),
              new Wrong(
                  Reason.TAGS,
                  node ->
                      Scene.named(
                          Scene.request(node, scene.jwt(Scene.claims(node, "" + node))),
                          "ci-1",
                          List.of("tag:ci", "tag:root"),
                          "bot")),
              new Wrong(
                  Reason.USER,
                  node ->
                      Scene.named(
                          Scene.request(node, scene.jwt(Scene.claims(node, "" + node))),
                          "ci-1",
                          List.of("tag:ci"),
                          "root")),
              new Wrong(
                  Reason.ROTATION_KEY,
                  node -> {
                    Map<String, Object> claims = Scene.claims(node, "" + node);
                    claims.put("aud", "tka-broker#" + node + "+" + scene.trusted.publicKey());
                    return Scene.rotatedBy(
                        Scene.request(node, scene.jwt(claims)), scene.trusted.publicKey());
                  }),
              new Wrong(
                  Reason.TOKEN_UNKNOWN,
                  node ->
                      Scene.request(
                          node,
                          BrokerToken.generate(Scene.RANDOM)
                              .vouch(Scene.TAILNET, node, Optional.empty()))),
              new Wrong(
                  Reason.TOKEN_RULE,
                  node -> Scene.request(node, others.vouch(Scene.TAILNET, node, Optional.empty()))),
              new Wrong(
                  Reason.EXPIRED,
                  node -> Scene.request(node, late.vouch(Scene.TAILNET, node, Optional.empty()))),
              new Wrong(
                  Reason.VOUCHER_SIGNATURE,
                  node -> Scene.request(node, late.vouch(Scene.TAILNET, served, Optional.empty()))),
              new Wrong(Reason.VOUCHER_FORM, node -> Scene.request(node, "please")));
      Map<Reason, Integer> refused = new HashMap<>();
      int signed = 0;
      for (int i = 0; i < 1000; i++) {
        NodeKey node = Scene.node(i);
        if (i % 10 < 3) {
          Wrong wrong = wrongs.get((i / 10 * 3 + i % 10) % wrongs.size());
          Broker.Answer answer = broker.ask(wrong.asking().with(node));
          assertThat(answer).as("number " + i).isInstanceOf(Broker.Answer.Refused.class);
          Reason reason = ((Broker.Answer.Refused) answer).why().reason();
          assertThat(reason).as("number " + i).isEqualTo(wrong.reason());
          refused.merge(reason, 1, Integer::sum);
        } else {
          SigningRequest request;
          if (i % 2 == 0) {
            request = good(Scene.request(node, scene.jwt(Scene.claims(node, "job " + i))));
          } else {
            BrokerToken token = BrokerToken.generate(Scene.RANDOM);
            Broker.issue(log, token.id(), "tokens", Scene.UNTIL, Scene.NOW);
            request = Scene.request(node, token.vouch(Scene.TAILNET, node, Optional.empty()));
          }
          Broker.Answer answer = broker.ask(request);
          assertThat(answer).as("number " + i).isInstanceOf(Broker.Answer.Signed.class);
          Bytes signature = ((Broker.Answer.Signed) answer).signature();
          assertThat(NodeKeySignature.decode(signature.toByteArray()).nodeKey()).contains(node);
          signed++;
        }
      }
      System.out.printf("1000 requests: %d signed, 0 wrong; refused: %s%n", signed, refused);
      assertThat(signed).isEqualTo(700);
      assertThat(decided()).hasSize(1002);
      requireNoSecret(policy);
    }
  }

  /** No secret is in the log, nor in a text of a value. */
  private void requireNoSecret(Policy policy) throws IOException {
    String shown = Files.readString(file) + policy + vouchedText();
    byte[] both = scene.trusted.exposeToByteArray();
    String seed = Bytes.copyOf(both, 0, 32).toHex();
    String wrapping = Bytes.copyOf(scene.authKey.wrappingKey().exposeToByteArray(), 0, 32).toHex();
    assertThat(shown)
        .doesNotContain(seed)
        .doesNotContain(wrapping)
        .doesNotContain("tskey-auth")
        .doesNotContain("tka-voucher:")
        .doesNotContain("tka-broker-token:")
        .doesNotContainPattern(Scene.JWT);
  }

  private String vouchedText() {
    BrokerToken token = BrokerToken.generate(Scene.RANDOM);
    NodeKey node = Scene.node(1);
    return token
        + Scene.request(node, token.vouch(Scene.TAILNET, node, Optional.empty())).toString();
  }
}
