package dev.tka.store.directory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tka.core.Aum;
import dev.tka.core.store.AumEntry;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.Commit;
import dev.tka.core.store.Limits;
import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import dev.tka.store.internal.Disk;
import dev.tka.store.testkit.CommittingProcess;
import dev.tka.testkit.Cbor;
import dev.tka.testkit.Chains;
import dev.tka.testkit.FakeClock;
import dev.tka.testkit.TestKeys;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.io.TempDirFactory;

/** Protocol, section 9: writing to a node's directory, and failing to. */
class NodeDirectoryWriteTest {
  private static final long COMMITTED = 1_700_000_000L;
  private static final long PURGED = 1_710_000_000L;

  @TempDir(factory = TempDirFactory.Standard.class)
  Path parent;

  private final Chains chains =
      Chains.draw(List.of(TestKeys.key(1, 2), TestKeys.key(2, 1)), "A -> B -> C -> D\n B -> X(2)");
  private final FakeClock clock = new FakeClock(Instant.ofEpochSecond(PURGED));

  private NodeDirectory create() throws StoreException {
    return NodeDirectory.create(parent.resolve("tka"), clock);
  }

  private Path home(Aum aum) {
    String name = aum.hash().toString();
    return parent.resolve("tka").resolve(name.substring(0, 2)).resolve(name);
  }

  private AumSnapshot add(NodeDirectory store, String names) throws StoreException {
    Commit.Builder commit = Commit.on(store.read().revision());
    chains.list(names).forEach(aum -> commit.add(aum, Instant.ofEpochSecond(COMMITTED)));
    return store.commit(commit.build());
  }

