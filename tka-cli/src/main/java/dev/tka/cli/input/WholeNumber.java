package dev.tka.cli.input;

import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** A number of an option, in the digits 0 to 9: Java also reads those of other scripts. */
public final class WholeNumber implements ITypeConverter<Integer> {
  private static final Pattern DIGITS = Pattern.compile("-?[0-9]+");

  @Override
  public Integer convert(String text) {
    try {
      if (DIGITS.matcher(text).matches()) {
        return Integer.valueOf(text);
      }
    } catch (NumberFormatException e) {
      // Too many digits: reported like any other text.
    }
    throw new TypeConversionException("'" + text + "' is not an int");
  }
}
