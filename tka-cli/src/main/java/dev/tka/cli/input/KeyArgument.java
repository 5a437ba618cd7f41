package dev.tka.cli.input;

import dev.tka.core.Key;
import dev.tka.core.LockPublicKey;
import dev.tka.core.TextException;
import java.util.List;
import java.util.OptionalLong;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/**
 * A key as written on the command line, {@code tlpub:…} or {@code tlpub:…?VOTES}.
 *
 * @param key the key
 * @param votes as written, 64 bits, whether allowed or not; empty if none are given
 */
public record KeyArgument(LockPublicKey key, OptionalLong votes) {
  public static final String LABEL = "KEY[?VOTES]";

  /** A key to trust. */
  public Key toKey() {
    return Key.of(key, 1).withVotes(votes.orElse(1));
  }

  /** Parses a key from text. */
  @FunctionalInterface
  public interface Parser<T> {
    public T parse(String text) throws TextException;
  }

  /**
   * Parses a key of any type from the command line; spaces, line ends, quotes and brackets around
   * it are ignored.
   *
   * @throws ParameterException if it is not one
   */
  public static <T> T parse(Parser<T> parser, String text, CommandSpec spec) {
    try {
      return parser.parse(Pasted.clean(text));
    } catch (TextException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage());
    }
  }

  /**
   * Parses one argument of the command line.
   *
   * @throws ParameterException if it is not a key with or without votes
   */
  public static KeyArgument parse(String given, CommandSpec spec) {
    String text = Pasted.clean(given);
    int mark = text.indexOf('?');
    try {
      LockPublicKey key =
          parse(LockPublicKey::parse, mark < 0 ? text : text.substring(0, mark), spec);
      return new KeyArgument(
          key, mark < 0 ? OptionalLong.empty() : OptionalLong.of(number(text.substring(mark + 1))));
    } catch (NumberFormatException e) {
      throw new ParameterException(
          spec.commandLine(), "expected a number of votes after '?', found " + text);
    }
  }

  /** In the digits 0 to 9: Java also reads those of other scripts, and a plus sign. */
  private static long number(String digits) {
    if (!digits.chars().allMatch(c -> c >= '0' && c <= '9')) {
      throw new NumberFormatException(digits);
    }
    return Long.parseUnsignedLong(digits);
  }

  /**
   * Parses several.
   *
   * @throws ParameterException if there are none, or one is invalid
   */
  public static List<KeyArgument> parseAll(List<String> texts, CommandSpec spec) {
    if (texts.isEmpty()) {
      throw new ParameterException(
          spec.commandLine(), "missing argument, expected one or more tailnet lock keys");
    }
    return texts.stream().map(text -> parse(text, spec)).toList();
  }
}