  /** Every file except our own at the top, with its content. */
  private Map<String, String> content(Path directory) throws IOException {
    Map<String, String> content = new TreeMap<>();
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        String name = directory.relativize(file).toString();
        if (!name.startsWith("tka-")) {
          content.put(name, HexFormat.of().formatHex(Files.readAllBytes(file)));
        }
      }
    }
    return content;
  }

  @Test
  void aFileHoldsTheAumItsCommitTimeAndItsPurgeTime() throws Exception {
    NodeDirectory store = create();
    Aum aum = chains.get("A");
    add(store, "A B");
    byte[] held =
        new Cbor()
            .map(2)
            .uint(2)
            .raw(aum.encoded().toByteArray())
            .uint(3)
            .uint(COMMITTED)
            .toByteArray();
    assertThat(home(aum)).hasBinaryContent(held);

    store.commit(
        Commit.on(store.read().revision())
            .purge(aum.hash())
            .lastActiveAncestor(chains.get("B").hash())
            .build());
    byte[] purged =
        new Cbor()
            .map(3)
            .uint(2)
            .raw(aum.encoded().toByteArray())
            .uint(3)
            .uint(COMMITTED)
            .uint(4)
            .uint(PURGED)
            .toByteArray();
    assertThat(home(aum)).hasBinaryContent(purged);
    assertThat(parent.resolve("tka").resolve(NodeDirectory.LAST_ACTIVE_ANCESTOR))
        .hasBinaryContent(chains.get("B").hash().toByteArray());

    clock.advance(Duration.ofDays(1));
    store.commit(Commit.on(store.read().revision()).purge(aum.hash()).build());
    assertThat(home(aum)).hasBinaryContent(purged);

    store.commit(Commit.on(store.read().revision()).add(aum, clock.instant()).build());
    assertThat(home(aum)).hasBinaryContent(held);
  }

  @Test
  void aClockFromBefore1970PurgesNothing() throws Exception {
    NodeDirectory store = create();
    AumSnapshot before = add(store, "A B");
    Map<String, String> content = content(parent.resolve("tka"));
    for (Instant wrong : List.of(Instant.EPOCH, Instant.EPOCH.minusSeconds(1))) {
      clock.set(wrong);
      Commit purge = Commit.on(before.revision()).purge(chains.get("A").hash()).build();

      assertThatThrownBy(() -> store.commit(purge))
          .isInstanceOf(StoreException.OverLimit.class)
          .hasMessageContaining("the clock is wrong");
      assertThat(content(parent.resolve("tka"))).isEqualTo(content);
    }
  }

  @Test
  void aFileFromBefore1970CanBeWrittenAgainAndRead() throws Exception {
    NodeDirectory store = create();
    add(store, "A B");
    Files.write(home(chains.get("A")), withoutTime(chains.get("A")));
    Files.setLastModifiedTime(home(chains.get("A")), FileTime.fromMillis(-86_400_000));
    NodeDirectory again = create();
    assertThat(again.read().find(chains.get("A").hash()).orElseThrow().committedAt())
        .isEqualTo(Limits.EARLIEST_COMMIT);

    again.commit(Commit.on(again.read().revision()).purge(chains.get("A").hash()).build());

    AumSnapshot purged = create().read();
    assertThat(purged.damage()).isEmpty();
    assertThat(purged.purged(chains.get("A").hash()).orElseThrow().committedAt())
        .isEqualTo(Limits.EARLIEST_COMMIT);
  }

  private static byte[] withoutTime(Aum aum) {
    return new Cbor().map(1).uint(2).raw(aum.encoded().toByteArray()).toByteArray();
  }

  /** The shortest file of the largest AUM grows when a time of deletion is added. */
  @Test
  void aFileOfTheLargestAumCanBeWrittenAgainAndRead() throws Exception {
    Aum largest = noOpOf(Limits.MAX_AUM_BYTES);
    Aum larger = noOpOf(Limits.MAX_AUM_BYTES + 1);
    NodeDirectory store = create();
    add(store, "A");
    for (Aum each : List.of(largest, larger)) {
      Files.createDirectories(home(each).getParent());
      Files.write(home(each), withoutTime(each));
    }
    NodeDirectory again = create();
    assertThat(again.read().damage())
        .singleElement()
        .matches(damage -> damage.hash().equals(Optional.of(larger.hash())));
    Files.delete(home(larger));

    again.commit(Commit.on(again.read().revision()).purge(largest.hash()).build());

    assertThat(create().read().damage()).isEmpty();
    assertThat(create().read().purged(largest.hash())).isPresent();
  }

  private Aum noOpOf(int size) {
    Aum almost = Chains.noOp(chains.get("A"), "x".repeat(size - 100));
    Aum exact = Chains.noOp(chains.get("A"), "x".repeat(2 * size - 100 - almost.encoded().size()));
    assertThat(exact.encoded().size()).isEqualTo(size);
    return exact;
  }

  @Test
  void filesMoveInAnOrderInWhichANodeCanOpenEveryPrefix() throws Exception {
    List<Aum> chain = new ArrayList<>(chains.list("A"));
    for (int i = 1; i < 20; i++) {
      chain.add(Chains.noOp(chain.get(i - 1), "number " + i, 1));
    }
    NodeDirectory store = create();
    Commit.Builder first = Commit.on(store.read().revision());
    chain.subList(0, 10).forEach(aum -> first.add(aum, clock.instant()));
    Commit.Builder second = Commit.on(store.commit(first.build()).revision());
    chain.subList(10, 20).forEach(aum -> second.add(aum, clock.instant()));
    chain.subList(0, 10).forEach(aum -> second.purge(aum.hash()));
    store.commit(second.lastActiveAncestor(chain.get(10).hash()).build());

    List<String> expected = new ArrayList<>();
    chain.subList(10, 20).forEach(aum -> expected.add(DirectoryScan.placeOf(aum.hash())));
    expected.add(NodeDirectory.LAST_ACTIVE_ANCESTOR);
    for (int i = 9; i >= 0; i--) {
      expected.add(DirectoryScan.placeOf(chain.get(i).hash()));
    }
    assertThat(Journal.standing(parent.resolve("tka")).entries())
        .extracting(entry -> entry.place().path())
        .containsExactlyElementsOf(expected);
  }

  /** A disk that does not move one file. */
  private static Disk without(Path place) {
    return new Disk() {
      @Override
      public void move(Path from, Path to) throws IOException {
        if (to.equals(place)) {
          throw new IOException("no space for a name");
        }
        Disk.super.move(from, to);
      }
    };
  }

  @Test
  void aCommitWhoseFilesCannotBeMovedHasHappened() throws Exception {
    Path folder = parent.resolve("tka");
    create();
    NodeDirectory failing = NodeDirectory.at(folder, clock, without(home(chains.get("B"))));

    assertThat(add(failing, "A B").entries()).hasSize(2);
    assertThat(home(chains.get("A"))).exists();
    assertThat(home(chains.get("B"))).doesNotExist();
    assertThat(NodeDirectory.at(folder).read().entries()).hasSize(2);
    assertThatThrownBy(() -> add(failing, "C"))
        .isInstanceOf(StoreException.Unavailable.class)
        .hasMessageContaining("an earlier commit");

    NodeDirectory store = NodeDirectory.at(folder, clock);
    assertThat(add(store, "C").entries()).hasSize(3);
    assertThat(home(chains.get("B"))).exists();
  }

  /** A disk on which flushing folders fails, and perhaps more. */
  private static Disk withoutFlushes(boolean deletes) {
    return new Disk() {
      private boolean failed;

      @Override
      public void flushFolder(Path folder) throws IOException {
        if (!failed || !deletes) {
          failed = true;
          throw new IOException("the disk has failed");
        }
        Disk.super.flushFolder(folder);
      }
    };
  }

  @Test
  void aCommitWhoseJournalIsNotFlushedIsTakenBackOrInDoubt() throws Exception {
    Path folder = parent.resolve("tka");
    create();
    assertThatThrownBy(() -> add(NodeDirectory.at(folder, clock, withoutFlushes(true)), "A B"))
        .isInstanceOf(StoreException.Unavailable.class);
    assertThat(NodeDirectory.at(folder).read().entries()).isEmpty();

    assertThatThrownBy(() -> add(NodeDirectory.at(folder, clock, withoutFlushes(false)), "A B"))
        .isInstanceOf(StoreException.InDoubt.class);
    assertThat(add(NodeDirectory.at(folder, clock), "C").entries()).hasSizeGreaterThan(0);
  }

  @Test
  void aDamagedLockFileIsRewritten() throws Exception {
    NodeDirectory store = create();
    add(store, "A");
    Path lock = parent.resolve("tka").resolve(DirectoryLock.FILE);
    for (byte[] content : List.of(new byte[0], new byte[] {(byte) 0xff, 1})) {
      Files.write(lock, content);
      store.wipe();
      Revision before = store.read().revision();
      assertThat(add(store, "A").revision()).isNotEqualTo(before);
    }
  }

  @Test
  void aWipeBlockedByAFolderChangesNothing() throws Exception {
    NodeDirectory store = create();
    add(store, "A B");
    Files.createDirectories(home(chains.get("C")).resolve("full"));

    assertThatThrownBy(store::wipe).isInstanceOf(StoreException.Unavailable.class);

    assertThat(store.read().entries()).hasSize(2);
    assertThat(add(store, "D").entries()).hasSize(3);
  }

  /** A crash right after the journal took effect, which moves the last-active ancestor to B. */
  private NodeDirectory crashed() throws Exception {
    NodeDirectory store = create();
    add(store, "A B");
    Path folder = parent.resolve("tka");
    store.commit(
        Commit.on(store.read().revision()).lastActiveAncestor(chains.get("A").hash()).build());
    Journal.Entry entry =
        Journal.Entry.over(
            folder,
            Journal.Place.LAST_ACTIVE_ANCESTOR,
            Optional.of(chains.get("B").hash().bytes()));
    Files.write(folder.resolve(Journal.NAME), new Journal(9, List.of(entry)).encode());
    return NodeDirectory.at(folder, clock);
  }

  @Test
  void aCommitThatCrashedIsFinished() throws Exception {
    NodeDirectory store = crashed();
    assertThat(store.read().lastActiveAncestor()).contains(chains.get("B").hash());
    add(store, "C");
    assertThat(parent.resolve("tka").resolve(NodeDirectory.LAST_ACTIVE_ANCESTOR))
        .hasBinaryContent(chains.get("B").hash().toByteArray());
  }

  @Test
  void filesThatANodeWroteAfterACrashStay() throws Exception {
    NodeDirectory store = crashed();
    byte[] nodes = chains.get("C").hash().toByteArray();
    Path record = parent.resolve("tka").resolve(NodeDirectory.LAST_ACTIVE_ANCESTOR);
    Files.write(record, nodes);
    Files.setLastModifiedTime(record, FileTime.from(Instant.now().plusSeconds(1)));

    assertThat(store.read().lastActiveAncestor()).contains(chains.get("C").hash());
    add(store, "C");
    assertThat(record).hasBinaryContent(nodes);
    assertThat(store.read().lastActiveAncestor()).contains(chains.get("C").hash());
  }

  /** A file that the last commit added is there as long as its journal stands, like any other. */
  @Test
  void aFileThatAStandingJournalNamesIsWrittenByAnotherJournalOnly() throws Exception {
    NodeDirectory store = create();
    Path folder = parent.resolve("tka");
    add(store, "A B");
    long first = Journal.standing(folder).commit();
    add(store, "C");
    assertThat(Journal.standing(folder).commit()).as("one new file").isEqualTo(first);
    store.commit(Commit.on(store.read().revision()).purge(chains.get("C").hash()).build());
    assertThat(Journal.standing(folder).commit()).as("not named").isEqualTo(first);

    store.commit(Commit.on(store.read().revision()).purge(chains.get("B").hash()).build());

    assertThat(Journal.standing(folder).commit()).as("named").isGreaterThan(first);
    assertThat(Journal.standing(folder).entries()).hasSize(1);
    Files.delete(home(chains.get("B")));
    assertThat(NodeDirectory.at(folder).read().entries()).hasSize(1);
  }

  @Test
  void anInterruptedCommitThrowsOnlyWhenItWasNotStored() throws Exception {
    NodeDirectory store = create();
    Aum last = chains.get("A");
    add(store, "A");
    int stored = 0;
    for (int i = 0; i < 200; i++) {
      Aum next = Chains.noOp(last, "number " + i, 1);
      Commit commit =
          Commit.on(store.read().revision()).add(next, Instant.ofEpochSecond(COMMITTED)).build();
      FutureTask<AumSnapshot> task = new FutureTask<>(() -> store.commit(commit));
      Thread thread = new Thread(task);
      thread.start();
      TimeUnit.MICROSECONDS.sleep(i * 20L);
      thread.interrupt();
      boolean returned = true;
      try {
        task.get();
        stored++;
      } catch (ExecutionException e) {
        returned = false;
        assertThat(e).cause().hasMessageContaining("interrupted");
      }
      assertThat(NodeDirectory.at(parent.resolve("tka")).read().find(next.hash()).isPresent())
          .as("commit %d", i)
          .isEqualTo(returned);
      last = returned ? next : last;
    }
    assertThat(stored).isPositive();
  }

  @Test
  void onlyTheOwnerCanReadWhatIsWritten() throws Exception {
    assumeTrue(Files.getFileStore(parent).supportsFileAttributeView("posix"));
    add(create(), "A B C");

    try (Stream<Path> files = Files.walk(parent.resolve("tka"))) {
      for (Path file : files.toList()) {
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
            .as(file.toString())
            .isEqualTo(Files.isDirectory(file) ? "rwx------" : "rw-------");
      }
    }
  }

  @Test
  void aDamagedFileIsReplacedByTheAumInItsName() throws Exception {
    NodeDirectory store = create();
    add(store, "A B");
    Files.write(home(chains.get("B")), new byte[3]);
    NodeDirectory again = NodeDirectory.at(parent.resolve("tka"), clock);
    assertThat(again.read().damage()).hasSize(1);

    AumSnapshot mended = add(again, "B C");

    assertThat(mended.damage()).isEmpty();
    assertThat(mended.entries()).hasSize(3);
    assertThat(NodeDirectory.at(parent.resolve("tka")).read().damage()).isEmpty();
  }

  @Test
  void aChangeByARunningNodeIsAConflict() throws Exception {
    NodeDirectory store = create();
    Revision base = add(store, "A B").revision();
    Aum other = chains.get("X");
    Files.createDirectories(home(other).getParent());
    Files.write(
        home(other),
        new Cbor()
            .map(2)
            .uint(2)
            .raw(other.encoded().toByteArray())
            .uint(3)
            .uint(COMMITTED)
            .toByteArray());
    Map<String, String> before = content(parent.resolve("tka"));

    Commit commit = Commit.on(base).add(chains.get("C"), clock.instant()).build();
    assertThatThrownBy(() -> store.commit(commit)).isInstanceOf(StoreException.Conflict.class);

    assertThat(content(parent.resolve("tka"))).isEqualTo(before);
    assertThat(store.read().find(other.hash())).isPresent();
  }

  @Test
  void aLastActiveAncestorMovedByARunningNodeIsAConflict() throws Exception {
    NodeDirectory store = create();
    Revision base = add(store, "A B").revision();
    Files.write(
        parent.resolve("tka").resolve(NodeDirectory.LAST_ACTIVE_ANCESTOR),
        chains.get("A").hash().toByteArray());

    Commit commit = Commit.on(base).add(chains.get("C"), clock.instant()).build();
    assertThatThrownBy(() -> store.commit(commit)).isInstanceOf(StoreException.Conflict.class);
  }

  @Test
  void aReadOnlyDirectoryIsRefusedAndStaysAsItWas() throws Exception {
    NodeDirectory store = create();
    Revision base = add(store, "A B").revision();
    Path folder = parent.resolve("tka");
    // Root may write anywhere, but not if a folder has the journal's temporary name.
    Files.createDirectory(folder.resolve(Journal.UNFINISHED));
    Files.createDirectory(folder.resolve(Journal.UNFINISHED).resolve("full"));
    Map<String, String> before = content(folder);

    Commit commit = Commit.on(base).add(chains.get("C"), clock.instant()).build();
    assertThatThrownBy(() -> store.commit(commit)).isInstanceOf(StoreException.Unavailable.class);

    assertThat(content(folder)).isEqualTo(before);
    assertThat(NodeDirectory.at(folder).read().entries()).hasSize(2);
  }

  @Test
  void aDirectoryThatMayNotBeWrittenIsRefused() throws Exception {
    NodeDirectory store = create();
    Revision base = add(store, "A B").revision();
    Path folder = parent.resolve("tka");
    Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("r-x------"));
    try {
      assumeTrue(!Files.isWritable(folder), "this user may write everywhere");
      Commit commit = Commit.on(base).add(chains.get("C"), clock.instant()).build();
      assertThatThrownBy(() -> store.commit(commit)).isInstanceOf(StoreException.Unavailable.class);
      assertThat(NodeDirectory.at(folder).read().entries()).hasSize(2);
    } finally {
      Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"));
    }
  }

  @Test
  void anObstacleIsFoundBeforeTheCommitHappens() throws Exception {
    NodeDirectory store = create();
    add(store, "A B");
    Files.createDirectories(home(chains.get("C")));

    assertThatThrownBy(() -> add(store, "C D")).isInstanceOf(StoreException.Unavailable.class);

    assertThat(NodeDirectory.at(parent.resolve("tka")).read().entries()).hasSize(2);
    Files.delete(home(chains.get("C")));
    assertThat(add(store, "C D").entries()).hasSize(4);
  }

  @Test
  void aFullDiskLosesNothing() throws Exception {
    Path small = parent.resolve("small");
    Files.createDirectory(small);
    Process mount =
        new ProcessBuilder("mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", small.toString())
            .redirectErrorStream(true)
            .start();
    assumeTrue(mount.waitFor() == 0, "this user may not mount a small file system");
    mounted = small;
    NodeDirectory store = NodeDirectory.create(small.resolve("tka"), clock);
    List<Aum> chain = new ArrayList<>(chains.list("A"));
    store.commit(Commit.on(store.read().revision()).add(chain.get(0), clock.instant()).build());

    boolean full = false;
    for (int round = 0; round < 100 && !full; round++) {
      AumSnapshot before = store.read();
      Map<String, String> content = content(small);
      Commit.Builder commit = Commit.on(before.revision());
      List<Aum> batch = new ArrayList<>();
      for (int i = 0; i < 10; i++) {
        Aum last = batch.isEmpty() ? chain.get(chain.size() - 1) : batch.get(i - 1);
        batch.add(Chains.noOp(last, "round " + round + " " + i, 1));
      }
      batch.forEach(aum -> commit.add(aum, clock.instant()));
      try {
        store.commit(commit.build());
        chain.addAll(batch);
      } catch (StoreException.Unavailable e) {
        full = true;
        assertThat(e).hasMessageContaining("No space left");
        assertThat(content(small)).isEqualTo(content);
      }
    }

    assertThat(full).as("the disk filled up").isTrue();
    assertThat(chain).hasSizeGreaterThan(10);
    AumSnapshot after = NodeDirectory.at(small.resolve("tka")).read();
    assertThat(after.damage()).isEmpty();
    assertThat(after.entries().stream().map(AumEntry::hash))
        .containsExactlyInAnyOrderElementsOf(chain.stream().map(Aum::hash).toList());
    assertThat(small.resolve("tka").resolve(Journal.UNFINISHED)).doesNotExist();
  }

  private Path mounted = Path.of("");

  @AfterEach
  void unmount() throws Exception {
    if (!mounted.toString().isEmpty()) {
      assertThat(new ProcessBuilder("umount", mounted.toString()).start().waitFor()).isZero();
    }
  }

  @Test
  void aWriterWaitsForAnotherAndGivesUpAfterAWhile() throws Exception {
    NodeDirectory store = create();
    Path folder = parent.resolve("tka");
    ExecutorService other = Executors.newSingleThreadExecutor();
    try (DirectoryLock held = DirectoryLock.take(folder, Duration.ofSeconds(1))) {
      assertThat(held).isNotNull();
      Future<?> waiting =
          other.submit(
              () -> {
                DirectoryLock.take(folder, Duration.ofMillis(50)).close();
                return null;
              });
      assertThatThrownBy(waiting::get)
          .cause()
          .isInstanceOf(StoreException.Busy.class)
          .hasMessageContaining(DirectoryLock.FILE);
    } finally {
      other.shutdownNow();
    }
    assertThat(add(store, "A").entries()).hasSize(1);
  }

  @Test
  void twoProcessesAtOnceLoseNothing() throws Exception {
    NodeDirectory store = create();
    add(store, "A");
    Path folder = parent.resolve("tka");
    Path one = Files.createFile(parent.resolve("one"));
    Path two = Files.createFile(parent.resolve("two"));
    List<Process> processes =
        List.of(
            CommittingProcess.start(KillTest.Opener.class, folder.toString(), "one", one),
            CommittingProcess.start(KillTest.Opener.class, folder.toString(), "two", two));
    try {
      awaitCommitsInTurns(processes, List.of(one, two));
      // Neither found its files gone: whoever has the lock is alone, also while it reads.
      assertThat(processes).allMatch(Process::isAlive);
    } finally {
      processes.forEach(Process::destroyForcibly);
      for (Process process : processes) {
        process.waitFor();
      }
    }

    Set<String> seen = new HashSet<>();
    for (Path said : List.of(one, two)) {
      seen.addAll(Files.readAllLines(said));
    }
    assertThat(seen).contains(CommittingProcess.BEGIN + CommittingProcess.describe(store.read()));
    assertThat(store.read().damage()).isEmpty();
  }

  /** Waits until each of them has gone on to commit since the other one began. */
  private static void awaitCommitsInTurns(List<Process> processes, List<Path> outputs)
      throws Exception {
    for (int round = 0; round < 2; round++) {
      for (Path said : outputs) {
        long enough = done(said) + 2;
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (done(said) < enough) {
          assertThat(processes).allMatch(Process::isAlive);
          assertThat(System.nanoTime() - end).as(said + ": commits").isNegative();
          Thread.sleep(10);
        }
      }
    }
  }

  private static long done(Path said) throws IOException {
    return Files.readAllLines(said).stream().filter(CommittingProcess.DONE::equals).count();
  }

  @Test
  void aForeignJournalIsRefusedAndNothingIsTouched() throws Exception {
    NodeDirectory store = create();
    add(store, "A B");
    Path folder = parent.resolve("tka");
    Map<String, String> before = content(folder);
    String title = "tka journal 2";
    String commit = "commit 7";
    for (byte[] text :
        List.of(
            new byte[0],
            "\n\n\n".getBytes(StandardCharsets.US_ASCII),
            JournalTest.text("tka journal 1", commit),
            JournalTest.text(title, "commit x"),
            JournalTest.text(title, commit, "write ../../etc/passwd over nothing as AA=="),
            JournalTest.text(title, commit, "write last_active_ancestor over nothing as ?"),
            JournalTest.text(title, commit, "write last_active_ancestor over nothing"),
            JournalTest.text(title, commit, "delete tka-lock over nothing"),
            JournalTest.text(title, commit, "delete tka-own over nothing", "delete tka-own over x"),
            (title + "\n" + commit + "\nend 00000000\n").getBytes(StandardCharsets.US_ASCII))) {
      Files.write(folder.resolve(Journal.NAME), text);

      assertThatThrownBy(() -> NodeDirectory.at(folder).read())
          .as(new String(text, StandardCharsets.US_ASCII))
          .isInstanceOf(StoreException.Damaged.class)
          .hasMessageContaining(Journal.NAME);
      assertThatThrownBy(() -> store.commit(Commit.on(new Revision(1)).build()))
          .isInstanceOf(StoreException.Damaged.class);
      assertThat(content(folder)).isEqualTo(before);
    }
    Files.delete(folder.resolve(Journal.NAME));
    assertThat(store.read().entries()).hasSize(2);
  }

  @Test
  void aWipeLeavesForeignFilesAlone() throws Exception {
    NodeDirectory store = create();
    add(store, "A B");
    Path stranger = home(chains.get("A")).resolveSibling("notes.txt");
    Files.writeString(stranger, "mine");

    store.wipe();

    assertThat(content(parent.resolve("tka"))).hasSize(1);
    assertThat(stranger).hasContent("mine");
  }
}
