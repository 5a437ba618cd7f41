package dev.tka.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.cli.output.ExitCode;
import dev.tka.core.Aum;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.store.directory.NodeDirectory;
import dev.tka.testkit.Chains;
import dev.tka.testkit.TestKeys;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Protocol, section 10 at the command line: refusals, edits set aside, and a person's options. */
class RewriteCommandsTest {
  @TempDir Path folder;

  private static String head(Path directory) throws Exception {
    return Authority.open(NodeDirectory.at(directory)).head().toString();
  }

  private Path directory(Chains chains, String names, int daysAgo, String name) throws Exception {
    return DirectoryOfAums.write(chains.list(names), daysAgo, folder.resolve(name));
  }

  /** Control follows a key that the node removed a month ago. */
  static Chains oldKeyRewrites(Path node, Path control) throws Exception {
    Chains chains =
        Chains.draw(
            List.of(TestKeys.key(1, 1), TestKeys.key(2, 2), TestKeys.key(3, 1)),
            """
            A -> B[remove:2] -> C
            A -> X(2) -> Y(2)
            """);
    DirectoryOfAums.write(chains.list("A B"), 40, node);
    OldDirectories.at(node, 0).inform(List.of(chains.get("C")));
    DirectoryOfAums.write(chains.list("A X Y"), 40, control);
    return chains;
  }

