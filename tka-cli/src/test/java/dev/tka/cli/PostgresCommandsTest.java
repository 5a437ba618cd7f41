package dev.tka.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.cli.output.ExitCode;
import dev.tka.store.sql.PostgresSettings;
import dev.tka.store.sql.testkit.PostgresServer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Commands on a PostgreSQL database, each a process of its own that is told the password. */
class PostgresCommandsTest {
  @TempDir Path folder;
  private String store;
  private Tailnet keys;

  @BeforeEach
  void make() throws Exception {
    PostgresSettings settings = PostgresServer.shared().newDatabase();
    store = settings.toString();
    keys = Tailnet.in(folder);
    keys.newKey("ann");
    keys.newKey("bob");
  }

  private static Cli.Result run(Map<String, String> environment, Object... arguments)
      throws IOException, InterruptedException {
    Path err = Files.createTempFile("tka", ".err");
    try {
      ProcessBuilder builder =
          new ProcessBuilder(Cli.process(arguments)).redirectError(err.toFile());
      builder.environment().remove("PGPASSWORD");
      builder.environment().putAll(environment);
      Process process = builder.start();
      process.getOutputStream().close();
      String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return new Cli.Result(process.waitFor(), out, Files.readString(err));
    } finally {
      Files.delete(err);
    }
  }

  private static Cli.Result run(Object... arguments) throws IOException, InterruptedException {
    Cli.Result result = run(Map.of("PGPASSWORD", PostgresServer.PASSWORD), arguments);
    assertThat(result.err()).doesNotContain(PostgresServer.PASSWORD);
    return result;
  }

  private Object[] init(String tailnet) {
    return new Object[] {
      "init",
      store,
      "--tailnet",
      tailnet,
      keys.publicKey("ann"),
      "--key-file",
      keys.keyFile("ann"),
      "--json",
      "--confirm"
    };
  }

  @Test
  void commandsGoByTheSameRules() throws Exception {
    Cli.Result none = run("status", store);
    assertThat(none.exitCode()).isEqualTo(ExitCode.NOT_FOUND);
    assertThat(none.err()).startsWith("tka: ");
    assertThat(Tailnet.withoutAdvice(none.err())).hasLineCount(1);

    Cli.Result made = run(init("one"));
    assertThat(made.exitCode()).as(made.err()).isEqualTo(ExitCode.OK);
    Cli.Result added =
        run("add", store, keys.publicKey("bob"), "--key-file", keys.keyFile("ann"), "--json");
    assertThat(added.exitCode()).as(added.err()).isEqualTo(ExitCode.OK);
    assertThat(added.err()).isEmpty();
    assertThat(run("verify", store, "--all").out())
        .isEqualTo("one\t2 AUMs verified, head " + added.json().get("Head") + "\n");

    Object secret = ((List<?>) made.json().get("DisablementSecrets")).get(0);
    Path file = keys.secretFile("secret", secret.toString());
    Cli.Result backup = run("disable", store, file, "--backup", "copy", "--confirm");
    assertThat(backup.exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(backup.err()).contains("pg_dump").hasLineCount(1);
    Cli.Result asked = run("disable", store, file);
    assertThat(asked.exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(asked.err()).contains("without making a copy");
    assertThat(run("disable", store, file, "--confirm").out())
        .isEqualTo("Tailnet Lock is no longer enabled here.\n");
    assertThat(run("tailnets", store).out()).isEqualTo("one\tnot enabled\n");
  }

  @Test
  void aRefusedLoginIsReportedInOneLine() throws Exception {
    for (Map<String, String> environment :
        List.of(
            Map.of("PGPASSWORD", "a wrong one", "PGPASSFILE", "/dev/null"),
            Map.of("PGPASSFILE", "/dev/null"))) {
      Cli.Result refused = run(environment, "status", store);
      assertThat(refused.exitCode()).isEqualTo(ExitCode.IO);
      assertThat(refused.err()).startsWith("tka: " + store).hasLineCount(1);
      assertThat(refused.err()).doesNotContain("a wrong one");
    }
    Cli.Result nobody = run("status", "postgresql://" + PostgresServer.USER + "@localhost:1/tka");
    assertThat(nobody.exitCode()).isEqualTo(ExitCode.IO);
    assertThat(nobody.err()).startsWith("tka: ").hasLineCount(1);
  }

  @Test
  void thePasswordMayStandInAFile() throws Exception {
    Path file = keys.secretFile("pgpass", "*:*:*:*:" + PostgresServer.PASSWORD);

    Cli.Result status = run(Map.of("PGPASSFILE", file.toString()), init("one"));

    assertThat(status.exitCode()).as(status.err()).isEqualTo(ExitCode.OK);
  }
}
