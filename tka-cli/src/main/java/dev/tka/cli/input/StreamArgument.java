package dev.tka.cli.input;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * An argument for which {@code -} stands for standard input, or for standard output where a command
 * writes. Any other text is the path of a file, or the value itself.
 *
 * @param text as it was given
 */
public record StreamArgument(String text) {
  public static final String STANDARD = "-";

  /** True for standard input or output. */
  public boolean isStandard() {
    return text.equals(STANDARD);
  }

  /** True for standard input, where the argument may be left out. */
  public static boolean isStandardInput(@Nullable StreamArgument argument) {
    return argument != null && argument.isStandard();
  }

  /** The file that is named. */
  public Path path() {
    return Path.of(text);
  }

  /** Standard input, or what the file that is named holds. */
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
        throw new TypeConversionException("expected a path, found none: " + e.getMessage());
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
