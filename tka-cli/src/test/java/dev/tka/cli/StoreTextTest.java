package dev.tka.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.cli.input.StoreText;
import dev.tka.cli.output.ExitCode;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.store.StorePlace;
import dev.tka.store.sql.PostgresSettings;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.TypeConversionException;

/** The texts that name a store. */
class StoreTextTest {
  private static StorePlace parse(String text) {
    return new StoreText().convert(text);
  }

  /** Checks that a text names a node's directory. */
  private static void requireDirectory(String text, String path) {
    StorePlace place = parse(text);
    assertThat(place).isInstanceOf(StorePlace.OfOne.class);
    assertThat(place.path()).contains(Path.of(path));
    assertThat(place.policy()).isEqualTo(AdmissionPolicy.NODE);
    assertThat(parse(place.url())).isEqualTo(place);
  }

  /** Checks that a text names a file of SQLite. */
  private static void requireSqlite(String text, String path) {
    StorePlace place = parse(text);
    assertThat(place).isInstanceOf(StorePlace.OfMany.class);
    assertThat(place.path()).contains(Path.of(path));
    assertThat(place.url()).isEqualTo("sqlite:" + path);
    assertThat(place.policy()).isEqualTo(AdmissionPolicy.CONTROL);
  }

  @Test
  void aPlainPathIsADirectory() {
    requireDirectory(
        "/var/lib/tailscale/tka-profiles/2601", "/var/lib/tailscale/tka-profiles/2601");
    requireDirectory("a b", "a b");
    requireDirectory("./sqlite:x", "./sqlite:x");
    requireDirectory("C:/keys", "C:/keys");
    requireDirectory("2026:01", "2026:01");
  }

  @Test
  @DisabledOnOs(value = OS.WINDOWS, disabledReason = "no name has a question mark there")
  void aSettingThatNoStoreKnowsIsNamed(@TempDir Path folder) throws Exception {
    for (String url :
        List.of("sqlite:" + folder.resolve("x.db") + "?foo=1", "postgresql://u@h/d?foo=1")) {
      assertThatThrownBy(() -> parse(url))
          .isInstanceOf(TypeConversionException.class)
          .hasMessageEndingWith(": foo");
    }
    String named = folder.resolve("x.db?foo=1").toString();
    Files.createFile(Path.of(named));
    requireSqlite("sqlite:" + named, named);
    requireSqlite("sqlite:why?", "why?");
  }

  @Test
  @DisabledOnOs(value = OS.WINDOWS, disabledReason = "no name has a colon there")
  void aNameWithAColonIsADirectoryWhereThereIsOne(@TempDir Path folder) throws Exception {
    Files.createDirectory(folder.resolve("profile:1"));
    Process process =
        new ProcessBuilder(Cli.process("status", "profile:1"))
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .start();
    String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(printed).isEqualTo("Tailnet Lock is NOT enabled.\n");
    requireDirectory("dir:profile:1", "profile:1");
  }

  @Test
  void aSchemeSaysWhatItIs() {
    requireDirectory("dir:a", "a");
    requireDirectory("dir:sqlite:a", "sqlite:a");
    requireSqlite("sqlite:control.db", "control.db");
    requireSqlite("SQLite:control.db", "control.db");
    requireSqlite("sqlite:/var/lib/control.db", "/var/lib/control.db");
    requireSqlite("sqlite:///var/lib/control.db", "/var/lib/control.db");
    // No settings hide in a path.
    requireSqlite("sqlite:a?mode", "a?mode");
    requireSqlite("sqlite::memory:", ":memory:");
    assertThat(parse("JSON:control.json").url()).isEqualTo("json:control.json");
    assertThat(parse("json:control.json").path()).contains(Path.of("control.json"));
  }

