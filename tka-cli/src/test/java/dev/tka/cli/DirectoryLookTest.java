package dev.tka.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.cli.output.ExitCode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A directory that is no tailnet's does not pass for one without the lock. */
class DirectoryLookTest {
  @TempDir Path folder;

  private static void requireNamed(Path directory, String... texts) {
    for (String command : List.of("status", "log", "verify", "doctor", "offer")) {
      Cli.Result result = Cli.run(command, directory);
      assertThat(result.exitCode()).as(command).isEqualTo(ExitCode.NOT_FOUND);
      assertThat(result.out()).isEmpty();
      assertThat(result.err())
          .startsWith("tka: " + directory + ": expected a tailnet's directory, ");
      for (String text : texts) {
        assertThat(result.err()).contains(text.replace("VERB", command));
      }
    }
  }

  @Test
  void aDirectoryOfOtherThingsSaysWhatItHolds() throws Exception {
    Path other = Files.createDirectories(folder.resolve("other"));
    Files.writeString(other.resolve("readme"), "");
    requireNamed(other, "folders of two letters", "found readme");
  }

  @Test
  void theParentOfOneNamesIt() throws Exception {
    Tailnet tailnet = Tailnet.of(folder, "ann");
    requireNamed(folder, "run:   tka VERB " + tailnet.directory());
    Path state = folder.resolve("tailscale");
    Files.createDirectories(state);
    Files.move(
        tailnet.directory(), Files.createDirectory(state.resolve("tka-profiles")).resolve("2601"));
    requireNamed(state, "run:   tka VERB " + state.resolve("tka-profiles/2601"));
  }

  @Test
  void aFolderOfOneNamesTheDirectory() throws Exception {
    Tailnet tailnet = Tailnet.of(folder, "ann");
    String head = tailnet.authority().head().toString();
    requireNamed(
        tailnet.directory().resolve(head.substring(0, 2)),
        "run:   tka VERB " + tailnet.directory());
  }

  @Test
  void anEmptyDirectoryAndAWipedOneAreWithoutTheLock() throws Exception {
    Path empty = Files.createDirectory(folder.resolve("empty"));
    assertThat(Cli.run("status", empty).out()).isEqualTo("Tailnet Lock is NOT enabled.\n");
    assertThat(Cli.run("doctor", empty).exitCode()).isEqualTo(ExitCode.OK);
  }

  @Test
  void aNodeWithoutAnAuthorityIsToldToBegin() throws Exception {
    Tailnet control = Tailnet.of(folder, "ann");
    Path node = folder.resolve("node");
    Cli.Result dry = Cli.run("sync", node, control.directory(), "--bootstrap", "--dry-run");
    assertThat(dry.exitCode()).isEqualTo(ExitCode.NOT_FOUND);
    Cli.Result begun = Cli.run("sync", node, control.directory(), "--bootstrap");
    assertThat(begun.exitCode()).as(begun.err()).isEqualTo(ExitCode.OK);
    assertThat(begun.err()).contains("trusting control");
    Cli.Result again = Cli.run("sync", node, control.directory(), "--bootstrap");
    assertThat(again.exitCode()).isEqualTo(ExitCode.CONFLICT);
    assertThat(again.err()).contains("run:   tka sync " + node + " " + control.directory());
  }
}
