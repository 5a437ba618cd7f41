package dev.tka.cli;

import dev.tka.core.DisablementSecret;
import dev.tka.core.SigningException;
import dev.tka.core.TextException;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;

/** A disablement secret. It is never an argument: other processes see those. */
final class SecretArgument {
  private static final String NAME = "disablement secret";

  @Parameters(
      index = "1",
      arity = "0..1",
      paramLabel = SecretInput.LABEL,
      description = {
        "The disablement secret, disablement-secret:... as 'tka init' printed it, in a file that only"
            + " its owner can read; - is standard input. By default, it is asked for."
      })
  private @Nullable String file;

  /** Whether standard input holds the secret, and so no answers. */
  boolean isStandardInput() {
    return SecretInput.STANDARD_INPUT.equals(file);
  }

  /**
   * Reads the secret, or asks for it.
   *
   * @throws SigningException if others can read the file
   * @throws CommandFailure if there is nothing or something else; no message shows any of it
   */
  DisablementSecret read(Main main, CommandSpec spec)
      throws SigningException, IOException, CommandFailure {
    String text = SecretInput.read(file, NAME, main, spec);
    try {
      return DisablementSecret.parse(text);
    } catch (TextException.NotHex e) {
      throw new CommandFailure(ExitCode.BAD_INPUT, NAME + ": " + e.getMessage());
    } catch (TextException e) {
      throw new CommandFailure(ExitCode.BAD_INPUT, e.getMessage());
    }
  }
}
