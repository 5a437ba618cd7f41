package dev.tka.cli.input;

import dev.tka.core.Signer;
import dev.tka.core.SigningException;
import dev.tka.store.KeyFile;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/**
 * The private key that a command signs with. It is never an argument, because other processes can
 * see arguments.
 */
public final class SigningKeyOption {
  @Option(
      names = "--key-file",
      paramLabel = "FILE",
      converter = StreamArgument.File.class,
      description = {
        "The private key to sign with: a file that only its owner can read, made by 'tka keygen',"
            + " or - for standard input."
      })
  private @Nullable StreamArgument file;

  /**
   * Reads the key. Where a person types it, it is not shown.
   *
   * @throws ParameterException if none is named
   */
  public Signer read(InputStream in, CommandSpec spec)
      throws SigningException, IOException {
    if (file == null) {
      throw new ParameterException(
          spec.commandLine(), "missing option --key-file FILE, the private key to sign with");
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

  public boolean isStandardInput() {
    return StreamArgument.isStandardInput(file);
  }

  /** The option as given, for a command line to repeat. */
  public Optional<String> file() {
    return Optional.ofNullable(file).map(StreamArgument::text);
  }
}
