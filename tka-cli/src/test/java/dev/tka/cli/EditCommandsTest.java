package dev.tka.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.cli.output.ExitCode;
import dev.tka.core.AumKind;
import dev.tka.core.authority.Authority;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Commands that write, with the output of {@code tailscale lock} where it has them. */
class EditCommandsTest {
  private static final Pattern SECRET = Pattern.compile("disablement-secret:[0-9A-F]{64}");
  private static final Pattern UPDATE = Pattern.compile("A4[0-9A-F]+");

  @TempDir Path folder;

  private static Map<String, Object> recorded(String name) {
    return Cli.golden("recorded/cli", name);
  }

  /** The reference's output, with the parts that change from run to run replaced. */
  private static String shape(String text) {
    String shape = text.replaceAll("tlpub:[0-9a-f]{64}", "KEY");
    shape = SECRET.matcher(shape).replaceAll("SECRET");
    return UPDATE.matcher(shape).replaceAll("UPDATE");
  }

  @Test
  void aNewKeyIsReadableOnlyByItsOwner() throws Exception {
    Path file = folder.resolve("own.key");
    Cli.Result result = Cli.run("keygen", file);

    assertThat(result.exitCode()).isEqualTo(ExitCode.OK);
    assertThat(result.out()).matches("tlpub:[0-9a-f]{64}\n");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
    String text = Files.readString(file);
    assertThat(text).matches("nlpriv:[0-9a-f]{128}\n").contains(result.out().strip().substring(6));

    Cli.Result again = Cli.run("keygen", file);
    assertThat(again.exitCode()).isEqualTo(ExitCode.CONFLICT);
    assertThat(again.err()).contains(file.toString(), "the file already exists");
    assertThat(Files.readString(file)).isEqualTo(text);
  }

  @Test
  void aCreationIsShownFirst() throws Exception {
    Tailnet tailnet = Tailnet.in(folder);
    String ann = tailnet.newKey("ann");
    Cli.Result plan =
        tailnet.run(tailnet.editArguments("init", "ann", "--gen-disablements", 2, ann));

    String reference = (String) recorded("init without --confirm").get("stdout");
    assertThat(withoutLastLine(shape(plan.out()))).isEqualTo(withoutLastLine(shape(reference)));
    assertThat(tailnet.directory()).doesNotExist();

    String again = plan.out().lines().toList().get(plan.out().lines().toList().size() - 1).strip();
    assertThat(again).startsWith("tka init ");
    String[] arguments = again.substring("tka ".length()).split(" ", -1);
    assertThat(Cli.run((Object[]) arguments).exitCode()).isEqualTo(ExitCode.OK);
    assertThat(tailnet.trusted()).containsExactly(ann + "?1");
  }

  private static String withoutLastLine(String text) {
    return text.substring(0, text.strip().lastIndexOf('\n'));
  }

  @Test
  void aCreationPrintsItsSecretsOnce() throws Exception {
    Tailnet tailnet = Tailnet.in(folder);
    String ann = tailnet.newKey("ann");
    String bob = tailnet.newKey("bob");
    Object[] init =
        tailnet.editArguments("init", "ann", "--confirm", "--gen-disablements", 1, ann + "?3", bob);
    Cli.Result result = tailnet.run(init);

    assertThat(shape(result.out())).isEqualTo(shape((String) recorded("init again").get("stdout")));
    assertThat(tailnet.trusted()).containsExactly(ann + "?3", bob + "?1");
    tailnet.requireSound();
    Authority authority = tailnet.authority();
    assertThat(authority.snapshot().lastActiveAncestor()).contains(authority.head());
    Matcher secret = SECRET.matcher(result.out());
    assertThat(secret.find()).isTrue();
    assertThat(Map.copyOf(tailnet.content()).toString().toUpperCase(Locale.ROOT))
        .doesNotContain(secret.group().substring("disablement-secret:".length()));

    Map<String, String> before = tailnet.content();
    Cli.Result again = Cli.run(init);
    assertThat(again.exitCode()).isEqualTo(ExitCode.CONFLICT);
    assertThat(again.out()).isEmpty();
    assertThat(again.err())
        .contains(((String) recorded("init when enabled").get("stderr")).strip());
    assertThat(tailnet.content()).isEqualTo(before);
  }

