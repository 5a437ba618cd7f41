package dev.tka.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.cli.demo.DemoCommand;
import dev.tka.cli.output.ExitCode;
import dev.tka.core.Bytes;
import dev.tka.testkit.GoldenData;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** Each command's output for sound input. */
class CommandsTest {
  /** Run once: it takes seconds. */
  private static final Supplier<Cli.Result> DEMO = memoize(() -> Cli.run("demo"));

  @TempDir Path folder;

  @Test
  void inspectShowsWhatTheGoldenDataListsForTheRealGenesis() {
    Map<String, Object> golden = Cli.golden("aum", "real-genesis-2025-11-07");

    Cli.Result result = Cli.runWithInput(ascii(golden.get("cbor")), "inspect", "-", "--json");

    assertThat(result.exitCode()).isEqualTo(ExitCode.OK);
    Map<?, ?> item = (Map<?, ?>) ((List<?>) result.json().get("Items")).get(0);
    assertThat(item.get("Hash")).isEqualTo(golden.get("hash"));
    assertThat(item.get("HashHex")).isEqualTo(golden.get("hash_hex"));
    assertThat(item.get("SigHash")).isEqualTo(golden.get("sig_hash"));
    assertThat(item.get("WellFormed")).isEqualTo(golden.get("static_valid"));
    Map<?, ?> fields = (Map<?, ?>) golden.get("fields");
    Map<?, ?> state = (Map<?, ?>) fields.get("state");
    Map<?, ?> shown = (Map<?, ?>) ((Map<?, ?>) item.get("AUM")).get("State");
    assertThat(shown.get("DisablementValues")).isEqualTo(state.get("disablement_values"));
    assertThat(shown.get("StateID1").toString()).isEqualTo(state.get("state_id1").toString());
    assertThat(shown.get("StateID2").toString()).isEqualTo(state.get("state_id2").toString());
    assertThat((List<?>) shown.get("Keys")).hasSize(((List<?>) state.get("keys")).size());
    Map<?, ?> signer = (Map<?, ?>) ((List<?>) item.get("Signers")).get(0);
    assertThat(signer.get("Verifies")).isEqualTo(true);
    assertThat(signer.get("TrustedByItsOwnState")).isEqualTo(true);
  }

  @Test
  void inspectTakesRawHexAndBase64() throws Exception {
    Map<String, Object> golden = Cli.golden("aum", "real-genesis-2025-11-07");
    byte[] raw = Bytes.parseHex((String) golden.get("cbor")).toByteArray();
    Path file = Files.write(folder.resolve("genesis.cbor"), raw);
    String expected = Cli.run("inspect", file).out();

    assertThat(expected).contains("Hash: " + golden.get("hash"));
    assertThat(Cli.runWithInput(raw, "inspect", "-").out()).isEqualTo(expected);
    for (Base64.Encoder encoder :
        List.of(
            Base64.getEncoder(), Base64.getUrlEncoder(), Base64.getUrlEncoder().withoutPadding())) {
      byte[] text = ascii(encoder.encodeToString(raw));
      assertThat(Cli.runWithInput(text, "inspect", "-").out()).isEqualTo(expected);
    }
  }

