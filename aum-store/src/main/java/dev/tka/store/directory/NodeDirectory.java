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
import dev.tka.store.internal.DurableFiles;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
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
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The directory in which a shipping node keeps a tailnet's AUMs (protocol, section 9): one file per
 * AUM at {@code <first two characters of its hash>/<hash>}, and the file {@code
 * last_active_ancestor}. Files are written byte for byte as the reference writes them for the same
 * content and times; our own files ({@code tka-journal}, {@code tka-journal-last}, {@code
 * tka-lock}, and {@code tka-own} with the notes beside AUMs, once there are any) stay at the top,
 * where the reference does not look.
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
  private volatile @Nullable View last;
  private long lastSequence;

  private NodeDirectory(Path directory, Clock clock) {
    this.directory = directory;
    this.clock = clock;
  }

  /** The directory's content at one time, and the snapshot that shows it. */
  private record View(
      long commits,
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
    return new NodeDirectory(directory, clock);
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
        DurableFiles.createFolder(directory);
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

  private View look() throws StoreException {
    for (int i = 0; i < MAX_READS; i++) {
      Journal journal = Journal.current(directory);
      View view = look(journal);
      // A commit in the meantime may have been seen half done.
      if (Journal.current(directory).commit() == journal.commit()) {
        last = view;
        return view;
      }
    }
    throw new StoreException.Busy(directory + ": it keeps changing");
  }

  /** The directory as it is once the journal is finished. */
  private View look(Journal journal) throws StoreException {
    View before = last;
    DirectoryScan scan =
        before == null ? DirectoryScan.of(directory) : before.scan.again(directory);
    Map<AumHash, Optional<AumFile>> moving = new HashMap<>();
    Map<Journal.Place, List<String>> names = new HashMap<>();
    for (Journal.Place place : Journal.Place.AT_THE_TOP) {
      names.put(place, List.of(place.path()));
    }
    for (Journal.Move move : journal.moves()) {
      if (isOvertaken(move)) {
        continue;
      }
      if (move.place().aum().isPresent()) {
        moving.put(move.place().aum().get(), readMoving(move));
      } else {
        names.put(move.place(), namesOf(move));
      }
    }
    return show(
        journal.commit(),
        moving.isEmpty() ? scan : scan.with(moving),
        readFirst(
                names.getOrDefault(Journal.Place.LAST_ACTIVE_ANCESTOR, List.of()),
                AumHash.SIZE,
                NodeDirectory::parseLastActiveAncestor)
            .flatMap(record -> record),
        readFirst(
                names.getOrDefault(Journal.Place.NOTES, List.of()),
                Limits.MAX_NOTES_BYTES,
                this::parseNotes)
            .orElse(NotesFile.NONE));
  }

  /** The possible places of a file that is being moved or deleted: the temporary name first. */
  private static List<String> namesOf(Journal.Move move) {
    return move.temporary().map(name -> List.of(name, move.place().path())).orElse(List.of());
  }

  private boolean isOvertaken(Journal.Move move) throws StoreException.Unavailable {
    try {
      return move.isOvertaken(directory);
    } catch (IOException e) {
      throw new StoreException.Unavailable(move.place().path(), e);
    }
  }

  private Optional<AumFile> readMoving(Journal.Move move) throws StoreException {
    for (String name : namesOf(move)) {
      try {
        return DirectoryScan.readAumFile(directory.resolve(name));
      } catch (NoSuchFileException e) {
        // Then it is in its place, or its commit has just finished: the reader looks again.
      } catch (IOException | DecodeException e) {
        throw new StoreException.Damaged(name + ": " + e.getMessage());
      }
    }
    return Optional.empty();
  }

  /** Parses a file's content, which is empty if the file is too large. */
  @FunctionalInterface
  private interface Parser<T> {
    T parse(String name, Optional<byte[]> content) throws StoreException.Damaged;
  }

  /** A file at the top, read from the first of its names that exists. */
  private <T> Optional<T> readFirst(List<String> names, int most, Parser<T> parser)
      throws StoreException {
    for (String name : names) {
      try {
        Path file = directory.resolve(name);
        BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
        return Optional.of(parser.parse(name, DirectoryScan.readBounded(file, attributes, most)));
      } catch (NoSuchFileException e) {
        // Then it is under its other name, or there is none.
      } catch (IOException e) {
        throw new StoreException.Unavailable(name, e);
      }
    }
    return Optional.empty();
  }

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
      long commits, DirectoryScan scan, Optional<AumHash> lastActiveAncestor, NotesFile notes) {
    Revision revision = revision(commits, scan, lastActiveAncestor, notes);
    View before = last;
    if (before != null && before.snapshot.revision().equals(revision)) {
      return new View(commits, scan, lastActiveAncestor, notes, before.snapshot);
    }
    AumIndex<Bytes> index =
        AumIndex.of(scan.held().stream().map(file -> toItem(file, notes)).toList());
    IndexSnapshot<Bytes> snapshot = snapshot(index, 0, revision, scan, lastActiveAncestor, notes);
    return new View(commits, scan, lastActiveAncestor, notes, snapshot);
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
    List<NewFile> content = new ArrayList<>();
    if (notesChange) {
      content.add(new NewFile(Journal.Place.NOTES, notes.content()));
    }
    files.values().stream().filter(AumFile::isHeld).map(NewFile::of).forEach(content::add);
    record.ifPresent(
        hash -> content.add(new NewFile(Journal.Place.LAST_ACTIVE_ANCESTOR, hash.bytes())));
    files.values().stream().filter(file -> !file.isHeld()).map(NewFile::of).forEach(content::add);
    write(before.commits + 1, content);
    View after = after(before, commit, files, record.or(() -> before.lastActiveAncestor), notes);
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
      Commit commit,
      Map<AumHash, AumFile> files,
      Optional<AumHash> lastActiveAncestor,
      NotesFile notes) {
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
    return new View(commits, scan, lastActiveAncestor, notes, snapshot);
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
    List<Journal.Move> moves = new ArrayList<>();
    try {
      for (AumHash hash : before.scan.inPlace()) {
        moves.add(Journal.Move.over(directory, Optional.empty(), Journal.Place.of(hash)));
      }
      for (Journal.Place place : Journal.Place.AT_THE_TOP) {
        moves.add(Journal.Move.over(directory, Optional.empty(), place));
      }
      for (Journal.Move move : moves) {
        requireMovable(move);
      }
    } catch (IOException e) {
      throw new StoreException.Unavailable(directory.toString(), e);
    }
    Journal journal = new Journal(before.commits + 1, moves);
    journal.requireReadable();
    run(journal);
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

  /** Finishes another writer's commit, deletes leftovers of one that never happened, and looks. */
  private View settle(DirectoryLock held) throws StoreException {
    Objects.requireNonNull(held);
    Journal journal = Journal.current(directory);
    try {
      if (journal.isPending()) {
        journal.finish(directory);
      }
    } catch (IOException e) {
      throw new StoreException.Unavailable(
          directory + ": the files of an earlier commit cannot be moved to their places", e);
    }
    try {
      clearLeftovers();
    } catch (IOException e) {
      throw new StoreException.Unavailable(directory.toString(), e);
    }
    return look();
  }

  private void clearLeftovers() throws IOException {
    try (DirectoryStream<Path> leftovers =
        Files.newDirectoryStream(
            directory, path -> Journal.isLeftover(path.getFileName().toString()))) {
      for (Path leftover : leftovers) {
        Files.deleteIfExists(leftover);
      }
    }
  }

  /** A file to be written. */
  private record NewFile(Journal.Place place, Bytes content) {
    static NewFile of(AumFile file) {
      return new NewFile(Journal.Place.of(file.aum().hash()), Bytes.copyOf(file.encode()));
    }
  }

  private void write(long number, List<NewFile> files) throws StoreException {
    List<Journal.Move> moves = new ArrayList<>();
    List<Integer> numbers = IntStream.range(0, files.size()).boxed().toList();
    try {
      for (int i : numbers) {
        Optional<String> temporary = Optional.of(Journal.temporaryName(number, i));
        Journal.Move move = Journal.Move.over(directory, temporary, files.get(i).place);
        requireMovable(move);
        moves.add(move);
      }
      new Journal(number, moves).requireReadable();
      DurableFiles.forAll(
          numbers,
          i ->
              DurableFiles.create(
                  directory.resolve(Journal.temporaryName(number, i)),
                  files.get(i).content.toByteArray()));
    } catch (IOException e) {
      throw notWritten(e);
    }
    run(new Journal(number, moves));
  }

  /** Checks beforehand everything that could make a move fail, except disk failure. */
  private void requireMovable(Journal.Move move) throws IOException {
    Path place = directory.resolve(move.place().path());
    Path folder = Objects.requireNonNull(place.getParent());
    DurableFiles.createFolder(folder);
    if (!Files.isWritable(folder)) {
      throw new AccessDeniedException(folder.toString());
    }
    if (Files.isDirectory(place)) {
      throw new FileAlreadyExistsException(
          place.toString(), null, "expected a file, found a directory");
    }
  }

  private void run(Journal journal) throws StoreException.Unavailable {
    try {
      journal.begin(directory);
    } catch (IOException e) {
      throw notWritten(e);
    }
    try {
      journal.finish(directory);
    } catch (IOException e) {
      // The commit has happened: readers follow the journal, and the next writer resumes.
    }
  }

  private StoreException.Unavailable notWritten(IOException cause) {
    try {
      if (Files.deleteIfExists(directory.resolve(Journal.PENDING))) {
        // The journal must not outlive the files that it names.
        DurableFiles.flushFolder(directory);
      }
      clearLeftovers();
    } catch (IOException e) {
      // The next writer deletes them; the caller must learn why this commit failed.
      cause.addSuppressed(e);
    }
    return new StoreException.Unavailable(directory.toString(), cause);
  }
}
