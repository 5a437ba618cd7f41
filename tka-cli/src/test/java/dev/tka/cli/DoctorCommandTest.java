package dev.tka.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.Aum;
import dev.tka.core.Authority;
import dev.tka.store.NodeDirectory;
import dev.tka.testkit.Chains;
import dev.tka.testkit.TestKeys;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Each way in which a shipping node is left behind, and what the doctor says of it. */
class DoctorCommandTest {
  @TempDir Path folder;
  private Path node;
  private Path control;

  @BeforeEach
  void name() {
    node = folder.resolve("node");
    control = folder.resolve("control");
  }

  private static String head(Path directory) throws Exception {
    return Authority.open(NodeDirectory.at(directory)).head().toString();
  }

  /** The finding of a kind, of which there is one. */
  private static Map<?, ?> finding(String kind, Object... arguments) {
    List<?> findings = (List<?>) Cli.run(arguments).json().get("Findings");
    List<?> found =
        findings.stream().filter(one -> kind.equals(((Map<?, ?>) one).get("Kind"))).toList();
    assertThat(found).as("%s", findings).hasSize(1);
    return (Map<?, ?>) found.get(0);
  }

  private void assertRemedy(Map<?, ?> finding, boolean problem, String command) {
    assertThat(finding.get("Problem")).isEqualTo(problem);
    assertThat((String) finding.get("Remedy")).contains(command);
  }

  private void assertBroughtBack(String kind, Aum fork) throws Exception {
    Map<?, ?> finding = finding(kind, "doctor", node, control, "--json");
    assertRemedy(finding, true, "tka repair " + node + " --to " + fork.hash());
    assertRemedy(finding, true, "tka sync " + node + " " + control);
    Cli.Result text = Cli.run("doctor", node, control);
    assertThat(text.exitCode()).isEqualTo(ExitCode.VERIFICATION_FAILED);
    assertThat(text.out()).contains("PROBLEM  " + kind + ": ");

    Cli.Result repair = Cli.run("repair", node, "--to", fork.hash(), "--confirm");
    assertThat(repair.exitCode()).as(repair.err()).isEqualTo(ExitCode.OK);
    Cli.Result after = Cli.run("doctor", node, control);
    assertThat(after.exitCode()).as(after.out()).isEqualTo(ExitCode.OK);
  }

  @Test
  void aStaleBranchThatWonBelowTheWindow() throws Exception {
    Aum genesis = OldDirectories.begin(node, control);
    OldDirectories.at(control, 20).inform(List.of(Chains.noOp(genesis, "stale", 2)));
    assertBroughtBack("stale-branch", genesis);
  }

  @Test
  void anOwnBranchThatNeverReachedControl() throws Exception {
    Aum genesis = OldDirectories.begin(node, control);
    Aum top = NodeDirectory.at(node).read().get(Authority.open(NodeDirectory.at(node)).head());
    OldDirectories.at(node, 20).inform(List.of(Chains.noOp(top, "own", 1)));
    OldDirectories.at(control, 20).inform(List.of(Chains.noOp(genesis, "stale", 2)));
    assertBroughtBack("own-unsent-branch", genesis);
  }

  @Test
  void aRevocationOnALongerWindow() throws Exception {
    Aum genesis = OldDirectories.begin(node, control);
    Aum revocation = Chains.checkpoint(genesis, Chains.stateOf(List.of(TestKeys.key(2, 2))), 2);
    OldDirectories.at(control, 20).inform(List.of(revocation));
    assertBroughtBack("revocation-below-window", genesis);
  }

