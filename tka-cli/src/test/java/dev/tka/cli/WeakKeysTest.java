package dev.tka.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.cli.output.ExitCode;
import dev.tka.core.Bytes;
import dev.tka.core.Key;
import dev.tka.core.KeyDefect;
import dev.tka.core.LockPublicKey;
import dev.tka.core.nodekey.DeepLink;
import dev.tka.core.nodekey.NodeKeySignature;
import dev.tka.testkit.Chains;
import dev.tka.testkit.NodeKeySignatures;
import dev.tka.testkit.TestKeys;
import dev.tka.testkit.WeakKeys;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Service, section 8: a key that anybody can sign for, or that never can, is refused by every
 * command that would bring it in, and named by every one that diagnoses.
 */
class WeakKeysTest {
  private static final LockPublicKey WEAK = WeakKeys.IDENTITY;

  /** One encoding that is not canonical stands for all, which the library's tests go through. */
  private static final List<LockPublicKey> KINDS =
      List.of(WEAK, WeakKeys.SMALL_ORDER.get(WeakKeys.SMALL_ORDER.size() - 1), WeakKeys.NO_POINT);

  @TempDir Path folder;
  private Tailnet tailnet;

  @BeforeEach
  void name() {
    tailnet = Tailnet.in(folder);
  }

  private void begin() {
    tailnet.edit("init", "ann", "--confirm", tailnet.newKey("ann"), tailnet.newKey("bob"));
  }

  /** An authority as another implementation makes it; key 1 is Ann's. */
  private void beginTrusting(LockPublicKey... weak) throws Exception {
    beginTrusting(tailnet, weak);
  }

  static void beginTrusting(Tailnet tailnet, LockPublicKey... weak) throws Exception {
    List<Key> keys = new ArrayList<>(List.of(TestKeys.key(1, 2), TestKeys.key(2, 2)));
    for (LockPublicKey key : weak) {
      keys.add(Key.of(key, 1));
    }
    DirectoryOfAums.write(List.of(Chains.genesis(keys, 1)), 3, tailnet.directory());
    tailnet.secretFile("ann.key", TestKeys.privateKey(1).exposeText());
  }

  private static String reason(LockPublicKey weak) {
    return weak + ": " + KeyDefect.of(weak.bytes()).orElseThrow().reason();
  }

  private void requireRefused(LockPublicKey weak, Object... arguments) throws Exception {
    tailnet.requireRefused(ExitCode.VERIFICATION_FAILED, reason(weak), arguments);
  }

  /** A signature as another implementation makes it, for node key 1. */
  private static NodeKeySignature direct(Bytes signer, LockPublicKey wrapping) {
    NodeKeySignature unsigned =
        NodeKeySignatures.unsigned(
            NodeKeySignature.DIRECT, NodeKeySignatures.pubkey(1), signer, wrapping.bytes());
    return signer.equals(TestKeys.id(1))
        ? NodeKeySignatures.sign(unsigned, 1)
        : NodeKeySignatures.withSignature(unsigned, WeakKeys.CONSTANT_SIGNATURE);
  }

  /** A peers file with one node. */
  static Path peers(Path folder, NodeKeySignature signature) throws Exception {
    return Files.writeString(
        folder.resolve("peers.json"),
        "{\"Peers\": [{\"ID\": \"laptop\", \"NodeKey\": \""
            + NodeKeySignatures.nodeKey(1)
            + "\", \"NodeKeySignature\": \""
            + signature.encoded().toHex()
            + "\"}]}");
  }

  static Path weakPeers(Path folder) throws Exception {
    return peers(folder, direct(TestKeys.id(1), WEAK));
  }

  @Test
  void noAuthorityBeginsWithOne() throws Exception {
    String ann = tailnet.newKey("ann");
    for (LockPublicKey weak : KINDS) {
      // The preview, too.
      requireRefused(weak, tailnet.editArguments("init", "ann", ann, weak));
      requireRefused(weak, tailnet.editArguments("init", "ann", "--confirm", ann, weak + "?2"));
    }
    assertThat(tailnet.directory()).doesNotExist();
  }

  @Test
  void noneIsAddedAlone() throws Exception {
    begin();
    for (LockPublicKey weak : KINDS) {
      requireRefused(weak, tailnet.editArguments("add", "ann", weak));
    }
    requireRefused(
        WEAK, tailnet.editArguments("add", "ann", tailnet.newKey("carol"), WEAK.toWireText()));
  }