  @Test
  void aValueMadeElsewhereIsAccepted() throws Exception {
    Tailnet tailnet = Tailnet.in(folder);
    String ann = tailnet.newKey("ann");
    String value = "44a7e790e066c9c1a6e931e4904fa938af0191946d531329db5641ece55748b9";
    tailnet.edit("init", "ann", "--confirm", "--gen-disablements", 0, ann, "disablement:" + value);

    assertThat(tailnet.authority().state().disablementValues()).singleElement().hasToString(value);
  }

  @Test
  void creationsThatNoNodeWouldBeginWithAreRefused() throws Exception {
    Tailnet tailnet = Tailnet.in(folder);
    String ann = tailnet.newKey("ann");
    String bob = tailnet.newKey("bob");
    tailnet.requireRefused(
        ExitCode.VERIFICATION_FAILED,
        "expected a signer that is trusted",
        tailnet.editArguments("init", "ann", "--confirm", bob));
    tailnet.requireRefused(
        ExitCode.VERIFICATION_FAILED,
        "4097",
        tailnet.editArguments("init", "ann", "--confirm", ann + "?4097"));
    tailnet.requireRefused(
        ExitCode.VERIFICATION_FAILED,
        "disablement",
        tailnet.editArguments("init", "ann", "--confirm", "--gen-disablements", 0, ann));
    tailnet.requireRefused(
        ExitCode.USAGE,
        "expected 0 to 32, found 33",
        tailnet.editArguments("init", "ann", "--confirm", "--gen-disablements", 33, ann));
    tailnet.requireRefused(
        ExitCode.USAGE, "missing argument", tailnet.editArguments("init", "ann", "--confirm"));
    assertThat(tailnet.directory()).doesNotExist();
  }

  @Test
  void editsPrintNothingAndTakeEffect() throws Exception {
    Tailnet tailnet = Tailnet.of(folder, "ann", "bob");
    String carol = tailnet.newKey("carol");
    String dave = tailnet.newKey("dave");
    assertThat(tailnet.edit("add", "ann", carol + "?2", dave).out()).isEmpty();
    assertThat(tailnet.edit("update", "carol", dave + "?4", "--meta", "owner=dave").out())
        .isEmpty();
    assertThat(tailnet.edit("remove", "dave", tailnet.publicKey("bob"), "--re-sign=false").out())
        .isEmpty();

    assertThat(tailnet.trusted())
        .containsExactly(tailnet.publicKey("ann") + "?1", carol + "?2", dave + "?4");
    assertThat(tailnet.authority().state().keys().get(2).meta()).isEqualTo(Map.of("owner", "dave"));
    assertThat(tailnet.authority().length()).isEqualTo(6);
    tailnet.requireSound();
  }

  @Test
  void aKeyMayComeFromStandardInput() throws Exception {
    Tailnet tailnet = Tailnet.of(folder, "ann");
    String bob = tailnet.newKey("bob");
    Cli.Result result =
        Cli.runWithInput(
            Files.readAllBytes(tailnet.keyFile("ann")),
            "add",
            tailnet.directory(),
            bob,
            "--key-file",
            "-");

    assertThat(result.exitCode()).as(result.err()).isEqualTo(ExitCode.OK);
    assertThat(tailnet.trusted()).hasSize(2);
  }

