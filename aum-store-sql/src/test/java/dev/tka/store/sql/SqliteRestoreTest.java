package dev.tka.store.sql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.core.store.AumStore;
import dev.tka.core.store.Commit;
import dev.tka.core.store.StoreException;
import dev.tka.store.records.Fence;
import dev.tka.store.records.Fence.Standing.Fenced;
import dev.tka.store.records.Fence.Standing.Moved;
import dev.tka.store.records.Fence.Standing.Shadow;
import dev.tka.testkit.Chains;
import dev.tka.testkit.FakeClock;
import dev.tka.testkit.TestKeys;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.io.TempDirFactory;

/** A copy takes a file's place whole, and nothing that was there is mixed in or lost. */
class SqliteRestoreTest {
  private static final Chains CHAINS = Chains.draw(List.of(TestKeys.key(1, 1)), "A -> B -> C");

  @TempDir(factory = TempDirFactory.Standard.class)
  Path directory;

  private final FakeClock clock = new FakeClock();
  private Path copy;
  private Path folder;
  private Path file;

  /** A copy of A, and a file with A and B whose log holds C, as a killed process leaves it. */
  @BeforeEach
  void copyAndLeaveALog() throws Exception {
    copy = directory.resolve("copy.db");
    folder = Files.createDirectory(directory.resolve("folder"));
    file = folder.resolve("store.db");
    Path live = directory.resolve("live.db");
    try (SqliteFile made = SqliteFile.create(live, clock)) {
      add(made, "A");
      made.backup(copy, (done, all) -> {});
      add(made, "B");
    }
    try (SqliteFile opened = SqliteFile.at(live, clock)) {
      add(opened, "C");
      for (String suffix : List.of("", "-wal", "-shm")) {
        Files.copy(live.resolveSibling("live.db" + suffix), folder.resolve("store.db" + suffix));
      }
    }
  }

  private static void add(SqliteFile place, String name) throws StoreException {
    AumStore store = place.tailnet("t");
    store.commit(Commit.on(store.read().revision()).add(CHAINS.get(name), FakeClock.START).build());
  }

  private String namesIn(Path path) throws StoreException {
    try (SqliteFile place = SqliteFile.at(path, clock)) {
      TreeSet<String> names = new TreeSet<>();
      place.tailnet("t").read().entries().forEach(each -> names.add(CHAINS.nameOf(each.hash())));
      return String.join("", names);
    }
  }

  private Path restore() throws StoreException, IOException {
    return SqliteFile.restore(copy, file, clock, (done, all) -> {}).orElseThrow();
  }

