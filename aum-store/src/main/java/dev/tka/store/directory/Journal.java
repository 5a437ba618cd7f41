package dev.tka.store.directory;

import dev.tka.core.AumHash;
import dev.tka.core.TextException;
import dev.tka.core.store.Limits;
import dev.tka.core.store.StoreException;
import dev.tka.store.internal.DurableFiles;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The journal of a node's directory: it makes a commit of many files atomic.
 *
 * <p>A commit writes its new files under temporary names in the directory itself, where the
 * reference does not look, and flushes them. Then the journal, which names them and their places,
 * appears as {@code tka-journal}: from this moment on the commit has happened. The files are moved
 * to their places, their folders are flushed, and the journal becomes {@code tka-journal-last}. A
 * writer that finds a {@code tka-journal} finishes the moves first; a reader reads each file where
 * it still is. So a commit has happened even if its files cannot be moved, for example because a
 * folder needs space for a name.
 *
 * <p>It is text, so that people can read it: the number of the commit, then one line per file.
 *
 * @param commit the number of commits so far, including this one
 * @param moves the files and their places
 */
record Journal(long commit, List<Move> moves) {
  static final String PENDING = "tka-journal";
  static final String LAST = "tka-journal-last";

  /** A journal that is being written. */
  static final String UNFINISHED = "tka-journal-unfinished";

  private static final String TEMPORARY = "tka-new-";

  private static final String TITLE = "tka journal 1";
  private static final Pattern COMMIT = Pattern.compile("commit ([0-9]{1,18})");
  private static final Pattern MOVE =
      Pattern.compile("move (tka-new-[0-9]{1,18}-[0-9]{1,9}) to (\\S+) over (\\S{1,60})");
  private static final Pattern DELETE = Pattern.compile("delete (\\S+) over (\\S{1,60})");
  private static final String END = "end";

  /** The fingerprint of a place where there is no file. */
  private static final String NOTHING = "nothing";

  /** Copies the list. */
  Journal {
    moves = List.copyOf(moves);
  }

  /**
   * One file.
   *
   * @param temporary its temporary name; empty if the file is to be deleted
   * @param place the file it becomes
   * @param before the {@link #fingerprint} of its place when the commit began. A node may write
   *     there after a crash, and what it writes then stays
   */
  record Move(Optional<String> temporary, Place place, String before) {
    /** A move that replaces whatever is at its place now. */
    static Move over(Path directory, Optional<String> temporary, Place place) throws IOException {
      return new Move(temporary, place, fingerprint(directory.resolve(place.path())));
    }

    /**
     * True if something else was written to the place since the commit began: the file with the
     * temporary name has not been moved there, and the content there has changed.
     */
    boolean isOvertaken(Path directory) throws IOException {
      Optional<Path> waiting = temporary.map(directory::resolve);
      if (waiting.isPresent() && !Files.exists(waiting.get())) {
        return false;
      }
      String found = fingerprint(directory.resolve(place.path()));
      boolean changed = !found.equals(before) && !(temporary.isEmpty() && found.equals(NOTHING));
      // The file may have been moved during this check.
      return changed && (waiting.isEmpty() || Files.exists(waiting.get()));
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
  }

  /** A file's length and modification time, as one word; {@value #NOTHING} if there is no file. */
  private static String fingerprint(Path file) throws IOException {
    try {
      BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
      return attributes.size()
          + ":"
          + attributes.lastModifiedTime().to(TimeUnit.NANOSECONDS)
          + "ns";
    } catch (NoSuchFileException e) {
      return NOTHING;
    }
  }

  /** Commits never share a name, because a reader may still be reading the previous one. */
  static String temporaryName(long commit, int number) {
    return TEMPORARY + commit + "-" + number;
  }

  /** True for files left behind by a commit that never happened. */
  static boolean isLeftover(String name) {
    return name.startsWith(TEMPORARY) || name.equals(UNFINISHED);
  }

  /**
   * The current journal: an unfinished one, or the last one, which has nothing left to move.
   *
   * @throws StoreException.Damaged if a pending journal is not as written
   * @throws StoreException.Unavailable if it cannot be read
   */
  static Journal current(Path directory) throws StoreException {
    Optional<Journal> pending = find(directory, PENDING);
    if (pending.isPresent()) {
      return pending.get();
    }
    return new Journal(lastCommit(directory), List.of());
  }

  /**
   * If the number cannot be read, counting starts over: it only distinguishes successive commits.
   */
  private static long lastCommit(Path directory) {
    try {
      return find(directory, LAST).map(Journal::commit).orElse(0L);
    } catch (StoreException e) {
      return 0;
    }
  }

  boolean isPending() {
    return !moves.isEmpty();
  }