  @Test
  void editsThatNoNodeWouldAcceptAreRefused() throws Exception {
    Tailnet tailnet = Tailnet.of(folder, "ann", "bob");
    String ann = tailnet.publicKey("ann");
    String eve = tailnet.newKey("eve");
    int refused = ExitCode.VERIFICATION_FAILED;
    tailnet.requireRefused(refused, "add key " + ann, tailnet.editArguments("add", "bob", ann));
    tailnet.requireRefused(
        refused, "add key " + eve, tailnet.editArguments("add", "bob", eve + "?0"));
    tailnet.requireRefused(refused, "4097", tailnet.editArguments("add", "bob", eve + "?4097"));
    tailnet.requireRefused(
        refused,
        "remove key " + eve,
        tailnet.editArguments("remove", "bob", eve, "--re-sign=false"));
    tailnet.requireRefused(
        refused, "set votes of key " + eve, tailnet.editArguments("update", "bob", eve + "?2"));
    tailnet.requireRefused(
        refused,
        "expected a signer that is trusted there, found " + eve,
        tailnet.editArguments("add", "eve", eve));
    // The first of two is sound, and nothing of it is kept.
    tailnet.requireRefused(
        refused, "add key " + ann, tailnet.editArguments("add", "bob", eve, ann));
  }

  @Test
  void commandLinesThatMakeNoSense() throws Exception {
    Tailnet tailnet = Tailnet.of(folder, "ann");
    String ann = tailnet.publicKey("ann");
    for (String verb : List.of("add", "remove", "revoke-keys")) {
      tailnet.requireRefused(
          ExitCode.USAGE,
          ((String) recorded(verb + " without arguments").get("stderr")).strip(),
          verb,
          tailnet.directory());
    }
    tailnet.requireRefused(ExitCode.USAGE, "--key-file", "add", tailnet.directory(), ann);
    tailnet.requireRefused(
        ExitCode.USAGE, "expected", tailnet.editArguments("add", "ann", "tlpub:12"));
    tailnet.requireRefused(
        ExitCode.USAGE, "votes", tailnet.editArguments("add", "ann", ann + "?many"));
    // Java would read digits of other scripts, and a sign.
    for (String votes : List.of("\u0663", "\uff13", "+3", "")) {
      tailnet.requireRefused(
          ExitCode.USAGE, "votes", tailnet.editArguments("add", "ann", ann + "?" + votes));
    }
    tailnet.requireRefused(
        ExitCode.USAGE, "nothing to change", tailnet.editArguments("update", "ann", ann));
    tailnet.requireRefused(
        ExitCode.USAGE,
        "no votes",
        tailnet.editArguments("remove", "ann", ann + "?2", "--re-sign=false"));
    tailnet.requireRefused(
        ExitCode.USAGE,
        "cannot be combined",
        tailnet.editArguments("revoke-keys", "ann", ann, "--finish", "A4"));
  }

  @Test
  void anAuthorityThatIsNotThereIsNotEdited() throws Exception {
    Tailnet tailnet = Tailnet.in(folder);
    String ann = tailnet.newKey("ann");
    tailnet.requireRefused(
        ExitCode.NOT_FOUND, "no such directory", tailnet.editArguments("add", "ann", ann));
    Files.createDirectory(tailnet.directory());
    tailnet.requireRefused(
        ExitCode.NOT_FOUND, "holds no AUM", tailnet.editArguments("add", "ann", ann));
  }

  @Test
  void removingTheKeyThatSignsIsAskedFor() throws Exception {
    Tailnet tailnet = Tailnet.of(folder, "ann", "bob");
    Object[] removal =
        tailnet.editArguments("remove", "ann", tailnet.publicKey("ann"), "--re-sign=false");
    tailnet.requireRefused(ExitCode.USAGE, "--confirm", removal);

    Map<String, String> before = tailnet.content();
    for (String answer : List.of("n", "", "yesterday", "x".repeat(1000))) {
      Cli.Result no = Cli.runAnswering(answer, removal);
      assertThat(no.exitCode()).isEqualTo(ExitCode.DECLINED);
      assertThat(no.err()).contains("[y/N]", "declined: nothing was changed");
      assertThat(tailnet.content()).isEqualTo(before);
    }
    assertThat(Cli.runAnswering("y", removal).exitCode()).isEqualTo(ExitCode.OK);
    assertThat(tailnet.trusted()).containsExactly(tailnet.publicKey("bob") + "?1");
  }

