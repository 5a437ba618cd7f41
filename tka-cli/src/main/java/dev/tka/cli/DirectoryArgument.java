package dev.tka.cli;

import dev.tka.core.AumSnapshot;
import dev.tka.core.Damage;
import dev.tka.core.StoreException;
import dev.tka.store.NodeDirectory;
import java.io.PrintWriter;
import java.nio.file.Path;
import picocli.CommandLine.Parameters;

/** The directory that a command looks at. */
final class DirectoryArgument {
  @Parameters(
      paramLabel = "DIR",
      description = "A node's TKA directory, such as /var/lib/tailscale/tka-profiles/2601.")
  private Path directory;

  AumSnapshot read() throws StoreException {
    return NodeDirectory.at(directory).read();
  }

  /**
   * Reports damage after the answer: every damaged file, and that the authority is degraded.
   *
   * @return the status to exit with
   */
  static int reportDamage(AumSnapshot snapshot, PrintWriter err) {
    for (Damage damage : snapshot.damage()) {
      err.println("tka: damaged: " + damage);
    }
    if (snapshot.damage().isEmpty()) {
      return ExitCode.OK;
    }
    err.println(
        "tka: the authority is degraded: it authorizes nothing until what is damaged came back by"
            + " sync or was set aside");
    boolean unreadable =
        snapshot.damage().stream().anyMatch(damage -> damage.kind() == Damage.Kind.UNREADABLE);
    return unreadable ? ExitCode.IO : ExitCode.BAD_INPUT;
  }
}
