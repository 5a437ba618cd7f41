package dev.tka.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.jr.ob.JSON;
import dev.tka.core.Aum;
import dev.tka.core.Bytes;
import dev.tka.core.Key;
import dev.tka.core.TkaException;
import dev.tka.core.authority.Authority;
import dev.tka.sync.SyncOffer;
import dev.tka.testkit.Chains;
import dev.tka.testkit.GoldenData;
import dev.tka.testkit.TestKeys;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ConformanceTest {
  @TempDir Path folder;

  @Test
  void everyGoldenCaseHolds() throws IOException {
    List<Conformance.FileResult> results = Conformance.run(GoldenData.folder(), result -> {});

    List<String> failures = new ArrayList<>();
    Map<String, Integer> passed = new TreeMap<>();
    for (Conformance.FileResult result : results) {
      result
          .failures()
          .forEach(
              failure -> failures.add(result.file() + " " + failure.name() + ": " + failure.why()));
      passed.put(result.file(), result.passed());
    }
    assertThat(failures).isEmpty();
    // The numbers are those of the files, so that a case that is lost is noticed.
    assertThat(passed)
        .isEqualTo(
            Map.ofEntries(
                Map.entry("admission.jsonl.gz", 1396),
                Map.entry("aum-verify.jsonl.gz", 544),
                Map.entry("aum.jsonl.gz", 3778),
                Map.entry("authkey.jsonl.gz", 87),
                Map.entry("build.jsonl.gz", 62),
                Map.entry("chonk.jsonl.gz", 70),
                Map.entry("compact.jsonl.gz", 125),
                Map.entry("deeplink.jsonl.gz", 315),
                Map.entry("disablement.jsonl.gz", 24),
                Map.entry("ed25519.jsonl.gz", 1455),
                Map.entry("inform.jsonl.gz", 99),
                Map.entry("long.jsonl.gz", 7),
                Map.entry("missing.jsonl.gz", 101),
                Map.entry("nks-credential.jsonl.gz", 37),
                Map.entry("nks-resign.jsonl.gz", 116),
                Map.entry("nks-verify.jsonl.gz", 783),
                Map.entry("nks.jsonl.gz", 1695),
                Map.entry("offer.jsonl.gz", 103),
                Map.entry("open.jsonl.gz", 111),
                Map.entry("peers.jsonl.gz", 600),
                Map.entry("revoke.jsonl.gz", 63),
                Map.entry("round.jsonl.gz", 87),
                Map.entry("text.jsonl.gz", 231)));
  }

  /**
   * A case is judged by its content, whatever its name and wherever it is. A fifth of each kind,
   * and other ones each time, since all of them have been judged above; all of a kind whose cases
   * find their keys in one another.
   */
  @Test
  void goldenCasesHoldUnderAnotherNameAndInAnotherOrder() throws IOException {
    long seed = Long.getLong("tka.seed", System.nanoTime());
    System.out.println("golden cases renamed, from seed " + seed);
    Random random = new Random(seed);
    int cases = 0;
    for (String kind : Conformance.kinds()) {
      List<String> lines = new ArrayList<>(GoldenData.lines(kind));
      Collections.shuffle(lines, random);
      if (!kind.equals("long")) {
        lines = new ArrayList<>(lines.subList(0, (lines.size() + 4) / 5));
      }
      for (int i = 0; i < lines.size(); i++) {
        lines.set(i, lines.get(i).replaceFirst("\"name\":\"[^\"]*\"", "\"name\":\"" + i + "\""));
      }
      cases += lines.size();
      Files.write(folder.resolve(kind + ".jsonl"), lines);
    }

    List<Conformance.FileResult> results = Conformance.run(folder, result -> {});

    assertThat(results).allSatisfy(result -> assertThat(result.failures()).isEmpty());
    assertThat(results.stream().mapToInt(Conformance.FileResult::passed).sum()).isEqualTo(cases);
  }

  @Test
  void anUnknownFileIsReportedAndTheOthersAreChecked() throws IOException {
    Files.writeString(folder.resolve("novelty.jsonl"), "{\"name\":\"x\"}\n");
    write("text", first("text"));

    assertThat(Conformance.run(folder, result -> {}))
        .containsExactly(
            new Conformance.FileResult("novelty.jsonl", false, 0, 0, List.of()),
            new Conformance.FileResult("text.jsonl", true, 1, 0, List.of()));
  }

  @Test
  void failuresAreInTheOrderOfTheFile() throws IOException {
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      lines.add("{\"name\":\"" + i + "\"}");
    }
    Files.write(folder.resolve("text.jsonl"), lines);

    assertThat(Conformance.run(folder, result -> {}).get(0).failures())
        .extracting(Conformance.Failure::name)
        .isEqualTo(IntStream.range(0, 200).mapToObj(Integer::toString).toList());
  }

  @Test
  void anUnknownFieldFails() throws IOException {
    write("text", first("text").replaceFirst("\\{", "{\"novelty\":1,"));

    assertThat(onlyFailure()).contains("unknown fields: [novelty]");
  }

  @Test
  void anUnknownFieldOfANestedObjectFails() throws IOException {
    write("aum", first("aum").replaceFirst("\"fields\":\\{", "\"fields\":{\"novelty\":1,"));

    assertThat(onlyFailure()).contains("novelty");
  }

  @Test
  void anUnknownQuirkFails() throws IOException {
    write("open", first("open").replaceFirst("\\{", "{\"quirk\":\"novelty\","));

    assertThat(onlyFailure()).contains("quirk");
  }

  @Test
  void aWrongExpectationFailsInEveryFile() throws IOException {
    Map<String, String[]> wrongs =
        Map.of(
            "offer",
                new String[] {"\"ancestors\":[\"", "\"ancestors\":[\"" + "A".repeat(52) + "\",\""},
            "aum", new String[] {"\"sig_hash\":\"f3", "\"sig_hash\":\"f4"},
            "aum-verify", new String[] {"\"weight\":\"1\"", "\"weight\":\"2\""},
            "build", new String[] {"\"aums\":[\"a401", "\"aums\":[\"a501"},
            "revoke", new String[] {"\"aum\":\"a301", "\"aum\":\"a401"},
            "disablement", new String[] {"\"value\":\"aba8", "\"value\":\"aba9"},
            "ed25519", new String[] {"\"zip215\":true", "\"zip215\":false"},
            "inform", new String[] {"\"ok\":true", "\"ok\":false"},
            "text", new String[] {"\"printed\":\"U", "\"printed\":\"V"},
            "nks", new String[] {"\"sig_hash\":\"f1", "\"sig_hash\":\"f2"});
    for (Map.Entry<String, String[]> wrong : wrongs.entrySet()) {
      String line = first(wrong.getKey());
      assertThat(line).contains(wrong.getValue()[0]);
      write(wrong.getKey(), line.replace(wrong.getValue()[0], wrong.getValue()[1]));
    }
    write("authkey", first("authkey").replace("\"wrapped\":true", "\"wrapped\":false"));
    write("deeplink", first("deeplink").replace("hm=b6", "hm=b7"));
    write("nks-verify", first("nks-verify").replace("\"authorized\":true", "\"authorized\":false"));
    write("nks-resign", first("nks-resign").replace("\"new\":\"a401", "\"new\":\"a501"));
    write("nks-credential", first("nks-credential").replace("\"nks\":\"a401", "\"nks\":\"a501"));
    write("open", withWrongHead("open", "open-deep-fork"));
    write("missing", withLessMissing("missing-remote-behind-no-ancestors"));
    write("round", withoutOneToControl("round-node-ahead"));
    write("long", first("long").replace("\"to_node\":990", "\"to_node\":989"));
    write("chonk", withWrongHead("chonk", "chonk-after-bootstrap"));
    write("compact", withWrongHead("compact", "compact-only-genesis-checkpoint"));

    for (Conformance.FileResult result : Conformance.run(folder, any -> {})) {
      assertThat(result.failures()).as(result.file()).hasSize(1);
    }
  }

  @Test
  void aQuirkThatIsNotMarkedFails() throws IOException {
    for (String[] one :
        List.of(
            new String[] {"build", "build-no-signer"},
            new String[] {"build", "build-514-keys-checkpoint-due-removals"},
            new String[] {"compact", "compact-young-genesis"},
            new String[] {"revoke", "revoke-effect-unknown-cosigner"},
            new String[] {"revoke", "revoke-fork-from-unknown-then-inform"})) {
      String line = named(one[0], one[1]);
      assertThat(line).contains("\"quirk\":");
      write(one[0], line.replaceFirst("\"quirk\":\"[^\"]*\"", "\"quirk\":null"));

      assertThat(onlyFailure()).contains("expected false, found true");
      Files.delete(folder.resolve(one[0] + ".jsonl"));
    }
  }

  @Test
  void aRefusalOfWhatTheReferenceAcceptsFailsUnlessMarked() throws IOException {
    for (String[] one :
        List.of(
            new String[] {"authkey", "marker-only", "refused: wrapped auth key"},
            new String[] {"authkey", "private-63-bytes", "refused: wrapped auth key"},
            new String[] {"deeplink", "validate-hmac-over-an-empty-os", "expected true"},
            new String[] {
              "deeplink", "validate-device-not-utf8-with-good-hmac", "expected true, found false"
            })) {
      String line = named(one[0], one[1]);
      write(one[0], line.replaceFirst("\"quirk\":\"[^\"]*\"", "\"quirk\":null"));
      assertThat(onlyFailure()).contains(one[2]);

      write(one[0], line.replaceFirst("\"quirk\":\"[^\"]*\"", "\"quirk\":\"novelty\""));
      assertThat(onlyFailure()).contains("unknown quirk: novelty");
      Files.delete(folder.resolve(one[0] + ".jsonl"));
    }
  }

  @Test
  void aMissingSignatureFailsWhereTheReferenceIsBinding() throws IOException {
    for (String[] one :
        List.of(
            new String[] {"nks-credential", "credential-unsigned"},
            new String[] {"nks-resign", "zero-node-key"},
            new String[] {"nks-resign", "private-is-not-the-wrapping-key"})) {
      write(one[0], named(one[0], one[1]).replaceFirst("\"quirk\":\"[^\"]*\",?", ""));

      assertThat(onlyFailure()).startsWith("signed");
      Files.delete(folder.resolve(one[0] + ".jsonl"));
    }
  }

  @Test
  void aRoundMarkedAsStuckThatIsNotFails() throws IOException {
    String line =
        named("round", "round-node-ahead")
            .replaceFirst("\\{", "{\"quirk\":\"the reference is stuck; section 10 decides\",");
    write("round", line.replace("\"converged\":true", "\"converged\":false"));
    assertThat(onlyFailure()).contains("errors present: expected true, found false");

    write(
        "round",
        line.replace("\"converged\":true", "\"converged\":false")
            .replaceFirst("\"errors\":\\{\\}", "\"errors\":{\"control_missing\":\"x\"}"));
    assertThat(onlyFailure()).contains("control_missing, by the page: expected true, found false");
  }

  @Test
  void aDifferenceFromTheReferenceThatIsNotAQuirkFails() throws IOException {
    write(
        "missing",
        named("missing", "missing-ancestor-held-but-orphaned")
            .replaceFirst("\"quirk\":\"[^\"]*\",", ""));
    assertThat(onlyFailure()).contains("intersection: expected false, found true");
    Files.delete(folder.resolve("missing.jsonl"));

    write("round", named("round", "round-unrelated").replaceFirst("\"quirk\":\"[^\"]*\",", ""));
    assertThat(onlyFailure()).contains("errors: expected []");
  }

  @Test
  void aSoundDirectoryThatIsMarkedAsDamagedFails() throws IOException {
    write(
        "chonk",
        named("chonk", "chonk-trailing-bytes")
            .replaceFirst(
                "\\{",
                "{\"quirk\":\"protocol.md section 9: sound parts open, damage is reported\","));

    assertThat(onlyFailure()).contains("damage or refusal, by the page");
  }

  @Test
  void anAumThatIsNeitherCanonicalNorOfAParentThatWeTakeIsRefusedAndReadWhole() throws IOException {
    String lax = "\"canonical\":true";
    write(
        "aum-verify",
        named("aum-verify", "bootstrap-parent-of-0-bytes").replace(lax, "\"canonical\":false"));
    assertThat(failures()).isEmpty();
    Files.delete(folder.resolve("aum-verify.jsonl"));

    String undecodable =
        GoldenData.lines("aum").stream()
            .filter(line -> line.contains("\"decodes\":false"))
            .findFirst()
            .orElseThrow();
    write("aum", undecodable.replaceFirst("\\{", "{\"odd_parent\":true,"));
    assertThat(failures()).isEmpty();
  }

  @Test
  void theStateOfAnOpenStoreIsOptionalAndBindingIfPresent() throws IOException {
    String line = named("open", "open-deep-fork");
    assertThat(line).contains("\"state\":\"");
    write("open", line.replaceFirst("\"state\":\"[0-9a-f]*\",?", "").replace(",}", "}"));
    assertThat(failures()).isEmpty();

    write("open", line.replaceFirst("\"state\":\"[0-9a-f]*\"", "\"state\":null"));
    assertThat(onlyFailure()).contains("state: expected hexadecimal bytes");
  }

  /** Both ends refuse an AUM with a bad signature, and the directory stays as it was. */
  @Test
  void anInformThatTheReferenceRefusesTooHolds() throws IOException {
    Map<String, Object> golden = JSON.std.mapFrom(named("chonk", "chonk-inform-three"));
    Map<String, Object> op = new LinkedHashMap<>(object(golden.get("op")));
    String first = (String) ((List<?>) Objects.requireNonNull(op.get("aums"))).get(0);
    char last = first.charAt(first.length() - 1);
    op.put("aums", List.of(first.substring(0, first.length() - 1) + (last == '0' ? '1' : '0')));
    golden.put("op", op);
    Map<String, Object> before = new LinkedHashMap<>(golden);
    before.keySet().removeAll(Set.of("name", "op", "after"));
    golden.put("after", before);
    String refusedHere = json(golden);
    op.put("error", "a bad signature");

    write("chonk", json(golden));
    assertThat(failures()).isEmpty();
    write("chonk", refusedHere);
    assertThat(onlyFailure()).startsWith("inform refused").endsWith("expected false, found true");
  }

  /** The reference builds a checkpoint that nobody signed, and nobody takes it in. */
  @Test
  void aCheckpointThatCannotBeSignedIsNotBuilt() throws IOException {
    Map<String, Object> golden =
        JSON.std.mapFrom(named("build", "build-checkpoint-empty-batch-on-50-quiet-aums"));
    List<Aum> before = new ArrayList<>(List.of(aum(golden.get("genesis"))));
    ((List<?>) Objects.requireNonNull(golden.get("before"))).forEach(hex -> before.add(aum(hex)));
    Authority authority;
    try {
      authority = Golden.authority(before);
    } catch (Mismatch e) {
      throw new AssertionError(e);
    }
    String head = authority.head().toString();
    golden.put("quirk", "what would never be accepted is refused by the builder");
    golden.put("batches", List.of(Map.of("signer", -1)));
    golden.put(
        "results",
        List.of(
            Map.of("op_errors", List.of(), "aums", List.of(), "inform_error", "x", "head", head)));
    golden.put("head", head);
    Map<String, Object> reopened = new LinkedHashMap<>(object(golden.get("reopened")));
    reopened.put("head", head);
    reopened.put(
        "state",
        Golden.checkpointOf(authority.state(), Optional.of(authority.head())).encoded().toHex());
    golden.put("reopened", reopened);

    write("build", json(golden));

    assertThat(failures()).isEmpty();
  }

  /**
   * Control holds a part of a branch that lost at the node, and finds nothing that the node names;
   * the node knows control's head, and sends what follows where the branch left its chain.
   */
  @Test
  void aNodeMaySendWhereTheReferencesControlFails() throws Exception {
    List<Key> keys = List.of(TestKeys.key(1, 1), TestKeys.key(2, 1));
    Aum genesis = Chains.genesis(keys, 1);
    Aum losing = Chains.checkpoint(genesis, Chains.stateOf(keys), 1);
    Aum controlHead = Chains.noOp(losing, "control", 1);
    Aum winning = Chains.noOp(genesis, "node", 1, 2);
    Golden.Store node =
        new Golden.Store(List.of(genesis, losing, controlHead, winning), Optional.empty());
    Golden.Store control = new Golden.Store(List.of(losing, controlHead), Optional.empty());
    Map<String, Object> golden = new LinkedHashMap<>();
    golden.put("name", "x");
    golden.put("quirk", "the reference is stuck; section 10 decides");
    golden.put("node", store(node));
    golden.put("control", store(control));
    golden.put(
        "rounds",
        List.of(
            Map.of(
                "node_offer", offer(node),
                "control_offer", offer(control),
                "node_head", winning.hash().toString(),
                "control_head", controlHead.hash().toString(),
                "errors", Map.of("control_missing", "x", "node_missing_if_asked", "x"))));
    golden.put("converged", false);
    golden.put(
        "legacy",
        Map.of(
            "converged", false,
            "rounds", 1,
            "node_head", winning.hash().toString(),
            "control_head", controlHead.hash().toString(),
            "errors", Map.of("control_missing", "x")));

    write("round", json(golden));

    assertThat(failures()).isEmpty();
  }

  @Test
  void theGoldenValueOfASignatureIsCalledExpected() throws IOException {
    // The wrapping key's private half signs the new node key; another digit there still decodes.
    String line = first("nks-resign");
    String made = line.replaceFirst(".*\"new\":\"([0-9a-f]*)\".*", "$1");
    int middle = made.indexOf("045840") + 20;
    String other =
        made.substring(0, middle)
            + (made.charAt(middle) == '0' ? '1' : '0')
            + made.substring(middle + 1);
    write("nks-resign", line.replace(made, other));

    assertThat(onlyFailure())
        .startsWith("signed: expected Optional[" + other)
        .contains("found Optional[" + made);
  }

  @Test
  void aCaseOfALongChainThatDoesNotNameItsKeyFindsItInAnother() throws IOException {
    // It does not name the chain's key; another case does, wherever it is.
    String last = named("long", "long-inform-past-2000");
    write("long", last + "\n" + named("long", "long-1000"));
    assertThat(failures()).isEmpty();

    write("long", last);
    assertThat(onlyFailure()).contains("no case of the file names the chain's key");
  }

  private static Map<String, Object> store(Golden.Store store) {
    return Map.of("aums", store.aums().stream().map(aum -> aum.encoded().toHex()).toList());
  }

  private static Map<String, Object> offer(Golden.Store store) throws Mismatch {
    SyncOffer offer = SyncOffer.of(Golden.live(store.inMemory()).current());
    return Map.of("head", offer.headText(), "ancestors", offer.ancestorTexts());
  }

  private static Aum aum(@Nullable Object hex) {
    try {
      return Aum.decode(Bytes.parseHex((String) Objects.requireNonNull(hex)).toByteArray());
    } catch (TkaException e) {
      throw new AssertionError(e);
    }
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> object(@Nullable Object value) {
    return (Map<String, Object>) Objects.requireNonNull(value);
  }

  private static String json(Map<String, Object> golden) throws IOException {
    return JSON.std.with(JSON.Feature.WRITE_NULL_PROPERTIES).asString(golden);
  }

  private List<Conformance.Failure> failures() throws IOException {
    return Conformance.run(folder, result -> {}).get(0).failures();
  }

  @ParameterizedTest
  @ValueSource(strings = {"../tka-escape", "4T/../../tka-escape", "/", "", "a\\u0000b"})
  void aFileOutsideOfTheDirectoryFails(String name) throws IOException {
    String sound = named("chonk", "chonk-after-bootstrap");
    write("chonk", sound.replaceFirst("\"files\":\\{", "\"files\":{" + quoted(name) + ":\"00\","));
    assertThat(onlyFailure()).contains("not inside the directory");

    write("chonk", sound.replaceFirst("\\{", "{\"dirs\":[" + quoted(name) + "],"));
    assertThat(onlyFailure()).contains("not inside the directory");
    assertThat(Path.of(System.getProperty("java.io.tmpdir"), "tka-escape")).doesNotExist();
  }

  /** As a JSON text; a backslash must survive {@link String#replaceFirst}, too. */
  private static String quoted(String name) {
    return "\"" + Matcher.quoteReplacement(name) + "\"";
  }

  @Test
  void textThatIsNotJsonFails() throws IOException {
    write("text", "{");

    assertThat(onlyFailure()).contains("not JSON");
  }

  @Test
  void aFileWithoutACaseFails() throws IOException {
    Files.writeString(folder.resolve("text.jsonl"), "");

    assertThat(onlyFailure()).contains("has no cases");
  }

  private static String withLessMissing(String name) {
    return named("missing", name).replaceFirst("\"missing\":\\[\"[A-Z2-7]{52}\",", "\"missing\":[");
  }

  private static String withoutOneToControl(String name) {
    return named("round", name)
        .replaceFirst("\"to_control\":\\[\"[A-Z2-7]{52}\",", "\"to_control\":[");
  }

  private static String withWrongHead(String file, String name) {
    String line = named(file, name);
    assertThat(line).containsPattern("\"head\":\"[A-Z2-7]");
    return line.replaceFirst("\"head\":\"[A-Z2-7]{2}", "\"head\":\"22");
  }

  private static String first(String file) {
    return GoldenData.lines(file).get(0);
  }

  private static String named(String file, String name) {
    return GoldenData.lines(file).stream()
        .filter(line -> line.contains("\"name\":\"" + name + "\""))
        .findFirst()
        .orElseThrow();
  }

  private void write(String file, String line) throws IOException {
    Files.writeString(folder.resolve(file + ".jsonl"), line + "\n");
  }

  private String onlyFailure() throws IOException {
    List<Conformance.FileResult> results = Conformance.run(folder, result -> {});
    assertThat(results).hasSize(1);
    assertThat(results.get(0).failures()).hasSize(1);
    return results.get(0).failures().get(0).why();
  }
}