  private List<String> files() throws IOException {
    try (Stream<Path> all = Files.list(folder)) {
      return all.map(each -> each.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void aLogThatIsLeftBesideACopyWouldBeMixedIn() throws Exception {
    Files.delete(file);
    Files.copy(copy, file);
    assertThat(Files.size(folder.resolve("store.db-wal"))).isPositive();
    // It is the reason for all of this. SQLite takes any log for the file's own.
    String mixed;
    try {
      mixed = namesIn(file);
    } catch (StoreException.Damaged e) {
      mixed = "damaged";
    }
    assertThat(mixed).isNotEqualTo("A");
  }

  @Test
  void whatWasThereIsKeptWithItsLog() throws Exception {
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r-----"));
    Path kept = restore();

    assertThat(namesIn(file)).isEqualTo("A");
    assertThat(namesIn(kept)).isEqualTo("ABC");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-r-----");
    assertThat(files()).hasSize(2).contains("store.db").doesNotContain("store.db-wal");
    try (SqliteFile opened = SqliteFile.at(file, clock)) {
      add(opened, "B");
    }
    assertThat(namesIn(file)).isEqualTo("AB");
  }

  @Test
  void aTailnetThatDoesNotLiveInTheFileIsNotOpenAgainWhateverTheCopySays() throws Exception {
    Map<String, Fence> moves =
        Map.of(
            "t", new Fence(3, Optional.of("m1"), new Moved("b", Optional.empty(), FakeClock.START)),
            "shadow", new Fence(1, Optional.of("m2"), new Shadow("b")),
            "fenced", new Fence(1, Optional.of("m3"), new Fenced(FakeClock.START)));
    try (SqliteFile opened = SqliteFile.at(file, clock)) {
      for (Map.Entry<String, Fence> each : moves.entrySet()) {
        Fence before = opened.records().orElseThrow().fence(each.getKey());
        while (before.epoch() < each.getValue().epoch()) {
          Fence next = before.next(each.getValue().move().get(), each.getValue().standing());
          opened.records().orElseThrow().fence(each.getKey(), before, next);
          before = next;
        }
      }
    }
    restore();
    for (Map.Entry<String, Fence> each : moves.entrySet()) {
      Fence was = each.getValue();
      assertThat(fence(each.getKey()))
          .isEqualTo(new Fence(was.epoch() + 1, was.move(), was.standing()));
    }
    assertThatThrownBy(() -> namesIn(file)).isInstanceOf(StoreException.Fenced.class);
    assertThat(files()).hasSize(2);

    // Again from a copy that says the same: nothing is to be changed.
    Fence kept = fence("t");
    Files.delete(copy);
    try (SqliteFile opened = SqliteFile.at(file, clock)) {
      opened.backup(copy, (done, all) -> {});
    }
    clock.advance(Duration.ofMinutes(1));
    restore();
    assertThat(fence("t")).isEqualTo(kept);
  }

  private Fence fence(String tailnet) throws StoreException {
    try (SqliteFile opened = SqliteFile.at(file, clock)) {
      return opened.records().orElseThrow().fence(tailnet);
    }
  }

  @Test
  void aFileThatIsDamagedIsReplacedAndKept() throws Exception {
    String damaged = "no database. ".repeat(99);
    Files.delete(folder.resolve("store.db-wal"));
    Files.writeString(file, damaged);
    Path kept = restore();

    assertThat(namesIn(file)).isEqualTo("A");
    assertThat(kept).hasContent(damaged);
  }

  @Test
  void aLogWithoutItsFileIsMovedAway() throws Exception {
    Files.delete(file);
    assertThat(SqliteFile.restore(copy, file, clock, (done, all) -> {})).isEmpty();
    assertThat(namesIn(file)).isEqualTo("A");
    assertThat(files()).hasSize(3).contains("store.db").anyMatch(each -> each.endsWith("Z-wal"));
  }

  @Test
  void aFileThatAnotherProcessHasOpenIsLeftAlone() throws Exception {
    Process other =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty(
                    "surefire.real.class.path", System.getProperty("java.class.path")),
                Holding.class.getName(),
                file.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try {
      assertThat(other.getInputStream().read()).isEqualTo('!');
      List<String> before = files();
      assertThatThrownBy(this::restore)
          .isInstanceOf(StoreException.Busy.class)
          .hasMessage(file + ": another process has it open; stop that first");
      assertThat(files()).isEqualTo(before);
      assertThat(namesIn(file)).isEqualTo("ABC");
    } finally {
      other.destroyForcibly().waitFor();
    }
    restore();
    assertThat(namesIn(file)).isEqualTo("A");
  }

  @Test
  void aFileThatThisProcessHasLockedIsLeftAlone() throws Exception {
    try (SqliteFile opened = SqliteFile.at(file, clock)) {
      // Takes in the log, so that it is the lock that is in the way.
      opened.tailnet("t").read();
    }
    List<String> before;
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE);
        FileLock lock = channel.lock(0x40000000L, 512, false)) {
      assertThat(lock.isValid()).isTrue();
      before = files();
      assertThatThrownBy(this::restore)
          .isInstanceOf(StoreException.Busy.class)
          .hasMessage(file + ": this process has it open");
      assertThat(files()).isEqualTo(before);
    }
    restore();
    assertThat(namesIn(file)).isEqualTo("A");
  }

  /** Has a file open, and does nothing with it. */
  static final class Holding {
    private Holding() {}

    public static void main(String... arguments) throws Exception {
      try (SqliteFile open = SqliteFile.at(Path.of(arguments[0]), new FakeClock())) {
        open.tailnet("t").read();
        System.out.print("!");
        System.out.flush();
        System.in.read();
      }
    }
  }

  @Test
  void aCopyThatIsNoSoundStoreIsRefusedAndChangesNothing() throws Exception {
    requireRefused(StoreException.Absent.class, directory.resolve("none"));
    requireRefused(StoreException.Absent.class, directory);
    Path text = directory.resolve("text");
    Files.writeString(text, "no database. ".repeat(99), StandardCharsets.US_ASCII);
    requireRefused(StoreException.Damaged.class, text);
    sql("update tailnet set checksum = checksum + 1");
    requireRefused(StoreException.Damaged.class, copy);
    sql("pragma user_version = 2");
    requireRefused(StoreException.Newer.class, copy);
  }

  private void requireRefused(Class<?> type, Path from) throws Exception {
    List<String> before = files();
    byte[] content = Files.readAllBytes(file);
    assertThatThrownBy(() -> SqliteFile.restore(from, file, clock, (done, all) -> {}))
        .isInstanceOf(type)
        .hasMessageStartingWith(from.toString())
        .message()
        .hasLineCount(1);
    assertThat(files()).isEqualTo(before);
    assertThat(Files.readAllBytes(file)).isEqualTo(content);
  }

  private void sql(String statement) throws Exception {
    try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + copy);
        Statement execution = connection.createStatement()) {
      execution.execute(statement);
    }
  }

  @Test
  void aNewPlaceGetsTheCopy() throws Exception {
    Path place = directory.resolve("new.db");
    assertThat(SqliteFile.restore(copy, place, clock, (done, all) -> {}))
        .isEqualTo(Optional.empty());
    assertThat(namesIn(place)).isEqualTo("A");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(place)))
        .isEqualTo("rw-------");
  }
}
