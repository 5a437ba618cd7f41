package dev.tka.store.directory;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.DecodeException;
import dev.tka.core.TextException;
import dev.tka.core.store.AumFacts;
import dev.tka.core.store.Commit;
import dev.tka.core.store.Inherited;
import dev.tka.core.store.KeyChange;
import dev.tka.core.store.Limits;
import dev.tka.core.store.Notes;
import dev.tka.core.store.NotesCodec;
import dev.tka.core.store.OwnAums;
import dev.tka.core.store.OwnTime;
import dev.tka.core.store.StoreException;
import dev.tka.core.store.TrailEntry;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;

/**
 * The file with the notes beside AUMs (protocol, section 10). It is text, so that people can read
 * it, with one fact per line:
 *
 * <pre>
 * tka own AUMs 2
 * time OWN clock CLOCK latest CLOCK begun CLOCK
 * agreed OWN
 * unsent edit HASH
 * acknowledged revocation HASH at CLOCK own OWN
 * elsewhere HASH
 * aside edit HASH at CLOCK as BASE64
 * changed HASH at OWN reference OWN as BASE64
 * inherited HASH as BASE64
 * end CHECKSUM
 * </pre>
 *
 * <p>Lines of a kind are in the order of their hashes, edits set aside in the order in which they
 * were set aside. So there is one text for the same notes, and any other is refused: a misread note
 * could lose an edit. Version 1, which is still read, had no line that begins with {@code time},
 * {@code elsewhere}, {@code changed} or {@code inherited}, no {@code edit} or {@code revocation}
 * after {@code unsent} and {@code acknowledged}, and no {@code own}.
 *
 * <p>The facts of an AUM have a line ({@code changed}) only if they can matter: if it changes keys'
 * votes, or is a checkpoint and so may be a rewrite. The line stays while the AUM is stored or in
 * the trail, which is derived from the files of purged AUMs and from these lines.
 *
 * @param content the file's bytes; empty if there is no file
 * @param notes the notes in it, but for the facts of AUMs
 * @param changed the facts of AUMs
 */
record NotesFile(Bytes content, Notes notes, Map<AumHash, Changed> changed) {
  static final String NAME = "tka-own";

  /** No file: there are no notes yet. */
  static final NotesFile NONE = new NotesFile(Bytes.empty(), Notes.NONE, Map.of());

  private static final String TITLE = "tka own AUMs ";
  private static final int OLD_VERSION = 1;
  private static final int VERSION = 2;
  private static final Pattern TIME =
      Pattern.compile("time (\\S{1,50}) clock (\\S{1,50}) latest (\\S{1,50}) begun (\\S{1,50})");
  private static final Pattern AGREED = Pattern.compile("agreed (\\S{1,50})");
  private static final Pattern UNSENT =
      Pattern.compile("unsent (?:(edit|revocation) )?(\\S{1,60})");
  private static final Pattern ACKNOWLEDGED =
      Pattern.compile(
          "acknowledged (?:(edit|revocation) )?(\\S{1,60}) at (\\S{1,50})(?: own (\\S{1,50}))?");
  private static final Pattern ELSEWHERE = Pattern.compile("elsewhere (\\S{1,60})");
  private static final Pattern ASIDE =
      Pattern.compile("aside (edit|revocation) \\S{1,60} at (\\S{1,50}) as (\\S+)");
  private static final Pattern CHANGED =
      Pattern.compile("changed (\\S{1,60}) at (\\S{1,50}) reference (\\S{1,50}) as (\\S+)");
  private static final Pattern INHERITED = Pattern.compile("inherited (\\S{1,60}) as (\\S+)");
  private static final String REVOCATION = "revocation";

  /** In place of a reference time: there was none. */
  private static final String NONE_YET = "none";

  private static final String END = "end";

  /**
   * The facts of an AUM, without what the AUM itself says.
   *
   * @param own the store's own time when it was committed
   * @param reference the reference time then; empty if there was none
   * @param changes the keys whose votes it changes
   */
  record Changed(Instant own, Optional<Instant> reference, List<KeyChange> changes) {
    /** Copies the list. */
    Changed {
      changes = List.copyOf(changes);
    }
  }

  /**
   * The file for some notes.
   *
   * @throws StoreException.OverLimit if the file would be too large to be read again
   */
  static NotesFile of(Notes notes, Map<AumHash, Changed> changed) throws StoreException.OverLimit {
    byte[] content = text(lines(VERSION, notes, changed)).getBytes(StandardCharsets.US_ASCII);
    if (content.length > Limits.MAX_NOTES_BYTES) {
      throw new StoreException.OverLimit(
          NAME
              + ": expected at most "
              + Limits.MAX_NOTES_BYTES
              + " bytes of notes, found "
              + content.length);
    }
    return new NotesFile(Bytes.copyOf(content), notes, Map.copyOf(changed));
  }

