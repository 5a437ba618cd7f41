package dev.tka.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.cli.output.ExitCode;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.authority.Authority;
import dev.tka.core.nodekey.NodeKeySigning;
import dev.tka.store.directory.NodeDirectory;
import dev.tka.testkit.Chains;
import dev.tka.testkit.TestKeys;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code tka revoke-keys --plan}: previews of a revocation. */
class RevocationPlanCommandTest {
  @TempDir Path folder;
  private Tailnet tailnet;
  private String fork;

  /** Ann and bob trusted mallory, who trusted her friend. */
  @BeforeEach
  void theft() throws Exception {
    tailnet = Tailnet.of(folder, "ann?2", "bob");
    fork = tailnet.authority().head().toString();
    tailnet.edit("add", "bob", tailnet.newKey("mallory") + "?2");
    tailnet.edit("add", "mallory", tailnet.newKey("friend"));
  }

  private Cli.Result plan(Object... more) throws Exception {
    Object[] arguments = new Object[3 + more.length];
    arguments[0] = "revoke-keys";
    arguments[1] = tailnet.directory();
    arguments[2] = "--plan";
    System.arraycopy(more, 0, arguments, 3, more.length);
    Map<String, String> before = tailnet.content();
    Cli.Result result = Cli.run(arguments);
    assertThat(tailnet.content()).isEqualTo(before);
    return result;
  }

  private Path peersFile() throws Exception {
    return new Nodes()
        .add("laptop", 1, Nodes.direct(1, tailnet.keyFile("ann")))
        .add("phone", 2, Nodes.direct(2, tailnet.keyFile("mallory")))
        .write(folder.resolve("peers.json"));
  }

  @Test
  void thePlanSaysWhatTheRevocationThenDoes() throws Exception {
    String mallory = tailnet.publicKey("mallory");
    String friend = tailnet.publicKey("friend");
    Map<String, Object> plan = plan(mallory, friend, "--json").json();

    assertThat(plan)
        .containsEntry("ForkPoint", fork)
        .containsEntry("VotesNeeded", 2)
        .containsEntry("CanTakeEffect", true)
        .doesNotContainKey("AnswerableFrom")
        .doesNotContainKey("Nodes");
    assertThat((List<?>) plan.get("Erased")).hasSize(2);
    assertThat(((Map<?, ?>) ((List<?>) plan.get("CouldSign")).get(0)))
        .isEqualTo(Map.of("Public", tailnet.publicKey("ann"), "Votes", 2, "OfThoseEnough", true));

    Map<String, Object> first =
        tailnet.edit("revoke-keys", "ann", mallory, friend, "--json").json();
    assertThat(first)
        .containsEntry("ForkPoint", fork)
        .containsEntry("Displaces", plan.get("Displaces"))
        .containsEntry("TakesEffect", true);
    tailnet.run("revoke-keys", tailnet.directory(), "--finish", first.get("Recovery"), "--confirm");
    assertThat(tailnet.trusted())
        .containsExactly(tailnet.publicKey("ann") + "?2", tailnet.publicKey("bob") + "?1");
    for (Object erased : (List<?>) plan.get("Erased")) {
      AumHash hash = AumHash.parse((String) ((Map<?, ?>) erased).get("Hash"));
      assertThat(tailnet.authority().isActive(hash)).isFalse();
    }
  }

  @Test
  void theTextLeadsToTheNextStep() throws Exception {
    String mallory = tailnet.publicKey("mallory");
    Cli.Result result = plan(mallory, "--peers", peersFile());

    assertThat(result.exitCode()).as(result.err()).isEqualTo(ExitCode.OK);
    assertThat(result.out())
        .contains("Fork point: " + fork)
        .contains("Votes needed: 2, as add-key ", " has 1 there")
        .contains(tailnet.publicKey("ann") + "\t2 votes\tone of a sufficient set")
        .contains("2 updates would be erased, oldest first:", "\tadd-key adds tlpub:")
        .contains("The revoked keys could not answer it.")
        .contains("Of 2 nodes, 2 are kept now, and 1 afterwards.")
        .contains(
            "Signatures that lose their key:\n\tphone: the key that it rests on is not trusted: ")
        .contains("--fork-from " + fork + " --key-file FILE");
  }

  @Test
  void aKeyThatOutvotesCouldAnswerAndAForkPointPreventsIt() throws Exception {
    Chains chains =
        Chains.draw(
            List.of(TestKeys.key(1, 2), TestKeys.key(2, 1)), "A -> B[add:3*5] -> C -> D(2) -> E");
    Path directory = DirectoryOfAums.write(chains.all(), 3, folder.resolve("heavy"));
    Object[] high = {
      "revoke-keys",
      directory,
      "--plan",
      TestKeys.publicKey(3),
      "--fork-from",
      chains.get("D").hash()
    };
    AumHash place = chains.get("B").hash();
    AumHash below = chains.get("A").hash();

    assertThat(Cli.run(high).out())
        .contains("could answer it from " + place + "; --fork-from " + below + " prevents that");
    Object[] json = Arrays.copyOf(high, high.length + 1);
    json[high.length] = "--json";
    assertThat(Cli.run(json).json())
        .containsEntry("AnswerableFrom", place.toString())
        .containsEntry("UnanswerableForkPoint", below.toString());
  }

