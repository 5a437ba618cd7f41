package dev.tka.cli.input;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** The path of a file, or {@code -}; a store's URL is a mistake here. */
public final class FileText implements ITypeConverter<StreamArgument> {
  /**
   * Reads it.
   *
   * @throws TypeConversionException if it is neither
   */
  @Override
  public StreamArgument convert(String text) {
    if (StoreText.isUrl(text)) {
      throw new TypeConversionException("expected a path, found a store URL");
    }
    return new StreamArgument.File().convert(text);
  }
}