  @Test
  void nobodyIsAskedWhereTheInputIsTheKey() throws Exception {
    Tailnet tailnet = Tailnet.of(folder, "ann", "bob");
    String key = Files.readString(tailnet.keyFile("ann")).strip();
    Cli.Result result =
        Cli.runAnswering(
            key + "\ny",
            "remove",
            tailnet.directory(),
            tailnet.publicKey("ann"),
            "--re-sign=false",
            "--key-file",
            "-");
    assertThat(result.exitCode()).isNotEqualTo(ExitCode.OK);
    Cli.Result alone =
        Cli.runAnswering(
            key,
            "remove",
            tailnet.directory(),
            tailnet.publicKey("ann"),
            "--re-sign=false",
            "--key-file",
            "-");
    assertThat(alone.exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(alone.err()).contains("--confirm");
    assertThat(tailnet.trusted()).hasSize(2);
  }

  @Test
  void confirmationGoesWithoutAsking() throws Exception {
    Tailnet tailnet = Tailnet.of(folder, "ann", "bob");
    tailnet.edit("remove", "ann", tailnet.publicKey("ann"), "--confirm", "--re-sign=false");
    assertThat(tailnet.trusted()).hasSize(1);
  }

  @Test
  void aPostponedCheckpointIsReported() throws Exception {
    Tailnet tailnet = Tailnet.of(folder, "ann", "bob");
    String bob = tailnet.publicKey("bob");
    List<Object> votes = new ArrayList<>();
    for (int i = 0; i < 49; i++) {
      votes.add(bob + "?" + (1 + i % 2));
    }
    tailnet.edit("update", "bob", votes.toArray());
    assertThat(tailnet.authority().length()).isEqualTo(50);

    Cli.Result removal =
        tailnet.edit(
            "remove", "ann", tailnet.publicKey("ann"), "--confirm", "--re-sign=false", "--json");
    assertThat(removal.err()).contains("warning: a checkpoint is due and was postponed");
    assertThat(removal.json()).containsKey("CheckpointPutOff");

    Cli.Result made = tailnet.edit("update", "bob", bob + "?3", "--json");
    assertThat((List<?>) made.json().get("Messages")).hasSize(2);
    assertThat(made.json().get("Head")).isEqualTo(tailnet.authority().head().toString());
    assertThat(tailnet.authority().snapshot().get(tailnet.authority().head()).kind())
        .isEqualTo(AumKind.CHECKPOINT);
  }

  private static String updateIn(String text) {
    Matcher update = UPDATE.matcher(text);
    assertThat(update.find()).as(text).isTrue();
    return update.group();
  }

  @Test
  void aStolenKeyIsRevokedInThreeSteps() throws Exception {
    Tailnet tailnet = Tailnet.of(folder, "ann", "bob", "carol");
    String mallory = tailnet.newKey("mallory");
    tailnet.edit("remove", "carol", tailnet.publicKey("bob"), "--re-sign=false");
    tailnet.edit("add", "carol", mallory);

    Cli.Result first = tailnet.edit("revoke-keys", "ann", tailnet.publicKey("carol"), mallory);
    assertThat(shape(first.out())).isEqualTo(shape(ours("revoke-keys, step 1")));
    assertThat(first.err())
        .contains("With 1 vote it has no effect yet", "refuse it now: it does not outweigh ")
        .doesNotContain("make it again");
    String update = updateIn(first.out());

    tailnet.requireRefused(
        ExitCode.VERIFICATION_FAILED,
        "1 vote",
        "revoke-keys",
        tailnet.directory(),
        "--finish",
        update,
        "--confirm");
    tailnet.requireRefused(
        ExitCode.VERIFICATION_FAILED,
        "has already signed this recovery update",
        tailnet.editArguments("revoke-keys", "ann", "--cosign", update));
    tailnet.requireRefused(
        ExitCode.VERIFICATION_FAILED,
        "trusted at the fork point",
        tailnet.editArguments("revoke-keys", "mallory", "--cosign", update));

    Cli.Result second = tailnet.edit("revoke-keys", "bob", "--cosign", update);
    assertThat(shape(second.out())).isEqualTo(shape(ours("revoke-keys, step 2")));
    assertThat(second.err())
        .contains("With 2 votes it revokes 2 keys (", mallory, "), and undoes remove-key");
    String signed = updateIn(second.out());

    Object[] finish = {"revoke-keys", tailnet.directory(), "--finish", signed};
    tailnet.requireRefused(ExitCode.USAGE, "--confirm", finish);
    Cli.Result third = Cli.runAnswering("yes", finish);
    assertThat(third.exitCode()).as(third.err()).isEqualTo(ExitCode.OK);
    assertThat(third.out()).isEqualTo(recorded("revoke-keys, step 3").get("stdout"));
    assertThat(tailnet.trusted()).containsExactly(tailnet.publicKey("ann") + "?1");
    tailnet.requireSound();
  }

  /** The reference's output, with our name and our command's file arguments. */
  private static String ours(String name) {
    return ((String) recorded(name).get("stdout"))
        .replace(
            "tailscale lock revoke-keys --cosign", "tka revoke-keys DIR --key-file FILE --cosign")
        .replace("tailscale lock revoke-keys --finish", "tka revoke-keys DIR --finish");
  }

  @Test
  void aStaleRecoveryBringsNothingBack() throws Exception {
    Tailnet tailnet = Tailnet.of(folder, "ann?2", "bob", "carol");
    String mallory = tailnet.newKey("mallory");
    tailnet.edit("add", "carol", mallory);
    String update = updateIn(tailnet.edit("revoke-keys", "ann", mallory).out());
    tailnet.edit("remove", "ann", tailnet.publicKey("carol"), "--re-sign=false");

    String why = tailnet.publicKey("carol").substring("tlpub:".length());
    tailnet.requireRefused(
        ExitCode.VERIFICATION_FAILED,
        why,
        tailnet.editArguments("revoke-keys", "bob", "--cosign", update));
    tailnet.requireRefused(
        ExitCode.VERIFICATION_FAILED,
        why,
        "revoke-keys",
        tailnet.directory(),
        "--finish",
        update,
        "--confirm");
  }

  @Test
  void aRecoveryNamesWhomItRevokesAndIsFinishedOnce() throws Exception {
    Tailnet tailnet = Tailnet.of(folder, "ann?2", "bob");
    String mallory = tailnet.newKey("mallory");
    tailnet.edit("add", "bob", mallory);
    String update = updateIn(tailnet.edit("revoke-keys", "ann", mallory).out());
    assertThat(tailnet.edit("revoke-keys", "bob", "--cosign", update).err())
        .contains("it revokes 1 key (" + mallory + ")");

    Object[] finish = {"revoke-keys", tailnet.directory(), "--finish", update};
    Cli.Result no = Cli.runAnswering("n", finish);
    assertThat(no.err()).contains("it revokes 1 key (" + mallory + ")", "[y/N]");
    assertThat(Cli.runAnswering("y", finish).exitCode()).isEqualTo(ExitCode.OK);
    Map<String, String> before = tailnet.content();
    Cli.Result again = tailnet.run(finish);
    assertThat(again.out()).isEqualTo("Recovery completed.\n");
    assertThat(tailnet.content()).isEqualTo(before);
  }

  @Test
  void metadataThatTheLocaleSpoiltIsNotSigned() throws Exception {
    Tailnet tailnet = Tailnet.of(folder, "ann");
    String ann = tailnet.publicKey("ann");
    tailnet.requireRefused(
        ExitCode.USAGE,
        "UTF-8",
        tailnet.editArguments("update", "ann", ann, "--meta", "o=J\ufffd"));
    List<Object> many = new ArrayList<>(List.of(ann));
    for (int i = 0; i < 1030; i++) {
      many.addAll(List.of("--meta", i + "=x"));
    }
    tailnet.requireRefused(
        ExitCode.USAGE, "512", tailnet.editArguments("update", "ann", many.toArray()));
  }

  @Test
  void aSecretInTheWrongPlaceIsNotRepeated() throws Exception {
    Tailnet tailnet = Tailnet.of(folder, "ann");
    String secret = Files.readString(tailnet.keyFile("ann")).strip();
    String ann = tailnet.publicKey("ann");
    for (Object[] arguments :
        List.of(
            new Object[] {"add", tailnet.directory(), ann, "--key-file", secret},
            new Object[] {"inspect", secret},
            new Object[] {"status", tailnet.directory(), secret},
            new Object[] {"add", tailnet.directory(), secret, "--key-file", "x"},
            new Object[] {"revoke-keys", tailnet.directory(), "--finish", secret})) {
      Cli.Result result = Cli.run(arguments);
      assertThat(result.exitCode()).isNotEqualTo(ExitCode.OK);
      assertThat(result.out() + result.err()).doesNotContain(secret.substring(7, 40));
    }
    tailnet.requireRefused(ExitCode.USAGE, "to a file", "keygen", "-");
  }

  @Test
  void aRecoveryMayBePipedAndForkedFromAnywhere() throws Exception {
    Tailnet tailnet = Tailnet.of(folder, "ann", "bob?2");
    String genesis = tailnet.authority().head().toString();
    String carol = tailnet.newKey("carol");
    tailnet.edit("add", "ann", carol);
    tailnet.edit("update", "ann", carol + "?2");

    Cli.Result first = tailnet.edit("revoke-keys", "bob", carol, "--fork-from", genesis, "--json");
    assertThat(first.json())
        .containsEntry("ForkPoint", genesis)
        .containsEntry("Votes", 2)
        .containsEntry("DisplacedVotes", 1)
        .containsEntry("TakesEffect", true);
    byte[] update = ((String) first.json().get("Recovery")).getBytes(StandardCharsets.US_ASCII);
    Cli.Result last =
        Cli.runWithInput(
            update, "revoke-keys", tailnet.directory(), "--finish", "-", "--confirm", "--json");
    assertThat(last.exitCode()).as(last.err()).isEqualTo(ExitCode.OK);
    assertThat(last.json()).containsEntry("Head", tailnet.authority().head().toString());
    assertThat(tailnet.trusted()).hasSize(2);
  }

  @Test
  void onlyARecoveryUpdateIsSignedOrStored() throws Exception {
    Tailnet tailnet = Tailnet.of(folder, "ann", "bob");
    String genesis =
        tailnet.authority().snapshot().get(tailnet.authority().head()).encoded().toHex();
    for (String text : List.of("", "zz", "A401", "A0", genesis, "00", "\u00e9")) {
      for (String step : List.of("--cosign", "--finish")) {
        Cli.Result result =
            Cli.run(tailnet.editArguments("revoke-keys", "ann", step, text, "--confirm"));
        assertThat(result.exitCode())
            .as(step + " " + text + ": " + result.err())
            .isIn(ExitCode.BAD_INPUT, ExitCode.VERIFICATION_FAILED);
        assertThat(result.out()).isEmpty();
        assertThat(result.err()).startsWith("tka: ").hasLineCount(1);
      }
    }
    assertThat(tailnet.authority().length()).isEqualTo(1);
  }
}
