package dev.tka.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.jr.ob.JSON;
import dev.tka.cli.input.PeersFile;
import dev.tka.cli.input.StreamArgument;
import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.core.Bytes;
import dev.tka.core.nodekey.NodeKeySignature;
import dev.tka.sync.rpc.AumJson;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** docs/peers-file.md, line by line. */
class PeersFileTest {
  private static final String KEY = "nodekey:" + "ab".repeat(32);
  private static final String GOOD = "{'ID': 'good', 'NodeKey': '" + KEY + "'}";
  private static final String HASH = "A".repeat(52);

  @TempDir Path folder;

  private final StringWriter err = new StringWriter();

  private PeersFile read(String json) throws Exception {
    return PeersFile.read(
        new StreamArgument("-"),
        Cli.tka(json.replace('\'', '"').getBytes(StandardCharsets.UTF_8)),
        new PrintWriter(err, true));
  }

  private PeersFile readPeers(String... entries) throws Exception {
    return read("{'Peers': [" + String.join(",", entries) + "]}");
  }

  private static String golden(String name) {
    return (String) Cli.golden("nks", name).get("cbor");
  }

  @Test
  void everyFieldOfANode() throws Exception {
    String signature = golden("rotation-with-own-wrapping");
    PeersFile file =
        readPeers(
            "{'ID': 'laptop', 'DNSName': 'laptop.example', 'NodeKey': '"
                + KEY
                + "', 'NodeKeySignature': '"
                + signature
                + "', 'UnsignedPeerAPIOnly': true, 'RotationPubkey': 'nlpub:"
                + "01".repeat(32)
                + "', 'LastOffer': {'Head': '"
                + HASH
                + "', 'Ancestors': ['"
                + HASH
                + "']}, 'Else': {'ID': [1, {}]}}");

    assertThat(err.toString()).isEmpty();
    assertThat(file.sound()).isTrue();
    assertThat(file.exitCode()).isZero();
    assertThat(file.self()).isEmpty();
    PeersFile.Entry entry = file.peers().get(0);
    assertThat(entry.peer().id()).isEqualTo("laptop");
    assertThat(entry.title()).isEqualTo("laptop.example (laptop)");
    assertThat(entry.peer().nodeKey()).hasToString(KEY);
    assertThat(entry.peer().signature()).hasToString(signature);
    assertThat(entry.peer().unsignedPeerApiOnly()).isTrue();
    assertThat(entry.rotationKey().orElseThrow()).hasToString("tlpub:" + "01".repeat(32));
    assertThat(entry.lastOffer().orElseThrow().headText()).isEqualTo(HASH);
    assertThat(entry.lastOffer().orElseThrow().ancestorTexts()).containsExactly(HASH);
  }

  @Test
  void absentAndNullAreTheSame() throws Exception {
    PeersFile file =
        readPeers(
            GOOD,
            "{'ID': 7, 'NodeKey': '"
                + KEY
                + "', 'NodeKeySignature': null, 'UnsignedPeerAPIOnly': null, 'LastOffer': null,"
                + " 'DNSName': null, 'RotationPubkey': null}");

    assertThat(err.toString()).isEmpty();
    for (PeersFile.Entry entry : file.peers()) {
      assertThat(entry.peer().signature().isEmpty()).isTrue();
      assertThat(entry.peer().unsignedPeerApiOnly()).isFalse();
      assertThat(entry.rotationKey()).isEmpty();
      assertThat(entry.lastOffer()).isEmpty();
      assertThat(entry.title()).isEqualTo(entry.peer().id());
    }
    assertThat(file.peers().get(1).peer().id()).isEqualTo("7");
  }

  @Test
  void aSignatureInEveryForm() throws Exception {
    byte[] signature = Bytes.parseHex(golden("rotation-with-own-wrapping")).toByteArray();
    for (String text :
        List.of(
            Bytes.copyOf(signature).toHex(),
            Base64.getEncoder().encodeToString(signature),
            Base64.getUrlEncoder().withoutPadding().encodeToString(signature))) {
      PeersFile file = readPeers(GOOD.replace("}", ",'NodeKeySignature':'" + text + "'}"));
      assertThat(file.peers().get(0).peer().signature()).isEqualTo(Bytes.copyOf(signature));
    }
    Map<String, Object> asObject = AumJson.nodeKeySignature(NodeKeySignature.decode(signature));
    String json = JSON.std.asString(asObject);
    PeersFile file = readPeers(GOOD.replace("}", ",'NodeKeySignature':" + json + "}"));
    assertThat(file.peers().get(0).peer().signature()).isEqualTo(Bytes.copyOf(signature));
  }

