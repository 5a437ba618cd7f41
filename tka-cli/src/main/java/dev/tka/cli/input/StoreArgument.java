package dev.tka.cli.input;

import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.cli.output.Texts;
import dev.tka.client.localapi.TailscaledPlace;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.OpenException;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.Damage;
import dev.tka.core.store.StoreException;
import dev.tka.store.StorePlace;
import java.io.PrintWriter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** The store that a command works on. */
public final class StoreArgument {
  public static final String LABEL = "STORE";

  /** The description of an editing command's rules. */
  public static final String RULES =
      "A node's rules apply to edits in a directory, control's rules to edits in control's store.";

  /** Describes an argument that is not a directory. */
  public static final String OF_MANY =
      "sqlite:PATH, json:PATH, etcd://HOST:PORT or postgresql://USER@HOST:PORT/DATABASE.";

  /** Describes an argument that may also be a running server. */
  public static final String OR_SERVER =
      "sqlite:PATH, json:PATH, etcd://HOST:PORT or postgresql://USER@HOST:PORT/DATABASE; or a"
          + " running server, https://HOST:PORT or unix:PATH; or a running tailscaled, tailscaled: or"
          + " tailscaled:SOCKET.";

  @Parameters(
      index = "0",
      paramLabel = LABEL,
      converter = StoreText.class,
      description = {
        "A node's TKA directory, such as /var/lib/tailscale/tka-profiles/2601; or control's store,"
            + " "
            + OR_SERVER
      })
  private StorePlace place;

  @Mixin private TailnetOption tailnet;

  /** The place, with the options for servers if it is one. */
  public StorePlace place() {
    return tailnet.at(place);
  }

  public TailnetOption tailnet() {
    return tailnet;
  }

  /** For a shell: the words that point another command to the same store. */
  public String words() {
    return Texts.shellWord(place.url()) + tailnet.option(place);
  }

  /**
   * For commands that change which AUMs a node keeps.
   *
   * @throws CommandFailure if it is control's store
   */
  public void requireNodes() throws CommandFailure {
    if (place instanceof TailscaledPlace) {
      TailnetOption.requireWritable(place);
    }
    if (place.policy() != AdmissionPolicy.NODE) {
      throw new CommandFailure(
          ExitCode.USAGE, place.url() + ": expected a node's directory; control keeps everything");
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
   * Opens a snapshot, or a part of it. If that fails and there is damage, the damage is the likely
   * cause: it is reported, and it determines the exit status.
   *
   * @throws OpenException if it does not open although nothing is damaged
   * @throws CommandFailure if it does not open and a file is damaged
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
          exitCode,
          "no authority can be opened without the damaged AUMs ('tka doctor' says what to do): "
              + e.getMessage());
    }
  }

  /** An attempt to open. */
  @FunctionalInterface
  public interface Opening<T> {
    T from(AumSnapshot snapshot) throws OpenException, StoreException;
  }

  /**
   * Reports damage after the answer: every damaged file, and that the authority is degraded.
   *
   * @return the exit status
   */
  public static int reportDamage(AumSnapshot snapshot, PrintWriter err) {
    int exitCode = printDamage(snapshot, err);
    if (exitCode != ExitCode.OK) {
      err.println(
          "tka: the authority is degraded: nothing is authorized until the damaged AUMs are back,"
              + " for which 'tka doctor' names the command");
    }
    return exitCode;
  }

  /** Prints a line for each damaged file, and returns the exit status for the worst of them. */
  public static int printDamage(AumSnapshot snapshot, PrintWriter err) {
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
