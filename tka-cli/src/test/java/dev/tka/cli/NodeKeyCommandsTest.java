package dev.tka.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.jr.ob.JSON;
import dev.tka.cli.output.ExitCode;
import dev.tka.cli.output.Json;
import dev.tka.core.Bytes;
import dev.tka.core.NodeKey;
import dev.tka.core.nodekey.NodeKeyAuthorization;
import dev.tka.core.nodekey.NodeKeySignature;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Signing and rotating node keys, and which peers that keeps. */
class NodeKeyCommandsTest {
  private static final String FIRST = nodeKey(1);
  private static final String SECOND = nodeKey(2);
  private static final String THIRD = nodeKey(3);

  @TempDir Path folder;

  private Tailnet tailnet;

  @BeforeEach
  void create() {
    tailnet = Tailnet.of(folder, "ann", "bob");
  }

  static String nodeKey(int n) {
    return "nodekey:" + String.format("%02x", n).repeat(32);
  }

  private String sign(Object... arguments) {
    return tailnet.edit("sign", "ann", arguments).out().strip();
  }

  private String resign(String old, String nodeKey, String wrapping) {
    return tailnet
        .run("resign", old, nodeKey, "--key-file", tailnet.keyFile(wrapping))
        .out()
        .strip();
  }

  private NodeKeyAuthorization authorize(String nodeKey, String signature) throws Exception {
    return NodeKeyAuthorization.of(
        tailnet.authority(), NodeKey.parse(nodeKey), Bytes.parseHex(signature));
  }

  /** A peers file of {@code id, node key, signature} each. */
  private Path peers(String... fields) throws Exception {
    List<Map<String, Object>> list = new ArrayList<>();
    for (int i = 0; i < fields.length; i += 3) {
      Map<String, Object> entry = new LinkedHashMap<>();
      entry.put("ID", fields[i]);
      entry.put("NodeKey", fields[i + 1]);
      entry.put("NodeKeySignature", fields[i + 2]);
      list.add(entry);
    }
    return write(Map.of("Peers", list));
  }

  private Path write(Map<String, Object> file) throws Exception {
    return Files.writeString(folder.resolve("peers.json"), JSON.std.asString(file));
  }

  @Test
  void theZeroKeyIsNotSigned() throws Exception {
    tailnet.requireRefused(
        ExitCode.BAD_INPUT,
        "found the zero key",
        tailnet.editArguments("sign", "ann", "nodekey:" + "0".repeat(64)));
  }

  @Test
  void aSignedNodeIsKept() throws Exception {
    String signature = sign(FIRST);

    assertThat(authorize(FIRST, signature)).isInstanceOf(NodeKeyAuthorization.Authorized.class);
    assertThat(NodeKeySignature.decode(Bytes.parseHex(signature).toByteArray()).wrappingPublic())
        .isEmpty();
    Cli.Result result =
        tailnet.run("peers", tailnet.directory(), peers("laptop", FIRST, signature));
    assertThat(result.out())
        .isEqualTo(
            "kept     [AQEBA]  laptop: signed by "
                + tailnet.publicKey("ann").substring(0, 14)
                + "\n1 kept, 0 dropped\n");
    assertThat(result.err()).isEmpty();
  }

  @Test
  void aSignatureMayNameARotationKey() throws Exception {
    String rotation = tailnet.newKey("node");
    Map<String, Object> json = tailnet.edit("sign", "ann", FIRST, rotation, "--json").json();

    assertThat(json)
        .containsEntry("NodeKey", FIRST)
        .containsEntry("SchemaVersion", Json.SCHEMA_VERSION);
    assertThat((Map<?, ?>) json.get("NodeKeySignature"))
        .extracting("WrappingPublicKey")
        .isEqualTo(rotation);
    // Its output is an entry of a peers file.
    json.put("ID", "laptop");
    assertThat(Cli.run("peers", tailnet.directory(), write(Map.of("Peers", List.of(json)))).out())
        .contains("1 kept");
  }

  @Test
  void aKeyThatIsNotTrustedNowDoesNotSign() throws Exception {
    tailnet.newKey("eve");
    tailnet.requireRefused(
        ExitCode.VERIFICATION_FAILED,
        "expected a signing key that is trusted now, found " + tailnet.publicKey("eve"),
        tailnet.editArguments("sign", "eve", FIRST));
    tailnet.edit("sign", "bob", FIRST);
    tailnet.edit("remove", "ann", tailnet.publicKey("bob"), "--re-sign=false");
    tailnet.requireRefused(
        ExitCode.VERIFICATION_FAILED,
        "expected a signing key that is trusted now",
        tailnet.editArguments("sign", "bob", FIRST));
  }

