package dev.tka.store.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.core.Aum;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.Commit;
import dev.tka.core.store.StoreException;
import dev.tka.store.Tailnets;
import dev.tka.store.records.NodeRecord;
import dev.tka.store.records.RecordsChange;
import dev.tka.store.state.PlaceState;
import dev.tka.store.testkit.ControlRecordsContract;
import dev.tka.store.testkit.OtherProcess;
import dev.tka.testkit.Chains;
import dev.tka.testkit.FakeClock;
import dev.tka.testkit.TestKeys;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a JSON file looks like, and what happens when it is not as it should be. */
class JsonFileTest {
  private static final Chains CHAINS = Chains.draw(List.of(TestKeys.key(1, 2)), "A -> B -> C -> D");

  @TempDir Path directory;

  private Path file() {
    return directory.resolve("store.json");
  }

  private static void add(Tailnets place, String tailnet, String names) throws Exception {
    AumStore store = place.tailnet(tailnet);
    Commit.Builder commit = Commit.on(store.read().revision());
    for (Aum aum : CHAINS.list(names)) {
      commit.add(aum, FakeClock.START);
    }
    store.commit(commit.build());
  }

  private Tailnets filled() throws Exception {
    Tailnets place = JsonFile.create(file());
    add(place, "example.com", "A B");
    place
        .records()
        .orElseThrow()
        .commit(
            "example.com",
            RecordsChange.ofNode(
                Optional.empty(),
                Optional.of(
                    NodeRecord.of(1, ControlRecordsContract.nodeKey(1))
                        .withName(Optional.of("büro")))));
    return place;
  }

  @Test
  void aPersonCanReadItAndADiffShowsWhatChanged() throws Exception {
    Tailnets place = filled();
    List<String> before = Files.readAllLines(file());
    assertThat(before)
        .contains("      \"name\": \"example.com\",")
        .anyMatch(line -> line.contains("\"name\":\"büro\",\"nodeKey\":\"nodekey:00000001"))
        .anyMatch(line -> line.contains("\"hash\":\"" + CHAINS.get("A").hash()));
    add(place, "example.com", "C");
    List<String> after = new ArrayList<>(Files.readAllLines(file()));
    after.removeAll(before);
    // Two positions, the revision, the last AUM with a comma, the new one, and the checksum.
    assertThat(after).hasSize(6);
    assertThat(Files.getPosixFilePermissions(file()))
        .isEqualTo(PosixFilePermissions.fromString("rw-------"));
  }

  @Test
  void aFileThatWasCutAtAnyByteIsNamedAndStays() throws Exception {
    filled();
    byte[] whole = Files.readAllBytes(file());
    for (int length = 0; length < whole.length; length++) {
      byte[] cut = Arrays.copyOf(whole, length);
      assertThatThrownBy(() -> FileText.decode("x.json", cut, PlaceState.NONE))
          .as("cut to " + length)
          .isInstanceOf(StoreException.Damaged.class)
          .hasMessageStartingWith("x.json: ")
          .message()
          .doesNotContain("\n")
          .hasSizeLessThan(300);
    }
    Files.write(file(), Arrays.copyOf(whole, whole.length / 2));
    byte[] half = Files.readAllBytes(file());
    assertThatThrownBy(() -> JsonFile.create(file())).isInstanceOf(StoreException.Damaged.class);
    assertThat(Files.readAllBytes(file())).isEqualTo(half);
  }