  @Test
  void aRewriteByAKeyThatIsGoneIsRefusedAndMayBeAdmittedByHand() throws Exception {
    Path node = folder.resolve("node");
    Path control = folder.resolve("control");
    Chains chains = oldKeyRewrites(node, control);
    String x = chains.get("X").hash().toString();
    String y = chains.get("Y").hash().toString();

    Cli.Result refused = Cli.run("sync", node, control);
    assertThat(refused.exitCode()).isEqualTo(ExitCode.VERIFICATION_FAILED);
    assertThat(refused.out())
        .contains(
            "not admitted    " + x + ": at ",
            " it has 2 votes against 1 of ",
            " removed it for good")
        .contains("not admitted    " + y + ": it builds on " + x)
        .contains("Control follows a chain that the node does not admit: " + x)
        .contains(
            "to do: find out who signed it; if it is intended\nrun:   tka sync ", " --admit " + x);
    assertThat(head(node)).isEqualTo(chains.get("C").hash().toString());

    Cli.Result unasked = Cli.run("sync", node, control, "--admit", x);
    assertThat(unasked.exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(unasked.err())
        .contains("This admits an AUM that the node refuses, " + x, "--confirm");
    Cli.Result unknown =
        Cli.run("sync", node, control, "--confirm", "--admit", chains.get("C").hash());
    assertThat(unknown.exitCode()).isEqualTo(ExitCode.NOT_FOUND);
    Cli.Result above = Cli.run("sync", node, control, "--confirm", "--admit", y);
    assertThat(above.exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(above.err()).contains("admit " + x);
    Cli.Result dry = Cli.run("sync", node, control, "--admit", x, "--dry-run");
    assertThat(dry.exitCode()).as(dry.err()).isEqualTo(ExitCode.OK);
    assertThat(head(node)).isEqualTo(chains.get("C").hash().toString());

    Cli.Result admitted = Cli.run("sync", node, control, "--admit", x, "--confirm", "--json");
    assertThat(admitted.exitCode()).as(admitted.err()).isEqualTo(ExitCode.OK);
    assertThat(admitted.json()).containsEntry("Agrees", true).containsEntry("Admitted", List.of(x));
    assertThat(head(node)).isEqualTo(y);
  }

  @Test
  void aRevocationThatControlRefusesIsReportedWithItsRemedy() throws Exception {
    Chains chains =
        Chains.draw(
            List.of(TestKeys.key(1, 1), TestKeys.key(2, 2), TestKeys.key(3, 1)),
            "A -> B -> C[remove:2]");
    Path node = directory(chains, "A B", 40, "node");
    Path control = directory(chains, "A B C", 40, "control");
    LiveAuthority live =
        LiveAuthority.open(NodeDirectory.at(node), AdmissionPolicy.NODE, Clock.systemUTC());
    Aum revocation =
        Chains.checkpoint(
            chains.get("A"), Chains.stateOf(List.of(TestKeys.key(1, 1), TestKeys.key(2, 2))), 2);
    live.informOn(live.current(), List.of(revocation));

    Cli.Result result = Cli.run("sync", node, control);
    assertThat(result.exitCode()).isEqualTo(ExitCode.VERIFICATION_FAILED);
    assertThat(result.out())
        .contains("not admitted    " + revocation.hash() + ": at ")
        .contains("A revocation made here that control does not follow: " + revocation.hash())
        .contains("Control does not follow a revocation that was made here, ")
        .contains("to do: have it co-signed");
    assertThat(head(node)).isEqualTo(revocation.hash().toString());
    assertThat(Cli.run("edits", node).out()).isEqualTo("No edits have been set aside.\n");
  }

  /** A control that no longer has what it gave the node. */
  static Chains deniedByControl(Path node, Path control) throws Exception {
    Chains chains =
        Chains.draw(
            List.of(TestKeys.key(1, 1), TestKeys.key(2, 2)),
            """
            A -> B(2) -> C
            A -> D
            """);
    DirectoryOfAums.write(chains.list("A B C"), 3, node);
    DirectoryOfAums.write(chains.list("A D"), 3, control);
    return chains;
  }

  @Test
  void aRestoredControlAcceptsAgainWhatTheNodeHolds() throws Exception {
    Path node = folder.resolve("node");
    Path control = folder.resolve("control");
    Chains chains = deniedByControl(node, control);

    Cli.Result strict = Cli.run("sync", node, control, "--dry-run", "--json");
    assertThat(strict.exitCode()).isEqualTo(ExitCode.VERIFICATION_FAILED);
    assertThat(strict.json())
        .containsEntry("OutcomeKind", "control-denies")
        .hasEntrySatisfying(
            "Remedy", remedy -> assertThat((String) remedy).contains(" --restored"));
    Cli.Result restored = Cli.run("sync", node, control, "--restored");
    assertThat(restored.exitCode()).as(restored.out()).isEqualTo(ExitCode.OK);
    assertThat(head(control)).isEqualTo(chains.get("C").hash().toString());
  }

  @Test
  void aStoreThatIsMarkedAsRestoredAcceptsAgainUntilThatIsOver() throws Exception {
    Path node = folder.resolve("node");
    Path control = folder.resolve("control");
    Chains chains = deniedByControl(node, control);
    String store = "sqlite:" + folder.resolve("control.db");
    Cli.run("export", control, folder.resolve("export"));
    Cli.run("import", folder.resolve("export"), store, "--tailnet", "t");

    assertThat(Cli.run("restored", store).exitCode()).isEqualTo(ExitCode.OK);
    assertThat(Cli.run("status", store).out()).contains("Restored from a backup, as was said at ");
    assertThat(Cli.run("sync", node, store, "--dry-run").exitCode()).isEqualTo(ExitCode.OK);
    assertThat(Cli.run("restored", store, "--over").exitCode()).isEqualTo(ExitCode.OK);
    assertThat(Cli.run("sync", node, store, "--dry-run").exitCode())
        .isEqualTo(ExitCode.VERIFICATION_FAILED);
    Cli.run("restored", store);
    Cli.Result restored = Cli.run("sync", node, store);
    assertThat(restored.exitCode()).as(restored.out()).isEqualTo(ExitCode.OK);
    assertThat(Cli.run("status", store, "--json").json())
        .containsEntry("Head", chains.get("C").hash().toString())
        .containsKey("Restored");
    assertThat(Cli.run("restored", node).exitCode()).isEqualTo(ExitCode.USAGE);
  }

  /** A node whose edits, made on a stale head, control refused. */
  static Tailnet conflict(Path folder, Path control) throws Exception {
    Tailnet node = Tailnet.of(Files.createDirectory(folder.resolve("home")), "ann", "bob?2");
    TestFiles.copy(node.directory(), control);
    String carol = node.newKey("carol");
    node.edit("add", "bob", carol);
    node.edit("update", "bob", node.publicKey("ann") + "?3");
    Cli.run("add", control, carol, "--key-file", node.keyFile("ann"));
    return node;
  }

  @Test
  void editsThatControlRefusesAreListedAndMadeAgain() throws Exception {
    Tailnet node = conflict(folder, folder.resolve("control"));
    Path control = folder.resolve("control");
    Cli.Result sync = Cli.run("sync", node.directory(), control);
    assertThat(sync.exitCode()).as(sync.out()).isEqualTo(ExitCode.OK);
    assertThat(sync.out())
        .contains("not admitted    ", "make it again")
        .contains("Set aside, because control does not follow it: ", " add-key tlpub:")
        .contains("run:   tka edits ");
    assertThat(head(node.directory())).isEqualTo(head(control));

    Cli.Result text = Cli.run("edits", node.directory());
    assertThat(text.out()).hasLineCount(2).contains(" add-key ", " update-key ", ", signed by ");
    List<?> listed = (List<?>) Cli.run("edits", node.directory(), "--json").json().get("SetAside");
    String add = (String) ((Map<?, ?>) listed.get(0)).get("Hash");
    String update = (String) ((Map<?, ?>) listed.get(1)).get("Hash");

    // Control has the same key by now, so it cannot be added; the votes can be changed.
    Cli.Result again =
        Cli.run("edits", node.directory(), "--again", "--key-file", node.keyFile("bob"), "--json");
    assertThat(again.exitCode()).isEqualTo(ExitCode.VERIFICATION_FAILED);
    assertThat(again.json()).containsEntry("MadeAgain", List.of(update));
    assertThat(again.err()).contains("tka: " + add + " stays set aside: add key ");
    assertThat(again.err()).contains("'tka edits " + node.directory() + " --drop HASH'");
    assertThat(node.trusted()).contains(node.publicKey("ann") + "?3");
    assertThat(Cli.run("edits", node.directory()).out()).hasLineCount(1).contains(add);

    Cli.Result sent = Cli.run("sync", node.directory(), control);
    assertThat(sent.exitCode()).as(sent.out()).isEqualTo(ExitCode.OK);
    assertThat(head(control)).isEqualTo(head(node.directory()));

    node.requireRefused(ExitCode.USAGE, "--confirm", "edits", node.directory(), "--drop", add);
    node.requireRefused(
        ExitCode.NOT_FOUND, update, "edits", node.directory(), "--drop", update, "--confirm");
    assertThat(node.run("edits", node.directory(), "--drop", add, "--confirm").out())
        .startsWith("Dropped: " + add);
    assertThat(node.run("edits", node.directory()).out())
        .isEqualTo("No edits have been set aside.\n");
    node.requireRefused(
        ExitCode.NOT_FOUND,
        "no edits have been set aside",
        node.editArguments("edits", "bob", "--again"));
  }

  @Test
  void checkpointsThatTheBuilderAddedAreNotMadeAgain() throws Exception {
    Path control = folder.resolve("control");
    Tailnet node = conflict(folder, control);
    Object[] votes = new Object[48];
    for (int i = 0; i < votes.length; i++) {
      votes[i] = node.publicKey("ann") + "?" + (1 + i % 2);
    }
    node.edit("update", "bob", votes);
    Cli.run("sync", node.directory(), control);
    List<?> listed = (List<?>) Cli.run("edits", node.directory(), "--json").json().get("SetAside");
    assertThat(listed).hasSize(51);
    Object checkpoint = ((Map<?, ?>) listed.get(50)).get("Hash");

    Map<String, Object> made =
        Cli.run(node.editArguments("edits", "bob", "--again", "--json")).json();
    assertThat((List<?>) made.get("MadeAgain")).hasSize(49);
    assertThat(made.get("Checkpoints")).isEqualTo(List.of(checkpoint));
    assertThat(Cli.run("edits", node.directory()).out()).hasLineCount(1).contains(" add-key ");
  }

  @Test
  void editsAfterTheRemovalOfTheirSignerStayListedWithTheCommandForThem() throws Exception {
    Path control = folder.resolve("control");
    Tailnet node = Tailnet.of(folder, "ann?3", "bob");
    TestFiles.copy(node.directory(), control);
    node.edit("add", "bob", node.newKey("carol"));
    node.edit("remove", "bob", node.publicKey("bob"), "--re-sign=false", "--confirm");
    node.edit("add", "ann", node.newKey("dave"));
    Cli.run("add", control, node.newKey("eve"), "--key-file", node.keyFile("ann"));
    Cli.run("sync", node.directory(), control);

    Cli.Result again = Cli.run(node.editArguments("edits", "bob", "--again"));
    assertThat(again.exitCode()).isEqualTo(ExitCode.VERIFICATION_FAILED);
    assertThat(again.out()).hasLineCount(2);
    assertThat(again.err())
        .contains(" stays set aside: add key " + node.publicKey("dave"))
        .endsWith("tka: run:   tka edits " + node.directory() + " --again --key-file FILE\n");
    assertThat(node.edit("edits", "ann", "--again").err()).isEmpty();
    assertThat(node.trusted())
        .contains(node.publicKey("carol") + "?1", node.publicKey("dave") + "?1");
  }

  @Test
  void oneOfTheEditsMayBeMadeAgain() throws Exception {
    Tailnet node = conflict(folder, folder.resolve("control"));
    Cli.run("sync", node.directory(), folder.resolve("control"));
    List<?> listed = (List<?>) Cli.run("edits", node.directory(), "--json").json().get("SetAside");
    String update = (String) ((Map<?, ?>) listed.get(1)).get("Hash");

    Cli.Result again = node.edit("edits", "bob", "--again", update);
    assertThat(again.out()).isEqualTo("Made again: " + update + "\n");
    assertThat(again.err()).isEmpty();
    node.requireSound();
  }

  @Test
  void invalidUsageOfEditsIsRefused() throws Exception {
    Tailnet node = conflict(folder, folder.resolve("control"));
    Path directory = node.directory();
    String hash = head(directory);
    node.requireRefused(
        ExitCode.USAGE, "cannot be combined", "edits", directory, "--again", "--drop", hash);
    node.requireRefused(ExitCode.USAGE, "--again or --drop", "edits", directory, hash);
    node.requireRefused(ExitCode.USAGE, "--drop needs", "edits", directory, "--drop");
    node.requireRefused(ExitCode.USAGE, "XYZ", "edits", directory, "--drop", "XYZ");
  }

  @Test
  void aRevocationByAKeyThatIsGoneIsNotStored() throws Exception {
    Path node = folder.resolve("node");
    Chains chains = oldKeyRewrites(node, folder.resolve("control"));
    Aum revocation =
        Chains.checkpoint(chains.get("A"), Chains.stateOf(List.of(TestKeys.key(1, 1))), 2);
    String hex = revocation.encoded().toHex();

    Cli.Result result = Cli.run("revoke-keys", node, "--finish", hex, "--confirm");
    assertThat(result.exitCode()).isEqualTo(ExitCode.VERIFICATION_FAILED);
    assertThat(result.out()).isEmpty();
    assertThat(result.err())
        .contains("tka: warning: control would refuse it now: at ")
        .contains("tka: not admitted; nothing was written: " + revocation.hash() + ": at ");
    assertThat(head(node)).isEqualTo(chains.get("C").hash().toString());
    assertThat(NodeDirectory.at(node).read().find(revocation.hash())).isEmpty();
  }

  @Test
  void aRevocationBelowTheNodesWindowsWarns() throws Exception {
    Path node = folder.resolve("node");
    Path control = folder.resolve("control");
    Aum genesis = OldDirectories.begin(node, control);
    Aum revocation = Chains.checkpoint(genesis, Chains.stateOf(List.of(TestKeys.key(2, 2))), 2);
    Cli.Result unasked = Cli.run("revoke-keys", control, "--finish", revocation.encoded().toHex());
    assertThat(unasked.exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(unasked.err())
        .contains("tka: warning: it forks off before the AUMs that nodes keep")
        .doesNotContain("could answer", "would refuse");
  }

  @Test
  void aRevocationThatCanBeAnsweredNamesTheForkPointThatPreventsIt() throws Exception {
    Tailnet home = Tailnet.of(Files.createDirectory(folder.resolve("home")), "ann");
    String genesis = home.authority().head().toString();
    String bob = home.newKey("bob");
    home.edit("add", "ann", bob + "?2");
    String added = home.authority().head().toString();
    home.edit("add", "ann", home.newKey("carol"));

    Cli.Result late = home.edit("revoke-keys", "ann", bob, "--fork-from", added);
    assertThat(late.err())
        .contains("the revoked keys could answer it from " + added)
        .contains("; one with --fork-from " + genesis + " prevents that");
    Cli.Result early = home.edit("revoke-keys", "ann", bob, "--fork-from", genesis, "--json");
    assertThat(early.json())
        .doesNotContainKey("AnswerableFrom")
        .containsEntry("BelowWindows", false)
        .containsKey("RefusedByControl");
  }
}
