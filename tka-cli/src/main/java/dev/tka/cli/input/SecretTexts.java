package dev.tka.cli.input;

import dev.tka.core.DisablementSecret;
import dev.tka.core.TextException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** Disablement secrets in a text: alone, or among all that 'tka init' printed. */
public final class SecretTexts {
  private static final Pattern SECRET = Pattern.compile("disablement-secret:[0-9A-Fa-f]+");

  private SecretTexts() {}

  /**
   * All of them, each once.
   *
   * @throws TextException if there is none; the message does not quote the text
   */
  public static List<DisablementSecret> in(String text) throws TextException {
    List<DisablementSecret> found = new ArrayList<>();
    for (String one :
        new LinkedHashSet<>(SECRET.matcher(text).results().map(MatchResult::group).toList())) {
      found.add(DisablementSecret.parse(one));
    }
    // A word alone is one, or says what is wrong with it.
    boolean oneWord = text.chars().noneMatch(c -> c <= ' ' || c == '"');
    return found.isEmpty() || oneWord ? List.of(DisablementSecret.parse(text)) : found;
  }
}
