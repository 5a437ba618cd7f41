package dev.tka.store;

import java.util.regex.Pattern;

/** Words of commands that people copy into a shell. */
public final class ShellWord {
  private static final Pattern PLAIN = Pattern.compile("[\\w@%+=:,./-]+");

  private ShellWord() {}

  /** A text as one word, quoted if necessary; control and invisible characters are escaped. */
  public static String of(String text) {
    if (PLAIN.matcher(text).matches()) {
      return text;
    }
    String visible = TailnetName.printable(text);
    return visible.equals(text)
        ? "'" + text.replace("'", "'\\''") + "'"
        // As bash, zsh and ksh read it.
        : "$'" + TailnetName.printable(text.replace("\\", "\\\\")).replace("'", "\\'") + "'";
  }
}