  @Test
  void invalidKeysAreNotSigned() throws Exception {
    tailnet.requireRefused(
        ExitCode.USAGE,
        "expected a node key",
        tailnet.editArguments("sign", "ann", tailnet.publicKey("bob")));
    tailnet.requireRefused(
        ExitCode.USAGE, "node key", tailnet.editArguments("sign", "ann", FIRST, "nodekey:00"));
    tailnet.requireRefused(ExitCode.USAGE, "--key-file", "sign", tailnet.directory(), FIRST);
  }

  @Test
  void aLinkIsCheckedAndSigned() throws Exception {
    String link = tailnet.run(DeepLinkCommandTest.newArguments(tailnet, "laptop")).out().strip();
    Cli.Result result = tailnet.edit("sign", "ann", link);

    NodeKeySignature made =
        NodeKeySignature.decode(Bytes.parseHex(result.out().strip()).toByteArray());
    assertThat(made.nodeKey().orElseThrow()).hasToString("nodekey:" + "ab".repeat(32));
    assertThat(made.wrappingPubkey()).hasToString("cd".repeat(32));
    assertThat(result.err())
        .isEqualTo(
            "tka: signs nodekey:"
                + "ab".repeat(32)
                + " (laptop, linux, of ann@example.com), which tlpub:"
                + "cd".repeat(32)
                + " may rotate\n");

    tailnet.requireRefused(
        ExitCode.VERIFICATION_FAILED,
        "another tailnet",
        tailnet.editArguments("sign", "ann", link.replace("linux", "plan9")));
    tailnet.requireRefused(
        ExitCode.BAD_INPUT, "", tailnet.editArguments("sign", "ann", "tailscale://sign/"));
    tailnet.requireRefused(
        ExitCode.USAGE,
        "names its own rotation key",
        tailnet.editArguments("sign", "ann", link, tailnet.publicKey("bob")));
  }

  @Test
  void aRotationMakesTheOldNodeKeyObsolete() throws Exception {
    String first = sign(FIRST, tailnet.newKey("node"));
    String second = resign(first, SECOND, "node");

    assertThat(authorize(SECOND, second)).isInstanceOf(NodeKeyAuthorization.Authorized.class);
    Path file = peers("old", FIRST, first, "new", SECOND, second);
    Cli.Result result = Cli.run("peers", tailnet.directory(), file);
    assertThat(result.exitCode()).isEqualTo(ExitCode.PEER_DROPPED);
    assertThat(result.out())
        .contains("dropped  [AQEBA]  old: its node key was rotated: the signature of new")
        .contains("kept     [AgICA]  new: signed by ")
        .contains("rotated 1 time\n", "1 kept, 1 dropped");

    Cli.Result explained = Cli.run("explain", tailnet.directory(), FIRST, "--peers", file);
    assertThat(explained.exitCode()).isEqualTo(ExitCode.PEER_DROPPED);
    assertThat(explained.out())
        .contains("dropped: its node key was rotated: the signature of new makes it obsolete\n")
        .contains("to do: nothing, if the machine goes by another node key now");
    assertThat(tailnet.run("explain", tailnet.directory(), SECOND, "--peers", file).out().lines())
        .containsExactly(
            "new " + SECOND,
            "  rotation [AgICA], signed by " + shortKey("node") + ": verifies",
            "    direct [AQEBA], signed by " + shortKey("ann") + ": verifies, trusted with 1 vote",
            "kept: signed by " + shortKey("ann") + ", rotated 1 time");
  }

  private String shortKey(String name) {
    return tailnet.publicKey(name).substring(0, 14);
  }

  @Test
  void clonesAreDroppedByName() throws Exception {
    String first = sign(FIRST, tailnet.newKey("node"));
    Path file =
        peers(
            "one",
            SECOND,
            resign(first, SECOND, "node"),
            "two",
            THIRD,
            resign(first, THIRD, "node"));

    Map<String, Object> json = Cli.run("peers", tailnet.directory(), file, "--json").json();
    assertThat(json).containsEntry("Kept", 0).containsEntry("Dropped", 2);
    assertThat((List<?>) json.get("Peers"))
        .allSatisfy(
            peer ->
                assertThat((Map<?, ?>) peer)
                    .extracting("Verdict", "By")
                    .containsExactly("cloned", List.of("one", "two")));
    assertThat(Cli.run("explain", tailnet.directory(), THIRD, "--peers", file).out())
        .contains("dropped: several machines have its rotation key")
        .contains("one, two");
  }