  /**
   * The file after a commit; this one if the commit changes none of its notes.
   *
   * @param scan the AUM files before the commit
   * @throws StoreException.OverLimit if the file would be too large to be read again
   */
  NotesFile after(Commit commit, DirectoryScan scan) throws StoreException.OverLimit {
    Notes next = notes.after(commit);
    Map<AumHash, Changed> facts = new HashMap<>(changed);
    for (Commit.Addition addition : commit.additions()) {
      AumHash hash = addition.aum().hash();
      Optional<AumFile> known = scan.find(hash);
      if (known.isEmpty()) {
        // Another program deleted the file that an earlier line was about.
        facts.remove(hash);
      }
      if (known.filter(AumFile::isHeld).isEmpty()) {
        addition
            .facts()
            .filter(noted -> !noted.changes().isEmpty() || addition.aum().kind().isCheckpoint())
            .ifPresent(
                noted ->
                    facts.put(hash, new Changed(noted.own(), noted.reference(), noted.changes())));
      }
    }
    if (!commit.purges().isEmpty()) {
      Set<AumHash> forgotten = new HashSet<>(commit.purges());
      commit.trail().stream().map(TrailEntry::hash).forEach(forgotten::remove);
      facts.keySet().removeAll(forgotten);
    }
    return next.equals(notes) && facts.equals(changed) ? this : of(next, facts);
  }

  /** An AUM with the facts that were noted about it. */
  Commit.Addition withFacts(Commit.Addition addition) {
    Aum aum = addition.aum();
    Changed noted = changed.get(aum.hash());
    return noted == null
        ? addition
        : new Commit.Addition(
            aum,
            addition.committedAt(),
            Optional.of(AumFacts.of(aum, noted.changes(), noted.own(), noted.reference())));
  }

  private static String text(List<String> lines) {
    return String.join("\n", lines) + "\n";
  }

  private static List<String> lines(int version, Notes notes, Map<AumHash, Changed> changed) {
    OwnAums ownAums = notes.ownAums();
    List<String> lines = new ArrayList<>();
    lines.add(TITLE + version);
    notes.time().ifPresent(time -> lines.add(line(time)));
    ownAums.agreedAt().ifPresent(time -> lines.add("agreed " + time));
    new TreeMap<>(ownAums.own()).forEach((hash, made) -> lines.add(line(version, hash, made)));
    new TreeSet<>(ownAums.elsewhere()).forEach(hash -> lines.add("elsewhere " + hash));
    for (OwnAums.SetAside edit : ownAums.setAside()) {
      lines.add(
          "aside "
              + kind(edit.revocation())
              + edit.aum().hash()
              + " at "
              + edit.at()
              + as(edit.aum().encoded()));
    }
    new TreeMap<>(changed)
        .forEach(
            (hash, noted) ->
                lines.add(
                    "changed "
                        + hash
                        + " at "
                        + noted.own()
                        + " reference "
                        + noted.reference().map(Instant::toString).orElse(NONE_YET)
                        + as(NotesCodec.encodeChanges(noted.changes()))));
    new TreeMap<>(notes.inherited())
        .forEach(
            (hash, kept) -> lines.add("inherited " + hash + as(NotesCodec.encodeInherited(kept))));
    lines.add(version == OLD_VERSION ? END : END + " " + checksum(lines));
    return lines;
  }

  private static String line(OwnTime time) {
    return "time "
        + time.own()
        + " clock "
        + time.clock()
        + " latest "
        + time.latestClock()
        + " begun "
        + time.begun();
  }

  private static String line(int version, AumHash hash, OwnAums.Own made) {
    String subject = (version == OLD_VERSION ? "" : kind(made.revocation())) + hash;
    if (made.acknowledged().isEmpty()) {
      return "unsent " + subject;
    }
    OwnAums.Acknowledged at = made.acknowledged().get();
    return "acknowledged "
        + subject
        + " at "
        + at.clock()
        + (version == OLD_VERSION ? "" : " own " + at.own());
  }

  /** A changed digit of a note may open the door to a removed key, and would look like a note. */
  private static String checksum(List<String> lines) {
    CRC32C crc = new CRC32C();
    crc.update(text(lines).getBytes(StandardCharsets.US_ASCII));
    return HexFormat.of().toHexDigits((int) crc.getValue());
  }

  private static String kind(boolean revocation) {
    return revocation ? REVOCATION + " " : "edit ";
  }

  private static String as(Bytes encoded) {
    return " as " + Base64.getEncoder().encodeToString(encoded.toByteArray());
  }