  @Test
  void aFileWithAnyByteChangedIsNamed() throws Exception {
    filled();
    byte[] whole = Files.readAllBytes(file());
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int at = 0; at < whole.length; at++) {
      for (byte other : new byte[] {(byte) (whole[at] ^ (1 << random.nextInt(8))), ' ', '"'}) {
        byte[] changed = whole.clone();
        changed[at] = other;
        if (other != whole[at]) {
          assertThatThrownBy(() -> FileText.decode("x.json", changed, PlaceState.NONE))
              .as("byte " + at + ", " + other + ", seed " + seed)
              .isInstanceOfAny(StoreException.Damaged.class, StoreException.Newer.class)
              .message()
              .doesNotContain("\n")
              .hasSizeLessThan(300);
        }
      }
    }
  }

  @Test
  void anyBytesAtAllAreNamed() {
    Random random = new Random(7);
    for (int i = 0; i < 2000; i++) {
      byte[] any = new byte[random.nextInt(60)];
      random.nextBytes(any);
      refused(any);
      refused(("{\"format\":\"tka-tailnets\"," + i % 10).getBytes(StandardCharsets.UTF_8));
    }
  }

  private static void refused(byte[] content) {
    assertThatThrownBy(() -> FileText.decode("x.json", content, PlaceState.NONE))
        .isInstanceOf(StoreException.Damaged.class)
        .message()
        .doesNotContain("\n");
  }

  private void refused(String content, Class<? extends StoreException> as, String why)
      throws Exception {
    Files.writeString(file(), content);
    for (int i = 0; i < 2; i++) {
      assertThatThrownBy(() -> JsonFile.create(file()))
          .isInstanceOf(as)
          .hasMessageStartingWith(file().toString())
          .hasMessageContaining(why);
      assertThat(Files.readString(file())).isEqualTo(content);
    }
  }

  @Test
  void somebodyElsesJsonAndANewerVersionAreNamedAndStay() throws Exception {
    refused("", StoreException.Damaged.class, "empty");
    refused("{}", StoreException.Damaged.class, "expected a file of tailnets, found other JSON");
    refused("[1]", StoreException.Damaged.class, "expected an object in JSON");
    refused("{\"name\":\"x\",\"version\":1}", StoreException.Damaged.class, "other JSON");
    refused("{\"format\":1}", StoreException.Damaged.class, "\"format\": expected a text");
    refused(
        "{\"format\":\"tka-tailnets\",\"version\":2,\"more\":{}}",
        StoreException.Newer.class,
        "expected version 1 or older, found version 2");
    Files.delete(file());
    filled();
    String text = Files.readString(file());
    refused(
        text.replace("büro", "buero"),
        StoreException.Damaged.class,
        "its checksum is another. If a person edited it, set \"checksum\" to \"\"");
    refused(text.replace("\n", "\r\n"), StoreException.Damaged.class, "its checksum is another");
    refused(
        text.replaceFirst("\"checksum\": \"[0-9a-f]*\"", "\"checksum\": \"\"")
            .replace("\"node\":1", "\"node\":0"),
        StoreException.Damaged.class,
        "\"node\": expected a number of 1 or more");
  }

  @Test
  void noFileAndADirectoryAreNamed() throws Exception {
    assertThatThrownBy(() -> JsonFile.at(file()))
        .isInstanceOf(StoreException.Absent.class)
        .hasMessage(file() + ": no such file");
    assertThatThrownBy(() -> JsonFile.create(directory))
        .isInstanceOf(StoreException.Absent.class)
        .hasMessageContaining("found a directory");
    assertThatThrownBy(() -> JsonFile.create(directory.resolve("none/store.json")))
        .isInstanceOf(StoreException.Unavailable.class)
        .hasMessageContaining("its folder does not exist");
    Tailnets place = filled();
    Files.delete(file());
    assertThatThrownBy(() -> add(place, "example.com", "C"))
        .as("a file that is gone is not begun again")
        .isInstanceOf(StoreException.Absent.class);
    assertThat(file()).doesNotExist();
  }

  @Test
  void aLinkStaysOneAndItsFileIsWritten() throws Exception {
    Path other = Files.createDirectory(directory.resolve("other"));
    Files.createSymbolicLink(file(), other.resolve("real.json"));
    JsonFile.create(other.resolve("real.json"));
    Tailnets place = JsonFile.at(file());
    add(place, "t", "A");
    assertThat(Files.isSymbolicLink(file())).isTrue();
    assertThat(JsonFile.at(other.resolve("real.json")).tailnet("t").read().entries()).hasSize(1);
    try (Stream<Path> files = Files.list(other)) {
      assertThat(files.map(Path::getFileName).map(Path::toString))
          .containsExactlyInAnyOrder("real.json", "real.json.lock");
    }
    Files.delete(other.resolve("real.json"));
    assertThatThrownBy(() -> JsonFile.create(file())).isInstanceOf(StoreException.Absent.class);
    assertThat(Files.exists(file(), LinkOption.NOFOLLOW_LINKS)).isTrue();
  }

  /** Reads, and then writes, in a process of its own. */
  static final class Using {
    public static void main(String[] args) throws Exception {
      try {
        Tailnets place = JsonFile.at(Path.of(args[0]));
        System.out.println("read " + place.tailnet("example.com").read().entries().size());
        add(place, "example.com", "C D");
        System.out.println("written");
      } catch (StoreException e) {
        System.out.println(e.getClass().getSimpleName() + " " + e.getMessage());
      }
    }
  }

  /** Adds AUMs, each by a commit of its own, in a process of its own. */
  static final class Adding {
    static final int COUNT = 30;

    public static void main(String[] args) throws Exception {
      AumStore store = JsonFile.at(Path.of(args[0])).tailnet("example.com");
      String label = ProcessHandle.current().pid() + " ";
      for (int done = 0; done < COUNT; ) {
        Aum aum = Chains.noOp(CHAINS.get("A"), label + done, 1);
        try {
          store.commit(Commit.on(store.read().revision()).add(aum, FakeClock.START).build());
          done++;
        } catch (StoreException.Conflict e) {
          // Another was first; again.
        }
      }
      System.out.println("added");
    }
  }

  @Test
  void processesThatWriteAtOnceLoseNothing() throws Exception {
    Tailnets place = filled();
    ExecutorService pool = Executors.newFixedThreadPool(2);
    try {
      List<Future<String>> runs = new ArrayList<>();
      for (int i = 0; i < 2; i++) {
        runs.add(pool.submit(() -> OtherProcess.run(List.of(), Adding.class, file().toString())));
      }
      for (int i = 0; i < Adding.COUNT; i++) {
        add(place, "of this process " + i, "A");
      }
      for (Future<String> run : runs) {
        assertThat(run.get()).isEqualTo("added");
      }
    } finally {
      pool.shutdownNow();
    }
    assertThat(place.tailnet("example.com").read().entries()).hasSize(2 + 2 * Adding.COUNT);
    assertThat(JsonFile.at(file()).revisions()).hasSize(1 + Adding.COUNT);
  }

  private static void allow(Path path, String permissions) throws Exception {
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(permissions));
  }

  private String bound() throws Exception {
    return OtherProcess.run(OtherProcess.boundByPermissions(), Using.class, file().toString());
  }

  @Test
  void whereNothingMayBeWrittenItIsReadAndNothingIsLost() throws Exception {
    filled();
    byte[] content = Files.readAllBytes(file());
    Files.delete(directory.resolve("store.json.lock"));
    allow(directory, "r-xr-xr-x");
    try {
      assertThat(bound())
          .isEqualTo("read 2\nUnavailable " + file() + ": no permission: " + file() + ".lock");
    } finally {
      allow(directory, "rwxr-xr-x");
    }
    assertThat(Files.readAllBytes(file())).isEqualTo(content);
    allow(file(), "---------");
    assertThat(bound()).isEqualTo("Unavailable " + file() + ": no permission: " + file());
    allow(file(), "rw-------");
    assertThat(bound()).isEqualTo("read 2\nwritten");
  }

  @Test
  void onAFullDiskNothingIsLost() throws Exception {
    filled();
    Path mounted = Files.createDirectory(directory.resolve("mounted"));
    List<String> inside =
        List.of(
            "unshare",
            "-rm",
            "sh",
            "-c",
            "mount -t tmpfs -o size=64k none \"$1\" && cp \"$2\" \"$1\" && chmod 600 \"$1\"/*"
                + " && { dd if=/dev/zero of=\"$1/rest\" bs=1k 2>/dev/null || true; }"
                + " && cd \"$1\" && shift 2 && \"$@\" && \"$@\" && ls",
            "sh",
            mounted.toString(),
            file().toString());
    String output = OtherProcess.run(inside, Using.class, "store.json");
    if (output.startsWith("unshare")) {
      System.out.println("Left out, for want of user namespaces: a full disk. " + output);
      return;
    }
    String failed = "read 2\nUnavailable store.json: No space left on device\n";
    assertThat(output).isEqualTo(failed + failed + "rest\nstore.json\nstore.json.lock");
  }

  @Test
  void aLargeFileIsNamedWithTheRightPlace() throws Exception {
    assertThat(JsonFile.warning(file(), JsonFile.TOO_LARGE)).isEmpty();
    assertThat(JsonFile.warning(file(), 12L << 20))
        .contains(
            file()
                + " has 12 MiB, and every change writes all of it: 'tka move json:"
                + file()
                + " sqlite:PATH --all' moves it to a SQLite file");
  }
}
