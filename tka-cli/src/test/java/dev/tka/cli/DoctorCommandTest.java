package dev.tka.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.cli.output.ExitCode;
import dev.tka.core.Aum;
import dev.tka.core.Bytes;
import dev.tka.core.Key;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.store.directory.NodeDirectory;
import dev.tka.testkit.Chains;
import dev.tka.testkit.TestKeys;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Each way in which a shipping node is stranded, and the doctor's finding. */
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
    assertRemedy(finding, true, "tka disable " + old.directory() + " SECRET");
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

  /** The kinds of notes about a directory, none of which is a problem. */
  private static List<Object> notes(Path directory) {
    Cli.Result result = Cli.run("doctor", directory, "--json");
    assertThat(result.exitCode()).as(result.out()).isEqualTo(ExitCode.OK);
    List<Object> kinds = new ArrayList<>(Nodes.each(result.json().get("Findings"), "Kind"));
    kinds.removeIf(Objects::isNull);
    return kinds;
  }

  private Path withKeys(String name, List<Key> keys) throws Exception {
    return DirectoryOfAums.write(List.of(Chains.genesis(keys, 1)), 3, folder.resolve(name));
  }

  private static Key keyOf(Bytes id) {
    return new Key(Key.KIND_25519, 1, Optional.of(id), Map.of());
  }

  @Test
  void risksAreNoted() throws Exception {
    List<Key> three = List.of(TestKeys.key(1, 1), TestKeys.key(2, 1), TestKeys.key(3, 1));
    assertThat(notes(withKeys("three", three))).containsExactly("one-disablement-value");
    assertThat(notes(withKeys("one", three.subList(0, 1))))
        .containsExactly("one-signing-key", "one-disablement-value");

    List<Key> heavy = List.of(TestKeys.key(1, 3), TestKeys.key(2, 1), TestKeys.key(3, 2));
    Path outvoting = withKeys("heavy", heavy);
    assertThat(notes(outvoting)).containsExactly("outvoting-key", "one-disablement-value");
    assertThat(Cli.run("doctor", outvoting).out())
        .contains(
            "note     outvoting-key: "
                + TestKeys.publicKey(1)
                + " has 3 votes, all others together"
                + " have 3");

    // Two keys that can never sign: one is too short, one is not a point.
    byte[] noPoint = new byte[32];
    noPoint[0] = 2;
    List<Key> dead = new ArrayList<>(three);
    dead.add(keyOf(Bytes.copyOf(new byte[] {1, 2, 3})));
    dead.add(keyOf(Bytes.copyOf(noPoint)));
    assertThat(notes(withKeys("dead", dead)))
        .containsExactly("undecodable-key", "undecodable-key", "one-disablement-value");

    List<Key> many = new ArrayList<>();
    for (int i = 1; i <= 480; i++) {
      many.add(TestKeys.key(i, 1));
    }
    assertThat(notes(withKeys("480", many))).containsExactly("one-disablement-value");
    many.add(TestKeys.key(481, 1));
    assertThat(notes(withKeys("481", many))).containsExactly("many-keys", "one-disablement-value");

    Tailnet two = Tailnet.in(Files.createDirectory(folder.resolve("two")));
    two.edit(
        "init",
        "ann",
        "--confirm",
        "--gen-disablements",
        "2",
        two.newKey("ann"),
        two.newKey("bob"),
        two.newKey("carol"));
    assertThat(notes(two.directory())).isEmpty();
  }

  @Test
  void aHundredAumsWithoutACheckpoint() throws Exception {
    List<Key> keys = List.of(TestKeys.key(1, 1), TestKeys.key(2, 1), TestKeys.key(3, 1));
    List<Aum> chain = new ArrayList<>(List.of(Chains.genesis(keys, 1)));
    for (int i = 1; i < 100; i++) {
      chain.add(Chains.noOp(chain.get(i - 1), "n" + i, 1));
    }
    assertThat(notes(DirectoryOfAums.write(chain, 3, folder.resolve("99"))))
        .doesNotContain("no-recent-checkpoint");
    chain.add(Chains.noOp(chain.get(99), "last", 1));
    assertThat(notes(DirectoryOfAums.write(chain, 3, folder.resolve("100"))))
        .contains("no-recent-checkpoint");
  }

  @Test
  void nodesThatDependOnAKeyAboutToBeRemoved() throws Exception {
    Tailnet home = Tailnet.of(Files.createDirectory(folder.resolve("home")), "ann", "bob");
    Path peers =
        new Nodes()
            .add("laptop", 1, Nodes.direct(1, home.keyFile("ann")))
            .add("phone", 2, Nodes.direct(2, home.keyFile("bob")))
            .write(folder.resolve("peers.json"));
    Object bob = home.publicKey("bob");

    Map<?, ?> finding =
        finding(
            "rests-on-key",
            "doctor",
            home.directory(),
            "--peers",
            peers,
            "--without",
            bob,
            "--json");
    assertRemedy(
        finding, false, "tka remove " + home.directory() + " " + bob + " --peers " + peers);
    assertThat((String) finding.get("Text")).startsWith("1 node would lose").endsWith(": phone");
    Cli.Result text = Cli.run("doctor", home.directory(), "--peers", peers);
    assertThat(text.exitCode()).as(text.out()).isEqualTo(ExitCode.OK);
    assertThat(text.out()).contains("1 node of the file on " + bob).doesNotContain("rests-on-key");
    assertThat(Cli.run("doctor", home.directory(), "--without", bob).exitCode())
        .isEqualTo(ExitCode.USAGE);
  }

  private void bootstrapAt(Instant now) throws Exception {
    LiveAuthority.bootstrap(
        NodeDirectory.create(node, Clock.systemUTC()),
        Chains.genesis(OldDirectories.KEYS, 1),
        AdmissionPolicy.NODE,
        Clock.fixed(now, ZoneOffset.UTC));
  }

  @Test
  void aClockThatWentBackIsNoted() throws Exception {
    bootstrapAt(Instant.now().plus(Duration.ofDays(30)));
    Map<?, ?> finding = finding("clock-went-back", "doctor", node, "--json");
    assertRemedy(finding, false, "set the clock right");
    assertThat((String) finding.get("Text")).contains("29 days before the latest");
  }

  @Test
  void ownTimeThatIsBehindTheClockIsNoted() throws Exception {
    bootstrapAt(Instant.now().minus(Duration.ofDays(30)));
    Map<?, ?> finding = finding("own-time-behind", "doctor", node, "--json");
    assertRemedy(finding, false, "when it syncs");
    // A stop counts for a day.
    assertThat((String) finding.get("Text")).contains("29 days behind the clock");
  }

  @Test
  void aClockThatIsRightAndAStopOfADayAreNotNoted() throws Exception {
    bootstrapAt(Instant.now().minus(Duration.ofHours(47)));
    assertThat(Cli.run("doctor", node).out()).doesNotContain("clock");
  }

  @Test
  void removalsFromBeforeTheStoreKeptTimeAreNoted() throws Exception {
    RewriteCommandsTest.oldKeyRewrites(node, control);
    Map<?, ?> finding = finding("untimed-removals", "doctor", node, "--json");
    assertRemedy(finding, false, "tka log");
    assertThat((String) finding.get("Text")).startsWith("1 removal from before");
    assertThat(Cli.run("doctor", control).out()).doesNotContain("untimed-removals");
  }
}
