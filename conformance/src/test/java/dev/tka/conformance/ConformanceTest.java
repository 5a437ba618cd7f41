package dev.tka.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.testkit.GoldenData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
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
                Map.entry("revoke.jsonl.gz", 63),
                Map.entry("round.jsonl.gz", 87),
                Map.entry("text.jsonl.gz", 231)));
  }

  @Test
  void anUnknownFileFails() throws IOException {
    Files.writeString(folder.resolve("novelty.jsonl"), "{\"name\":\"x\"}\n");

    assertThat(onlyFailure()).contains("a file that this build does not know");
  }

  @Test
  void anUnknownFieldFails() throws IOException {
    write("text", first("text").replaceFirst("\\{", "{\"novelty\":1,"));

    assertThat(onlyFailure()).contains("fields that this build does not know: [novelty]");
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
  void whatTheReferenceTakesAndWeRefuseFailsWhereItIsNotMarked() throws IOException {
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
      assertThat(onlyFailure()).contains("a quirk that this build does not know: novelty");
      Files.delete(folder.resolve(one[0] + ".jsonl"));
    }
  }

  @Test
  void aSignatureThatIsNotMadeThoughTheReferenceBindsFails() throws IOException {
    for (String[] one :
        List.of(
            new String[] {"nks-credential", "credential-unsigned"},
            new String[] {"nks-resign", "zero-node-key"},
            new String[] {"nks-resign", "from-credential-step-16"})) {
      write(one[0], named(one[0], one[1]).replaceFirst("\"quirk\":\"[^\"]*\",?", ""));

      assertThat(onlyFailure()).startsWith("signed");
      Files.delete(folder.resolve(one[0] + ".jsonl"));
    }
  }

  @Test
  void aRoundThatEndsOtherwiseThanWrittenDownFails() throws IOException {
    // The same stores under the name of a case for which another outcome is written down.
    String line =
        named("round", "round-revocation-reaches-node-compacted-past-the-fork")
            .replace(
                "\"name\":\"round-revocation-reaches-node-compacted-past-the-fork\"",
                "\"name\":\"round-unrelated\"");
    write("round", line);

    assertThat(onlyFailure()).contains("outcome: expected").contains("NoCommonGround");
  }

  @Test
  void aDifferenceFromTheReferencesAnswerThatIsNoQuirkFails() throws IOException {
    write(
        "missing",
        named("missing", "missing-ancestor-held-but-orphaned")
            .replaceFirst("\"quirk\":\"[^\"]*\",", ""));
    assertThat(onlyFailure()).contains("intersection: expected false, found true");
    Files.delete(folder.resolve("missing.jsonl"));

    write("round", named("round", "round-unrelated").replaceFirst("\"quirk\":\"[^\"]*\",", ""));
    assertThat(onlyFailure()).contains("errors: expected false, found true");
  }

  @Test
  void aDamagedDirectoryMustComeToWhatIsWrittenDown() throws IOException {
    String line = named("chonk", "chonk-truncated-file");
    // The same name over a sound directory: nothing is damaged, which is not what is expected.
    String sound = named("chonk", "chonk-trailing-bytes");
    write(
        "chonk",
        sound
            .replace("\"name\":\"chonk-trailing-bytes\"", "\"name\":\"chonk-truncated-file\"")
            .replaceFirst(
                "\\{",
                "{\"quirk\":\"protocol.md section 9: sound parts open, damage is reported\","));

    assertThat(line).contains("quirk");
    assertThat(onlyFailure()).contains("damage and head");
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
  void textThatIsNoJsonFails() throws IOException {
    write("text", "{");

    assertThat(onlyFailure()).contains("not JSON");
  }

  @Test
  void aFileWithoutACaseFails() throws IOException {
    Files.writeString(folder.resolve("text.jsonl"), "");

    assertThat(onlyFailure()).contains("without a case");
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