  @Test
  void nodesWhoseWindowDoesNotReachTheForkAreNamed() throws Exception {
    Map<String, Object> head = Cli.run("offer", tailnet.directory(), "--json").json();
    String top = tailnet.authority().head().toString();
    Tailnet other = Tailnet.of(Files.createDirectory(folder.resolve("other")), "eve");
    Path peers =
        new Nodes()
            .add("whole", 1, Nodes.direct(1, tailnet.keyFile("ann")))
            .offering(Map.of("Head", head.get("Head"), "Ancestors", head.get("Ancestors")))
            .add("short", 2, Nodes.direct(2, tailnet.keyFile("ann")))
            .offering(Map.of("Head", top, "Ancestors", List.of(top)))
            .add("strange", 3, Nodes.direct(3, tailnet.keyFile("ann")))
            .offering(Map.of("Head", other.authority().head().toString(), "Ancestors", List.of()))
            .write(folder.resolve("peers.json"));

    Cli.Result json = plan(tailnet.publicKey("mallory"), "--peers", peers, "--json");
    List<?> cannot = (List<?>) json.json().get("CannotFollow");
    assertThat(Nodes.each(cannot, "ID")).containsExactly("short", "strange");
    assertThat(Nodes.each(cannot, "Kind"))
        .containsExactly("revocation-below-window", "no-common-ground");
    assertThat(plan(tailnet.publicKey("mallory"), "--peers", peers).out())
        .contains(
            "Could not follow:\n\tshort: revocation-below-window: ", "tka repair DIR --to " + fork);
  }

  @Test
  void aRevocationBelowTheWindowsIsTold() throws Exception {
    Path node = folder.resolve("node");
    Aum genesis = OldDirectories.begin(node, folder.resolve("control"));
    Cli.Result result =
        Cli.run(
            "revoke-keys",
            folder.resolve("control"),
            "--plan",
            TestKeys.publicKey(1),
            "--fork-from",
            genesis.hash());
    assertThat(result.exitCode()).as(result.err()).isEqualTo(ExitCode.OK);
    assertThat(result.out()).contains("It forks off before the AUMs that nodes keep: ");
    Map<String, Object> offered = Cli.run("offer", node, "--json").json();
    List<String> window =
        Authority.open(NodeDirectory.at(node)).checkpoints().stream()
            .map(AumHash::toString)
            .toList();
    Path peers =
        new Nodes()
            .add(
                "node",
                1,
                NodeKeySigning.direct(Nodes.nodeKey(1), Optional.empty(), TestKeys.privateKey(2)))
            .offering(Map.of("Head", offered.get("Head"), "Ancestors", window))
            .write(folder.resolve("peers.json"));
    assertThat(
            Cli.run(
                    "revoke-keys",
                    folder.resolve("control"),
                    "--plan",
                    TestKeys.publicKey(1),
                    "--fork-from",
                    genesis.hash(),
                    "--peers",
                    peers)
                .out())
        .contains(
            "\tnode: revocation-below-window: its window does not reach back to " + genesis.hash());
  }

  @Test
  void aForkPointOnABranchThatLostTakesNoEffect() throws Exception {
    Chains chains =
        Chains.draw(
            List.of(TestKeys.key(1, 2), TestKeys.key(2, 1)), "A -> B[add:3] -> C\n A -> X(2)");
    Path directory = DirectoryOfAums.write(chains.all(), 3, folder.resolve("forked"));
    Cli.Result result =
        Cli.run(
            "revoke-keys",
            directory,
            "--plan",
            TestKeys.publicKey(3),
            "--fork-from",
            chains.get("X").hash());
    assertThat(result.out())
        .contains("A revocation has no effect there: the fork point is on a branch that lost.");
  }

  @Test
  void aPlanAsksForNoPrivateKeyAndSignsNothing() throws Exception {
    String mallory = tailnet.publicKey("mallory");
    assertThat(plan(mallory, "--key-file", tailnet.keyFile("ann")).exitCode())
        .isEqualTo(ExitCode.USAGE);
    assertThat(plan().exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(plan("--finish", "A4").exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(Cli.run(tailnet.editArguments("revoke-keys", "ann", mallory, "--peers", "x")).err())
        .contains("--peers needs --plan");
    Cli.Result unknown = plan(mallory, "--fork-from", "A".repeat(52));
    assertThat(unknown.exitCode()).isEqualTo(ExitCode.VERIFICATION_FAILED);
    Cli.Result all =
        plan(
            mallory,
            tailnet.publicKey("friend"),
            tailnet.publicKey("ann"),
            tailnet.publicKey("bob"));
    assertThat(all.exitCode()).isEqualTo(ExitCode.VERIFICATION_FAILED);
  }

  @Test
  void aBrokenNodeIsNamedAndTheOthersArePlannedFor() throws Exception {
    String text = Files.readString(peersFile()).replaceFirst("nodekey:0", "nodekey:");
    Cli.Result result =
        Cli.runWithInput(
            text.getBytes(StandardCharsets.UTF_8),
            "revoke-keys",
            tailnet.directory(),
            "--plan",
            tailnet.publicKey("mallory"),
            "--peers",
            "-");
    assertThat(result.exitCode()).isEqualTo(ExitCode.BAD_INPUT);
    assertThat(result.err()).contains("(laptop): NodeKey: ");
    assertThat(result.out()).contains("Of 1 node, ", "\tphone: ");
  }
}