  @Test
  void anExportedFileIsAPeersFile() throws Exception {
    String status =
        (String) Cli.golden("recorded/cli", "status with a peer locked out, JSON").get("stdout");
    PeersFile file = read(status);

    assertThat(err.toString()).isEmpty();
    assertThat(file.self().orElseThrow().peer().id()).isEqualTo("self");
    assertThat(file.self().orElseThrow().peer().signature().size()).isPositive();
    assertThat(file.peers().stream().map(PeersFile.Entry::title))
        .containsExactly("node2 (TESTCTRL00000002)", "node3 (TESTCTRL00000003)");
    NodeKeySignature decoded =
        NodeKeySignature.decode(file.peers().get(0).peer().signature().toByteArray());
    assertThat(decoded.nodeKey()).contains(file.peers().get(0).peer().nodeKey());
    assertThat(file.peers().get(1).peer().signature().isEmpty()).isTrue();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "7 | expected an object, found a number",
        "{} | ID is missing",
        "{'ID': 'x'} | (x): NodeKey is missing",
        "{'NodeKey': 7, 'ID': 'x'} | (x): NodeKey: expected a text, found a number",
        "{'NodeKey': 'nodekey:00', 'ID': 'x'} | (x): NodeKey: node key: expected 72 characters",
        "{'ID': {'a': [1]}} | ID: expected a text, found an object",
        "{'ID': ''} | ID: expected text, found an empty one",
        "{'ID': 'good'} | NodeKey is missing",
        "{'NodeKeySignature': 'a', 'ID': 'x'} | (x): NodeKeySignature: expected hexadecimal",
        "{'NodeKeySignature': '%', 'ID': 'x'} | (x): NodeKeySignature: expected base64",
        "{'NodeKeySignature': [[]], 'ID': 'x'} | NodeKeySignature: expected a text, found a list",
        "{'NodeKeySignature': {'KeyID': 'tlpub:0', 'Nested': {}}, 'ID': 'x'} | (x): NodeKeySig",
        "{'NodeKeySignature': {'Nested': {'SigKind': 'x', 'a': {}}}} | expected a kind such as",
        "{'NodeKeySignature': {'SigKind': 'Sig?<256>'}} | expected a kind such as",
        "{'NodeKeySignature': {'Typo': []}} | expected the fields of a signature, found Typo",
        "{'UnsignedPeerAPIOnly': 'true'} | UnsignedPeerAPIOnly: expected true or false, found a te",
        "{'RotationPubkey': 'x'} | RotationPubkey: lock key: expected to begin with tlpub:",
        "{'LastOffer': {}} | LastOffer: expected a Head, found none",
        "{'LastOffer': {'Head': 'x', 'Ancestors': [{'a': 1}]}, 'ID': 'x'} | (x): LastOffer: exp",
      })
  void aBrokenEntryIsNamedAndTheOthersHandled(String entry, String expected) throws Exception {
    PeersFile file = readPeers(GOOD, entry, GOOD.replace("good", "other"));

    assertThat(err.toString()).startsWith("tka: standard input: Peers[1]").contains(expected);
    assertThat(err.toString()).hasLineCount(1);
    assertThat(file.exitCode()).isEqualTo(ExitCode.BAD_INPUT);
    assertThat(file.peers()).hasSize(2);
  }

  @Test
  void twoWithOneIdAreNotTold() throws Exception {
    PeersFile file = read("{'Peers': [" + GOOD + "], 'VisiblePeers': [" + GOOD + "]}");

    assertThat(file.peers()).hasSize(1);
    assertThat(err.toString())
        .isEqualTo("tka: standard input: VisiblePeers[0] (good): ID: duplicate of Peers[0]\n");
  }

  @Test
  void oneBrokenOfAHundredThousand() throws Exception {
    StringBuilder json = new StringBuilder("{'Peers': [");
    for (int i = 0; i < 100_000; i++) {
      json.append(i == 0 ? "" : ",");
      json.append("{'ID': 'n").append(i).append("', 'NodeKey': '");
      json.append(i == 51_234 ? KEY.substring(1) : KEY).append("'}\n");
    }
    PeersFile file = read(json.append("]}").toString());

    assertThat(err.toString())
        .isEqualTo(
            "tka: standard input: Peers[51234] (n51234): NodeKey: node key: expected to begin with"
                + " nodekey:\n");
    assertThat(file.peers()).hasSize(99_999);
    assertThat(file.exitCode()).isEqualTo(ExitCode.BAD_INPUT);
  }

  @ParameterizedTest
  @CsvSource({"a, 10485760", "\\u0041, 10485760", "\\\\, 65537", "é, 65537"})
  void aSignatureOfTenMegabytesIsABrokenEntry(String unit, int times) throws Exception {
    PeersFile file =
        readPeers("{'NodeKeySignature': '" + unit.repeat(times) + "', 'ID': 'big'}", GOOD);

    assertThat(err.toString())
        .isEqualTo(
            "tka: standard input: Peers[0] (big): NodeKeySignature: expected at most 65536"
                + " characters, found more\n");
    assertThat(file.peers()).hasSize(1);
  }

  @Test
  void aTextOfTheLongestLengthIsRead() throws Exception {
    PeersFile file =
        readPeers(GOOD.replace("}", ",'NodeKeySignature':'" + "ab".repeat(1 << 15) + "'}"));

    assertThat(file.peers().get(0).peer().signature().size()).isEqualTo(1 << 15);
  }

  @Test
  void aSignatureNestedTenThousandDeepIsABrokenEntry() throws Exception {
    PeersFile file =
        readPeers(
            "{'ID': 'deep', 'NodeKeySignature': "
                + "{'Nested': ".repeat(10_000)
                + "{}"
                + "}".repeat(10_000)
                + "}",
            GOOD);

    assertThat(err.toString())
        .contains("Peers[0] (deep): NodeKeySignature: expected at most 16 nested signatures");
    assertThat(file.peers()).hasSize(1);
  }

  @Test
  void entriesBeforeInvalidJsonAreHandled() throws Exception {
    for (String rest : List.of("{'ID': }", "{'ID': 'cut", "{'x': " + "[".repeat(100_001))) {
      err.getBuffer().setLength(0);
      PeersFile file = read("{'Peers': [\n" + GOOD + ",\n" + rest);

      assertThat(err.toString())
          .startsWith("tka: standard input: Peers[1]: line 3: not JSON; the rest was not read: ")
          .hasLineCount(1);
      assertThat(file.peers()).hasSize(1);
      assertThat(file.exitCode()).isEqualTo(ExitCode.BAD_INPUT);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{} | expected one of FilteredPeers, Peers, VisiblePeers",
        "{'Peers': 7} | Peers: expected a list, found a number",
        "{'Peers': [], 'NodeKey': 'x'} | the node itself: NodeKey: node key: expected to begin",
        "{'Peers': []} 7 | expected the end after the object, found more",
        "{'Peers': []} } | not JSON",
      })
  void filesBrokenInOtherWays(String json, String expected) throws Exception {
    PeersFile file = read(json);

    assertThat(err.toString()).contains(expected).hasLineCount(1);
    assertThat(file.exitCode()).isEqualTo(ExitCode.BAD_INPUT);
  }

  @Test
  void aFileThatIsNone() throws Exception {
    assertThatThrownBy(() -> read("[]"))
        .isInstanceOf(CommandFailure.class)
        .hasMessageContaining("expected an object with Peers, found a list");
    assertThatThrownBy(() -> read(""))
        .isInstanceOf(CommandFailure.class)
        .hasMessageContaining("found nothing");
    assertThatThrownBy(
            () ->
                PeersFile.read(
                    new StreamArgument(folder.toString()),
                    Cli.tka(new byte[0]),
                    new PrintWriter(err, true)))
        .isInstanceOf(CommandFailure.class)
        .hasMessageContaining("found a directory");
    Path file = Files.writeString(folder.resolve("peers.json"), "{\"Peers\": [7]}");
    PeersFile.read(
        new StreamArgument(file.toString()), Cli.tka(new byte[0]), new PrintWriter(err, true));
    assertThat(err.toString()).startsWith("tka: " + file + ": Peers[0]: ");
  }
}