  @Test
  void theFirstRuleThatFailsIsPointedAt() throws Exception {
    String first = tailnet.edit("sign", "bob", FIRST, tailnet.newKey("node")).out().strip();
    String second = resign(first, SECOND, "node");
    tailnet.edit("remove", "ann", tailnet.publicKey("bob"), "--re-sign=false");
    Path file = peers("n", SECOND, second, "other", THIRD, second);

    List<String> lines =
        Cli.run("explain", tailnet.directory(), SECOND, "--peers", file).out().lines().toList();
    assertThat(lines.get(1)).endsWith(": verifies");
    assertThat(lines.get(2)).endsWith(": verifies, not trusted  <- fails");
    assertThat(lines.get(3))
        .startsWith("dropped: layer 1: the key that it rests on is not trusted");

    Map<String, Object> json =
        Cli.run("explain", tailnet.directory(), SECOND, "--peers", file, "--json").json();
    Map<?, ?> peer = (Map<?, ?>) ((List<?>) json.get("Peers")).get(0);
    assertThat(peer)
        .extracting("Kept", "Verdict", "Layer")
        .containsExactly(false, "unauthorized", 1);
    assertThat((List<?>) peer.get("Layers")).hasSize(2);
    assertThat(((List<?>) peer.get("Layers")).get(1))
        .isEqualTo(
            Map.of(
                "SigKind",
                "direct",
                "NodeKey",
                FIRST,
                "SignedBy",
                tailnet.publicKey("bob"),
                "Verifies",
                true,
                "Trusted",
                false));
  }

  @Test
  void aSignatureThatDoesNotVerifyIsPointedAt() throws Exception {
    String good = sign(FIRST);
    String spoilt = good.substring(0, good.length() - 2) + (good.endsWith("00") ? "01" : "00");
    Path file = peers("n", FIRST, spoilt, "none", SECOND, "", "junk", THIRD, "ff");

    assertThat(Cli.run("explain", tailnet.directory(), FIRST, "--peers", file).out())
        .contains(": does not verify, trusted with 1 vote  <- fails\n")
        .contains("dropped: the signature does not verify with key ");
    assertThat(Cli.run("explain", tailnet.directory(), SECOND, "--peers", file).out())
        .startsWith("none " + SECOND + "\ndropped: there is no signature\nto do: ")
        .endsWith("\nrun:   tka sign " + tailnet.directory() + " " + SECOND + " --key-file FILE\n");
    assertThat(Cli.run("explain", tailnet.directory(), THIRD, "--peers", file).out())
        .startsWith("junk " + THIRD + "\ndropped: the signature cannot be read: byte ");
  }

  @Test
  void aPeerMarkedAsUnsignedIsKept() throws Exception {
    Path file =
        write(
            Map.of(
                "Peers",
                List.of(Map.of("ID", "tv", "NodeKey", FIRST, "UnsignedPeerAPIOnly", true))));

    assertThat(tailnet.run("peers", tailnet.directory(), file).out())
        .contains("tv: unsigned, and only its peer API can be reached");
  }

  @Test
  void theNodeItselfIsExplainedButIsNotAPeer() throws Exception {
    Path file =
        write(Map.of("NodeKey", FIRST, "NodeKeySignature", sign(FIRST), "Peers", List.of()));

    assertThat(tailnet.run("peers", tailnet.directory(), file).out())
        .isEqualTo("0 kept, 0 dropped\n");
    assertThat(tailnet.run("explain", tailnet.directory(), FIRST, "--peers", file).out())
        .startsWith("self " + FIRST)
        .contains("kept: signed by");
  }

  @Test
  void aBrokenEntryIsNamedAndTheOthersAreJudged() throws Exception {
    Path file = peers("good", FIRST, sign(FIRST), "broken", "nodekey:00", "", "bad", SECOND, "");

    for (Object[] command :
        List.of(
            new Object[] {"peers", tailnet.directory(), file},
            new Object[] {"explain", tailnet.directory(), FIRST, "--peers", file})) {
      Cli.Result result = Cli.run(command);
      assertThat(result.exitCode()).isEqualTo(ExitCode.BAD_INPUT);
      assertThat(result.err())
          .startsWith(
              "tka: "
                  + file
                  + ": Peers[1] (broken): NodeKey: node key: expected 72 characters, found 10\n");
      assertThat(result.out()).contains("good");
    }
  }

  @Test
  void aStrangerIsNotFound() throws Exception {
    tailnet.requireRefused(
        ExitCode.NOT_FOUND,
        "expected a peer with " + THIRD,
        "explain",
        tailnet.directory(),
        THIRD,
        "--peers",
        peers("a", FIRST, ""));
    tailnet.requireRefused(
        ExitCode.USAGE, "node key", "explain", tailnet.directory(), "nodekey:00", "--peers", "y");
    tailnet.requireRefused(
        ExitCode.NOT_FOUND, "no such file", "peers", tailnet.directory(), folder.resolve("no"));
  }