  @Test
  void oneThatIsTrustedGetsNoVotesAndIsRemoved() throws Exception {
    beginTrusting(WEAK);
    requireRefused(WEAK, tailnet.editArguments("update", "ann", WEAK + "?2"));

    tailnet.edit("remove", "ann", WEAK, "--re-sign=false");
    assertThat(tailnet.trusted()).hasSize(2);
    Cli.Result after = Cli.run("verify", tailnet.directory());
    assertThat(after.err()).isEmpty();
  }

  @Test
  void noNodeKeyIsSignedForOne() throws Exception {
    begin();
    String nodeKey = NodeKeyCommandsTest.nodeKey(1);
    for (LockPublicKey weak : KINDS) {
      requireRefused(weak, tailnet.editArguments("sign", "ann", nodeKey, weak));
    }
    DeepLink link = new DeepLink(nodeKey, WEAK.toString(), "laptop", "linux", "ann");
    String text = link.toText(tailnet.authority().state().stateId1());
    Cli.Result linked = Cli.run(tailnet.editArguments("sign", "ann", text));
    assertThat(linked.exitCode()).isEqualTo(ExitCode.VERIFICATION_FAILED);
    assertThat(linked.out()).isEmpty();
    assertThat(linked.err()).contains("tka: rotation key " + reason(WEAK));
    // The link itself is right.
    tailnet.run("deeplink", "verify", tailnet.directory(), text);
  }

  @Test
  void noLinkAsksForOne() throws Exception {
    begin();
    Object[] arguments = DeepLinkCommandTest.newArguments(tailnet, "laptop");
    for (LockPublicKey weak : KINDS) {
      arguments[4] = weak;
      requireRefused(weak, arguments);
    }
  }

  @Test
  void nothingIsRotatedOverOne() throws Exception {
    begin();
    NodeKeySignature forged =
        NodeKeySignatures.withSignature(
            NodeKeySignatures.nesting(
                NodeKeySignatures.unsigned(
                    NodeKeySignature.ROTATION,
                    NodeKeySignatures.pubkey(2),
                    Bytes.empty(),
                    TestKeys.id(11)),
                direct(TestKeys.id(1), WEAK)),
            WeakKeys.CONSTANT_SIGNATURE);
    Path key = tailnet.secretFile("node.key", TestKeys.privateKey(11).exposeText());
    requireRefused(
        WEAK,
        "resign",
        forged.encoded().toHex(),
        NodeKeyCommandsTest.nodeKey(3),
        "--key-file",
        key);
  }

  @Test
  void anAuthKeyIsWrappedWithAKeyThatIsSound() throws Exception {
    begin();
    Path plain = tailnet.secretFile("authkey", "tskey-auth-k-1");
    Map<String, Object> wrapped =
        tailnet
            .run(
                "authkey",
                "wrap",
                tailnet.directory(),
                plain,
                "--key-file",
                tailnet.keyFile("ann"),
                "--json")
            .json();
    LockPublicKey made = LockPublicKey.parse((String) wrapped.get("WrappingPublicKey"));
    assertThat(KeyDefect.of(made.bytes())).isEmpty();
  }

  @Test
  void doctorNamesTrustedKeys() throws Exception {
    beginTrusting(WEAK, WeakKeys.NO_POINT);
    Cli.Result text = Cli.run("doctor", tailnet.directory());

    assertThat(text.exitCode()).isEqualTo(ExitCode.VERIFICATION_FAILED);
    assertThat(text.out())
        .contains(
            "PROBLEM  anybody-can-sign: the trusted key " + reason(WEAK),
            "run:   tka remove "
                + tailnet.directory()
                + " "
                + WEAK
                + " --peers PEERS --key-file FILE\n",
            "note     undecodable-key: " + WeakKeys.NO_POINT + " is trusted but can never sign")
        .doesNotContain("undecodable-key: " + WEAK);
    assertThat(Cli.run("doctor", tailnet.directory(), "--json").json())
        .containsEntry("Sound", false);
  }