  private static Optional<Journal> find(Path directory, String name) throws StoreException {
    Path file = directory.resolve(name);
    try {
      if (Files.size(file) > Limits.MAX_JOURNAL_BYTES) {
        throw new StoreException.Damaged(
            name + ": larger than " + Limits.MAX_JOURNAL_BYTES + " bytes");
      }
      return Optional.of(parse(name, Files.readString(file, StandardCharsets.UTF_8)));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      throw new StoreException.Unavailable(name, e);
    }
  }

  String toText() {
    StringBuilder text = new StringBuilder(TITLE + "\ncommit " + commit + "\n");
    for (Move move : moves) {
      text.append(move.temporary.map(name -> "move " + name + " to ").orElse("delete "));
      text.append(move.place.path()).append(" over ").append(move.before).append('\n');
    }
    return text.append(END + "\n").toString();
  }

  static Journal parse(String name, String text) throws StoreException.Damaged {
    List<String> lines = text.lines().toList();
    int last = lines.size() - 1;
    if (last < 2 || !lines.get(0).equals(TITLE) || !lines.get(last).equals(END)) {
      throw new StoreException.Damaged(
          name + ": expected \"" + TITLE + "\", a commit, moves, \"" + END + "\"");
    }
    Matcher commit = COMMIT.matcher(lines.get(1));
    if (!commit.matches()) {
      throw new StoreException.Damaged(name + ": line 2: expected the number of a commit");
    }
    List<Move> moves = new ArrayList<>();
    for (int i = 2; i < last; i++) {
      moves.add(parseMove(name, i + 1, lines.get(i)));
    }
    return new Journal(Long.parseLong(commit.group(1)), moves);
  }

  private static Move parseMove(String name, int line, String text) throws StoreException.Damaged {
    Matcher move = MOVE.matcher(text);
    Matcher delete = DELETE.matcher(text);
    try {
      if (move.matches()) {
        return new Move(Optional.of(move.group(1)), Place.parse(move.group(2)), move.group(3));
      }
      if (delete.matches()) {
        return new Move(Optional.empty(), Place.parse(delete.group(1)), delete.group(2));
      }
    } catch (TextException e) {
      throw new StoreException.Damaged(name + ": line " + line + ": " + e.getMessage());
    }
    throw new StoreException.Damaged(name + ": line " + line + ": expected a move or a deletion");
  }

  /**
   * Checks that readers will take this journal.
   *
   * @throws StoreException.OverLimit if it names too many files
   */
  void requireReadable() throws StoreException.OverLimit {
    long size = toText().length();
    if (size > Limits.MAX_JOURNAL_BYTES) {
      throw new StoreException.OverLimit(
          "one commit to a directory: expected a journal of at most "
              + Limits.MAX_JOURNAL_BYTES
              + " bytes, found "
              + size
              + " for "
              + moves.size()
              + " files");
    }
  }

  /**
   * Makes the commit happen: all of it, or, after an exception, nothing.
   *
   * @throws IOException if the journal cannot be written
   */
  void begin(Path directory) throws IOException {
    Path unfinished = directory.resolve(UNFINISHED);
    DurableFiles.create(unfinished, toText().getBytes(StandardCharsets.UTF_8));
    // Flush the names of the new files first: a journal must not outlive them.
    DurableFiles.flushFolder(directory);
    Files.move(unfinished, directory.resolve(PENDING), StandardCopyOption.ATOMIC_MOVE);
    DurableFiles.flushFolder(directory);
  }

  /**
   * Moves every file to its place; a file that is already there, or was written there since, stays.
   *
   * @throws IOException if a file cannot be moved; the next writer resumes
   */
  void finish(Path directory) throws IOException {
    for (Move move : moves) {
      Path place = directory.resolve(move.place.path());
      if (move.isOvertaken(directory)) {
        if (move.temporary.isPresent()) {
          Files.delete(directory.resolve(move.temporary.get()));
        }
        continue;
      }
      if (move.temporary.isEmpty()) {
        Files.deleteIfExists(place);
        continue;
      }
      Path temporary = directory.resolve(move.temporary.get());
      try {
        Files.move(temporary, place, StandardCopyOption.ATOMIC_MOVE);
      } catch (NoSuchFileException e) {
        if (!Files.exists(place)) {
          throw new IOException(
              PENDING
                  + ": neither "
                  + move.temporary.get()
                  + " nor "
                  + move.place.path()
                  + " exists; delete "
                  + PENDING
                  + " to continue with the files that are in place",
              e);
        }
      }
    }
    List<Path> folders =
        moves.stream()
            .map(move -> directory.resolve(move.place.path()).getParent())
            .distinct()
            .filter(Files::isDirectory)
            .toList();
    DurableFiles.forAll(folders, DurableFiles::flushFolder);
    Files.move(directory.resolve(PENDING), directory.resolve(LAST), StandardCopyOption.ATOMIC_MOVE);
    DurableFiles.flushFolder(directory);
  }
}
