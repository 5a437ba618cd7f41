package dev.tka.broker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.LockPrivateKey;
import dev.tka.core.LockPublicKey;
import dev.tka.core.NodeKey;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is signed, and why the rest is not (service, section 11). */
class DecisionTest {
  private static final NodeKey NODE = Scene.node(1);

  @TempDir Path folder;
  private Scene scene;
  private Policy ci;
  private final BrokerToken token = BrokerToken.generate(Scene.RANDOM);

  @BeforeEach
  void begin() throws Exception {
    scene = new Scene(folder);
    ci = scene.policy(Scene.rule("ci", Scene.OIDC, scene.trustedKey(), ""));
  }

  private static Decision decide(Policy policy, Ledger ledger, SigningRequest request) {
    return Decision.of(policy, ledger, request, Scene.NOW);
  }

  private static void requireRefused(Reason reason, Decision decision) {
    assertThat(decision)
        .isInstanceOfSatisfying(
            Decision.Refuse.class, refuse -> assertThat(refuse.reason()).isEqualTo(reason));
  }

  private Decision withClaims(Map<String, Object> claims) throws Exception {
    return decide(ci, Ledger.empty(), Scene.request(NODE, scene.jwt(claims)));
  }

  private static Map<String, Object> claimsWith(String name, Object value) {
    Map<String, Object> claims = Scene.claims(NODE, "1");
    claims.put(name, value);
    return claims;
  }

  @Test
  void aClockThatGoesBackLetsNothingCountAgain() throws Exception {
    SigningRequest request = Scene.request(NODE, scene.jwt(Scene.claims(NODE, "1")));
    Policy ci = scene.policy(Scene.rule("ci", Scene.OIDC, scene.trustedKey(), ""));
    assertThat(decide(ci, Ledger.empty(), request)).isInstanceOf(Decision.Sign.class);
    Ledger later =
        Ledger.empty()
            .with(new LogEntry(Scene.NOW.plusSeconds(3600), new LogEntry.Started(NODE.bytes())));
    requireRefused(Reason.EXPIRED, decide(ci, later, request));
  }

  @Test
  void aRequestIsOneLineWhateverItsTailnetIsCalled() {
    String forged = "a\nsigned nodekey:00 of b\u001b[2J";
    assertThat(Scene.in(Scene.request(Scene.node(1), "x"), forged).toString())
        .hasLineCount(1)
        .doesNotContain("\u001b");
  }

  @Test
  void aTokenOfAPinnedProviderForThisNodeKeyIsSigned() throws Exception {
    assertThat(withClaims(Scene.claims(NODE, "1"))).isInstanceOf(Decision.Sign.class);
    assertThat(withClaims(claimsWith("aud", "tka-broker#" + NODE)))
        .as("one audience that names both")
        .isInstanceOf(Decision.Sign.class);
    Map<String, Object> nonce = claimsWith("aud", "tka-broker");
    nonce.put("nonce", NODE.toString());
    assertThat(withClaims(nonce)).as("a nonce").isInstanceOf(Decision.Sign.class);
  }

  @Test
  void whatAnOpenIdTokenSaysIsChecked() throws Exception {
    requireRefused(Reason.ISSUER, withClaims(claimsWith("iss", "https://other.example")));
    requireRefused(Reason.AUDIENCE, withClaims(claimsWith("aud", List.of("x", NODE.toString()))));
    requireRefused(
        Reason.NODE_KEY,
        withClaims(claimsWith("aud", List.of("tka-broker", Scene.node(2).toString()))));
    requireRefused(Reason.NODE_KEY, withClaims(claimsWith("aud", "tka-broker#" + Scene.node(2))));
    requireRefused(
        Reason.NODE_KEY,
        withClaims(claimsWith("aud", List.of("tka-broker#" + Scene.node(2), NODE.toString()))));
    requireRefused(Reason.EXPIRED, withClaims(claimsWith("exp", Scene.NOW.getEpochSecond())));
    requireRefused(Reason.EXPIRED, withClaims(claimsWith("exp", "soon")));
    requireRefused(Reason.EXPIRED, withClaims(claimsWith("exp", Double.NaN)));
    requireRefused(Reason.NOT_YET, withClaims(claimsWith("nbf", Scene.NOW.getEpochSecond() + 61)));
    requireRefused(Reason.CLAIM, withClaims(claimsWith("sub", "another job")));
    requireRefused(Reason.CLAIM, withClaims(claimsWith("sub", List.of("job"))));
  }