  @Test
  void inspectTakesSeveralInAStream() {
    Map<String, Object> aum = Cli.golden("aum", "no-op-signed");
    Map<String, Object> signature = Cli.golden("nks", "rotation");

    Cli.Result hex =
        Cli.runWithInput(
            ascii(aum.get("cbor") + "\n" + signature.get("cbor") + "\n"), "inspect", "-");
    Cli.Result joined =
        Cli.runWithInput(ascii("" + aum.get("cbor") + signature.get("cbor")), "inspect", "-");

    assertThat(hex.out())
        .contains("Type: AUM", "Hash: " + aum.get("hash"))
        .contains("Type: NodeKeySignature", "SigHash: " + signature.get("sig_hash"));
    assertThat(joined.out()).isEqualTo(hex.out());
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 4, 59, 60, 61, 62, 63, 64, 75, 76})
  void inspectTakesHexAndBase64ThatWereWrapped(int width) throws Exception {
    // Lengths that base64 pads with nothing, one and two, alone and in one stream.
    for (List<String> names :
        List.of(
            List.of("real-genesis-2025-11-07"),
            List.of("no-op-signed"),
            List.of("add-key-signed", "real-genesis-2025-11-07", "no-op-signed"))) {
      StringBuilder hex = new StringBuilder();
      StringBuilder base64 = new StringBuilder();
      for (String name : names) {
        String digits = (String) Cli.golden("aum", name).get("cbor");
        byte[] raw = Bytes.parseHex(digits).toByteArray();
        hex.append(wrap(digits, width));
        base64.append(wrap(Base64.getEncoder().encodeToString(raw), width));
      }
      Cli.Result expected =
          Cli.runWithInput(ascii(hex.toString().replace("\n", "")), "inspect", "-");

      assertThat(expected.exitCode()).isEqualTo(ExitCode.OK);
      assertThat(Cli.runWithInput(ascii(hex), "inspect", "-")).isEqualTo(expected);
      assertThat(Cli.runWithInput(ascii(base64), "inspect", "-")).isEqualTo(expected);
    }
  }

  @Test
  void inspectTakesSeveralInBase64ALineEachPaddedOrNot() throws Exception {
    StringBuilder padded = new StringBuilder();
    StringBuilder unpadded = new StringBuilder();
    StringBuilder hex = new StringBuilder();
    for (int i = 0; i < 2; i++) {
      for (String name : List.of("no-op-signed", "real-genesis-2025-11-07", "add-key-signed")) {
        String digits = (String) Cli.golden("aum", name).get("cbor");
        byte[] raw = Bytes.parseHex(digits).toByteArray();
        padded.append(Base64.getEncoder().encodeToString(raw)).append('\n');
        unpadded.append(Base64.getUrlEncoder().withoutPadding().encodeToString(raw)).append('\n');
        hex.append(digits).append("\r\n");
      }
    }

    Cli.Result expected = Cli.runWithInput(ascii(hex), "inspect", "-");

    assertThat(expected.out().split("Type: AUM", -1)).hasSize(7);
    assertThat(padded.toString()).contains("=");
    assertThat(Cli.runWithInput(ascii(padded), "inspect", "-")).isEqualTo(expected);
    assertThat(Cli.runWithInput(ascii(unpadded), "inspect", "-")).isEqualTo(expected);
  }

  private static String wrap(String text, int width) {
    return text.replaceAll("(.{" + width + "})", "$1\n") + "\n";
  }

  @Test
  void inspectSaysWhyAnAumIsIllFormed() {
    Map<String, Object> golden = Cli.golden("aum", "key-votes-4097");

    Cli.Result result = Cli.runWithInput(ascii(golden.get("cbor")), "inspect", "-");

    assertThat(result.exitCode()).isEqualTo(ExitCode.OK);
    assertThat(result.out()).contains("IllFormed: key votes: expected 1 to 4096, found 4097");
  }

  @Test
  void inspectPrintsNoControlCharactersOfAStranger() {
    // A no-op with the metadata "k": ESC [ 2 J, which would clear a terminal.
    byte[] aum = ascii("a3010302f607a1616b641b5b324a");

    Cli.Result result = Cli.runWithInput(aum, "inspect", "-");

    assertThat(result.exitCode()).isEqualTo(ExitCode.OK);
    assertThat(result.out()).contains("[2J").doesNotContain("\u001b");
  }

  @Test
  void theGraphDrawsTheLosingBranchBesideTheActiveChain() {
    Path directory = revoked();

    Cli.Result result = Cli.run("log", directory, "--graph");

    assertThat(result.out().lines().limit(5))
        .containsExactly(
            "* 4DSWIEDTLA55BUCLBVUN7PJE3A3Y2AKEEQCHVK7GA7HCHFRLQ5QA checkpoint of 4 keys  (head)",
            "| o D5EV7ZLM34DEQYTRKNVQBX5HVSQKYWZ52ZPKYOWWL4LQ43G4COPA add-key tlpub:f32a8099",
            "| o 2TAB2RZQHIWKBJFHC5YK3ELHZQB2GAZ7AEGUUNZR6B34TGE6REPA add-key tlpub:aceeb8fc",
            "|/",
            "* OLE4EAOATTDOBWOUULAL7WZ4YYH6Q2JI57FE47S4WOT6E4NRKAUQ remove-key tlpub:aceeb8fc");
    assertThat(Cli.run("log", directory, "--graph", "--limit", "2").out()).endsWith("... 9 more\n");
  }

  @Test
  void theDemoRunsOnLinesOfTheGoldenData() throws IOException {
    String lines =
        new String(
            DemoCommand.class.getResourceAsStream("demo.jsonl").readAllBytes(),
            StandardCharsets.UTF_8);

    assertThat(lines.lines())
        .allMatch(
            line ->
                GoldenData.lines("aum").contains(line)
                    || GoldenData.lines("recorded/nodedirs").contains(line)
                    || GoldenData.lines("open").contains(line))
        .hasSize(3);
    assertThat(DEMO.get().exitCode()).as(DEMO.get().err()).isEqualTo(ExitCode.OK);
    assertThat(DEMO.get().out())
        .contains("JJRRHYGNBVUWY77ZY436U35DVPHXPY4C5HPQZA2PHUPBNM5252UA")
        .contains("4DSWIEDTLA55BUCLBVUN7PJE3A3Y2AKEEQCHVK7GA7HCHFRLQ5QA")
        .contains("T5PYZPMMQO33RNGTEMREN342JNBGOTTXME5XK62RWHOUYQTXWHBQ");
  }

  @Test
  void theDemoEndsWithAServerTwoNodesAndAPushSeen() {
    String end = DEMO.get().out().substring(DEMO.get().out().indexOf("\n8. "));

    assertThat(end)
        .containsPattern(
            "the server's head is ([A-Z2-7]{52})\\R"
                + " +pushed to whoever watches, [0-9]+ ms later: .*\"Head\":\"\\1\"")
        .containsPattern("both trust 2 keys on head [A-Z2-7]{52}\\R$");
  }

  @Test
  void theDemoLeavesNoFile() throws IOException {
    Path socket =
        Path.of(
            DEMO.get()
                .out()
                .lines()
                .filter(line -> line.contains("listens at"))
                .findFirst()
                .orElseThrow()
                .replaceFirst(".*unix:", ""));

    assertThat(socket.getParent()).doesNotExist();
  }

  @Test
  void nothingIsColouredWhereThereIsNoTerminal() {
    assertThat(DEMO.get().out() + Cli.run("log", revoked()).out() + Cli.run("--help").out())
        .doesNotContain("\u001b");
  }

  @Test
  void conformanceEndsWithItsCounts() throws IOException {
    Path golden = Files.createDirectories(folder.resolve("golden"));
    Files.write(golden.resolve("text.jsonl"), GoldenData.lines("text").stream().limit(3).toList());

    Cli.Result good = Cli.run("conformance", golden);
    Files.writeString(golden.resolve("unknown.jsonl"), "{}\n");
    Cli.Result bad = Cli.run("conformance", golden);

    assertThat(good.exitCode()).isEqualTo(ExitCode.OK);
    assertThat(good.out().lines()).last().isEqualTo("3 passed, 0 failed");
    assertThat(bad.exitCode()).isEqualTo(ExitCode.VERIFICATION_FAILED);
    assertThat(bad.out().lines()).last().isEqualTo("3 passed, 0 failed, not known: unknown.jsonl");
    assertThat(bad.out())
        .containsPattern("(?m)^unknown.jsonl +not known to this build: no case was checked$");
    assertThat(Cli.run("conformance", golden, "--json").json())
        .containsEntry("Failed", 0)
        .containsEntry("UnknownFiles", List.of("unknown.jsonl"));
  }

  @Test
  void completionIsAScriptThatBashUnderstands() throws Exception {
    Cli.Result completion = Cli.run("generate-completion");
    Path script = Files.writeString(folder.resolve("completion.sh"), completion.out());

    Process bash = new ProcessBuilder("bash", "-n", script.toString()).start();

    assertThat(bash.waitFor()).isZero();
    assertThat(completion.out()).contains("inspect", "--graph");
  }

  static List<String> commands() {
    List<CommandLine> commands =
        new ArrayList<>(
            Main.commandLine(Cli.tka(new byte[0]), Verbs.COMPLETION).getSubcommands().values());
    for (int i = 0; i < commands.size(); i++) {
      commands.addAll(commands.get(i).getSubcommands().values());
    }
    return commands.stream()
        .map(command -> command.getCommandSpec().qualifiedName())
        .filter(name -> !name.endsWith("generate-completion"))
        .toList();
  }

  @ParameterizedTest
  @MethodSource("commands")
  void everyCommandHasHelpWithExamples(String command) {
    Cli.Result help = Cli.run((Object[]) (command + " --help").substring(4).split(" ", -1));

    assertThat(help.exitCode()).isEqualTo(ExitCode.OK);
    assertThat(help.out()).contains("Usage: " + command, "Examples:", "  " + command);
  }

  @Test
  void theReadmeShowsWhatTheDemoPrints() throws IOException {
    String readme = Files.readString(GoldenData.root().resolve("README.md"));
    int from = readme.indexOf("```console\n") + "```console\n".length();

    assertThat(DEMO.get().out()).contains(readme.substring(from, readme.indexOf("```", from)));
  }

  @Test
  void thePageOfTheCommandDocumentsTheExitCodesThatHelpLists() throws IOException {
    String readme = Files.readString(GoldenData.root().resolve("docs/command.md"));
    List<String> codes =
        Cli.run("--help")
            .out()
            .lines()
            .dropWhile(line -> !line.startsWith("Exit status"))
            .skip(1)
            .takeWhile(line -> !line.isEmpty())
            .map(line -> line.strip().split(" ", 2)[0])
            .toList();

    assertThat(codes).hasSize(11);
    assertThat(codes).allSatisfy(code -> assertThat(readme).contains("| " + code + " | "));
  }

  @Test
  void theVersionTellsThePathOfSignatures() {
    assertThat(Cli.run("--version").out())
        .containsPattern("tka \\d+\\.\\d+\\.\\d+")
        .containsPattern("signatures: (Amazon Corretto Crypto Provider|Bouncy Castle)\n");
  }

  private Path revoked() {
    return Cli.materialize(
        Cli.golden("recorded/nodedirs").stream()
            .filter(dir -> "after revocation".equals(dir.get("name")))
            .collect(Collectors.toList())
            .get(0),
        folder.resolve("revoked"));
  }

  private static byte[] ascii(Object text) {
    return text.toString().getBytes(StandardCharsets.US_ASCII);
  }

  private static <T> Supplier<T> memoize(Supplier<T> supplier) {
    List<T> known = new ArrayList<>(1);
    return () -> {
      if (known.isEmpty()) {
        known.add(supplier.get());
      }
      return known.get(0);
    };
  }
}