  @Test
  void aDamagedDirectoryKeepsNobodyAndSignsNothing() throws Exception {
    Path damaged =
        Cli.materialize(Cli.golden("chonk", "chonk-truncated-head"), folder.resolve("damaged"));
    Cli.Result result = Cli.run("peers", damaged, peers("laptop", FIRST, sign(FIRST)));
    assertThat(result.exitCode()).isEqualTo(ExitCode.BAD_INPUT);
    assertThat(result.out()).contains("dropped", "a degraded authority authorizes nobody");
    assertThat(result.err()).contains("tka: damaged: ");

    Cli.Result sign = Cli.run("sign", damaged, FIRST, "--key-file", tailnet.keyFile("ann"));
    assertThat(sign.exitCode()).isEqualTo(ExitCode.BAD_INPUT);
    assertThat(sign.out()).isEmpty();
  }

  /** Peers that the reference showed are kept, and those that it filtered are dropped. */
  @Test
  void aRecordedNetworkIsJudgedAsItWasThen() throws Exception {
    int judged = 0;
    List<Map<String, Object>> directories = Cli.golden("recorded/nodedirs");
    for (Map<String, Object> run : Cli.golden("recorded/cli")) {
      String out = (String) run.get("stdout");
      if (!out.contains("\"FilteredPeers\"")) {
        continue;
      }
      Map<String, Object> status = Cli.parse(out);
      for (Map<String, Object> directory : directories) {
        if (status.get("Head") == null || !status.get("Head").equals(directory.get("head"))) {
          continue;
        }
        Path node = folder.resolve("recorded" + judged++);
        Cli.materialize(directory, node);
        Cli.Result result =
            Cli.runWithInput(out.getBytes(StandardCharsets.UTF_8), "peers", node, "-", "--json");
        assertThat(ids(result.json().get("Peers"), true))
            .as((String) run.get("name"))
            .isEqualTo(ids(status.get("VisiblePeers")));
        assertThat(ids(result.json().get("Peers"), false))
            .as((String) run.get("name"))
            .isEqualTo(ids(status.get("FilteredPeers")));
        break;
      }
    }
    assertThat(judged).isEqualTo(8);
  }

  private static List<Object> ids(Object peers) {
    return ((List<?>) peers).stream().<Object>map(peer -> ((Map<?, ?>) peer).get("ID")).toList();
  }

  private static List<Object> ids(Object peers, boolean kept) {
    return ids(
        ((List<?>) peers)
            .stream().filter(peer -> ((Map<?, ?>) peer).get("Kept").equals(kept)).toList());
  }

  @Test
  void anAuthKeysCredentialIsResigned() throws Exception {
    Map<String, Object> golden = Cli.golden("nks-credential", "good");
    Path key = folder.resolve("wrapped.key");
    Files.writeString(key, "nlpriv:" + golden.get("private"));
    Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-------"));

    Cli.Result result =
        Cli.runWithInput(
            golden.get("credential").toString().getBytes(StandardCharsets.US_ASCII),
            "resign",
            "-",
            "nodekey:" + golden.get("node_key"),
            "--key-file",
            key);

    assertThat(result.exitCode()).as(result.err()).isEqualTo(ExitCode.OK);
    assertThat(result.out().strip()).isEqualTo(golden.get("nks"));
  }

  @Test
  void signaturesThatWouldNotVerifyAreNotMade() throws Exception {
    String fixed = sign(FIRST);
    tailnet.newKey("node");
    Object[] key = {"--key-file", tailnet.keyFile("node")};
    tailnet.requireRefused(
        ExitCode.VERIFICATION_FAILED, "names no key", "resign", fixed, SECOND, key[0], key[1]);
    tailnet.requireRefused(
        ExitCode.VERIFICATION_FAILED, "zero key", "resign", fixed, nodeKey(0), key[0], key[1]);
    tailnet.requireRefused(ExitCode.BAD_INPUT, "byte ", "resign", "a0", SECOND, key[0], key[1]);
    tailnet.requireRefused(
        ExitCode.BAD_INPUT, "more after it", "resign", fixed + fixed, SECOND, key[0], key[1]);
    tailnet.requireRefused(ExitCode.USAGE, "node key", "resign", fixed, "x", key[0], key[1]);
    tailnet.requireRefused(
        ExitCode.USAGE, "standard input", "resign", "-", SECOND, "--key-file", "-");
  }
}
