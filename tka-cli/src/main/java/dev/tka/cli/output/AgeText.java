package dev.tka.cli.output;

import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** An age in text for people: a number of days, hours, minutes or seconds. */
public final class AgeText implements ITypeConverter<Duration> {
  private static final Pattern AGE = Pattern.compile("(\\d{1,9})([dhms])");

  @Override
  public Duration convert(String text) {
    Matcher age = AGE.matcher(text);
    if (!age.matches()) {
      throw new TypeConversionException(
          "expected a number with a unit, as in 14d, 36h, 90m or 30s, found " + text);
    }
    return Duration.of(Long.parseLong(age.group(1)), unit(age.group(2)));
  }

  /** In the largest unit that divides it. */
  public static String print(Duration age) {
    long seconds = age.toSeconds();
    for (String letter : List.of("d", "h", "m")) {
      long size = unit(letter).getDuration().toSeconds();
      if (seconds % size == 0) {
        return seconds / size + letter;
      }
    }
    return seconds + "s";
  }

  private static ChronoUnit unit(String letter) {
    return switch (letter) {
      case "d" -> ChronoUnit.DAYS;
      case "h" -> ChronoUnit.HOURS;
      case "m" -> ChronoUnit.MINUTES;
      default -> ChronoUnit.SECONDS;
    };
  }
}
