package dev.tka.cli.input;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** The path of a file, or {@code -}: what names a store by a URL is a mistake there. */
public final class FileText implements ITypeConverter<String> {
  /**
   * Reads it.
   *
   * @throws TypeConversionException if it is none
   */
  @Override
  public String convert(String text) {
    if (StoreText.isUrl(text)) {
      throw new TypeConversionException("expected a path, found a store URL");
    }
    try {
      return Path.of(text).toString();
    } catch (InvalidPathException e) {
      throw new TypeConversionException("expected a path, found none: " + e.getMessage());
    }
  }
}
