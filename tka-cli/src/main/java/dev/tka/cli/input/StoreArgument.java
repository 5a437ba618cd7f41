package dev.tka.cli.input;

import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.cli.output.Texts;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.OpenException;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.Damage;
import dev.tka.core.store.StoreException;
import dev.tka.store.StorePlace;
import java.io.PrintWriter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** The store that a command looks at. */
public final class StoreArgument {
  public static final String LABEL = "STORE";

  /** Of a command that edits. */
  public static final String RULES =
      "A directory is edited by a node's rules, control's store by control's.";

  /** Describes an argument that is no directory. */
  public static final String OF_MANY = "sqlite:PATH or postgresql://USER@HOST:PORT/DATABASE.";

  @Parameters(
      index = "0",
      paramLabel = LABEL,
      converter = StoreText.class,
      description = {
        "A node's TKA directory, such as /var/lib/tailscale/tka-profiles/2601; or control's store,"
            + " "
            + OF_MANY
      })
  private StorePlace place;

  @Mixin private TailnetOption tailnet;

  public StorePlace place() {
    return place;
  }

  public TailnetOption tailnet() {
    return tailnet;
  }

  /** For a shell: what tells another command of the same. */
  public String words() {
    return Texts.shellWord(place.url()) + tailnet.option(place);
  }

  /**
   * For what changes which AUMs a node keeps.
   *
   * @throws CommandFailure if it is control's
   */
  public void requireNodes() throws CommandFailure {
    if (place.policy() != AdmissionPolicy.NODE) {
      throw new CommandFailure(
          ExitCode.USAGE, place.url() + ": control keeps everything, expected a node's directory");
    }
  }

  /**
   * Opens it; it is closed when the command ends.
   *
   * @throws CommandFailure if it has no such tailnet, or several and none was named
   */
  public OpenStore open() throws StoreException, CommandFailure {
    return tailnet.open(place);
  }

  /**
   * Opens what a snapshot shows, or something of it. Where that fails and there is damage, the
   * damage is the likely cause: it is reported, and its status is the one to exit with.
   *
   * @throws OpenException if it does not open although nothing is damaged
   * @throws CommandFailure if it does not open and something is damaged
   */
  public static <T> T openAuthority(AumSnapshot snapshot, Opening<T> opening, PrintWriter err)
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
  public interface Opening<T> {
    T from(AumSnapshot snapshot) throws OpenException, StoreException;
  }

  /**
   * Reports damage after the answer: every damaged file, and that the authority is degraded.
   *
   * @return the status to exit with
   */
  public static int reportDamage(AumSnapshot snapshot, PrintWriter err) {
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
