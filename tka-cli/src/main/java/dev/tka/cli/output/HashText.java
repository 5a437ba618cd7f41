package dev.tka.cli.output;

import dev.tka.core.AumHash;
import dev.tka.core.TextException;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** The hash of an AUM, as every command prints it. */
public final class HashText implements ITypeConverter<AumHash> {
  @Override
  public AumHash convert(String text) {
    try {
      return AumHash.parse(text);
    } catch (TextException e) {
      throw new TypeConversionException(e.getMessage());
    }
  }
}
