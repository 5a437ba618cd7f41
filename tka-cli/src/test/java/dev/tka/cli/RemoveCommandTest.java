package dev.tka.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.cli.output.ExitCode;
import dev.tka.core.Bytes;
import dev.tka.core.nodekey.NodeKeyAuthorization;
import dev.tka.core.nodekey.NodeKeySignature;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code tka remove --peers}: nodes that depend on a removed key are signed again. */
class RemoveCommandTest {
  @TempDir Path folder;
  private Tailnet tailnet;
  private String bob;

  @BeforeEach
  void make() throws Exception {
    tailnet = Tailnet.of(folder, "ann", "bob");
    bob = tailnet.publicKey("bob");
  }

  private Path peersFile() throws Exception {
    NodeKeySignature old = Nodes.direct(3, tailnet.keyFile("bob"));
    return new Nodes()
        .add("on-ann", 1, Nodes.direct(1, tailnet.keyFile("ann")))
        .add("on-bob", 2, Nodes.direct(2, tailnet.keyFile("bob")))
        .add("before", 3, old)
        .add("after", 4, Nodes.rotated(old, 3, 4))
        .write(folder.resolve("peers.json"));
  }

  @Test
  void nodesThatDependOnTheKeyAreSignedAgainWithTheirRotationKeys() throws Exception {
    Cli.Result result = tailnet.edit("remove", "ann", bob, "--peers", peersFile(), "--json");

    List<?> signed = (List<?>) result.json().get("ReSigned");
    assertThat(Nodes.each(signed, "ID")).containsExactly("on-bob", "after");
    int[] numbers = {2, 4};
    int[] owners = {2, 3};
    for (int i = 0; i < numbers.length; i++) {
      Map<?, ?> one = (Map<?, ?>) signed.get(i);
      Bytes encoded = Bytes.parseHex((String) one.get("NodeKeySignature"));
      NodeKeySignature signature = NodeKeySignature.decode(encoded.toByteArray());
      assertThat(signature.kind()).isEqualTo(NodeKeySignature.DIRECT);
      assertThat(signature.wrappingPublic()).contains(Nodes.rotationKey(owners[i]).bytes());
      assertThat(one.get("NodeKey")).isEqualTo(Nodes.nodeKey(numbers[i]).toString());
      assertThat(NodeKeyAuthorization.of(tailnet.authority(), Nodes.nodeKey(numbers[i]), encoded))
          .isInstanceOf(NodeKeyAuthorization.Authorized.class);
    }
    // Its node key was rotated: a new signature would bring it back.
    assertThat(Nodes.each(result.json().get("NotReSigned"), "ID")).containsExactly("before");
    assertThat(result.json()).containsEntry("Head", tailnet.authority().head().toString());
    assertThat(tailnet.trusted()).containsExactly(tailnet.publicKey("ann") + "?1");
  }

  @Test
  void theTextNamesEveryNode() throws Exception {
    Cli.Result result = tailnet.edit("remove", "ann", bob, "--peers", peersFile());
    assertThat(result.out())
        .startsWith("Signed again:\n\ton-bob\t" + Nodes.nodeKey(2) + "\ta5")
        .contains("\n\tafter\t" + Nodes.nodeKey(4) + "\t")
        .endsWith(
            "No longer signed:\n\tbefore\talready dropped: its node key was rotated: the"
                + " signature of after makes it obsolete\n");
  }

  @Test
  void reSigningCanBeLeftOut() throws Exception {
    Cli.Result result =
        tailnet.edit("remove", "ann", bob, "--peers", peersFile(), "--re-sign=false", "--json");
    assertThat((List<?>) result.json().get("ReSigned")).isEmpty();
    assertThat((List<?>) result.json().get("NotReSigned")).hasSize(3);
    assertThat(tailnet.trusted()).hasSize(1);
  }

  @Test
  void theKeyThatSignsStaysWhileItSignsAgain() throws Exception {
    Path peers = peersFile();
    tailnet.requireRefused(
        ExitCode.USAGE,
        "cannot be removed while it signs nodes again",
        tailnet.editArguments("remove", "bob", bob, "--peers", peers, "--confirm"));
    tailnet.edit("remove", "bob", bob, "--peers", peers, "--re-sign=false", "--confirm");
    assertThat(tailnet.trusted()).containsExactly(tailnet.publicKey("ann") + "?1");
  }

  @Test
  void withAnUnreadableNodeNothingIsStored() throws Exception {
    Path peers = peersFile();
    Files.writeString(peers, Files.readString(peers).replaceFirst("nodekey:0", "nodekey:"));
    Map<String, String> before = tailnet.content();
    Cli.Result result = Cli.run(tailnet.editArguments("remove", "ann", bob, "--peers", peers));
    assertThat(result.exitCode()).isEqualTo(ExitCode.BAD_INPUT);
    assertThat(result.err()).contains("(on-ann): NodeKey", "nothing was stored");
    assertThat(tailnet.content()).isEqualTo(before);
  }

  @Test
  void withoutAPeersFileNobodyIsLockedOutByAccident() throws Exception {
    tailnet.requireRefused(
        ExitCode.USAGE, "locks out the nodes", tailnet.editArguments("remove", "ann", bob));
    assertThat(tailnet.edit("remove", "ann", bob, "--re-sign=false").out()).isEmpty();
    assertThat(tailnet.trusted()).hasSize(1);
  }

  @Test
  void theSignerAmongTheRemovedGoesLast() throws Exception {
    String carol = tailnet.newKey("carol");
    tailnet.edit("add", "ann", carol);
    tailnet.edit("remove", "ann", tailnet.publicKey("ann"), bob, "--re-sign=false", "--confirm");
    assertThat(tailnet.trusted()).containsExactly(carol + "?1");
    tailnet.requireSound();
  }

  @Test
  void aNodeThatIsLockedOutIsNamedWithTheCommandThatSignsIt() throws Exception {
    Cli.Result result =
        tailnet.edit("remove", "ann", bob, "--peers", peersFile(), "--re-sign=false");
    assertThat(result.out())
        .contains(
            "\ton-bob\n",
            "run:   tka sign "
                + tailnet.directory()
                + " "
                + Nodes.nodeKey(2)
                + " "
                + Nodes.rotationKey(2)
                + " --key-file FILE\n");
  }

  @Test
  void optionsThatDoNotGoTogether() throws Exception {
    tailnet.requireRefused(
        ExitCode.USAGE,
        "only a peers file tells",
        tailnet.editArguments("remove", "ann", bob, "--re-sign"));
    tailnet.requireRefused(
        ExitCode.USAGE,
        "cannot both read standard input",
        "remove",
        tailnet.directory(),
        bob,
        "--peers",
        "-",
        "--key-file",
        "-");
  }
}
