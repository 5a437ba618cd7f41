package dev.tka.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.cli.output.ExitCode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code tka disable}: the end of an authority in a directory. */
class DisableCommandTest {
  @TempDir Path folder;
  private Tailnet tailnet;
  private String secret;
  private Path backup;

  @BeforeEach
  void make() throws Exception {
    tailnet = Tailnet.in(folder);
    tailnet.newKey("ann");
    List<Object> init = new ArrayList<>(Tailnet.OF_SECRET);
    init.addAll(
        List.of(
            "disablement:" + "5e".repeat(32),
            "--confirm",
            tailnet.publicKey("ann"),
            tailnet.newKey("bob")));
    tailnet.edit("init", "ann", init.toArray());
    secret = Tailnet.SECRET.exposeText();
    backup = folder.resolve("before");
  }

  private Path file(String text, String permissions) throws Exception {
    Path file = Files.writeString(folder.resolve("secret.txt"), text);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(permissions));
    return file;
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  @Test
  void theSecretEndsTheAuthorityAndACopyStays() throws Exception {
    Map<String, String> before = tailnet.content();
    Cli.Result result =
        Cli.run(
            "disable",
            tailnet.directory(),
            file(secret + "\n", "rw-------"),
            "--backup",
            backup,
            "--confirm",
            "--json");

    assertThat(result.exitCode()).as(result.err()).isEqualTo(ExitCode.OK);
    assertThat(result.json()).containsEntry("Disabled", true).containsEntry("Backup", "" + backup);
    assertThat(result.out() + result.err()).doesNotContain(secret.substring(25));
    Cli.Result status = Cli.run("status", tailnet.directory());
    assertThat(status.out()).contains("Tailnet Lock is NOT enabled.");
    assertThat(tailnet.content().keySet()).allMatch(name -> name.startsWith("tka-"));
    for (Map.Entry<String, String> kept : before.entrySet()) {
      assertThat(Files.readAllBytes(backup.resolve(kept.getKey())))
          .isEqualTo(java.util.HexFormat.of().parseHex(kept.getValue()));
    }
    assertThat(Cli.run("status", backup).out()).contains("Tailnet Lock is ENABLED.");

    // And the directory can be used again.
    tailnet.edit("init", "ann", "--confirm", tailnet.publicKey("ann"));
    tailnet.requireSound();
  }

  @Test
  void theWrongSecretEndsNothing() throws Exception {
    String wrong = "disablement-secret:" + "ab".repeat(32);
    Cli.Result result =
        tailnet.requireRefused(
            ExitCode.VERIFICATION_FAILED,
            "expected a disablement secret of this authority, found another",
            "disable",
            tailnet.directory(),
            file(wrong, "rw-------"),
            "--backup",
            backup,
            "--confirm");
    assertThat(result.err()).doesNotContain("abab");
    assertThat(backup).doesNotExist();
  }

  @Test
  void anInvalidSecretIsRefusedAndNotShown() throws Exception {
    for (String text :
        List.of("", "nothing", secret.substring(0, 40) + "xyz", secret.substring(19) + "g")) {
      Cli.Result result =
          tailnet.requireRefused(
              ExitCode.BAD_INPUT,
              "disablement",
              "disable",
              tailnet.directory(),
              file(text, "rw-------"),
              "--confirm");
      assertThat(result.err()).doesNotContain(secret.substring(19, 40));
    }
    tailnet.requireRefused(
        ExitCode.BAD_INPUT,
        "only its owner can read",
        "disable",
        tailnet.directory(),
        file(secret, "rw-r--r--"),
        "--confirm");
    tailnet.requireRefused(
        ExitCode.NOT_FOUND,
        "no such file",
        "disable",
        tailnet.directory(),
        folder.resolve("none"),
        "--confirm");
  }

