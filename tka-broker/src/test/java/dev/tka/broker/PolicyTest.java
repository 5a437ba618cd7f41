package dev.tka.broker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.core.Bytes;
import dev.tka.core.LockPrivateKey;
import dev.tka.store.KeyFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A policy is read strictly, and each error is one line that names the place. */
class PolicyTest {
  private static final String GOOD =
      "{'schemaVersion':1,'rules':[{'name':'ci','tailnets':['example.com'],"
          + "'voucher':{'oidc':{'issuer':'i','audience':'a','keys':'k','claims':{'sub':'s'}}},"
          + "'until':'2030-01-01T00:00:00Z','perHour':10,'only':{'tags':['tag:ci']},"
          + "'sign':{'signer':'agent:'},'second':{'above':5,'url':'https://b.example',"
          + "'key':'tlpub:"
          + "58".repeat(31)
          + "66'}}]}";

  private static final PinnedKeys KEYS = keys();

  private static PinnedKeys keys() {
    try {
      return PinnedKeys.parse(
          "keys", Scene.utf8("{\"keys\":[" + Scene.providerKey().toJson() + "]}"));
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private static Policy parse(byte[] content) throws BadInputException {
    return Policy.parse("policy.json", content, Path.of("/etc/tka"), file -> KEYS);
  }

  private static void requireError(String from, String to, String message) {
    String text = GOOD.replace(from, to);
    assertThat(text).isNotEqualTo(GOOD);
    assertThatThrownBy(() -> parse(Scene.utf8(text.replace('\'', '"'))))
        .isInstanceOf(BadInputException.class)
        .hasMessage("policy.json: " + message);
  }

  @Test
  void aGoodPolicyIsRead() throws Exception {
    Policy policy = parse(Scene.utf8(GOOD.replace('\'', '"')));
    assertThat(policy.find("ci").orElseThrow().only().tags()).containsExactly("tag:ci");
    assertThat(policy.find("none")).isEmpty();
  }

  @Test
  void whatASignersUrlHoldsBesideThePlaceOfItsKeyIsNotShown() throws Exception {
    for (String member : List.of("signer", "agree")) {
      String second = GOOD.substring(GOOD.indexOf(",'second'"), GOOD.indexOf("}]}") + 1);
      String text =
          GOOD.replace(second, "}")
              .replace("'signer':'agent:'", "'" + member + "':'command:/bin/sign --pin 123456'");
      Policy policy = parse(Scene.utf8(text.replace('\'', '"')));
      assertThat(policy.rules().get(0).sign().meaning())
          .contains("command:/bin/sign")
          .doesNotContain("123456");
      assertThatThrownBy(
              () ->
                  parse(
                      Scene.utf8(
                          text.replace("command:/bin/sign --pin 123456", "pkcs11:?pin-value=123456")
                              .replace('\'', '"'))))
          .isInstanceOf(BadInputException.class)
          .hasMessageStartingWith("policy.json: rules[0].sign." + member + ": expected ")
          .hasMessageNotContaining("123456");
    }
  }

  @Test
  void noRuleWithTokensAsksAnotherBrokerWhichKnowsNone() {
    requireError(
        "{'oidc':{'issuer':'i','audience':'a','keys':'k','claims':{'sub':'s'}}}",
        "{'token':{}}",
        "rules[0].second: expected none in a rule with tokens, which no other broker knows, or oidc,"
            + " found one");
  }

  @Test
  void eachErrorNamesTheMemberAndItsPlace() {
    requireError(
        "'perHour':10",
        "'perhour':10",
        "rules[0].perHour: expected a whole number of 1 to 1000000, found nothing");
    requireError(
        "'perHour':10",
        "'perHour':'10'",
        "rules[0].perHour: expected a whole number of 1 to 1000000, found a text");
    requireError(
        "'only':{", "'only':{'tag':[],", "rules[0].only.tag: expected no such member, found it");
    requireError(
        "{'sub':'s'}",
        "{}",
        "rules[0].voucher.oidc.claims: expected one or more, such as sub, found none: anybody would"
            + " be let in");
    requireError(
        "'tailnets':['example.com']",
        "'tailnets':['a',7]",
        "rules[0].tailnets[1]: expected a text, found a number");
    requireError(
        "'tailnets':['example.com']",
        "'tailnets':[]",
        "rules[0].tailnets: expected a list of 1 to 1000, found one of 0");
    requireError(
        "2030-01-01T00:00:00Z",
        "tomorrow",
        "rules[0].until: expected a time such as 2030-01-31T00:00:00Z, found another text");
    requireError(
        "{'signer':'agent:'}",
        "{'signer':'agent:','authKey':'x'}",
        "rules[0].sign.authKey: expected either this, signer or agree, found several");
    requireError(
        "https://b.example",
        "http://b.example",
        "rules[0].second.url: expected https://HOST, or http:// on this machine, found another"
            + " text");
    requireError(
        "'schemaVersion':1,",
        "'schemaVersion':2,",
        "schemaVersion: expected a whole number of 1 to 1, found another");
    requireError(
        "'perHour':10", "'perHour':10,'perHour':11", "line 1: perHour: expected once, found twice");
    requireError("}]}", "}]", "line 1, column 375: expected JSON, found something else");
  }

  @Test
  void theExampleOfThePageIsAPolicy() throws Exception {
    String page = Files.readString(Path.of("../docs/broker.md"));
    String example = page.substring(page.indexOf("```json") + 7);
    example = example.substring(0, example.indexOf("```"));
    Policy policy =
        parse(Scene.utf8(example.replace("tlpub:...", "tlpub:" + "58".repeat(31) + "66")));
    assertThat(policy.rules()).extracting(Policy.Rule::name).containsExactly("ci", "new-servers");
    for (Reason reason : Reason.values()) {
      assertThat(page).contains("`" + reason.code() + "`");
    }
  }

  @Test
  void itsHashNamesTheFileItsKeySetsAndWhatItSignsWith(@TempDir Path folder) throws Exception {
    Scene scene = new Scene(folder);
    String[] rules = {
      Scene.rule("ci", Scene.OIDC, scene.trustedKey(), ""),
      Scene.rule("new", Scene.TOKEN, Scene.AUTH_KEY, "")
    };
    Policy policy = scene.policy(rules);
    Path keys = folder.resolve("ci.jwks");
    Bytes known = policy.hash(policy.openSigners());
    assertThat(known)
        .isEqualTo(
            Hashes.of(
                "policy "
                    + Hashes.of(Files.readAllBytes(folder.resolve("policy.json"))).toHex()
                    + "\nkeys ci "
                    + Hashes.of(Files.readAllBytes(keys)).toHex()
                    + "\nsigns ci "
                    + scene.trusted.publicKey()
                    + "\nsigns new "
                    + scene.authKey.wrappingKey().publicKey()
                    + "\n"));
    String before = Files.readString(keys);
    Files.writeString(keys, "{\"keys\":[" + Scene.providerKey().toJson() + "]}");
    Policy other = scene.policy(rules);
    assertThat(other.file()).as("of the policy's file alone").isEqualTo(policy.file());
    assertThat(other.hash(other.openSigners())).isNotEqualTo(known);
    Files.writeString(keys, before);
    Files.delete(folder.resolve("admin.key"));
    KeyFile.create(folder.resolve("admin.key"), LockPrivateKey.generate(Scene.RANDOM));
    Policy again = scene.policy(rules);
    assertThat(again.hash(Map.of())).isEqualTo(policy.hash(Map.of()));
    assertThat(again.hash(again.openSigners())).isNotEqualTo(known);
  }

  @Test
  void twoRulesHaveTwoNames() {
    String rule = GOOD.substring(GOOD.indexOf('[') + 1, GOOD.length() - 2);
    requireError(
        rule,
        rule + "," + rule,
        "rules[1].name: expected a name of its own, found that of another rule");
  }

  @Test
  void onlyPublicKeysThatFixTheirAlgorithmArePinned(@TempDir Path folder) throws Exception {
    String full =
        Scene.providerKey().toJson(org.jose4j.jwk.JsonWebKey.OutputControlLevel.INCLUDE_PRIVATE);
    for (List<String> each :
        List.of(
            List.of("{\"keys\":[" + full + "]}", "found a private one"),
            List.of("{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\"}]}", "found a secret one"),
            List.of("{\"keys\":[]}", "found none that is known"),
            List.of("{}", "expected a JSON Web Key Set"),
            List.of("x", "expected a JSON Web Key Set"))) {
      assertThatThrownBy(() -> PinnedKeys.parse("k", Scene.utf8(each.get(0))))
          .as(each.get(0).substring(0, Math.min(20, each.get(0).length())))
          .isInstanceOf(BadInputException.class)
          .hasMessageContaining(each.get(1));
    }
    Path file = folder.resolve("policy.json");
    Files.writeString(file, GOOD.replace('\'', '"'));
    assertThatThrownBy(() -> Policy.read(file))
        .hasMessage(folder.toAbsolutePath().resolve("k") + ": cannot be read");
  }

  @Property
  void anyChangeOfAnyByteIsReadOrRefusedInOneLine(
      @ForAll @Size(min = 1, max = 6) byte[] bytes, @ForAll @IntRange(max = 430) int at) {
    byte[] text = Scene.utf8(GOOD.replace('\'', '"'));
    System.arraycopy(bytes, 0, text, at % (text.length - 6), bytes.length);
    requireOneLine(text);
  }

  @Property
  void anyBytesAreRefusedInOneLine(@ForAll byte[] bytes) {
    requireOneLine(bytes);
  }

  private static void requireOneLine(byte[] text) {
    try {
      parse(text);
    } catch (BadInputException e) {
      assertThat(e.getMessage()).startsWith("policy.json: ").hasLineCount(1).hasSizeLessThan(400);
    }
  }

  @Property
  void anyBytesAreARequestOrRefusedInOneLine(@ForAll byte[] bytes) {
    try {
      SigningRequest.parse(bytes);
    } catch (BadInputException e) {
      assertThat(e.getMessage()).startsWith("the request: ").hasLineCount(1);
    }
  }

  @Property
  void anyTextIsAVoucherThatIsRefusedInOneLine(@ForAll String text) {
    assertThat(KEYS.verify(text)).isEmpty();
    assertThat(KEYS.verify("eyJhbGciOiJFUzI1NiJ9." + text + ".AA")).isEmpty();
    assertThat(Voucher.parse(text)).isEmpty();
  }
}
