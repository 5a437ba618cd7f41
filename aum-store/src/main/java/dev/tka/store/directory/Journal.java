package dev.tka.store.directory;

import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.DecodeException;
import dev.tka.core.TextException;
import dev.tka.core.store.Limits;
import dev.tka.core.store.StoreException;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The journal of a node's directory: it makes a commit of many files atomic, and durable at the
 * price of two flushes one after the other.
 *
 * <p>It holds the content of every file that the commit writes. The files are written under
 * temporary names in the directory itself, where the reference does not look, and flushed together
 * with the journal. Then the journal appears as {@value #NAME}, and the directory is flushed: from
 * this moment on the commit has happened. The files are moved to their places, and that is all: the
 * names there are not flushed, because the journal <em>stands</em>. After a loss of power some
 * files may be as they were before, and each reader and writer takes those from the journal. Only
 * the next journal replaces it, after the folders of all its files have been flushed.
 *
 * <p>A file that a standing journal names is written by another journal only, so that an old
 * journal never undoes a newer commit. What another program writes there stays, too: a file counts
 * as not yet moved only if its place is exactly as it was before the commit.
 *
 * <p>It is text, so that people can read it: the number of the commit, one line per file, and a
 * checksum.
 *
 * @param commit the number of commits so far, including this one
 * @param entries the files, in the order in which they are moved
 */
record Journal(long commit, List<Entry> entries) {
  static final String NAME = "tka-journal";

  /** A journal that is being written. */
  static final String UNFINISHED = "tka-journal-unfinished";

  /** No commit needed a journal so far. */
  static final Journal NONE = new Journal(0, List.of());

  private static final String TEMPORARY = "tka-new-";

  private static final String TITLE = "tka journal 2";

  /** Versions that kept the content beside the journal. */
  private static final String OLD_TITLE = "tka journal 1";

  /** The last journal of such a version, which is done. */
  private static final String OLD_LAST = "tka-journal-last";

  private static final Pattern COMMIT = Pattern.compile("commit ([0-9]{1,18})");
  private static final Pattern WRITE = Pattern.compile("write (\\S+) over (\\S{1,60}) as (\\S*)");
  private static final Pattern DELETE = Pattern.compile("delete (\\S+) over (\\S{1,60})");
  private static final String END = "end ";

  /** The fingerprint of a place where there is no file. */
  private static final String NOTHING = "nothing";

  /** Copies the list. */
  Journal {
    entries = List.copyOf(entries);
  }

  /**
   * One file.
   *
   * @param place where it belongs
   * @param before the {@link #fingerprint} of its place when the commit began
   * @param content empty if the file is deleted
   * @param aum the AUM file in the content, if it is one
   */
  record Entry(Place place, String before, Optional<Bytes> content, Optional<AumFile> aum) {
    /** A file at the top that replaces whatever is at its place now; empty to delete it. */
    static Entry over(Path directory, Place place, Optional<Bytes> content) throws IOException {
      return new Entry(
          place, fingerprint(directory.resolve(place.path())), content, Optional.empty());
    }

    /** An AUM's file that replaces whatever is at its place now. */
    static Entry over(Path directory, AumFile file) throws IOException {
      Place place = Place.of(file.aum().hash());
      return new Entry(
          place,
          fingerprint(directory.resolve(place.path())),
          Optional.of(Bytes.copyOf(file.encode())),
          Optional.of(file));
    }

    /**
     * True if its place is still, or again, as it was before the commit, so that it has to go
     * there.
     */
    boolean isWaiting(Path directory) throws IOException {
      return fingerprint(directory.resolve(place.path())).equals(before)
          && !(content.isEmpty() && before.equals(NOTHING));
    }
  }

  /**
   * A file that commits write. A journal cannot name any other file.
   *
   * @param path relative to the directory
   * @param aum the AUM whose file it is; empty for a file at the top
   */
  record Place(String path, Optional<AumHash> aum) {
    static final Place LAST_ACTIVE_ANCESTOR =
        new Place(NodeDirectory.LAST_ACTIVE_ANCESTOR, Optional.empty());
    static final Place NOTES = new Place(NotesFile.NAME, Optional.empty());

    static final List<Place> AT_THE_TOP = List.of(LAST_ACTIVE_ANCESTOR, NOTES);

    /** Made by hand, as the one of a record takes some milliseconds of a short command. */
    @Override
    public int hashCode() {
      return path.hashCode();
    }

    static Place of(AumHash hash) {
      return new Place(DirectoryScan.placeOf(hash), Optional.of(hash));
    }

    static Place parse(String path) throws TextException {
      for (Place place : AT_THE_TOP) {
        if (place.path.equals(path)) {
          return place;
        }
      }
      return of(AumHash.parse(path.substring(path.indexOf('/') + 1)));
    }

    /** The folder that the file is in. */
    Path folder(Path directory) {
      return aum.isEmpty()
          ? directory
          : directory.resolve(path.substring(0, DirectoryScan.PREFIX_LENGTH));
    }
  }

  /**
   * A file's length and modification time, as one word; {@value #NOTHING} if there is no file. The
   * time is as fine as the tools keep it that copy directories.
   */
  static String fingerprint(Path file) throws IOException {
    try {
      BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
      return attributes.size()
          + ":"
          + attributes.lastModifiedTime().to(TimeUnit.MICROSECONDS)
          + "us";
    } catch (NoSuchFileException e) {
      return NOTHING;
    }
  }

  /** Commits never share a name, so that one that was killed is not in the next one's way. */
  static String temporaryName(long commit, int number) {
    return TEMPORARY + commit + "-" + number;
  }

  /** True for files left behind by a commit that was killed; nobody reads them. */
  static boolean isLeftover(String name) {
    return name.startsWith(TEMPORARY) || name.equals(UNFINISHED) || name.equals(OLD_LAST);
  }

  /** True if a file is named, and so only another journal may write it. */
  boolean names(Place place) {
    return entries.stream().anyMatch(entry -> entry.place.equals(place));
  }

  /** The folders whose flush makes this journal's files durable without it. */
  Set<Path> folders(Path directory) {
    return entries.stream()
        .map(entry -> entry.place.folder(directory))
        .filter(Files::isDirectory)
        .collect(Collectors.toSet());
  }

  /**
   * Tells one journal that stands from the next: its number is in its first bytes, and its file is
   * never changed.
   */
  static String identity(Path directory) throws StoreException.Unavailable {
    try {
      return fingerprint(directory.resolve(NAME)) + " " + firstLines(directory.resolve(NAME));
    } catch (IOException e) {
      throw new StoreException.Unavailable(NAME, e);
    }
  }

  private static String firstLines(Path file) throws IOException {
    try (BufferedReader in = Files.newBufferedReader(file, StandardCharsets.ISO_8859_1)) {
      char[] first = new char[TITLE.length() + "\ncommit ".length() + 20];
      int length = in.read(first);
      return length < 0 ? "" : new String(first, 0, length).lines().limit(2).toList().toString();
    } catch (NoSuchFileException e) {
      return "";
    }
  }

  /**
   * The journal that stands.
   *
   * @throws StoreException.Damaged if it is not as written
   * @throws StoreException.Unavailable if it cannot be read
   */
  static Journal standing(Path directory) throws StoreException {
    Path file = directory.resolve(NAME);
    try {
      if (Files.size(file) > Limits.MAX_JOURNAL_BYTES) {
        throw damaged("larger than " + Limits.MAX_JOURNAL_BYTES + " bytes");
      }
      try (BufferedReader in = Files.newBufferedReader(file, StandardCharsets.ISO_8859_1)) {
        return parse(in);
      }
    } catch (NoSuchFileException e) {
      return NONE;
    } catch (IOException e) {
      throw new StoreException.Unavailable(NAME, e);
    }
  }

  private static StoreException.Damaged damaged(String problem) {
    return new StoreException.Damaged(
        NAME
            + ": "
            + problem
            + "; move "
            + NAME
            + " away to continue with the files that are in place");
  }

  /**
   * Encodes it.
   *
   * @throws StoreException.OverLimit if readers would not take it
   */
  byte[] encode() throws StoreException.OverLimit {
    long size = entries.stream().mapToLong(Journal::mostBytes).sum();
    if (size > Limits.MAX_JOURNAL_BYTES) {
      throw new StoreException.OverLimit(
          "one commit to a directory: expected a journal of at most "
              + Limits.MAX_JOURNAL_BYTES
              + " bytes, found about "
              + size
              + " for "
              + entries.size()
              + " files");
    }
    Lines lines = new Lines();
    lines.add(TITLE);
    lines.add("commit " + commit);
    for (Entry entry : entries) {
      String line = entry.place.path() + " over " + entry.before;
      lines.add(
          entry
              .content
              .map(content -> "write " + line + " as " + base64(content))
              .orElse("delete " + line));
    }
    lines.add(END + lines.checksum());
    return lines.out.toByteArray();
  }

  private static long mostBytes(Entry entry) {
    int frame = 150;
    return frame + entry.content.map(content -> 4L * (content.size() / 3 + 1)).orElse(0L);
  }

  private static String base64(Bytes content) {
    return Base64.getEncoder().encodeToString(content.toByteArray());
  }

  /** Lines, and the checksum over them. */
  private static final class Lines {
    final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final CRC32C crc = new CRC32C();

    void add(String line) {
      byte[] bytes = (line + "\n").getBytes(StandardCharsets.ISO_8859_1);
      out.writeBytes(bytes);
      crc.update(bytes);
    }

    String checksum() {
      return HexFormat.of().toHexDigits((int) crc.getValue());
    }
  }

  /**
   * Parses a journal.
   *
   * @throws StoreException.Damaged if it is not as written
   */
  static Journal parse(BufferedReader in) throws StoreException.Damaged, IOException {
    CRC32C crc = new CRC32C();
    String title = next(in, crc);
    Matcher commit = COMMIT.matcher(next(in, crc));
    if (title.equals(OLD_TITLE)) {
      throw new StoreException.Damaged(
          NAME
              + ": an earlier version was killed while it committed, and has to finish that first");
    }
    if (!title.equals(TITLE) || !commit.matches()) {
      throw damaged("expected \"" + TITLE + "\" and the number of a commit");
    }
    List<Entry> entries = new ArrayList<>();
    Set<Place> places = new HashSet<>();
    long sum = crc.getValue();
    String line = next(in, crc);
    for (int number = 3; !line.startsWith(END); number++) {
      Entry entry = parseEntry(number, line);
      if (!places.add(entry.place)) {
        throw damaged("line " + number + ": names " + entry.place.path() + " twice");
      }
      entries.add(entry);
      sum = crc.getValue();
      line = next(in, crc);
    }
    if (!line.equals(END + HexFormat.of().toHexDigits((int) sum)) || in.read() >= 0) {
      throw damaged("its checksum does not match");
    }
    return new Journal(Long.parseLong(commit.group(1)), entries);
  }

  private static String next(BufferedReader in, CRC32C crc)
      throws StoreException.Damaged, IOException {
    @Nullable String line = in.readLine();
    if (line == null) {
      throw damaged("it has no end");
    }
    crc.update((line + "\n").getBytes(StandardCharsets.ISO_8859_1));
    return line;
  }

  private static Entry parseEntry(int number, String line) throws StoreException.Damaged {
    Matcher write = WRITE.matcher(line);
    Matcher delete = DELETE.matcher(line);
    try {
      if (write.matches()) {
        Place place = Place.parse(write.group(1));
        byte[] content = Base64.getDecoder().decode(write.group(3));
        return new Entry(
            place, write.group(2), Optional.of(Bytes.copyOf(content)), aumFile(place, content));
      }
      if (delete.matches()) {
        return new Entry(
            Place.parse(delete.group(1)), delete.group(2), Optional.empty(), Optional.empty());
      }
    } catch (TextException | DecodeException | IllegalArgumentException e) {
      throw damaged("line " + number + ": " + e.getMessage());
    }
    throw damaged("line " + number + ": expected a file to write or to delete");
  }

  private static Optional<AumFile> aumFile(Place place, byte[] content) throws DecodeException {
    if (place.aum.isEmpty()) {
      return Optional.empty();
    }
    Optional<AumFile> file = AumFile.parse(content, 0);
    if (!file.map(found -> found.aum().hash()).equals(place.aum)) {
      throw new IllegalArgumentException("expected the file of " + place.aum.get());
    }
    return file;
  }
}