  @Test
  void itIsAskedForAndTheEndIsConfirmed() throws Exception {
    Object[] disable = {"disable", tailnet.directory(), "--backup", backup};
    Map<String, String> before = tailnet.content();
    tailnet.requireRefused(ExitCode.USAGE, "standard input", disable);

    Cli.Result no = Cli.runAnswering(secret + "\nn", disable);
    assertThat(no.exitCode()).isEqualTo(ExitCode.DECLINED);
    assertThat(no.err())
        .contains(
            "disablement secret (not shown): ", "This ends the authority in ", "declined: nothing");
    assertThat(tailnet.content()).isEqualTo(before);
    assertThat(backup).doesNotExist();

    Cli.Result yes = Cli.runAnswering(secret + "\ny", disable);
    assertThat(yes.exitCode()).as(yes.err()).isEqualTo(ExitCode.OK);
    assertThat(yes.out())
        .isEqualTo(
            "Copied the directory to " + backup + ".\nTailnet Lock is no longer enabled here.\n");
    assertThat(yes.err() + yes.out()).doesNotContain(secret.substring(25));
  }

  @Test
  void standardInputHoldsTheSecretAndNoAnswer() throws Exception {
    Object[] disable = {"disable", tailnet.directory(), "-", "--backup", backup};
    Cli.Result unasked = Cli.runWithInput(bytes(secret + "\ny\n"), disable);
    assertThat(unasked.exitCode()).isNotEqualTo(ExitCode.OK);
    Cli.Result alone = Cli.runWithInput(bytes(secret), disable);
    assertThat(alone.exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(alone.err()).contains("add --confirm");
    assertThat(backup).doesNotExist();
    Object[] confirmed = {"disable", tailnet.directory(), "-", "--backup", backup, "--confirm"};
    assertThat(Cli.runWithInput(bytes(secret), confirmed).exitCode()).isEqualTo(ExitCode.OK);
  }

  @Test
  void aSecretIsFoundInAllThatInitPrinted() throws Exception {
    Tailnet many = Tailnet.in(Files.createDirectory(folder.resolve("many")));
    for (String json : List.of("", "--json")) {
      Cli.Result made =
          json.isEmpty()
              ? many.edit("init", "ann", many.newKey("ann"), "--gen-disablements", 3, "--confirm")
              : many.edit("init", "ann", many.publicKey("ann"), "--confirm", json);
      Cli.Result alien = Cli.runWithInput(bytes(made.out()), arguments(tailnet));
      assertThat(alien.exitCode()).isEqualTo(ExitCode.VERIFICATION_FAILED);

      Cli.Result result = Cli.runWithInput(bytes(made.out()), arguments(many));

      assertThat(result.exitCode()).as(result.err()).isEqualTo(ExitCode.OK);
      Cli.Result value = Cli.runWithInput(bytes(made.out()), "disablement-kdf", "-");
      assertThat(value.exitCode()).isEqualTo(json.isEmpty() ? ExitCode.BAD_INPUT : ExitCode.OK);
      assertThat(value.err()).contains(json.isEmpty() ? "expected one" : "");
    }
  }

  private Object[] arguments(Tailnet ended) throws Exception {
    Path copy = Files.createTempDirectory(folder, "copy").resolve("before");
    return new Object[] {"disable", ended.directory(), "-", "--backup", copy, "--confirm"};
  }

  @Test
  void aCopyThatCannotBeMadeEndsNothing() throws Exception {
    Files.createDirectory(backup);
    tailnet.requireRefused(
        ExitCode.CONFLICT,
        "before",
        "disable",
        tailnet.directory(),
        file(secret, "rw-------"),
        "--backup",
        backup,
        "--confirm");
  }

  @Test
  void withoutAnAuthorityThereIsNothingToEnd() throws Exception {
    Path empty = Files.createDirectory(folder.resolve("empty"));
    Cli.Result result = Cli.run("disable", empty, file(secret, "rw-------"), "--confirm");
    assertThat(result.exitCode()).isEqualTo(ExitCode.NOT_FOUND);
  }
}
