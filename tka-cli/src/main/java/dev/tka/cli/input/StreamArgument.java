package dev.tka.cli.input;

import dev.tka.cli.output.Texts;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.TypeConversionException;

/**
 * An argument for which {@code -} means standard input, or standard output for a command that
 * writes. Any other text is the path of a file, or the value itself.
 *
 * @param text as given
 */
public record StreamArgument(String text) {
  public static final String STANDARD = "-";

  /** True for standard input or output. */
  public boolean isStandard() {
    return text.equals(STANDARD);
  }

  /** True for standard input, for an argument that is optional. */
  public static boolean isStandardInput(@Nullable StreamArgument argument) {
    return argument != null && argument.isStandard();
  }

  /**
   * For a shell: the word that names the same file to another command.
   *
   * @param standIn the word for standard input, which cannot be read twice
   */
  public String word(String standIn) {
    return isStandard() ? standIn : Texts.shellWord(text);
  }

  /** The named file. */
  public Path path() {
    return Path.of(text);
  }

  /**
   * The file of an option, or the one that a variable of the environment names.
   *
   * @throws ParameterException if the variable names an impossible file
   */
  static Optional<Path> file(@Nullable StreamArgument given, String variable, CommandSpec spec) {
    if (given != null) {
      return Optional.of(given.path());
    }
    @Nullable String named = System.getenv(variable);
    try {
      return named == null || named.isEmpty() ? Optional.empty() : Optional.of(Path.of(named));
    } catch (InvalidPathException e) {
      throw new ParameterException(spec.commandLine(), variable + ": expected the path of a file");
    }
  }

  /** Standard input, or the content of the named file. */
  public InputStream open(Tka tka) throws IOException {
    return isStandard() ? tka.in() : Files.newInputStream(path());
  }

  /** For messages. */
  @Override
  public String toString() {
    return isStandard() ? "standard input" : text;
  }

  /** Reads the path of a file, or {@code -}. */
  public static final class File implements ITypeConverter<StreamArgument> {
    /**
     * Reads it.
     *
     * @throws TypeConversionException if it is neither
     */
    @Override
    public StreamArgument convert(String text) {
      try {
        return new StreamArgument(Path.of(text).toString());
      } catch (InvalidPathException e) {
        throw new TypeConversionException(
            "not a valid path: "
                + (text.indexOf('\ufffd') < 0
                    ? e.getMessage()
                    : "expected text in the encoding of the locale, found other bytes: set LC_ALL"));
      }
    }
  }

  /** Reads a value, or {@code -}. */
  public static final class Value implements ITypeConverter<StreamArgument> {
    @Override
    public StreamArgument convert(String text) {
      return new StreamArgument(text);
    }
  }
}
