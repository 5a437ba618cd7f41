package dev.tka.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.cli.output.ExitCode;
import dev.tka.core.Aum;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.authority.Revocation;
import dev.tka.store.KeyFile;
import dev.tka.store.directory.NodeDirectory;
import dev.tka.testkit.Chains;
import dev.tka.testkit.TestKeys;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Protocol, section 10, "Who may not rewrite", at the command line. */
class BarredSignersTest {
  @TempDir Path folder;
  private Path node;
  private Chains chains;

  /** Key 5 was stolen; key 2 was away for a month, and key 3 was lowered yesterday. */
  @BeforeEach
  void keysComeAndGo() throws Exception {
    node = folder.resolve("node");
    chains = removedAndLowered(node);
  }

  static Chains removedAndLowered(Path directory) throws Exception {
    Chains chains =
        Chains.draw(
            List.of(TestKeys.key(1, 2), TestKeys.key(2, 9), TestKeys.key(3, 2), TestKeys.key(4, 1)),
            "A -> B[add:5](4) -> C[remove:2](4) -> D[update:3*1](1,3,4) -> E[add:2*9](4)");
    DirectoryOfAums.write(chains.list("A B C"), 40, directory);
    OldDirectories.at(directory, 1).inform(chains.list("D E"));
    return chains;
  }

  private String hash(String name) {
    return chains.get(name).hash().toString();
  }

  private Path keyFile(int number) throws Exception {
    Path file = folder.resolve(number + ".key");
    if (!Files.exists(file)) {
      KeyFile.create(file, TestKeys.privateKey(number));
    }
    return file;
  }

  /** The revocation of key 5 at A, signed by whoever signs anything. */
  private Aum signed(int... signers) throws Exception {
    return signed(node, chains, signers);
  }

  static Aum signed(Path directory, Chains chains, int... signers) throws Exception {
    Authority authority = Authority.open(NodeDirectory.at(directory));
    Aum revocation = Revocation.draftAt(authority, Set.of(TestKeys.id(5)), chains.get("A").hash());
    for (int signer : signers) {
      revocation = Revocation.sign(authority, revocation, TestKeys.privateKey(signer));
    }
    return revocation;
  }

  private static String hex(Aum aum) {
    return aum.encoded().toHex();
  }

  private static String head(Path directory) throws Exception {
    return Authority.open(NodeDirectory.at(directory)).head().toString();
  }

  private Cli.Result plan(String... more) {
    return Cli.run(
        Stream.concat(
                Stream.of(
                    "revoke-keys", node, "--plan", TestKeys.publicKey(5), "--fork-from", hash("A")),
                Stream.of(more))
            .toArray());
  }

  @Test
  void thePlanNamesThoseWhoMustNotSignWithReasons() {
    Map<String, Object> plan = plan("--json").json();
    assertThat(Nodes.each(plan.get("CouldSign"), "Public"))
        .containsExactly(TestKeys.publicKey(1).toString(), TestKeys.publicKey(4).toString());
    assertThat(Nodes.each(plan.get("CouldSign"), "OfThoseEnough")).containsExactly(true, false);
    assertThat(plan.get("MustNotSign"))
        .isEqualTo(
            List.of(
                Map.of(
                    "Public",
                    TestKeys.publicKey(2).toString(),
                    "Votes",
                    9,
                    "By",
                    hash("C"),
                    "VotesLeft",
                    0,
                    "Final",
                    true,
                    "Reason",
                    hash("C") + " removed it for good"),
                Map.of(
                    "Public",
                    TestKeys.publicKey(3).toString(),
                    "Votes",
                    2,
                    "By",
                    hash("D"),
                    "VotesLeft",
                    1,
                    "Final",
                    false,
                    "Reason",
                    hash("D") + " lowered it to 1, and is not outweighed")));
    assertThat(plan().out())
        .contains(TestKeys.publicKey(1) + "\t2 votes\tone of a sufficient set\n")
        .contains("Must not sign, or control would refuse it:\n")
        .contains(TestKeys.publicKey(2) + "\t9 votes\t" + hash("C") + " removed it for good\n");
  }

  @Test
  void aKeyThatWouldBarTheUpdateDoesNotSignIt() throws Exception {
    Object[] begin = {
      "revoke-keys", node, TestKeys.publicKey(5), "--fork-from", hash("A"), "--key-file", keyFile(2)
    };
    Object[] cosign = {"revoke-keys", node, "--cosign", hex(signed(1)), "--key-file", keyFile(2)};
    for (Object[] step : List.of(begin, cosign)) {
      Cli.Result refused = Cli.run(step);
      assertThat(refused.exitCode()).isEqualTo(ExitCode.VERIFICATION_FAILED);
      assertThat(refused.out()).isEmpty();
      assertThat(refused.err())
          .contains(TestKeys.publicKey(2) + ": " + hash("C") + " removed it for good")
          .contains("have other keys sign")
          .hasLineCount(1);
    }
    Cli.Result lowered =
        Cli.run("revoke-keys", node, "--cosign", hex(signed(1)), "--key-file", keyFile(3));
    assertThat(lowered.err()).contains(hash("D") + " lowered it to 1, and is not outweighed");
    cosign[cosign.length - 1] = keyFile(4);
    assertThat(Cli.run(cosign).exitCode()).isEqualTo(ExitCode.OK);
  }

