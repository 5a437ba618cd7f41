package dev.tka.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.cli.output.ExitCode;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A change whose output is lost was made all the same: the command says so. */
class OutputLostTest {
  /** Calls after which a store or a file is not what it was. */
  private static final Pattern CHANGE =
      Pattern.compile(
          "edit\\.(store|replace|wipe|compact|repair|dropSetAside)\\(|KeyFile\\.create|bootstrap\\("
              + "|copyTo\\(|\\.delete\\(|ExportFile\\.write|SyncRun\\.of\\(|begin\\(genesis");

  /** They only try on a copy, or on nothing: a diagnosis, a demonstration. */
  private static final List<String> READERS = List.of("DoctorCommand.java", "SyncRun.java");

  @TempDir Path folder;

  @Test
  void everyVerbThatChangesSomethingSaysThatItDid() throws Exception {
    Tailnet tailnet = Tailnet.in(folder);
    requireSaid("keygen", folder.resolve("ann.key"), "--json");
    String ann = tailnet.publicKey("ann");
    tailnet.edit("init", "ann", ann, "--confirm");
    String bob = tailnet.newKey("bob");
    Path before = folder.resolve("behind");
    TestFiles.copy(tailnet.directory(), before);

    requireSaid(tailnet.editArguments("add", "ann", bob, "--json"));
    assertThat(tailnet.trusted()).contains(bob + "?1");
    requireSaid(tailnet.editArguments("update", "ann", bob + "?2", "--json"));
    assertThat(tailnet.trusted()).contains(bob + "?2");
    requireSaid("sync", before, tailnet.directory());
    requireSaid(tailnet.editArguments("remove", "ann", bob, "--re-sign=false", "--json"));
    assertThat(tailnet.trusted()).containsExactly(ann + "?1");
    Path export = folder.resolve("export");
    requireSaid("export", tailnet.directory(), export);
    String store = "sqlite:" + folder.resolve("control.db");
    requireSaid("import", export, store, "--tailnet", "one");
    requireSaid("backup", store, folder.resolve("copy.db"));
    requireSaid("restore", folder.resolve("copy.db"), store, "--yes");
    String oldest = tailnet.authority().oldestAncestor().toString();
    Files.write(before.resolve(oldest.substring(0, 2)).resolve(oldest), new byte[0]);
    requireSaid("repair", before, "--from", tailnet.directory(), "--confirm");
    requireSaid("delete", store, "--tailnet", "one", "--no-export", "--confirm");
    assertThat(Cli.run("status", store, "--tailnet", "one").exitCode())
        .isEqualTo(ExitCode.NOT_FOUND);
  }

  private static void requireSaid(Object... words) {
    StringWriter err = new StringWriter();
    String[] args = Stream.of(words).map(Object::toString).toArray(String[]::new);
    // Also if the reader went away, which is no news otherwise.
    int exitCode = Main.run(Cli.tka(new byte[0]), new FailingWriter("Broken pipe"), err, args);
    assertThat(err.toString())
        .as(List.of(args).toString())
        .contains("tka: the change was made, but the output could not be written\n");
    assertThat(exitCode).isEqualTo(ExitCode.OUTPUT_LOST);
  }

  @Test
  void whatOnlyReadsSaysNothingOfAChange() {
    Tailnet tailnet = Tailnet.of(folder, "ann");
    StringWriter err = new StringWriter();
    int exitCode =
        Main.run(
            Cli.tka(new byte[0]),
            new FailingWriter("No space left on device"),
            err,
            "status",
            tailnet.directory().toString());
    assertThat(exitCode).isEqualTo(ExitCode.IO);
    assertThat(err.toString()).isEqualTo("tka: the output could not be written\n");
  }

  /** The others are kept to it by their source. */
  @Test
  void everyCommandThatChangesSomethingNotesIt() throws IOException {
    try (Stream<Path> sources = Files.list(Path.of("src/main/java/dev/tka/cli/command"))) {
      for (Path source :
          sources.filter(file -> file.toString().endsWith("Command.java")).toList()) {
        String text = Files.readString(source);
        if (CHANGE.matcher(text).find() && !READERS.contains(source.getFileName().toString())) {
          assertThat(text).as(source.toString()).contains("noteChange()");
        }
      }
    }
  }
}