  @Test
  void whereNoOtherKeyIsLeftOnlyTheDisablementSecretHelps() throws Exception {
    DirectoryOfAums.write(
        List.of(WeakKeys.sign(Chains.genesis(List.of(Key.of(WEAK, 1))), WEAK)),
        3,
        tailnet.directory());

    assertThat(Cli.run("doctor", tailnet.directory()).out())
        .contains("PROBLEM  anybody-can-sign: ", "run:   tka disable ");
  }

  @Test
  void doctorNamesKeysOfNodes() throws Exception {
    beginTrusting();
    Cli.Result weak = doctor(WEAK);
    assertThat(weak.exitCode()).isEqualTo(ExitCode.VERIFICATION_FAILED);
    assertThat(weak.out())
        .contains("PROBLEM  anybody-can-sign: laptop: the wrapping key " + reason(WEAK));

    Cli.Result dead = doctor(WeakKeys.NO_POINT);
    assertThat(dead.exitCode()).as(dead.out()).isEqualTo(ExitCode.OK);
    assertThat(dead.out())
        .contains("note     can-never-sign: laptop: the wrapping key " + reason(WeakKeys.NO_POINT));
  }

  private Cli.Result doctor(LockPublicKey wrapping) throws Exception {
    Path file = peers(folder, direct(TestKeys.id(1), wrapping));
    return Cli.run("doctor", tailnet.directory(), "--peers", file);
  }

  @Test
  void verdictsStayAndAnAlarmStandsBesideThem() throws Exception {
    beginTrusting(WEAK, WeakKeys.NO_POINT);
    Path file = weakPeers(folder);
    String trusted =
        "tka: alarm: the trusted key "
            + reason(WEAK)
            + "\ntka: alarm: the trusted key "
            + reason(WeakKeys.NO_POINT)
            + "\n";
    String node = "tka: alarm: laptop: the wrapping key " + reason(WEAK) + "\n";

    assertAlarms(trusted, "verify", tailnet.directory());
    assertAlarms(trusted + node, "peers", tailnet.directory(), file);
    assertAlarms(
        trusted + node,
        "explain",
        tailnet.directory(),
        NodeKeySignatures.nodeKey(1),
        "--peers",
        file);
  }

  private void assertAlarms(String alarms, Object... arguments) {
    Cli.Result result = tailnet.run(arguments);
    assertThat(result.err()).isEqualTo(alarms);
    assertThat(result.out()).doesNotContain("alarm");
  }

  @Test
  void ofManyTailnetsTheOneIsNamed() throws Exception {
    beginTrusting(WEAK);
    Path export = folder.resolve("export");
    tailnet.run("export", tailnet.directory(), export);
    String store = "sqlite:" + folder.resolve("control.db");
    tailnet.run("import", export, store, "--tailnet", "example.com");
    Cli.Result all = tailnet.run("verify", store, "--all");

    assertThat(all.out()).contains("example.com\t1 AUM verified");
    assertThat(all.err())
        .isEqualTo("tka: alarm: example.com: the trusted key " + reason(WEAK) + "\n");
  }

  /**
   * Anybody may have signed such a node, so that removing the key must not bring it in for good.
   */
  @Test
  void aNodeThatAnybodyMayHaveSignedIsNotSignedAgain() throws Exception {
    beginTrusting(WEAK);
    Path file = peers(folder, direct(WEAK.bytes(), TestKeys.publicKey(11)));
    tailnet.run("peers", tailnet.directory(), file);
    Cli.Result removed = tailnet.edit("remove", "ann", WEAK, "--peers", file);

    assertThat(removed.out()).isEqualTo("No longer signed:\n\tlaptop\n");
    assertThat(removed.err()).contains("tka: alarm: laptop: signed by " + reason(WEAK));
    assertThat(tailnet.trusted()).hasSize(2);
  }

  @Test
  void nodesWithASoundKeyOfTheirOwnAreSignedAgainAndOthersAreNot() throws Exception {
    beginTrusting();
    tailnet.secretFile("bob.key", TestKeys.privateKey(2).exposeText());
    Path file = weakPeers(folder);
    Cli.Result removed =
        tailnet.edit("remove", "bob", TestKeys.publicKey(1), "--peers", file, "--json");

    assertThat(removed.err()).contains("tka: alarm: laptop: the wrapping key " + reason(WEAK));
    assertThat((List<?>) removed.json().get("ReSigned")).isEmpty();
    assertThat((List<?>) removed.json().get("NotReSigned")).hasSize(1);
  }
}