  @Test
  void aDatabaseHasAUserAHostAndAName() throws Exception {
    String url = "postgresql://control@db.example:6432/tka%20test";
    PostgresSettings full = PostgresSettings.parse(url);
    assertThat(full.host()).isEqualTo("db.example");
    assertThat(full.port()).isEqualTo(6432);
    assertThat(full.user()).isEqualTo("control");
    assertThat(full.database()).isEqualTo("tka test");
    assertThat(parse(url).url()).isEqualTo(url);
    String underscored = "postgresql://a+b%40c@db_1:6432/tka";
    assertThat(parse(underscored).url()).isEqualTo(underscored);
    assertThat(PostgresSettings.parse(underscored).user()).isEqualTo("a+b@c");
    assertThat(parse("postgresql://control@db_1/tka?sslmode=require").url())
        .isEqualTo("postgresql://control@db_1:5432/tka?sslmode=require");
    // A letter that is another one in Unicode's normal form.
    assertThat(parse("postgresql://control@db/\u1fef").url())
        .isEqualTo("postgresql://control@db:5432/%E1%BF%AF");
    assertThat(parse("PostgreSQL://control@[::1]/tka").url())
        .isEqualTo("postgresql://control@[::1]:5432/tka");
    assertThat(parse("postgresql://control@db/tka?sslmode=verify-full").url())
        .isEqualTo("postgresql://control@db:5432/tka?sslmode=verify-full");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "dir:",
        "sqlite:",
        "json:",
        "json:nul\0inside",
        "nul\0inside",
        "sqlite:nul\0inside",
        "postgresql:",
        "postgresql://",
        "postgresql:tka",
        "postgresql:///tka",
        "postgresql://user@host",
        "postgresql://user@host/",
        "postgresql://host/tka",
        "postgresql://user@host:0/tka",
        "postgresql://user@host:65536/tka",
        "postgresql://user@host:port/tka",
        "postgresql://user@host/tka?sslmode=sometimes",
        "postgresql://user@host/tka?connectWithin=1",
        "postgresql://user@host/tka#more",
        "postgresql://user@ho st/tka",
        "postgres://host/tka",
        "postgres:tka",
        "mysql://host/tka",
        "jdbc:postgresql://host/tka",
        "file:///var/lib/tka",
        "sqllite:control.db",
        "sqlite3:control.db",
        "postgre:tka",
        "profile:1",
      })
  void aTextThatNamesNoStoreIsRefused(String text) {
    assertThatThrownBy(() -> parse(text))
        .isInstanceOf(TypeConversionException.class)
        .hasMessageStartingWith("expected ")
        .hasMessageContaining("found ");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "postgresql://control:hunter2@host/tka",
        "postgresql://control:hunter2@host",
        "postgresql://:hunter2@host/tka",
        "postgresql://control:hunter2/@host/tka",
        "postgresql://control:hunter2 @host/tka",
        "postgresql://control:%hunter2@host/tka",
        "postgresql://control%3Ahunter2@host/tka",
        "postgresql://host/tka?password=hunter2",
        "postgresql:control:hunter2@host/tka",
        "POSTGRESQL://control:hunter2@host/tka",
        "postgres://control:hunter2@host/tka",
        "postgres:control:hunter2@host/tka",
        "mysql://control:hunter2@host/tka",
        "jdbc:postgresql://control:hunter2@host/tka",
      })
  void aPasswordIsRefusedAndNotRepeated(String text) {
    assertThatThrownBy(() -> parse(text))
        .isInstanceOf(TypeConversionException.class)
        .hasMessageNotContaining("hunter2");
    for (String[] arguments :
        new String[][] {{"status", text}, {"status", "DIR", text}, {"sync", "DIR", text}}) {
      Cli.Result result = Cli.run((Object[]) arguments);
      assertThat(result.exitCode()).isEqualTo(ExitCode.USAGE);
      assertThat(result.err()).startsWith("tka: ").hasLineCount(1);
    }
  }

  @Test
  void theErrorInAUrlIsNamed() {
    for (String port : List.of("0", "65536", "port", "-1", "99999999999")) {
      assertThatThrownBy(() -> parse("postgresql://user@db_1:" + port + "/tka"))
          .hasMessageContaining("a port outside 1 to 65535")
          .hasMessageNotContaining("PGPASSWORD");
    }
    assertThatThrownBy(() -> parse("postgresql://control:hunter2@db_1/tka"))
        .hasMessageContaining("found a password")
        .hasMessageContaining("PGPASSWORD");
    assertThatThrownBy(() -> PostgresSettings.of("db", 5432, "tka", "control:hunter2"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageNotContaining("hunter2");
  }

  @Test
  void aPasswordInTheWrongPlaceIsNotRepeated() {
    String url = "postgresql://control:hunter2@host/tka";
    assertThat(Cli.run("status", "DIR", url).err()).doesNotContain("hunter2");
    assertThat(Cli.run("inspect", url).err()).doesNotContain("hunter2");
    assertThat(Cli.run("status", "sqlite:" + url).err()).doesNotContain("hunter2");
  }
}