  @Test
  void aTokenCountsOnlyWithTheSignatureOfAPinnedKeyByItsOwnAlgorithm() throws Exception {
    Map<String, Object> claims = Scene.claims(NODE, "1");
    String good = scene.jwt(claims);
    List<String> bad = new ArrayList<>();
    bad.add(Scene.jwt(claims, Scene.providerKey()));
    String payload = good.split("\\.", -1)[1];
    bad.add(encode("{\"alg\":\"none\"}") + "." + payload + ".AAAA");
    bad.add(encode("{\"alg\":\"HS256\",\"kid\":\"one\"}") + "." + payload + ".AAAA");
    bad.add(encode("{\"alg\":\"ES256\",\"kid\":\"two\"}") + good.substring(good.indexOf('.')));
    for (String each : bad) {
      requireRefused(
          Reason.VOUCHER_SIGNATURE, decide(ci, Ledger.empty(), Scene.request(NODE, each)));
    }
    requireRefused(
        Reason.VOUCHER_FORM, decide(ci, Ledger.empty(), Scene.request(NODE, good + ".x")));
  }

  private static String encode(String text) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(Scene.utf8(text));
  }

  @Test
  void aVoucherServesOnceHoweverItIsWritten() throws Exception {
    Map<String, Object> claims = Scene.claims(NODE, "1");
    SigningRequest request = Scene.request(NODE, scene.jwt(claims));
    Decision.Sign sign = (Decision.Sign) decide(ci, Ledger.empty(), request);
    Ledger after =
        Ledger.empty()
            .with(
                new LogEntry(
                    Scene.NOW,
                    LogEntry.Decided.signed(request, sign, Optional.of(NODE.bytes()), false)));
    // Signed anew, it is the same voucher; for the same node, the same is given.
    for (SigningRequest same : List.of(request, Scene.request(NODE, scene.jwt(claims)))) {
      assertThat(decide(ci, after, same))
          .isEqualTo(new Decision.Again(sign.rule(), sign.voucher(), 1, NODE.bytes()));
    }
    Map<String, Object> another = Scene.claims(Scene.node(9), String.valueOf(claims.get("jti")));
    requireRefused(
        Reason.REPLAYED, decide(ci, after, Scene.request(Scene.node(9), scene.jwt(another))));
    claims.put("jti", "2");
    assertThat(decide(ci, after, Scene.request(NODE, scene.jwt(claims))))
        .isInstanceOf(Decision.Sign.class);
  }

  @Test
  void aBrokersTokenVouchesForOneNodeKeyInOneTailnet() throws Exception {
    Policy policy = scene.policy(Scene.rule("tokens", Scene.TOKEN, scene.trustedKey(), ""));
    Ledger ledger = Scene.issued(Ledger.empty(), token, "tokens");
    LockPublicKey rotation = LockPrivateKey.generate(Scene.RANDOM).publicKey();
    SigningRequest good = Scene.request(NODE, token.vouch(Scene.TAILNET, NODE, Optional.empty()));
    assertThat(decide(policy, ledger, good)).isInstanceOf(Decision.Sign.class);
    assertThat(
            decide(
                policy,
                ledger,
                Scene.rotatedBy(
                    Scene.request(NODE, token.vouch(Scene.TAILNET, NODE, Optional.of(rotation))),
                    rotation)))
        .isInstanceOf(Decision.Sign.class);
    for (SigningRequest other :
        List.of(
            Scene.request(Scene.node(2), good.voucher()),
            Scene.rotatedBy(good, rotation),
            Scene.request(NODE, token.vouch("other.example", NODE, Optional.empty())))) {
      requireRefused(Reason.VOUCHER_SIGNATURE, decide(policy, ledger, other));
    }
    requireRefused(Reason.TOKEN_UNKNOWN, decide(policy, Ledger.empty(), good));
    requireRefused(
        Reason.TOKEN_RULE, decide(policy, Scene.issued(Ledger.empty(), token, "others"), good));
    requireRefused(Reason.VOUCHER_KIND, decide(ci, ledger, good));
    requireRefused(Reason.EXPIRED, Decision.of(policy, ledger, good, Scene.NOW.plusSeconds(3600)));
    requireRefused(Reason.TAILNET, decide(policy, ledger, Scene.in(good, "other.example")));
  }

  @Test
  void whatControlAssertsOnlyNarrows() throws Exception {
    Policy policy =
        scene.policy(
            Scene.rule(
                "ci",
                Scene.OIDC,
                scene.trustedKey(),
                ",'only':{'names':['ci-*'],'tags':['tag:ci','tag:x'],'users':['bot']}"));
    SigningRequest request = Scene.request(NODE, scene.jwt(Scene.claims(NODE, "1")));
    List<String> tags = List.of("tag:ci");
    assertThat(decide(policy, Ledger.empty(), Scene.named(request, "ci-1", tags, "bot")))
        .isInstanceOf(Decision.Sign.class);
    requireRefused(Reason.NAME, decide(policy, Ledger.empty(), request));
    requireRefused(
        Reason.NAME, decide(policy, Ledger.empty(), Scene.named(request, "c", tags, "bot")));
    requireRefused(
        Reason.TAGS,
        decide(
            policy,
            Ledger.empty(),
            Scene.named(request, "ci-1", List.of("tag:ci", "tag:admin"), "bot")));
    requireRefused(
        Reason.TAGS,
        decide(policy, Ledger.empty(), Scene.named(request, "ci-1", List.of(), "bot")));
    requireRefused(
        Reason.USER, decide(policy, Ledger.empty(), Scene.named(request, "ci-1", tags, "root")));
    requireRefused(
        Reason.VOUCHER_SIGNATURE,
        decide(
            policy,
            Ledger.empty(),
            Scene.named(
                Scene.request(NODE, Scene.jwt(Scene.claims(NODE, "1"), Scene.providerKey())),
                "ci-1",
                tags,
                "bot")));
  }

  @Test
  void aRuleSignsSoManyAnHourAndAsksASecondBrokerAboveSoManyADay() throws Exception {
    Policy policy =
        scene.policy(
            Scene.rule(
                    "ci",
                    Scene.OIDC,
                    scene.trustedKey(),
                    ",'second':{'above':3,'url':'https://b.example','key':'"
                        + scene.trusted.publicKey()
                        + "'}")
                .replace("\"perHour\":1000", "\"perHour\":2"));
    Ledger ledger = Ledger.empty();
    Instant now = Scene.NOW;
    for (int i = 0; i < 5; i++) {
      NodeKey node = Scene.node(i);
      Map<String, Object> claims = Scene.claims(node, "" + i);
      claims.put("exp", now.getEpochSecond() + 60);
      SigningRequest request = Scene.request(node, scene.jwt(claims));
      Decision.Sign sign = (Decision.Sign) Decision.of(policy, ledger, request, now);
      assertThat(sign.needsSecond()).as("number " + i).isEqualTo(i >= 3);
      ledger =
          ledger.with(
              new LogEntry(
                  now, LogEntry.Decided.signed(request, sign, Optional.of(node.bytes()), false)));
      if (i % 2 == 1) {
        claims.put("jti", "more" + i);
        Decision refused = Decision.of(policy, ledger, Scene.request(node, scene.jwt(claims)), now);
        requireRefused(Reason.RATE, refused);
        assertThat(((Decision.Refuse) refused).retryAfter()).contains(Duration.ofMinutes(50));
        Decision earlier =
            Decision.of(
                policy,
                ledger,
                Scene.request(node, scene.jwt(claims)),
                now.minus(Duration.ofDays(3)));
        requireRefused(Reason.RATE, earlier);
        now = now.plus(Duration.ofHours(1));
      } else {
        now = now.plus(Duration.ofMinutes(10));
      }
    }
  }

  @Test
  void aRuleEndsAndACredentialNamesNoRotationKey() throws Exception {
    SigningRequest request = Scene.request(NODE, scene.jwt(claimsWith("exp", 4_000_000_000L)));
    requireRefused(Reason.RULE_ENDED, Decision.of(ci, Ledger.empty(), request, Scene.UNTIL));
    Policy policy = scene.policy(Scene.rule("ci", Scene.OIDC, Scene.AUTH_KEY, ""));
    LockPublicKey rotation = LockPrivateKey.generate(Scene.RANDOM).publicKey();
    SigningRequest rotating =
        Scene.rotatedBy(
            Scene.request(
                NODE, scene.jwt(claimsWith("aud", "tka-broker#" + NODE + "+" + rotation))),
            rotation);
    requireRefused(Reason.ROTATION_KEY, decide(policy, Ledger.empty(), rotating));
    assertThat(decide(ci, Ledger.empty(), rotating)).isInstanceOf(Decision.Sign.class);
  }

  @Test
  void theFirstRuleThatAllowsSignsAndElseTheFurthestAnswers() throws Exception {
    String ended =
        Scene.rule("ended", Scene.OIDC, Scene.AUTH_KEY, "")
            .replace(Scene.UNTIL.toString(), Scene.NOW.toString());
    SigningRequest request = Scene.request(NODE, scene.jwt(Scene.claims(NODE, "1")));
    Policy both = scene.policy(ended, Scene.rule("ci", Scene.OIDC, Scene.AUTH_KEY, ""));
    assertThat(((Decision.Sign) decide(both, Ledger.empty(), request)).rule().name())
        .isEqualTo("ci");
    Policy one = scene.policy(Scene.rule("tokens", Scene.TOKEN, Scene.AUTH_KEY, ""), ended);
    Decision.Refuse refuse = (Decision.Refuse) decide(one, Ledger.empty(), request);
    assertThat(refuse.rule()).contains("ended");
    assertThat(refuse.reason()).isEqualTo(Reason.RULE_ENDED);
  }
}
