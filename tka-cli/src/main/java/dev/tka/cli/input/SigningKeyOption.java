package dev.tka.cli.input;

import dev.tka.cli.output.Texts;
import dev.tka.core.Signer;
import dev.tka.core.SigningException;
import dev.tka.signer.OpenSigner;
import dev.tka.signer.SignerPlace;
import dev.tka.store.KeyFile;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/**
 * The private key that a command signs with. It is never an argument, because other processes can
 * see arguments.
 */
public final class SigningKeyOption implements AutoCloseable {
  @Option(
      names = "--key-file",
      paramLabel = "FILE",
      converter = StreamArgument.File.class,
      description = {
        "The private key to sign with: a file that only its owner can read, made by 'tka keygen',"
            + " or - for standard input."
      })
  private @Nullable StreamArgument file;

  @Mixin private SignerOption signer;

  /** Closed when the command ends. */
  private Optional<OpenSigner> opened = Optional.empty();

  /**
   * Reads or opens the key. Where a person types it, it is not shown.
   *
   * @throws ParameterException if none is named, or two are
   */
  public Signer read(InputStream in, CommandSpec spec) throws SigningException, IOException {
    Optional<SignerText> named = signer.get();
    if (named.isPresent()) {
      if (file != null) {
        throw new ParameterException(
            spec.commandLine(), "--key-file cannot be combined with --signer");
      }
      SignerPlace place = named.get().place();
      place.warning().ifPresent(text -> warn(spec.commandLine().getErr(), text));
      OpenSigner open = place.open();
      opened = Optional.of(open);
      return open;
    }
    if (file == null) {
      throw new ParameterException(
          spec.commandLine(),
          "missing option --key-file FILE, or --signer URL, the private key to sign with");
    }
    if (!isStandardInput()) {
      return KeyFile.read(file.path());
    }
    Tka tka = Tka.of(spec);
    if (!tka.isTyped()) {
      return KeyFile.read(in, file.toString());
    }
    byte[] text = SecretInput.standardInput("private key", tka, spec);
    try {
      return KeyFile.read(new ByteArrayInputStream(text), file.toString());
    } finally {
      Arrays.fill(text, (byte) 0);
    }
  }

  /** Before anything is signed, so that a person can still say no. */
  private static void warn(PrintWriter err, String text) {
    err.println("tka: warning: " + text);
    err.flush();
  }

  public boolean isStandardInput() {
    return StreamArgument.isStandardInput(file);
  }

  /** Whether a key is named. */
  public boolean isGiven() {
    return file != null || signer.get().isPresent();
  }

  /** For a shell: the option as given, with a space before it; empty if there is none. */
  public String words() {
    return signer
        .get()
        .map(named -> " --signer " + Texts.shellWord(named.text()))
        .orElse(file == null ? "" : " --key-file " + Texts.shellWord(file.text()));
  }

  @Override
  public void close() {
    opened.ifPresent(OpenSigner::close);
  }
}
