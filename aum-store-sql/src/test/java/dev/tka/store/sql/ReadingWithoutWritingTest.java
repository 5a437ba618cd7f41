package dev.tka.store.sql;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.Commit;
import dev.tka.core.store.StoreException;
import dev.tka.store.records.ControlRecords;
import dev.tka.store.testkit.OtherProcess;
import dev.tka.testkit.Chains;
import dev.tka.testkit.FakeClock;
import dev.tka.testkit.TestKeys;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.io.TempDirFactory;

/**
 * Reading a file needs no writing: on a full disk, on a file system that is mounted read-only, in a
 * folder of somebody else, on a copy that may only be read. Permission bits do not bind root, so
 * the process that reads gives up that power.
 */
class ReadingWithoutWritingTest {
  private static final Chains CHAINS = Chains.draw(List.of(TestKeys.key(1, 1)), "A -> B");

  @TempDir(factory = TempDirFactory.Standard.class)
  Path directory;

  private Path folder;
  private Path file;

  /** What the reading process does: prints the AUMs of a tailnet, or why it cannot. */
  static final class Reading {
    private Reading() {}

    public static void main(String... arguments) {
      try (SqliteFile opened = SqliteFile.at(Path.of(arguments[0]), Clock.systemUTC())) {
        AumSnapshot snapshot = opened.tailnet("t").read();
        snapshot.encodedAll(snapshot.entries().stream().map(entry -> entry.hash()).toList());
        ControlRecords records = opened.records().orElseThrow();
        records.changesAfter(records.position(), 1);
        records.allNodes("t", node -> {});
        System.out.println(
            (records.seen("t").known() ? "read " : "unknown ") + snapshot.entries().size());
      } catch (StoreException e) {
        System.out.println(e.getClass().getSimpleName() + " " + e.getMessage());
      }
    }
  }

  @BeforeEach
  void writeAFile() throws Exception {
    folder = Files.createDirectory(directory.resolve("folder"));
    file = folder.resolve("store.db");
    try (SqliteFile made = SqliteFile.create(file, Clock.systemUTC())) {
      Commit.Builder commit = Commit.on(made.tailnet("t").read().revision());
      CHAINS.list("A B").forEach(aum -> commit.add(aum, FakeClock.START));
      made.tailnet("t").commit(commit.build());
    }
    allow(file, "r--r--r--");
  }

  private static void allow(Path path, String permissions) throws Exception {
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(permissions));
  }

  private static String read(List<String> before, Path path) throws Exception {
    return OtherProcess.run(before, Reading.class, path.toString());
  }

  private String readBound() throws Exception {
    return read(OtherProcess.boundByPermissions(), file);
  }

  @Test
  void aFileInAFolderOfSomebodyElseIsRead() throws Exception {
    allow(folder, "r-xr-xr-x");
    try {
      assertThat(readBound()).isEqualTo("read 2");
      allow(folder, "rwxr-xr-x");
      allow(Files.createFile(folder.resolve("store.db-wal")), "r--r--r--");
      allow(folder, "r-xr-xr-x");
      assertThat(readBound()).as("beside an empty log").isEqualTo("read 2");
    } finally {
      allow(folder, "rwxr-xr-x");
    }
  }

  @Test
  void commitsInALogThatCannotBeReadAreNotLeftOut() throws Exception {
    Path copy = Files.createDirectory(directory.resolve("copy"));
    try (SqliteFile open = SqliteFile.at(file, Clock.systemUTC())) {
      allow(file, "rw-r--r--");
      open.tailnet("u")
          .commit(
              Commit.on(open.tailnet("u").read().revision())
                  .add(CHAINS.get("A"), FakeClock.START)
                  .build());
      for (String suffix : List.of("", "-wal")) {
        Path next = copy.resolve("store.db" + suffix);
        Files.copy(folder.resolve("store.db" + suffix), next);
        allow(next, "r--r--r--");
      }
    }
    file = copy.resolve("store.db");
    allow(copy, "r-xr-xr-x");
    try {
      assertThat(readBound())
          .startsWith("Unavailable " + file + ": store.db-wal may hold commits")
          .contains("copy both files to a folder");
    } finally {
      allow(copy, "rwxr-xr-x");
    }
    assertThat(read(List.of(), file)).as("where it may write").isEqualTo("read 2");
  }

  @Test
  void aTemporaryFolderWithoutRoomIsNamedWithWhatToDo() throws Exception {
    String none = directory.resolve("none").toString();
    assertThat(read(List.of("env", "JAVA_TOOL_OPTIONS=-Dorg.sqlite.tmpdir=" + none), file))
        .contains("permission to unpack it in " + none + " (JAVA_TOOL_OPTIONS=")
        .contains("Unavailable " + file);
  }

  @Test
  void aFileThatMayNotBeReadIsReportedAsThat() throws Exception {
    allow(file, "---------");
    assertThat(readBound()).isEqualTo("Unavailable " + file + ": no permission: " + file);
  }

  @Test
  void aFileOnAFullDiskAndOnAReadOnlyFileSystemIsRead() throws Exception {
    Path mounted = Files.createDirectory(directory.resolve("mounted"));
    String fill =
        "mount -t tmpfs -o size=256k none \"$1\" && cp \"$2\" \"$1\" && chmod u+w \"$1\"/*";
    for (String then :
        List.of(
            "{ dd if=/dev/zero of=\"$1/rest\" bs=1k 2>/dev/null || true; }",
            "mount -o remount,ro \"$1\"")) {
      List<String> inside =
          List.of(
              "unshare",
              "-rm",
              "sh",
              "-c",
              "a=$1; b=$2; shift 2; set -- \"$a\" \"$b\" \"$@\"; "
                  + fill
                  + " && "
                  + then
                  + " && shift 2 && exec \"$@\"",
              "sh",
              mounted.toString(),
              file.toString());
      String output = read(inside, mounted.resolve("store.db"));
      if (output.contains("unshare")) {
        System.out.println("Left out, for want of user namespaces: a full disk. " + output);
        return;
      }
      assertThat(output).as(then).isEqualTo("read 2");
    }
  }
}
