package dev.tka.cli.command;

import dev.tka.cli.input.StoreArgument;
import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.cli.output.Suggestion;
import dev.tka.cli.output.Texts;
import dev.tka.core.ApplyException;
import dev.tka.core.TkaException;
import dev.tka.core.authority.BuildException;
import dev.tka.core.authority.InformException;
import dev.tka.core.authority.OpenException;
import dev.tka.core.authority.VerificationException;
import dev.tka.core.nodekey.DeepLinkException;
import dev.tka.core.nodekey.RotationException;
import dev.tka.core.nodekey.UnsoundKeyException;
import dev.tka.core.store.StoreException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.util.Arrays;
import java.util.Objects;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import picocli.CommandLine;

/** Turns any exception of a command into one line and an exit status. */
public final class Failures
    implements CommandLine.IExecutionExceptionHandler, CommandLine.IParameterExceptionHandler {
  private static final Pattern SECRET =
      Pattern.compile("(nlpriv:|disablement-secret:|tskey-)[0-9a-zA-Z+/=_-]+|(:/+[^/@:\\s]*:).*@");

  /** Enough to find a bug, and still one line. */
  private static final int NAMED_FRAMES = 4;

  @Override
  public int handleExecutionException(
      Exception failure, CommandLine command, CommandLine.ParseResult parsed) {
    PrintWriter err = command.getErr();
    if (failure instanceof CommandFailure known) {
      return report(err, known.exitCode(), known.getMessage());
    }
    if (failure instanceof StoreException.Conflict) {
      return report(
          err,
          ExitCode.CONFLICT,
          "another writer changed the store in the meantime; nothing was written: "
              + failure.getMessage());
    }
    if (failure instanceof TkaException data) {
      return report(err, exitCode(data), place(data, command) + describe(data));
    }
    if (failure instanceof NoSuchFileException || failure instanceof FileNotFoundException) {
      return report(err, ExitCode.NOT_FOUND, failure.getMessage() + ": no such file");
    }
    if (failure instanceof FileAlreadyExistsException) {
      return report(err, ExitCode.CONFLICT, failure.getMessage() + ": the file already exists");
    }
    if (failure instanceof IOException io) {
      return report(err, ExitCode.IO, describe(io));
    }
    return internal(failure, err);
  }

  /** The problem, and the only thing that helps, if there is one. */
  static String describe(TkaException failure) {
    return failure.getMessage()
        + (failure instanceof StoreException.Newer
            ? "; it was written by a newer tka: use that version"
            : "");
  }

  /** The place, for messages that do not name it. */
  private static String place(TkaException failure, CommandLine command) {
    if (!(failure instanceof OpenException.EmptyStore)) {
      return "";
    }
    return command.getCommandSpec().mixins().values().stream()
        .map(CommandLine.Model.CommandSpec::userObject)
        .filter(StoreArgument.class::isInstance)
        .map(store -> ((StoreArgument) store).words() + ": ")
        .findFirst()
        .orElse("");
  }

  /** For a person, to whom the name of a Java class means nothing. */
  private static String describe(IOException failure) {
    if (failure instanceof AccessDeniedException denied) {
      return denied.getFile() + ": no permission";
    }
    return Objects.requireNonNullElse(failure.getMessage(), "reading or writing failed");
  }

  /** Reports an unexpected failure: a bug of ours, or a lack of memory. */
  public static int internal(Throwable failure, PrintWriter err) {
    Throwable root = failure;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    String where =
        Arrays.stream(root.getStackTrace())
            .limit(NAMED_FRAMES)
            .map(StackTraceElement::toString)
            .collect(Collectors.joining(", "));
    return report(
        err, ExitCode.INTERNAL, "internal error, please report it: " + root + " at " + where);
  }

  @Override
  public int handleParseException(CommandLine.ParameterException failure, String[] args) {
    PrintWriter err = failure.getCommandLine().getErr();
    String name = failure.getCommandLine().getCommandSpec().qualifiedName();
    return report(
        err, ExitCode.USAGE, Suggestion.describe(failure) + " (see '" + name + " --help')");
  }

  static int exitCode(TkaException failure) {
    if (failure instanceof StoreException.Absent
        || failure instanceof StoreException.NoSuchAum
        || failure instanceof OpenException.EmptyStore) {
      return ExitCode.NOT_FOUND;
    }
    if (failure instanceof StoreException.Busy
        || failure instanceof StoreException.NotEmpty
        || failure instanceof InformException.AlreadyBegun) {
      return ExitCode.CONFLICT;
    }
    if (failure instanceof StoreException.Unavailable
        || failure instanceof StoreException.InDoubt) {
      return ExitCode.IO;
    }
    if (failure instanceof VerificationException
        || failure instanceof ApplyException
        || failure instanceof OpenException.CannotApply
        || failure instanceof OpenException.OldestWithoutState
        || failure instanceof InformException
        || failure instanceof BuildException
        || failure instanceof RotationException
        || failure instanceof UnsoundKeyException
        || failure instanceof DeepLinkException.WrongHmac) {
      return ExitCode.VERIFICATION_FAILED;
    }
    return ExitCode.BAD_INPUT;
  }

  private static int report(PrintWriter err, int exitCode, String message) {
    // The user may have given a secret in place of a file or a key.
    String open = SECRET.matcher(message).replaceAll("$1$2...");
    err.println("tka: " + Texts.printable(open));
    return exitCode;
  }
}
