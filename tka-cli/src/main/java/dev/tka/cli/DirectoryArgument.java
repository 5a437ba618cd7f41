package dev.tka.cli;

import dev.tka.core.AumSnapshot;
import dev.tka.core.Damage;
import dev.tka.core.OpenException;
import dev.tka.core.StoreException;
import dev.tka.store.NodeDirectory;
import java.io.PrintWriter;
import java.nio.file.Path;
import picocli.CommandLine.Parameters;

/** The directory that a command looks at. */
final class DirectoryArgument {
  @Parameters(
      index = "0",
      paramLabel = "DIR",
      description = "A node's TKA directory, such as /var/lib/tailscale/tka-profiles/2601.")
  private Path directory;

  Path path() {
    return directory;
  }

  AumSnapshot read() throws StoreException {
    return NodeDirectory.at(directory).read();
  }

  /**
   * Opens what a snapshot shows, or something of it. Where that fails and there is damage, the
   * damage is the likely cause: it is reported, and its status is the one to exit with.
   *
   * @throws OpenException if it does not open although nothing is damaged
   * @throws CommandFailure if it does not open and something is damaged
   */
  static <T> T open(AumSnapshot snapshot, Opening<T> opening, PrintWriter err)
      throws OpenException, StoreException, CommandFailure {
    try {
      return opening.from(snapshot);
    } catch (OpenException e) {
      int exitCode = printDamage(snapshot, err);
      if (exitCode == ExitCode.OK) {
        throw e;
      }
      throw new CommandFailure(
          exitCode, "without what is damaged, no authority can be opened: " + e.getMessage());
    }
  }

  /** What opens, and may find that it cannot. */
  @FunctionalInterface
  interface Opening<T> {
    T from(AumSnapshot snapshot) throws OpenException, StoreException;
  }

  /**
   * Reports damage after the answer: every damaged file, and that the authority is degraded.
   *
   * @return the status to exit with
   */
  static int reportDamage(AumSnapshot snapshot, PrintWriter err) {
    int exitCode = printDamage(snapshot, err);
    if (exitCode != ExitCode.OK) {
      err.println(
          "tka: the authority is degraded: it authorizes nothing until what is damaged came back"
              + " by sync or was set aside");
    }
    return exitCode;
  }

  /**
   * Prints a line for each file that is wrong, and tells the status that the worst of them asks
   * for.
   */
  private static int printDamage(AumSnapshot snapshot, PrintWriter err) {
    int exitCode = ExitCode.OK;
    for (Damage damage : snapshot.damage()) {
      err.println((damage.degrades() ? "tka: damaged: " : "tka: note: ") + damage);
      if (!damage.degrades()) {
        continue;
      }
      if (damage.kind() == Damage.Kind.UNREADABLE) {
        exitCode = ExitCode.IO;
      } else if (exitCode == ExitCode.OK) {
        exitCode = ExitCode.BAD_INPUT;
      }
    }
    return exitCode;
  }
}