  /**
   * Parses a file.
   *
   * @param name its name in error messages
   * @throws StoreException.Damaged if it is not as written
   */
  static NotesFile parse(String name, byte[] content) throws StoreException.Damaged {
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
    int version = lines.get(0).equals(TITLE + OLD_VERSION) ? OLD_VERSION : VERSION;
    NotesFile parsed = parser.file(Bytes.copyOf(content), version);
    List<String> expected = new ArrayList<>(lines(version, parsed.notes, parsed.changed));
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
    return parsed;
  }

  private static String shortened(String line) {
    int most = 100;
    return "\"" + (line.length() <= most ? line : line.substring(0, most) + "…") + "\"";
  }

  /** The notes in the lines parsed so far. */
  private static final class Parser {
    private Optional<OwnTime> time = Optional.empty();
    private final Map<AumHash, OwnAums.Own> own = new HashMap<>();
    private final Set<AumHash> elsewhere = new HashSet<>();
    private Optional<Instant> agreedAt = Optional.empty();
    private final List<OwnAums.SetAside> setAside = new ArrayList<>();
    private final Map<AumHash, Changed> changed = new HashMap<>();
    private final Map<AumHash, List<Inherited>> inherited = new HashMap<>();

    NotesFile file(Bytes content, int version) {
      // Lines of a kind that a version does not have are then not as expected.
      return version == OLD_VERSION
          ? new NotesFile(
              content, Notes.NONE.with(new OwnAums(own, Set.of(), agreedAt, setAside)), Map.of())
          : new NotesFile(
              content,
              new Notes(new OwnAums(own, elsewhere, agreedAt, setAside), time, inherited),
              Map.copyOf(changed));
    }

    void parse(String line) throws TextException, DecodeException {
      switch (line.split(" ", 2)[0]) {
        case "time" -> {
          Matcher found = match(TIME, line);
          time =
              Optional.of(
                  new OwnTime(
                      Instant.parse(found.group(1)),
                      Instant.parse(found.group(2)),
                      Instant.parse(found.group(3)),
                      Instant.parse(found.group(4))));
        }
        case "agreed" -> agreedAt = Optional.of(Instant.parse(match(AGREED, line).group(1)));
        case "unsent" -> {
          Matcher found = match(UNSENT, line);
          own.put(
              AumHash.parse(found.group(2)),
              new OwnAums.Own(REVOCATION.equals(found.group(1)), Optional.empty()));
        }
        case "acknowledged" -> {
          Matcher found = match(ACKNOWLEDGED, line);
          own.put(AumHash.parse(found.group(2)), acknowledged(found));
        }
        case "elsewhere" -> elsewhere.add(AumHash.parse(match(ELSEWHERE, line).group(1)));
        case "aside" -> {
          Matcher found = match(ASIDE, line);
          Aum aum = Aum.decode(bytes(found.group(3)).toByteArray());
          boolean revocation = found.group(1).equals(REVOCATION);
          setAside.add(new OwnAums.SetAside(aum, Instant.parse(found.group(2)), revocation));
        }
        case "changed" -> {
          Matcher found = match(CHANGED, line);
          changed.put(AumHash.parse(found.group(1)), changed(found));
        }
        case "inherited" -> {
          Matcher found = match(INHERITED, line);
          inherited.put(
              AumHash.parse(found.group(1)), NotesCodec.decodeInherited(bytes(found.group(2))));
        }
        default -> throw noNote(line);
      }
    }

    private static Matcher match(Pattern pattern, String line) {
      Matcher matcher = pattern.matcher(line);
      if (!matcher.matches()) {
        throw noNote(line);
      }
      return matcher;
    }

    private static IllegalArgumentException noNote(String line) {
      return new IllegalArgumentException("expected a note, found " + shortened(line));
    }

    private static OwnAums.Own acknowledged(Matcher matcher) {
      Instant clock = Instant.parse(matcher.group(3));
      // Version 1 knew only the wall clock, with which own time begins.
      String ownTime = matcher.group(4);
      return new OwnAums.Own(
          REVOCATION.equals(matcher.group(1)),
          Optional.of(
              new OwnAums.Acknowledged(clock, ownTime == null ? clock : Instant.parse(ownTime))));
    }

    private static Changed changed(Matcher matcher) throws DecodeException {
      String reference = matcher.group(3);
      return new Changed(
          Instant.parse(matcher.group(2)),
          reference.equals(NONE_YET) ? Optional.empty() : Optional.of(Instant.parse(reference)),
          NotesCodec.decodeChanges(bytes(matcher.group(4))));
    }

    private static Bytes bytes(String base64) {
      return Bytes.copyOf(Base64.getDecoder().decode(base64));
    }
  }
}
