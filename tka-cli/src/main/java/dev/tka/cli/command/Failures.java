package dev.tka.cli.command;

import dev.tka.cli.input.StoreArgument;
import dev.tka.cli.output.Advice;
import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.cli.output.Suggestion;
import dev.tka.cli.output.Texts;
import dev.tka.client.ServerException;
import dev.tka.client.localapi.LocalApiException;
import dev.tka.client.localapi.TailscaledPlace;
import dev.tka.core.ApplyException;
import dev.tka.core.SigningException;
import dev.tka.core.TkaException;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.BuildException;
import dev.tka.core.authority.InformException;
import dev.tka.core.authority.OpenException;
import dev.tka.core.authority.VerificationException;
import dev.tka.core.nodekey.DeepLinkException;
import dev.tka.core.nodekey.RotationException;
import dev.tka.core.nodekey.UnsoundKeyException;
import dev.tka.core.store.StoreException;
import dev.tka.store.StorePlace;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;
import picocli.CommandLine;

/** Turns any exception of a command into one line and an exit status. */
public final class Failures
    implements CommandLine.IExecutionExceptionHandler, CommandLine.IParameterExceptionHandler {
  private static final Pattern SECRET =
      Pattern.compile(
          "(nlpriv:|disablement-secret:|tskey-|tka-node-|tka-broker-token:|tka-voucher:)[0-9a-zA-Z+/=_-]+|(:/+[^/@:\\s]*:).*@");

  private static final int UNAUTHORIZED = 401;
  private static final int HTTP_BAD_REQUEST = 400;
  private static final int HTTP_CONFLICT = 409;

  private static final String WHAT_ANSWERS =
      "check that the server runs, and that this is its operators' address, as 'tka serve' printed it";

  private static final String FAILED = "reading or writing failed";

  @Override
  public int handleExecutionException(
      Exception failure, CommandLine command, CommandLine.ParseResult parsed) {
    PrintWriter err = command.getErr();
    if (failure instanceof CommandFailure known) {
      int exitCode = report(err, known.exitCode(), known.getMessage());
      print(known.advice(parsed.originalArgs()), command, err);
      return exitCode;
    }
    if (failure instanceof StoreException.Conflict) {
      return report(
          err,
          ExitCode.CONFLICT,
          "another writer changed the store in the meantime; nothing was written: "
              + failure.getMessage());
    }
    if (failure instanceof TkaException data) {
      int exitCode = report(err, exitCode(data), place(data, command) + describe(data));
      print(advice(data, command), command, err);
      return exitCode;
    }
    if (failure instanceof ServerException server) {
      int exitCode = report(err, exitCode(server), server.server() + ": " + server.getMessage());
      print(advice(server), command, err);
      return exitCode;
    }
    if (failure instanceof NoSuchFileException none && none.getReason() != null) {
      return report(err, ExitCode.NOT_FOUND, describe(none));
    }
    if (failure instanceof NoSuchFileException || failure instanceof FileNotFoundException) {
      return report(err, ExitCode.NOT_FOUND, failure.getMessage() + ": no such file");
    }
    if (failure instanceof FileAlreadyExistsException other && other.getReason() != null) {
      return report(err, ExitCode.CONFLICT, describe(other));
    }
    if (failure instanceof FileAlreadyExistsException) {
      return report(err, ExitCode.CONFLICT, failure.getMessage() + ": the file already exists");
    }
    if (failure instanceof IOException io) {
      return report(err, ExitCode.IO, describe(io));
    }
    if (failure instanceof UncheckedIOException wrapped) {
      return report(err, ExitCode.IO, describe(Objects.requireNonNull(wrapped.getCause())));
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
    return store(command).map(store -> store.words() + ": ").orElse("");
  }

  private static Optional<StoreArgument> store(CommandLine command) {
    return command.getCommandSpec().mixins().values().stream()
        .map(CommandLine.Model.CommandSpec::userObject)
        .filter(StoreArgument.class::isInstance)
        .map(StoreArgument.class::cast)
        .findFirst();
  }

  private static List<Advice> advice(ServerException failure) {
    if (failure instanceof ServerException.Refused refused && refused.status() == UNAUTHORIZED) {
      return List.of(
          Advice.person(
              "name the file of the operator's token with --token-file FILE or in TKA_TOKEN_FILE"));
    }
    if (failure instanceof ServerException.Untrusted) {
      return List.of(
          Advice.person(
              "if it is the right server, name the file of its certificate authority with --ca-file"
                  + " FILE or in TKA_CA_FILE"));
    }
    return failure instanceof ServerException.NoAnswer
            || failure instanceof ServerException.BadAnswer
        ? List.of(Advice.person(WHAT_ANSWERS))
        : List.of();
  }

  private static List<Advice> advice(TkaException failure, CommandLine command) {
    if (failure.getCause() instanceof ServerException server) {
      return advice(server);
    }
    if (failure.getCause() instanceof LocalApiException daemon) {
      return daemon.remedy().map(what -> List.of(Advice.person(what))).orElse(List.of());
    }
    if (failure instanceof StoreException.Damaged damaged) {
      return places(command).stream()
          .filter(place -> isAbout(damaged, place))
          .findFirst()
          .map(Failures::damaged)
          .orElse(List.of());
    }
    if (failure instanceof StoreException.Fenced) {
      return List.of(FenceText.GO_ON);
    }
    if (failure instanceof StoreException.Absent) {
      return List.of(
          Advice.person(
              "check the path; 'tka init' makes a new tailnet, and 'tka import' copies one"));
    }
    return store(command).map(store -> advice(failure, store)).orElse(List.of());
  }

  private static List<Advice> advice(TkaException failure, StoreArgument store) {
    String words = store.words();
    if (failure instanceof OpenException.EmptyStore) {
      if (store.place() instanceof TailscaledPlace) {
        return List.of(Advice.person("'tka init " + words + "' enables it"));
      }
      return store.place().policy() == AdmissionPolicy.NODE
          ? List.of(Advice.bootstrap(words, Advice.CONTROL))
          : List.of(Advice.begin(store.place()));
    }
    if (failure instanceof BuildException.UntrustedSigner) {
      return Advice.otherSigner(words);
    }
    if (failure instanceof BuildException.RevokesEveryKey) {
      return onlyKey(words);
    }
    if (failure instanceof BuildException.RevokesNothing) {
      return List.of(
          Advice.person(
              "'tka log " + words + "' shows the updates; add --fork-from HASH to name one"));
    }
    if (failure instanceof BuildException.UnsoundKey) {
      return List.of(Advice.person("'tka keygen FILE' makes a sound key"));
    }
    if (failure instanceof BuildException.TooManyKeys
        || failure instanceof BuildException.Overtaken) {
      return List.of(Advice.person("'tka status " + words + "' lists the trusted keys"));
    }
    return List.of();
  }

  /** For the only trusted key, which cannot go alone. */
  static List<Advice> onlyKey(String store) {
    return List.of(
        Advice.addKey(store, 1, "to replace it, trust another key first"),
        Advice.end(store, "to do without keys"));
  }

  /** The places that a command was given. */
  private static List<StorePlace> places(CommandLine command) {
    return command.getCommandSpec().args().stream()
        .map(CommandLine.Model.ArgSpec::getValue)
        .filter(StorePlace.class::isInstance)
        .map(StorePlace.class::cast)
        .toList();
  }

  /** Messages about a place begin with its path or its URL. */
  private static boolean isAbout(StoreException.Damaged damaged, StorePlace place) {
    String message = damaged.getMessage();
    return message.startsWith(place.url() + ": ")
        || place.path().filter(path -> message.startsWith(path + ": ")).isPresent();
  }

  /** For a store that cannot be read at all. */
  static List<Advice> damaged(StorePlace place) {
    if (place.readOnly().isPresent()) {
      return List.of(
          Advice.person(
              place instanceof TailscaledPlace
                  ? "see whether tailscaled listens on this socket, and which version it is"
                  : WHAT_ANSWERS));
    }
    return List.of(
        place.restore() instanceof StorePlace.Restore.Here
            ? Advice.restore(place.url())
            : Advice.person("restore a backup: see docs/admin-guide.md, 'Restoring'"));
  }

  /** As what was typed is repeated, it may hold a secret. */
  private static void print(List<Advice> advice, CommandLine command, PrintWriter err) {
    Advice.print(
        Advice.at(places(command), advice).stream().map(each -> each.with(Failures::open)).toList(),
        "tka: ",
        err);
  }

  /** Hides what may be a secret. */
  static String open(String message) {
    return SECRET.matcher(message).replaceAll("$1$2...");
  }

  /** For a person, to whom the name of a Java class means nothing. */
  private static String describe(IOException failure) {
    if (failure instanceof AccessDeniedException denied) {
      return denied.getFile() + ": no permission";
    }
    if (failure instanceof CharacterCodingException) {
      return "expected UTF-8 text, found other bytes";
    }
    if (failure instanceof FileSystemException file) {
      String reason =
          file instanceof NotDirectoryException
              ? "not a directory"
              : Objects.requireNonNullElse(file.getReason(), FAILED);
      return file.getFile() + ": " + reason;
    }
    return Objects.requireNonNullElse(failure.getMessage(), FAILED);
  }

  /**
   * Reports an unexpected failure: a bug of ours, or a lack of memory. The details are for whoever
   * mends it, and go to a file that only the user can read.
   */
  public static int internal(Throwable failure, PrintWriter err) {
    Throwable root = failure;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    String what = root instanceof OutOfMemoryError ? "out of memory" : "internal error";
    return report(
        err,
        ExitCode.INTERNAL,
        what
            + ", please report it"
            + details(failure).map(file -> "; the details are in " + file).orElse(""));
  }

  /** Empty if there is no place to write to. */
  private static Optional<Path> details(Throwable failure) {
    try {
      StringWriter text = new StringWriter();
      failure.printStackTrace(new PrintWriter(text, true));
      Path file = Files.createTempFile("tka-error-", ".txt");
      Files.writeString(file, SECRET.matcher(text.toString()).replaceAll("$1$2..."));
      return Optional.of(file);
    } catch (IOException | OutOfMemoryError | StackOverflowError | SecurityException e) {
      return Optional.empty();
    }
  }

  @Override
  public int handleParseException(CommandLine.ParameterException failure, String[] args) {
    PrintWriter err = failure.getCommandLine().getErr();
    String name = failure.getCommandLine().getCommandSpec().qualifiedName();
    return report(
        err, ExitCode.USAGE, Suggestion.describe(failure) + " (see '" + name + " --help')");
  }

  static int exitCode(ServerException failure) {
    if (failure instanceof ServerException.Refused refused) {
      return switch (refused.status()) {
        case 404 -> ExitCode.NOT_FOUND;
        case 409, 412 -> ExitCode.CONFLICT;
        default -> ExitCode.IO;
      };
    }
    return failure instanceof ServerException.BadAnswer
        ? ExitCode.BAD_INPUT
        : failure instanceof ServerException.NotSent ? ExitCode.USAGE : ExitCode.IO;
  }

  /** By what went wrong; what cannot be told from it is a failure of reading or writing. */
  private static int exitCode(LocalApiException failure) {
    if (failure instanceof LocalApiException.ControlRefused refused) {
      return refused.status() == HTTP_CONFLICT ? ExitCode.CONFLICT : ExitCode.VERIFICATION_FAILED;
    }
    if (failure instanceof LocalApiException.Refused refused) {
      return refused.status() == HTTP_BAD_REQUEST
          ? ExitCode.BAD_INPUT
          : ExitCode.VERIFICATION_FAILED;
    }
    if (failure instanceof LocalApiException.NotEnabled
        || failure instanceof LocalApiException.NotLoggedIn) {
      return ExitCode.NOT_FOUND;
    }
    if (failure instanceof LocalApiException.TryAgain) {
      return ExitCode.CONFLICT;
    }
    if (failure instanceof LocalApiException.BadAnswer) {
      return ExitCode.BAD_INPUT;
    }
    return failure instanceof LocalApiException.NotTrusted
            || failure instanceof LocalApiException.NotOffered
            || failure instanceof LocalApiException.WrongSecret
            || failure instanceof LocalApiException.AlreadySigned
            || failure instanceof LocalApiException.NothingToRevoke
        ? ExitCode.VERIFICATION_FAILED
        : ExitCode.IO;
  }

  static int exitCode(TkaException failure) {
    // Its cause is what was said last, and says nothing of what happened.
    if (failure instanceof StoreException.InDoubt) {
      return ExitCode.IO;
    }
    if (failure.getCause() instanceof ServerException server) {
      return exitCode(server);
    }
    if (failure.getCause() instanceof LocalApiException daemon) {
      return exitCode(daemon);
    }
    if (failure instanceof StoreException.Absent
        || failure instanceof StoreException.NoSuchAum
        || failure instanceof OpenException.EmptyStore) {
      return ExitCode.NOT_FOUND;
    }
    if (failure instanceof StoreException.Busy
        || failure instanceof StoreException.Fenced
        || failure instanceof StoreException.NotEmpty
        || failure instanceof InformException.AlreadyBegun) {
      return ExitCode.CONFLICT;
    }
    if (failure instanceof StoreException.Unavailable
        || (failure instanceof SigningException && failure.getCause() instanceof IOException)) {
      return ExitCode.IO;
    }
    if (failure instanceof VerificationException
        || failure instanceof ApplyException
        || failure instanceof OpenException.CannotApply
        || failure instanceof OpenException.OldestWithoutState
        || failure instanceof InformException
        || failure instanceof StoreException.Refused
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
    err.println("tka: " + Texts.printable(open(message)));
    return exitCode;
  }
}