  @Test
  void moreThanTheReferenceLooksBack() throws Exception {
    OldDirectories.begin(node, control);
    Aum top = NodeDirectory.at(node).read().get(Authority.open(NodeDirectory.at(node)).head());
    OldDirectories.at(control, 20)
        .inform(OldDirectories.chain(top, OldDirectories.KEYS, 1040, "far", 1));
    Map<?, ?> finding = finding("far-behind", "doctor", node, control, "--json");
    assertRemedy(finding, true, "tka sync " + node + " " + control);
    assertRemedy(finding, true, "tka repair " + node + " --all");
    Cli.run("repair", node, "--all", "--confirm");
    assertThat(Cli.run("doctor", node, control).exitCode()).isEqualTo(ExitCode.OK);
  }

  @Test
  void aWindowBetweenTheSamplesOfOldClients() throws Exception {
    OldDirectories.begin(node, control);
    Aum top = NodeDirectory.at(node).read().get(Authority.open(NodeDirectory.at(node)).head());
    OldDirectories.at(control, 20)
        .inform(OldDirectories.chain(top, OldDirectories.KEYS, 20, "on", 1));
    Map<?, ?> finding = finding("sampling-gap", "doctor", node, control, "--json");
    assertRemedy(finding, false, "update the client");
    Cli.Result text = Cli.run("doctor", node, control);
    assertThat(text.exitCode()).as(text.out()).isEqualTo(ExitCode.OK);
    assertThat(text.out()).contains("note     sampling-gap: 20 AUMs behind");
  }

  @Test
  void moreAumsThanAShippingNodeOpens() throws Exception {
    OldDirectories.begin(node, control);
    Aum top = NodeDirectory.at(node).read().get(Authority.open(NodeDirectory.at(node)).head());
    OldDirectories.at(node, 20)
        .inform(OldDirectories.chain(top, OldDirectories.KEYS, 2001, "many", 1));
    assertRemedy(finding("over-2000", "doctor", node, "--json"), true, "tka compact " + node);
  }

  @Test
  void anAuthorityThatWasMadeAnew() throws Exception {
    Tailnet old = Tailnet.of(Files.createDirectory(folder.resolve("old")), "ann");
    Tailnet anew = Tailnet.of(Files.createDirectory(folder.resolve("new")), "ann");
    Map<?, ?> finding =
        finding("re-created", "doctor", old.directory(), anew.directory(), "--json");
    assertRemedy(finding, true, "disabled");
  }

  @Test
  void editsThatWereSetAside() throws Exception {
    Tailnet home = Tailnet.of(Files.createDirectory(folder.resolve("home")), "ann", "bob");
    TestFiles.copy(home.directory(), control);
    home.edit("add", "bob", home.newKey("carol"));
    Cli.run("add", control, home.newKey("dave"), "--key-file", home.keyFile("ann"));
    Cli.run("sync", home.directory(), control);
    Map<?, ?> finding = finding("edits-set-aside", "doctor", home.directory(), "--json");
    assertRemedy(finding, false, "tka edits " + home.directory());
    assertThat(Cli.run("doctor", home.directory()).exitCode()).isEqualTo(ExitCode.OK);
  }

  @Test
  void anOfferAloneTellsThatTheWindowIsTooSmall() throws Exception {
    OldDirectories.leftBehindByAStaleBranch(node, control);
    Path offer = folder.resolve("offer.json");
    Files.writeString(offer, Cli.run("offer", control, "--json").out());
    Map<?, ?> stale = finding("stale-branch", "doctor", node, "--offer", offer, "--json");
    assertRemedy(stale, true, "tka repair " + node + " --meet " + offer);

    Path genesis =
        DirectoryOfAums.write(
            List.of(Chains.genesis(OldDirectories.KEYS, 1)), 40, folder.resolve("backup"));
    byte[] text = Cli.run("offer", genesis).out().getBytes(StandardCharsets.US_ASCII);
    Cli.Result lost = Cli.runWithInput(text, "doctor", node, "--offer", "-");
    assertThat(lost.exitCode()).isEqualTo(ExitCode.VERIFICATION_FAILED);
    assertThat(lost.out())
        .contains(
            "PROBLEM  control-lost-history: ", "tka repair " + node + " --to " + head(genesis));
  }
}
