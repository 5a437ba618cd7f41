package dev.tka.cli.input;

import dev.tka.cli.output.AgeText;
import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.core.TextException;
import dev.tka.store.LogPolicyFile;
import dev.tka.tlog.LogPolicy;
import dev.tka.tlog.heads.HeadWatch;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Which logs and witnesses are believed when control's log of heads is looked at. */
public final class WitnessOption {
  public static final String NAME = "--witness";
  private static final String AGE = "--witness-age";

  @Spec(Spec.Target.MIXEE)
  private CommandSpec spec;

  @Option(
      names = NAME,
      paramLabel = "POLICY",
      converter = StreamArgument.File.class,
      description =
          "Look at control's log of heads, too, and say what it shows. The file names the log's key,"
              + " the witnesses, and how many of them must have cosigned (docs/witness.md).")
  private @Nullable StreamArgument policy;

  @Option(
      names = AGE,
      paramLabel = "AGE",
      converter = AgeText.class,
      description = "How old a cosignature may be, as in 24h or 90m (default: 24h).")
  private @Nullable Duration age;

  public boolean isGiven() {
    return policy != null;
  }

  /**
   * How the log is judged.
   *
   * @return empty if it is not to be looked at
   * @throws ParameterException if the options do not make sense
   * @throws CommandFailure if the file is no policy, or one that asks nobody
   * @throws IOException if the file cannot be read
   */
  public Optional<HeadWatch> watch() throws CommandFailure, IOException {
    if (policy == null) {
      if (age != null) {
        throw new ParameterException(spec.commandLine(), AGE + " needs " + NAME + " POLICY");
      }
      return Optional.empty();
    }
    if (age != null && age.isZero()) {
      throw new ParameterException(spec.commandLine(), AGE + ": expected more than no time");
    }
    LogPolicy read;
    try {
      read = LogPolicyFile.read(policy.path());
    } catch (TextException e) {
      throw wrong(e.getMessage());
    }
    if (read.logs().isEmpty()) {
      throw wrong(policy + ": expected a line 'log KEY', found none: no log would be believed");
    }
    if (read.quorum().isEmpty()) {
      throw wrong(
          policy
              + ": expected a line 'quorum NAME' of a witness or a group, found none: no witness"
              + " would be asked");
    }
    return Optional.of(new HeadWatch(read, age == null ? HeadWatch.USUAL_AGE : age));
  }

  private static CommandFailure wrong(String what) {
    return new CommandFailure(ExitCode.BAD_INPUT, what);
  }
}