  @Test
  void aSignatureThatBarsIsLeftOutIfTheOthersAreEnough() throws Exception {
    Cli.Result asked = Cli.run("revoke-keys", node, "--finish", hex(signed(2, 1)));
    assertThat(asked.exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(asked.err())
        .contains("tka: left out the signature of " + TestKeys.publicKey(2))
        .contains("With 2 votes it revokes 1 key")
        .doesNotContain("would refuse it now");

    Cli.Result done =
        Cli.run("revoke-keys", node, "--finish", hex(signed(2, 1)), "--confirm", "--json");
    assertThat(done.exitCode()).as(done.err()).isEqualTo(ExitCode.OK);
    assertThat(done.json())
        .containsEntry("LeftOut", List.of(TestKeys.publicKey(2).toString()))
        .containsEntry("Votes", 2)
        .doesNotContainKey("RefusedByControl");
    assertThat(head(node)).isEqualTo(signed(1).hash().toString());
  }

  @Test
  void whatTheNodeRefusesIsNotStored() throws Exception {
    String before = head(node);
    Cli.Result result = Cli.run("revoke-keys", node, "--finish", hex(signed(2, 4)), "--confirm");
    assertThat(result.exitCode()).isEqualTo(ExitCode.VERIFICATION_FAILED);
    assertThat(result.out()).isEmpty();
    assertThat(result.err())
        .contains("without the signatures that must not be on it, it is not enough: With 1 vote")
        .contains("tka: not admitted; nothing was written: ")
        .contains("must not be signed by " + TestKeys.publicKey(2) + " (9 votes): " + hash("C"));
    assertThat(head(node)).isEqualTo(before);
  }

  /**
   * Makes a node and a control that refuses its revocation: the node did not know that key 2, which
   * signed that, was removed and added again.
   *
   * @return the revocation
   */
  static Aum refusedByControl(Path home, Path control) throws Exception {
    Chains apart =
        Chains.draw(
            List.of(TestKeys.key(1, 2), TestKeys.key(2, 9), TestKeys.key(3, 1)),
            "A -> B[add:5](3) -> C[remove:2](3) -> D[add:2*9](3)");
    DirectoryOfAums.write(apart.list("A B"), 50, home);
    DirectoryOfAums.write(apart.list("A B C"), 40, control);
    OldDirectories.at(control, 1).inform(apart.list("D"));
    LiveAuthority live =
        LiveAuthority.open(NodeDirectory.at(home), AdmissionPolicy.NODE, Clock.systemUTC());
    Aum revocation =
        Revocation.draftAt(live.current(), Set.of(TestKeys.id(5)), apart.get("A").hash());
    for (int signer : new int[] {1, 2}) {
      revocation = Revocation.sign(live.current(), revocation, TestKeys.privateKey(signer));
    }
    live.informOn(live.current(), List.of(revocation));
    return revocation;
  }

  @Test
  void aRevocationThatControlRefusedIsMendedWithoutAnotherSignature() throws Exception {
    Path home = folder.resolve("home");
    Path control = folder.resolve("control");
    Aum revocation = refusedByControl(home, control);

    Cli.Result refused = Cli.run("sync", home, control);
    assertThat(refused.exitCode()).isEqualTo(ExitCode.VERIFICATION_FAILED);
    assertThat(refused.out())
        .contains("must not be signed by " + TestKeys.publicKey(2))
        .contains("to do: the signatures that control names must not be on it");
    Matcher hex = Pattern.compile("--finish ([0-9A-F]+)").matcher(refused.out());
    assertThat(hex.find()).isTrue();
    assertThat(Cli.run("doctor", home, control).out()).contains(hex.group());

    Cli.Result mended = Cli.run("revoke-keys", home, "--finish", hex.group(1), "--confirm");
    assertThat(mended.exitCode()).as(mended.err()).isEqualTo(ExitCode.OK);
    assertThat(mended.err()).contains("it takes the place of " + revocation.hash());
    Cli.Result sync = Cli.run("sync", home, control);
    assertThat(sync.exitCode()).as(sync.out()).isEqualTo(ExitCode.OK);
    assertThat(head(control)).isEqualTo(head(home)).isNotEqualTo(revocation.hash().toString());
    assertThat(Cli.run("edits", home).out()).isEqualTo("No edits have been set aside.\n");
  }
}
