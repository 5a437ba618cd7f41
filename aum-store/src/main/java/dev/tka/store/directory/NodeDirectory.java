package dev.tka.store.directory;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.DecodeException;
import dev.tka.core.authority.PurgedTrail;
import dev.tka.core.store.AumEntry;
import dev.tka.core.store.AumIndex;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.Commit;
import dev.tka.core.store.IndexSnapshot;
import dev.tka.core.store.Limits;
import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import dev.tka.core.store.Trail;
import dev.tka.store.internal.Disk;
import dev.tka.store.internal.DurableFiles;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The directory in which a shipping node keeps a tailnet's AUMs (protocol, section 9): one file per
 * AUM at {@code <first two characters of its hash>/<hash>}, and the file {@code
 * last_active_ancestor}. Files are written byte for byte as the reference writes them for the same
 * content and times; our own files ({@code tka-journal}, {@code tka-lock}, {@code tka-commits}, and
 * {@code tka-own} with the notes beside AUMs, once there are any) stay at the top, where the
 * reference does not look.
 *
 * <p>The reference refuses the whole directory if a file named like an AUM does not hold that AUM.
 * Here the sound files are shown, and {@link AumSnapshot#damage} names the others; a damaged file
 * is replaced only by the AUM in its name. Files with other names are ignored.
 *
 * <p>Reading writes nothing and takes no lock. A commit takes a lock that our other processes
 * respect, and looks at the directory again: if a running node has changed it since it was read,
 * the commit fails with a conflict. Only a new {@code NodeDirectory} notices a file that was
 * overwritten in place, which nodes never do.
 */
public final class NodeDirectory implements AumStore {
  /** The file with the recorded last-active ancestor: 32 raw bytes. */
  public static final String LAST_ACTIVE_ANCESTOR = "last_active_ancestor";

  /** The prefix of our own files at the top. */
  public static final String OWN_FILES = "tka-";

  /** How often a reader starts over because of concurrent commits. */
  private static final int MAX_READS = 100;

  private final Path directory;
  private final Clock clock;
  private final Disk disk;
  private volatile @Nullable View last;
  private long lastSequence;

  private NodeDirectory(Path directory, Clock clock, Disk disk) {
    this.directory = directory;
    this.clock = clock;
    this.disk = disk;
  }

  /** What changes with each commit: the writer's note, and the journal that stands. */
  private record Mark(long noted, String journal) {
    static Mark of(Path directory) throws StoreException.Unavailable {
      return new Mark(DirectoryLock.note(directory).commits(), Journal.identity(directory));
    }

    /** As a record's own {@code equals}, which each run would have to generate. */
    boolean isStill(Path directory) throws StoreException.Unavailable {
      Mark now = of(directory);
      return now.noted == noted && now.journal.equals(journal);
    }
  }

  /**
   * The directory's content at one time, and the snapshot that shows it.
   *
   * @param waiting what the journal says, and is not in its place
   */
  private record View(
      Mark mark,
      long commits,
      Journal journal,
      List<Journal.Entry> waiting,
      DirectoryScan scan,
      Optional<AumHash> lastActiveAncestor,
      NotesFile notes,
      IndexSnapshot<Bytes> snapshot) {}

  /**
   * The directory at a path. Nothing is read before {@link #read}.
   *
   * @throws StoreException.Absent if there is no directory there
   */
  public static NodeDirectory at(Path directory) throws StoreException.Absent {
    return at(directory, Clock.systemUTC());
  }

  /**
   * The directory at a path. Nothing is read before {@link #read}.
   *
   * @param clock tells when AUMs are purged
   * @throws StoreException.Absent if there is no directory there
   */
  public static NodeDirectory at(Path directory, Clock clock) throws StoreException.Absent {
    if (!Files.exists(directory)) {
      throw new StoreException.Absent(directory + ": no such directory");
    }
    if (!Files.isDirectory(directory)) {
      throw new StoreException.Absent(directory + ": expected a directory, found a file");
    }
    return new NodeDirectory(directory, clock, Disk.REAL);
  }

  /** The directory at a path, which is there, with another way to write to it. */
  static NodeDirectory at(Path directory, Clock clock, Disk disk) {
    return new NodeDirectory(directory, clock, disk);
  }

  /**
   * The directory at a path, made if it does not exist; only its owner can access it.
   *
   * @param clock tells when AUMs are purged
   * @throws StoreException.Absent if something else exists there
   * @throws StoreException.Unavailable if it cannot be made
   */
  public static NodeDirectory create(Path directory, Clock clock) throws StoreException {
    if (!Files.exists(directory)) {
      try {
        DurableFiles.createFolders(directory);
      } catch (IOException e) {
        throw new StoreException.Unavailable(directory.toString(), e);
      }
    }
    return at(directory, clock);
  }

  /**
   * Reads the directory; folders that did not change since the last time are not read again.
   *
   * @throws StoreException.Unavailable if the directory itself cannot be read
   * @throws StoreException.Damaged if {@code last_active_ancestor} is neither empty nor a hash, or
   *     a journal or {@code tka-own} is not as written
   */
  @Override
  public AumSnapshot read() throws StoreException {
    return look().snapshot;
  }

  /**
   * The files of the last commit that are only in the journal: after a loss of power, or because
   * somebody moved them away. Readers here take them from there, and the next commit, also an empty
   * one, puts them in their places; a node reads only what is there.
   *
   * @return their paths, relative to the directory
   * @throws StoreException as {@link #read} does
   */
  public List<String> notInPlace() throws StoreException {
    return look().waiting.stream()
        .filter(entry -> entry.content().isPresent())
        .map(entry -> entry.place().path())
        .toList();
  }

  /**
   * The files that the journal holds, whether they are in their places or not.
   *
   * @return their paths, relative to the directory
   * @throws StoreException.Damaged if it is not as written
   * @throws StoreException.Unavailable if it cannot be read
   */
  public List<String> inJournal() throws StoreException {
    return Journal.standing(directory).entries().stream()
        .filter(entry -> entry.content().isPresent())
        .map(entry -> entry.place().path())
        .toList();
  }

  private View look() throws StoreException {
    for (int i = 0; i < MAX_READS; i++) {
      Mark mark = Mark.of(directory);
      View view = look(mark);
      // A commit in the meantime may have been seen half done.
      if (mark.isStill(directory)) {
        last = view;
        return view;
      }
    }
    throw new StoreException.Busy(directory + ": it keeps changing");
  }

  /** The directory as it is once everything that the journal says is in its place. */
  private View look(Mark mark) throws StoreException {
    View before = last;
    Journal journal =
        before != null && before.mark.journal.equals(mark.journal)
            ? before.journal
            : Journal.standing(directory);
    DirectoryScan scan =
        before == null ? DirectoryScan.of(directory) : before.scan.again(directory);
    List<Journal.Entry> waiting = new ArrayList<>();
    Map<AumHash, Optional<AumFile>> changes = new HashMap<>();
    Map<Journal.Place, Journal.Entry> atTheTop = new HashMap<>();
    for (Journal.Entry entry : journal.entries()) {
      Optional<AumHash> hash = entry.place().aum();
      if (hash.isEmpty()) {
        atTheTop.put(entry.place(), entry);
      } else if (!scan.shows(hash.get(), entry.aum())) {
        if (isWaiting(entry)) {
          waiting.add(entry);
          changes.put(hash.get(), entry.aum());
        } else if (isInPlace(entry)) {
          // It was moved after the scan had come by.
          changes.put(hash.get(), entry.aum());
        }
      }
    }
    Optional<AumHash> lastActiveAncestor =
        readAtTheTop(
                Journal.Place.LAST_ACTIVE_ANCESTOR,
                atTheTop,
                waiting,
                AumHash.SIZE,
                NodeDirectory::parseLastActiveAncestor)
            .flatMap(record -> record);
    NotesFile notes =
        readAtTheTop(
                Journal.Place.NOTES, atTheTop, waiting, Limits.MAX_NOTES_BYTES, this::parseNotes)
            .orElse(NotesFile.NONE);
    return show(
        mark,
        journal,
        waiting,
        changes.isEmpty() ? scan : scan.with(changes),
        lastActiveAncestor,
        notes);
  }

  private boolean isWaiting(Journal.Entry entry) throws StoreException.Unavailable {
    try {
      return entry.isWaiting(directory);
    } catch (IOException e) {
      throw new StoreException.Unavailable(entry.place().path(), e);
    }
  }

  /** False if the place of an AUM's file holds something that was written since the commit. */
  private boolean isInPlace(Journal.Entry entry) {
    Path place = directory.resolve(entry.place().path());
    try {
      return DirectoryScan.readAumFile(place).equals(entry.aum());
    } catch (NoSuchFileException e) {
      return entry.content().isEmpty();
    } catch (StoreException | DecodeException | IOException e) {
      return false;
    }
  }

  /** Parses a file's content, which is empty if the file is too large. */
  @FunctionalInterface
  private interface Parser<T> {
    T parse(String name, Optional<byte[]> content) throws StoreException.Damaged;
  }

  /** A file at the top; what the journal says, if that is not in its place. */
  private <T> Optional<T> readAtTheTop(
      Journal.Place place,
      Map<Journal.Place, Journal.Entry> journal,
      List<Journal.Entry> waiting,
      int most,
      Parser<T> parser)
      throws StoreException {
    Optional<Journal.Entry> entry = Optional.ofNullable(journal.get(place));
    // First of all: the file may be moved to its place now.
    boolean unchanged = entry.isPresent() && isWaiting(entry.get());
    Optional<Found> found = Optional.empty();
    try {
      Path file = directory.resolve(place.path());
      BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
      found = Optional.of(new Found(DirectoryScan.readBounded(file, attributes, most)));
    } catch (NoSuchFileException e) {
      // Then there is none.
    } catch (IOException e) {
      throw new StoreException.Unavailable(place.path(), e);
    }
    if (unchanged) {
      Optional<Bytes> wanted = entry.orElseThrow().content();
      if (!found.flatMap(Found::content).map(Bytes::copyOf).equals(wanted)) {
        waiting.add(entry.orElseThrow());
        found = wanted.map(content -> new Found(Optional.of(content.toByteArray())));
      }
    }
    return found.isEmpty()
        ? Optional.empty()
        : Optional.of(parser.parse(place.path(), found.get().content));
  }

  /** A file's content, which is empty if the file is too large. */
  private record Found(Optional<byte[]> content) {}

  /** An empty file, as a crash of the file system leaves it, records nothing. */
  private static Optional<AumHash> parseLastActiveAncestor(String name, Optional<byte[]> content)
      throws StoreException.Damaged {
    if (content.isPresent() && content.get().length == 0) {
      return Optional.empty();
    }
    if (content.isEmpty() || content.get().length != AumHash.SIZE) {
      throw new StoreException.Damaged(
          name
              + ": expected "
              + AumHash.SIZE
              + " bytes, found "
              + content.map(found -> Integer.toString(found.length)).orElse("more"));
    }
    return Optional.of(AumHash.of(content.get()));
  }

  private NotesFile parseNotes(String name, Optional<byte[]> content)
      throws StoreException.Damaged {
    if (content.isEmpty()) {
      throw new StoreException.Damaged(name + ": larger than " + Limits.MAX_NOTES_BYTES + " bytes");
    }
    View before = last;
    return before != null && before.notes.content().equals(Bytes.copyOf(content.get()))
        ? before.notes
        : NotesFile.parse(name, content.get());
  }

  private View show(
      Mark mark,
      Journal journal,
      List<Journal.Entry> waiting,
      DirectoryScan scan,
      Optional<AumHash> lastActiveAncestor,
      NotesFile notes) {
    long commits = Math.max(mark.noted, journal.commit());
    Revision revision = revision(commits, scan, lastActiveAncestor, notes);
    View before = last;
    IndexSnapshot<Bytes> snapshot;
    if (before != null && before.snapshot.revision().equals(revision)) {
      snapshot = before.snapshot;
    } else {
      AumIndex<Bytes> index =
          AumIndex.of(scan.held().stream().map(file -> toItem(file, notes)).toList());
      snapshot = snapshot(index, 0, revision, scan, lastActiveAncestor, notes);
    }
    return new View(mark, commits, journal, waiting, scan, lastActiveAncestor, notes, snapshot);
  }

  private static AumIndex.Item<Bytes> toItem(AumFile file, NotesFile notes) {
    return AumIndex.Item.of(notes.withFacts(file.toAddition()));
  }

  private static IndexSnapshot<Bytes> snapshot(
      AumIndex<Bytes> index,
      long limit,
      Revision revision,
      DirectoryScan scan,
      Optional<AumHash> lastActiveAncestor,
      NotesFile notes) {
    IndexSnapshot<Bytes> withoutTrail =
        new IndexSnapshot<>(
            index,
            limit,
            revision,
            lastActiveAncestor,
            IndexSnapshot.Bodies.IN_MEMORY,
            hash -> scan.purged(hash).map(notes::withFacts),
            () -> Trail.EMPTY,
            notes.notes(),
            scan.damage());
    return withoutTrail.withTrail(new DerivedTrail(withoutTrail));
  }

  /** The trail behind a snapshot, derived when it is first needed. */
  private static final class DerivedTrail implements Supplier<Trail> {
    private @Nullable AumSnapshot snapshot;
    private Trail trail = Trail.EMPTY;

    DerivedTrail(AumSnapshot snapshot) {
      this.snapshot = snapshot;
    }

    @Override
    public synchronized Trail get() {
      if (snapshot != null) {
        trail = PurgedTrail.of(snapshot);
        snapshot = null;
      }
      return trail;
    }
  }

  /** False if the oldest ancestor and the purged AUMs behind it certainly stay the same. */
  private static boolean movesTrail(Commit commit, View before) {
    if (!commit.purges().isEmpty() || commit.lastActiveAncestor().isPresent()) {
      return true;
    }
    Set<AumHash> held = new HashSet<>();
    for (Commit.Addition addition : commit.additions()) {
      Aum aum = addition.aum();
      boolean follows =
          aum.parent()
              .filter(parent -> held.contains(parent) || isHeld(before, parent))
              .isPresent();
      boolean leads =
          !before.snapshot.children(aum.hash()).isEmpty()
              || before.scan.purged(aum.hash()).isPresent();
      if (!isHeld(before, aum.hash()) && (!follows || leads)) {
        return true;
      }
      held.add(aum.hash());
    }
    return false;
  }

  private static boolean isHeld(View view, AumHash hash) {
    return view.snapshot.find(hash).isPresent();
  }

  private static Revision revision(
      long commits, DirectoryScan scan, Optional<AumHash> lastActiveAncestor, NotesFile notes) {
    long value = 31 * commits + lastActiveAncestor.hashCode();
    return new Revision(31 * (31 * value + notes.content().hashCode()) + scan.fingerprint());
  }

  /**
   * {@inheritDoc}
   *
   * @throws StoreException.Busy if another process writes for too long
   * @throws StoreException.Unavailable if the directory cannot be written, for lack of rights or
   *     space; it is unchanged
   * @throws StoreException.InDoubt if the disk fails after the commit can be seen
   */
  @Override
  public synchronized AumSnapshot commit(Commit commit) throws StoreException {
    try (DirectoryLock lock = DirectoryLock.take(directory, DirectoryLock.PATIENCE)) {
      return uninterrupted(() -> commit(lock, commit));
    }
  }

  private AumSnapshot commit(DirectoryLock lock, Commit commit) throws StoreException {
    View before = settle(lock);
    if (!commit.base().equals(before.snapshot.revision())) {
      throw new StoreException.Conflict(commit.base(), before.snapshot.revision());
    }
    Map<AumHash, AumFile> files = changedFiles(commit, before);
    Optional<AumHash> record =
        commit
            .lastActiveAncestor()
            .filter(hash -> !before.lastActiveAncestor.equals(Optional.of(hash)));
    NotesFile notes = before.notes.after(commit, before.scan);
    boolean notesChange = !notes.equals(before.notes);
    if (files.isEmpty() && record.isEmpty() && !notesChange) {
      return before.snapshot;
    }
    // A node may look between two moves, or after a crash there, and must find a directory that
    // opens. No node reads the notes, but someone may abandon a journal halfway. Then a note on an
    // AUM that did not arrive is harmless, while an unsent AUM without its note could be purged or
    // displaced silently. So the notes go first.
    List<Journal.Entry> entries = new ArrayList<>();
    try {
      if (notesChange) {
        entries.add(
            Journal.Entry.over(directory, Journal.Place.NOTES, Optional.of(notes.content())));
      }
      for (AumFile file : files.values()) {
        if (file.isHeld()) {
          entries.add(Journal.Entry.over(directory, file));
        }
      }
      if (record.isPresent()) {
        entries.add(
            Journal.Entry.over(
                directory, Journal.Place.LAST_ACTIVE_ANCESTOR, record.map(AumHash::bytes)));
      }
      for (AumFile file : files.values()) {
        if (!file.isHeld()) {
          entries.add(Journal.Entry.over(directory, file));
        }
      }
    } catch (IOException e) {
      throw new StoreException.Unavailable(directory.toString(), e);
    }
    Journal journal = write(lock, before, entries);
    View after =
        after(before, journal, commit, files, record.or(() -> before.lastActiveAncestor), notes);
    last = after;
    return after.snapshot;
  }

  /**
   * The files that a commit changes: first the additions in the order given, parents first, then
   * the purges, newest first.
   */
  private Map<AumHash, AumFile> changedFiles(Commit commit, View before)
      throws StoreException.OverLimit {
    DirectoryScan scan = before.scan;
    Map<AumHash, AumFile> files = new LinkedHashMap<>();
    for (Commit.Addition addition : commit.additions()) {
      AumHash hash = addition.aum().hash();
      Optional<AumFile> known = scan.find(hash);
      if (known.isEmpty()) {
        files.putIfAbsent(hash, AumFile.of(addition));
      } else if (!known.get().isHeld()) {
        files.put(hash, known.get().restored());
      }
    }
    Instant now = clock.instant();
    if (!commit.purges().isEmpty() && !Limits.isCommitTime(now)) {
      throw new StoreException.OverLimit(
          "expected a time after 1970, found " + now + ": the clock is wrong");
    }
    Comparator<AumHash> byHeight =
        Comparator.comparing(hash -> before.snapshot.find(hash).map(AumEntry::height).orElse(0));
    for (AumHash hash : commit.purges().stream().sorted(byHeight.reversed()).toList()) {
      AumFile added = files.get(hash);
      Optional<AumFile> file = added != null ? Optional.of(added) : scan.find(hash);
      file.filter(AumFile::isHeld)
          .ifPresent(held -> files.put(hash, held.purged(now.getEpochSecond())));
    }
    return files;
  }

  /** The view after a commit, without reading again what was just written. */
  private View after(
      View before,
      Journal journal,
      Commit commit,
      Map<AumHash, AumFile> files,
      Optional<AumHash> lastActiveAncestor,
      NotesFile notes)
      throws StoreException {
    Map<AumHash, Optional<AumFile>> changes = new HashMap<>();
    files.forEach((hash, file) -> changes.put(hash, Optional.of(file)));
    DirectoryScan scan = before.scan.with(changes);
    long sequence = ++lastSequence;
    // Parents before children, in the order given.
    List<AumIndex.Item<Bytes>> added = new ArrayList<>();
    for (Commit.Addition addition : commit.additions()) {
      AumFile file = files.get(addition.aum().hash());
      if (file != null) {
        added.add(toItem(file, notes));
      }
    }
    AumIndex<Bytes> index = before.snapshot.index().add(added, sequence);
    if (!commit.purges().isEmpty()) {
      index = index.without(commit.purges());
    }
    long commits = before.commits + 1;
    IndexSnapshot<Bytes> snapshot =
        snapshot(
            index,
            sequence,
            revision(commits, scan, lastActiveAncestor, notes),
            scan,
            lastActiveAncestor,
            notes);
    if (!movesTrail(commit, before)) {
      snapshot = snapshot.withTrail(before.snapshot.remembered());
    }
    return new View(
        new Mark(commits, Journal.identity(directory)),
        commits,
        journal,
        List.of(),
        scan,
        lastActiveAncestor,
        notes,
        snapshot);
  }

  @Override
  public synchronized void wipe() throws StoreException {
    try (DirectoryLock lock = DirectoryLock.take(directory, DirectoryLock.PATIENCE)) {
      uninterrupted(
          () -> {
            wipe(lock);
            return directory;
          });
    }
  }

  private void wipe(DirectoryLock lock) throws StoreException {
    View before = settle(lock);
    List<Journal.Place> places = new ArrayList<>();
    before.scan.inPlace().forEach(hash -> places.add(Journal.Place.of(hash)));
    places.addAll(Journal.Place.AT_THE_TOP);
    List<Journal.Entry> entries = new ArrayList<>();
    try {
      for (Journal.Place place : places) {
        if (Files.exists(directory.resolve(place.path()), LinkOption.NOFOLLOW_LINKS)) {
          entries.add(Journal.Entry.over(directory, place, Optional.empty()));
        }
      }
    } catch (IOException e) {
      throw new StoreException.Unavailable(directory.toString(), e);
    }
    if (!entries.isEmpty()) {
      write(lock, before, entries);
    }
  }

  /** An operation on the directory. */
  @FunctionalInterface
  private interface Work<T> {
    T run() throws StoreException;
  }

  /**
   * Works in a thread of its own, which is never interrupted: an interrupt closes the file in use,
   * and then the caller could not tell whether the commit happened.
   */
  private static <T> T uninterrupted(Work<T> work) throws StoreException {
    FutureTask<T> task = new FutureTask<>(work::run);
    new Thread(task, "tka-commit").start();
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return task.get();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } catch (ExecutionException e) {
      if (e.getCause() instanceof StoreException expected) {
        throw expected;
      }
      throw new IllegalStateException(e.getCause());
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Finishes what an earlier writer could not, or a loss of power undid, and looks. */
  private View settle(DirectoryLock lock) throws StoreException {
    DirectoryLock.Note note = DirectoryLock.note(directory);
    try {
      if (note.flushing().isPresent()) {
        // That commit is seen, and must not vanish below what is built on it.
        Path folder = directory.resolve(note.flushing().get());
        if (Files.isDirectory(folder)) {
          disk.flushFolder(folder);
        }
        disk.flushFolder(directory);
        lock.write(new DirectoryLock.Note(note.commits(), Optional.empty()));
      }
      clearLeftovers();
    } catch (IOException e) {
      throw new StoreException.Unavailable(directory.toString(), e);
    }
    View view = look();
    if (view.waiting.isEmpty()) {
      return view;
    }
    try {
      requirePlaces(lock, note.commits(), view.waiting);
      // A folder may have been lost, too, and the next journal will not flush its name.
      createTemporaries(view.commits, view.waiting, List.of(() -> disk.flushFolder(directory)));
      place(view.commits, view.waiting);
    } catch (IOException e) {
      throw new StoreException.Unavailable(
          directory + ": the files of an earlier commit cannot be moved to their places", e);
    }
    return look();
  }

  private void clearLeftovers() throws IOException {
    try (DirectoryStream<Path> leftovers =
        Files.newDirectoryStream(
            directory, path -> Journal.isLeftover(path.getFileName().toString()))) {
      for (Path leftover : leftovers) {
        disk.delete(leftover);
      }
    }
  }

  /**
   * Commits these files.
   *
   * @return the journal that stands then
   */
  private Journal write(DirectoryLock lock, View before, List<Journal.Entry> entries)
      throws StoreException {
    boolean madeFolders;
    try {
      madeFolders = requirePlaces(lock, before.mark.noted, entries);
    } catch (IOException e) {
      throw notWritten(lock, before, e);
    }
    Journal.Entry first = entries.get(0);
    if (entries.size() == 1
        && first.content().isPresent()
        && !before.journal.names(first.place())) {
      writeAlone(lock, before, first, madeFolders);
      return before.journal;
    }
    Journal journal = new Journal(before.commits + 1, entries);
    writeTogether(lock, before, journal);
    return journal;
  }

  /**
   * Commits one file, which needs no journal: its name is new, old, or there. A file that the
   * standing journal names is not committed in this way.
   *
   * @param madeFolder true if its folder was made for it
   */
  private void writeAlone(DirectoryLock lock, View before, Journal.Entry entry, boolean madeFolder)
      throws StoreException {
    long number = before.commits + 1;
    Path folder = entry.place().folder(directory);
    try {
      createTemporaries(number, List.of(entry), List.of());
      lock.write(new DirectoryLock.Note(number, Optional.of(nameOf(folder))));
      place(number, List.of(entry));
    } catch (IOException e) {
      throw notWritten(lock, before, e);
    }
    try {
      disk.flushFolder(folder);
      if (madeFolder) {
        disk.flushFolder(directory);
      }
    } catch (IOException e) {
      throw new StoreException.InDoubt(directory.toString(), e);
    }
    note(lock, number);
  }

  private String nameOf(Path folder) {
    String name = directory.relativize(folder).toString();
    return name.isEmpty() ? "." : name;
  }

  /** Commits files by a journal, which stands from then on. */
  private void writeTogether(DirectoryLock lock, View before, Journal journal)
      throws StoreException {
    byte[] encoded = journal.encode();
    Path unfinished = directory.resolve(Journal.UNFINISHED);
    Path standing = directory.resolve(Journal.NAME);
    try {
      List<Flushing> others = new ArrayList<>();
      others.add(() -> disk.create(unfinished, encoded));
      for (Path folder : before.journal.folders(directory)) {
        others.add(() -> disk.flushFolder(folder));
      }
      createTemporaries(journal.commit(), journal.entries(), others);
      lock.write(new DirectoryLock.Note(journal.commit(), Optional.of(nameOf(directory))));
      disk.move(unfinished, standing);
    } catch (IOException e) {
      throw notWritten(lock, before, e);
    }
    try {
      disk.flushFolder(directory);
    } catch (IOException e) {
      throw takenBack(lock, before, e);
    }
    note(lock, journal.commit());
    try {
      place(journal.commit(), journal.entries());
    } catch (IOException e) {
      // The commit has happened: readers follow the journal, and the next writer resumes.
    }
  }

  /** A part of what is flushed together. */
  @FunctionalInterface
  private interface Flushing {
    void run() throws IOException;
  }

  /** Writes new files under temporary names and flushes them, together with something else. */
  private void createTemporaries(long number, List<Journal.Entry> entries, List<Flushing> others)
      throws IOException {
    List<Flushing> all = new ArrayList<>(others);
    for (int i = 0; i < entries.size(); i++) {
      Path temporary = directory.resolve(Journal.temporaryName(number, i));
      entries
          .get(i)
          .content()
          .ifPresent(content -> all.add(() -> disk.create(temporary, content.toByteArray())));
    }
    DurableFiles.forAll(all, Flushing::run);
  }

  /** Moves files to their places, in order. */
  private void place(long number, List<Journal.Entry> entries) throws IOException {
    for (int i = 0; i < entries.size(); i++) {
      Path place = directory.resolve(entries.get(i).place().path());
      if (entries.get(i).content().isPresent()) {
        disk.move(directory.resolve(Journal.temporaryName(number, i)), place);
      } else {
        disk.delete(place);
      }
    }
  }

  /**
   * Makes folders, and checks beforehand everything that could make a move fail, except disk
   * failure.
   *
   * @param noted the number of commits that the lock's file says
   * @return true if a folder was made, whose name has to be flushed
   */
  private boolean requirePlaces(DirectoryLock lock, long noted, List<Journal.Entry> entries)
      throws IOException {
    boolean made = false;
    Set<Path> folders = new HashSet<>();
    for (Journal.Entry entry : entries) {
      Path folder = entry.place().folder(directory);
      if (folders.add(folder)) {
        if (!Files.isDirectory(folder)) {
          if (!made) {
            // Should this process be killed, the next one finds the folder, and must flush its
            // name.
            lock.write(new DirectoryLock.Note(noted, Optional.of(nameOf(directory))));
            made = true;
          }
          disk.createFolder(folder);
        }
        if (!Files.isWritable(folder)) {
          throw new AccessDeniedException(folder.toString());
        }
      }
      Path place = directory.resolve(entry.place().path());
      if (Files.isDirectory(place)) {
        throw new FileAlreadyExistsException(
            place.toString(), null, "expected a file, found a directory");
      }
    }
    return made;
  }

  /** Notes that nothing is left to be flushed. */
  private static void note(DirectoryLock lock, long commits) {
    try {
      lock.write(new DirectoryLock.Note(commits, Optional.empty()));
    } catch (IOException e) {
      // Then the next writer flushes once more.
    }
  }

  private StoreException.Unavailable notWritten(
      DirectoryLock lock, View before, IOException cause) {
    try {
      clearLeftovers();
    } catch (IOException e) {
      // The next writer deletes them; the caller must learn why this commit failed.
      cause.addSuppressed(e);
    }
    note(lock, before.mark.noted);
    return new StoreException.Unavailable(directory.toString(), cause);
  }

  /** Takes back a journal that may not survive. What it replaced is not needed any more. */
  private StoreException takenBack(DirectoryLock lock, View before, IOException cause) {
    try {
      disk.delete(directory.resolve(Journal.NAME));
      disk.flushFolder(directory);
      return notWritten(lock, before, cause);
    } catch (IOException e) {
      cause.addSuppressed(e);
      return new StoreException.InDoubt(directory.toString(), cause);
    }
  }
}
