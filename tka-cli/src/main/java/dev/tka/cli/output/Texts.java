package dev.tka.cli.output;

import dev.tka.core.Bytes;
import dev.tka.core.LockPublicKey;
import dev.tka.core.store.OwnAums;
import dev.tka.store.ShellWord;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Small texts that several commands print. */
public final class Texts {
  private Texts() {}

  /** A key id, of any length, in the form for people. */
  public static String keyId(Bytes id) {
    return LockPublicKey.textOf(id);
  }

  /** An edit that was set aside, on one line. */
  public static String edit(OwnAums.SetAside edit) {
    return edit.aum().hash()
        + " "
        + (edit.revocation() ? "revocation by " : "")
        + edit.aum().summary()
        + ", signed by "
        + edit.aum().signatures().stream()
            .map(signature -> shortKey(signature.signerId()))
            .collect(Collectors.joining(", "));
  }

  /** The beginning of a key id, enough to tell keys apart at a glance. */
  public static String shortKey(Bytes id) {
    return LockPublicKey.shortTextOf(id);
  }

  public static String count(long number, String noun) {
    return number + " " + noun + (number == 1 ? "" : "s");
  }

  /** The sentence with a capital first letter. */
  public static String capitalized(String sentence) {
    return Character.toUpperCase(sentence.charAt(0)) + sentence.substring(1);
  }

  /** A word for a shell, quoted if necessary; control and invisible characters are escaped. */
  public static String shellWord(String word) {
    return ShellWord.of(word);
  }

  /** Metadata on one line, by name. */
  public static String meta(Map<String, String> meta) {
    StringBuilder out = new StringBuilder();
    new TreeMap<>(meta)
        .forEach(
            (key, value) -> {
              if (out.length() > 0) {
                out.append(", ");
              }
              out.append(printable(key)).append('=').append(printable(value));
            });
    return out.toString();
  }

  /** Foreign text, in which characters that would break the line or the terminal are replaced. */
  public static String printable(String text) {
    StringBuilder out = new StringBuilder();
    text.codePoints()
        .forEach(
            c -> {
              int type = Character.getType(c);
              boolean safe =
                  !Character.isISOControl(c)
                      && type != Character.FORMAT
                      && type != Character.LINE_SEPARATOR
                      && type != Character.PARAGRAPH_SEPARATOR
                      && type != Character.UNASSIGNED;
              out.appendCodePoint(safe ? c : '\ufffd');
            });
    return out.toString();
  }
}
