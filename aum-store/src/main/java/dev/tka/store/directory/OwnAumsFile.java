package dev.tka.store.directory;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.DecodeException;
import dev.tka.core.TextException;
import dev.tka.core.store.Limits;
import dev.tka.core.store.OwnAums;
import dev.tka.core.store.StoreException;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The file with the notes on own AUMs (protocol, section 10, "Unsent"). It is text, so that people
 * can read it, with one fact per line:
 *
 * <pre>
 * tka own AUMs 1
 * agreed TIME
 * unsent HASH
 * acknowledged HASH at TIME
 * aside edit HASH at TIME as BASE64
 * aside revocation HASH at TIME as BASE64
 * end
 * </pre>
 *
 * <p>Own AUMs are in the order of their hashes, edits set aside in the order in which they were set
 * aside. So there is one text for the same notes, and any other is refused: a misread note could
 * lose an edit.
 *
 * @param content the file's bytes; empty if there is no file
 * @param ownAums the notes in it
 */
record OwnAumsFile(Bytes content, OwnAums ownAums) {
  static final String NAME = "tka-own";

  /** No file: there are no notes yet. */
  static final OwnAumsFile NONE = new OwnAumsFile(Bytes.empty(), OwnAums.NONE);

  private static final String TITLE = "tka own AUMs 1";
  private static final Pattern AGREED = Pattern.compile("agreed (\\S{1,50})");
  private static final Pattern UNSENT = Pattern.compile("unsent (\\S{1,60})");
  private static final Pattern ACKNOWLEDGED =
      Pattern.compile("acknowledged (\\S{1,60}) at (\\S{1,50})");
  private static final Pattern ASIDE =
      Pattern.compile("aside (edit|revocation) \\S{1,60} at (\\S{1,50}) as (\\S+)");
  private static final String REVOCATION = "revocation";
  private static final String END = "end";

  /** The file for the notes of a commit, which are within {@link Limits#MAX_NOTES_BYTES}. */
  static OwnAumsFile of(OwnAums ownAums) {
    byte[] content = (String.join("\n", lines(ownAums)) + "\n").getBytes(StandardCharsets.US_ASCII);
    return new OwnAumsFile(Bytes.copyOf(content), ownAums);
  }

  private static List<String> lines(OwnAums ownAums) {
    List<String> lines = new ArrayList<>();
    lines.add(TITLE);
    ownAums.agreedAt().ifPresent(time -> lines.add("agreed " + time));
    new TreeMap<>(ownAums.own())
        .forEach(
            (hash, made) ->
                lines.add(
                    made.acknowledged()
                        .map(OwnAums.Acknowledged::clock)
                        .map(time -> "acknowledged " + hash + " at " + time)
                        .orElse("unsent " + hash)));
    for (OwnAums.SetAside edit : ownAums.setAside()) {
      lines.add(
          "aside "
              + (edit.revocation() ? REVOCATION : "edit")
              + " "
              + edit.aum().hash()
              + " at "
              + edit.at()
              + " as "
              + Base64.getEncoder().encodeToString(edit.aum().encoded().toByteArray()));
    }
    lines.add(END);
    return lines;
  }

  /**
   * Parses a file.
   *
   * @param name its name in error messages
   * @throws StoreException.Damaged if it is not as written
   */
  static OwnAumsFile parse(String name, byte[] content) throws StoreException.Damaged {
    String text = new String(content, StandardCharsets.US_ASCII);
    List<String> lines = List.of(text.split("\n", -1));
    Parser parser = new Parser();
    // The last line ends with a line break, so the last element is empty.
    for (int i = 1; i < lines.size() - 2; i++) {
      try {
        parser.parse(lines.get(i));
      } catch (TextException | DecodeException | DateTimeException | IllegalArgumentException e) {
        throw new StoreException.Damaged(name + ": line " + (i + 1) + ": " + e.getMessage());
      }
    }
    OwnAums ownAums = new OwnAums(parser.own, Set.of(), parser.agreedAt, parser.setAside);
    List<String> expected = new ArrayList<>(lines(ownAums));
    expected.add("");
    for (int i = 0; i < Math.max(lines.size(), expected.size()); i++) {
      String line = i < lines.size() ? lines.get(i) : "nothing";
      if (i == expected.size() || !line.equals(expected.get(i))) {
        throw new StoreException.Damaged(
            name
                + ": line "
                + (i + 1)
                + ": expected "
                + (i < expected.size() ? shortened(expected.get(i)) : "nothing")
                + ", found "
                + shortened(line));
      }
    }
    return new OwnAumsFile(Bytes.copyOf(content), ownAums);
  }

  private static String shortened(String line) {
    int most = 100;
    return "\"" + (line.length() <= most ? line : line.substring(0, most) + "…") + "\"";
  }

  /** The notes in the lines parsed so far. */
  private static final class Parser {
    private final Map<AumHash, OwnAums.Own> own = new HashMap<>();
    private Optional<Instant> agreedAt = Optional.empty();
    private final List<OwnAums.SetAside> setAside = new ArrayList<>();

    void parse(String line) throws TextException, DecodeException {
      Matcher agreed = AGREED.matcher(line);
      Matcher unsent = UNSENT.matcher(line);
      Matcher acknowledged = ACKNOWLEDGED.matcher(line);
      Matcher aside = ASIDE.matcher(line);
      if (agreed.matches()) {
        agreedAt = Optional.of(Instant.parse(agreed.group(1)));
      } else if (unsent.matches()) {
        own.put(AumHash.parse(unsent.group(1)), new OwnAums.Own(false, Optional.empty()));
      } else if (acknowledged.matches()) {
        own.put(
            AumHash.parse(acknowledged.group(1)),
            new OwnAums.Own(
                false,
                Optional.of(
                    new OwnAums.Acknowledged(
                        Instant.parse(acknowledged.group(2)),
                        Instant.parse(acknowledged.group(2))))));
      } else if (aside.matches()) {
        Aum aum = Aum.decode(Base64.getDecoder().decode(aside.group(3)));
        boolean revocation = aside.group(1).equals(REVOCATION);
        setAside.add(new OwnAums.SetAside(aum, Instant.parse(aside.group(2)), revocation));
      } else {
        throw new IllegalArgumentException(
            "expected a note on an own AUM, found " + shortened(line));
      }
    }
  }
}
