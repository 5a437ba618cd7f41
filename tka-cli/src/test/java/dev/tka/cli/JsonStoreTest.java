package dev.tka.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.cli.output.ExitCode;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every kind of command works on a JSON file of several tailnets. */
class JsonStoreTest {
  @TempDir Path folder;
  private Path file;
  private String store;
  private Tailnet keys;

  @BeforeEach
  void make() throws Exception {
    file = folder.resolve("control.json");
    store = "json:" + file;
    keys = Tailnet.in(folder);
    keys.newKey("ann");
    keys.newKey("bob");
    begin("one");
    begin("two");
  }

  private void begin(String tailnet) {
    keys.begin(store, tailnet, "ann");
  }

  private String ok(Object... arguments) {
    Cli.Result result = keys.run(arguments);
    assertThat(result.exitCode())
        .as(Arrays.toString(arguments) + "\n" + result.err())
        .isEqualTo(ExitCode.OK);
    return result.out();
  }

  private void add(String name) {
    ok("add", store, "--tailnet", "one", keys.publicKey(name), "--key-file", keys.keyFile("ann"));
  }

  @Test
  void itIsEditedReadAndMoved() throws Exception {
    add("bob");
    assertThat(ok("log", store, "--tailnet", "one").lines().filter(line -> line.contains("key")))
        .isNotEmpty();
    assertThat(ok("status", store, "--tailnet", "one")).contains(keys.publicKey("bob"));
    assertThat(ok("tailnets", store)).contains("one", "two");
    assertThat(ok("verify", store, "--all")).contains("one", "two");
    assertThat(ok("doctor", store, "--tailnet", "one"))
        .contains("2 AUMs verified")
        .doesNotContain("PROBLEM");
    assertThat(ok("doctor", store, "--all")).contains("ok       one", "ok       two");
    assertThat(ok("serve", "--check", "--database", store, "--state", folder))
        .contains("database:  " + store + ", 2 tailnets");

    Path export = folder.resolve("all.tka");
    ok("export", "--all", store, export);
    String other = "json:" + folder.resolve("other.json");
    ok("import", export, other);
    assertThat(ok("log", other, "--tailnet", "one"))
        .isEqualTo(ok("log", store, "--tailnet", "one"));

    String sqlite = "sqlite:" + folder.resolve("control.db");
    ok("move", store, sqlite, "--all");
    assertThat(ok("tailnets", store)).contains("moved");
    ok("move", sqlite, store, "--all");
    ok("move", sqlite, store, "--all", "--complete", "--confirm");
    assertThat(ok("log", store, "--tailnet", "one"))
        .isEqualTo(ok("log", other, "--tailnet", "one"));
    ok("delete", store, "--tailnet", "two", "--no-export", "--confirm");
    assertThat(ok("tailnets", store)).contains("one").doesNotContain("two");
  }

  @Test
  void itIsBackedUpAndRestored() throws Exception {
    Path copy = folder.resolve("copy.json");
    assertThat(ok("backup", store, copy)).contains("'tka verify json:" + copy + " --all'");
    add("bob");
    assertThat(ok("restore", copy, store, "--confirm")).contains("Restored " + store);
    assertThat(ok("status", store, "--tailnet", "one")).doesNotContain(keys.publicKey("bob"));
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files.map(path -> path.getFileName().toString()))
          .anyMatch(name -> name.startsWith("control.json.replaced-"));
    }
  }

  @Test
  void aFileThatWasCutOrEditedIsRefusedWithTheRemedy() throws Exception {
    String text = Files.readString(file);
    List<String> changed =
        new ArrayList<>(
            List.of(text.substring(0, text.length() / 2), text.replace("\"one\"", "\"uno\"")));
    for (String each : changed) {
      Files.writeString(file, each);
      Cli.Result result = Cli.run("verify", store, "--all");
      assertThat(result.exitCode()).isEqualTo(ExitCode.BAD_INPUT);
      assertThat(result.err()).startsWith("tka: " + file + ": ").contains("tka restore COPY");
      assertThat(Files.readString(file)).isEqualTo(each);
    }
    assertThat(Cli.run("verify", store, "--all").err()).contains("set \"checksum\" to \"\"");
    Files.writeString(
        file, changed.get(1).replaceFirst("\"checksum\": \"[0-9a-f]*\"", "\"checksum\": \"\""));
    assertThat(ok("tailnets", store)).contains("uno");
  }

  @Test
  void aLargeFileIsSaidToBeTheWrongPlace() throws Exception {
    String text = Files.readString(file);
    Files.writeString(file, text + " ".repeat(11 << 20));
    String why = " has 11 MiB, and every change writes all of it: 'tka move json:";
    // White space after the end is an edit, too.
    Files.writeString(
        file,
        text.replaceFirst("\"checksum\": \"[0-9a-f]*\"", "\"checksum\": \"\"")
            + " ".repeat(11 << 20));
    assertThat(ok("doctor", store, "--tailnet", "one")).contains(why);
    assertThat(keys.run("doctor", store, "--all").err()).contains("tka: warning: " + file + why);
    assertThat(
            keys.run(
                    "add",
                    store,
                    "--tailnet",
                    "one",
                    keys.publicKey("bob"),
                    "--key-file",
                    keys.keyFile("ann"))
                .err())
        .contains("tka: warning: " + file + why);
    assertThat(Files.size(file)).as("written anew").isLessThan(1 << 20);
    try (RandomAccessFile read = new RandomAccessFile(file.toFile(), "r")) {
      assertThat(read.readLine()).isEqualTo("{");
    }
  }
}
