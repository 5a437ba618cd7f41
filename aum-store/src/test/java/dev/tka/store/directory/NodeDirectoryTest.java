package dev.tka.store.directory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.management.ThreadMXBean;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.TkaException;
import dev.tka.core.authority.Authority;
import dev.tka.core.store.AumEntry;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.Damage;
import dev.tka.core.store.StoreException;
import dev.tka.testkit.Cbor;
import dev.tka.testkit.Chains;
import dev.tka.testkit.TestKeys;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Protocol, section 9: reading a shipping node's directory, whatever its condition. */
class NodeDirectoryTest {
  private static final long COMMITTED = 1_700_000_000L;
  private static final Instant MODIFIED = Instant.ofEpochSecond(1_600_000_000L);
  private static final int MEBIBYTE = 1 << 20;

  @TempDir Path directory;

  private final Chains chains =
      Chains.draw(
          List.of(TestKeys.key(1, 2), TestKeys.key(2, 1)), "A -> B -> C\n B -> X(2) -> Y(1,2)");
  private final Aum aum = chains.get("A");

  @BeforeEach
  void noFilesYet() {
    assertThat(directory).isEmptyDirectory();
  }

  private static Cbor envelope(Aum aum) {
    return new Cbor().map(2).uint(2).raw(aum.encoded().toByteArray()).uint(3).uint(COMMITTED);
  }

  private static String nameOf(Aum aum) {
    return aum.hash().toString();
  }

  private Path home(Aum aum) {
    return directory.resolve(nameOf(aum).substring(0, 2)).resolve(nameOf(aum));
  }

  private void write(Path file, byte[] content) {
    try {
      Files.createDirectories(file.getParent());
      Files.write(file, content);
      Files.setLastModifiedTime(file, FileTime.from(MODIFIED));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private void write(Path file, Cbor content) {
    write(file, content.toByteArray());
  }

  private void writeChain() {
    chains.all().forEach(each -> write(home(each), envelope(each)));
  }

  /** Reads the directory, and checks that nothing in it was touched. */
  private AumSnapshot read() throws StoreException {
    Map<String, String> before = listing();
    try {
      return NodeDirectory.at(directory).read();
    } finally {
      assertThat(listing()).isEqualTo(before);
    }
  }

  private Map<String, String> listing() {
    Map<String, String> listing = new TreeMap<>();
    try (Stream<Path> paths = Files.walk(directory)) {
      for (Path path : paths.toList()) {
        String content =
            Files.isRegularFile(path)
                ? Integer.toString(Arrays.hashCode(Files.readAllBytes(path)))
                : "";
        listing.put(
            directory.relativize(path).toString(), Files.getLastModifiedTime(path) + " " + content);
      }
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    return listing;
  }

  private void assertShownAlone(Aum expected) throws StoreException {
    AumSnapshot snapshot = read();
    assertThat(snapshot.damage()).isEmpty();
    assertThat(snapshot.entries()).hasSize(1);
    assertThat(snapshot.encoded(expected.hash())).isEqualTo(expected.encoded());
  }

  /**
   * Asserts that with this content, the file of {@link #aum} is reported, and its AUM not shown.
   */
  private Damage assertDamaged(String why, Cbor content) {
    write(home(aum), content);
    try {
      AumSnapshot snapshot = read();
      assertThat(snapshot.entries()).as(why).isEmpty();
      assertThat(snapshot.damage()).as(why).hasSize(1);
      Damage damage = snapshot.damage().get(0);
      assertThat(damage.hash()).as(why).contains(aum.hash());
      assertThat(damage.where()).isEqualTo(nameOf(aum).substring(0, 2) + "/" + nameOf(aum));
      assertThat(damage.kind()).as(why).isEqualTo(Damage.Kind.CONTENT);
      assertThat(damage).asString().contains(damage.where(), damage.problem());
      return damage;
    } catch (StoreException e) {
      throw new AssertionError(why, e);
    }
  }

  @Test
  void anEmptyDirectoryHoldsNothing() throws StoreException {
    AumSnapshot snapshot = read();

    assertThat(snapshot.entries()).isEmpty();
    assertThat(snapshot.damage()).isEmpty();
    assertThat(snapshot.lastActiveAncestor()).isEmpty();
  }

  @Test
  void anAbsentDirectoryIsAbsent() {
    assertThatThrownBy(() -> NodeDirectory.at(directory.resolve("nowhere")))
        .isInstanceOf(StoreException.Absent.class)
        .hasMessageContaining("nowhere");
    assertThat(directory).isEmptyDirectory();
  }

  @Test
  void aFileInsteadOfADirectoryIsRefused() {
    write(directory.resolve("file"), new byte[0]);

    assertThatThrownBy(() -> NodeDirectory.at(directory.resolve("file")))
        .isInstanceOf(StoreException.Absent.class)
        .hasMessageContaining("found a file");
  }

  @Test
  void aDirectoryThatVanishesIsUnavailable() throws Exception {
    Path vanishing = Files.createDirectory(directory.resolve("vanishing"));
    NodeDirectory opened = NodeDirectory.at(vanishing);
    Files.delete(vanishing);

    assertThatThrownBy(opened::read).isInstanceOf(StoreException.Unavailable.class);
  }

  @Test
  void everySoundFileIsShown() throws TkaException {
    writeChain();
    write(
        directory.resolve(NodeDirectory.LAST_ACTIVE_ANCESTOR),
        chains.get("A").hash().toByteArray());

    AumSnapshot snapshot = read();

    assertThat(snapshot.damage()).isEmpty();
    assertThat(snapshot.entries()).hasSize(5);
    for (Aum each : chains.all()) {
      assertThat(snapshot.get(each.hash())).isEqualTo(each);
      assertThat(snapshot.encoded(each.hash())).isEqualTo(each.encoded());
      assertThat(snapshot.find(each.hash()))
          .get()
          .extracting(AumEntry::committedAt)
          .isEqualTo(Instant.ofEpochSecond(COMMITTED));
    }
    assertThat(snapshot.children(chains.get("B").hash()))
        .extracting(AumEntry::hash)
        .containsExactlyInAnyOrder(chains.get("C").hash(), chains.get("X").hash());
    assertThat(snapshot.lastActiveAncestor()).contains(chains.get("A").hash());
    assertThat(Authority.open(snapshot).head()).isEqualTo(chains.get("C").hash());
  }

  @Test
  void everyReadIsARevisionAndItsSnapshotDoesNotChange() throws Exception {
    writeChain();
    NodeDirectory opened = NodeDirectory.at(directory);
    AumSnapshot first = opened.read();
    Files.delete(home(chains.get("C")));
    write(home(chains.get("A")), new byte[0]);

    AumSnapshot second = opened.read();

    assertThat(second.revision()).isNotEqualTo(first.revision());
    assertThat(second.entries()).hasSize(3);
    assertThat(first.entries()).hasSize(5);
    assertThat(first.encoded(aum.hash())).isEqualTo(aum.encoded());
    assertThat(first.damage()).isEmpty();
  }

  @Test
  void aTruncatedFileIsDamage() {
    byte[] whole = envelope(aum).toByteArray();
    for (int length : new int[] {0, 1, 2, 3, 40, whole.length - 6, whole.length - 1}) {
      assertDamaged(length + " bytes", new Cbor().raw(Arrays.copyOf(whole, length)));
    }
  }

  @Test
  void contentThatDoesNotHashToItsNameIsDamage() {
    assertThat(assertDamaged("another AUM", envelope(chains.get("B"))).problem())
        .contains(chains.get("B").hash().toString());
    assertDamaged("text", new Cbor().raw("not CBOR".getBytes(StandardCharsets.UTF_8)));
    assertDamaged("zeros", new Cbor().raw(new byte[4096]));
    assertDamaged("an array", new Cbor().array(0));
    assertDamaged("a bare AUM", new Cbor().raw(chains.get("B").encoded().toByteArray()));
  }

  @Test
  void theAumInAFileMustBeCanonical() {
    byte[] lax = aum.encoded().toByteArray();
    // {1: 5, …}: the first key as a long integer.
    Cbor longKey =
        new Cbor()
            .hex(String.format("%02x", lax[0]))
            .hex("1801")
            .raw(Arrays.copyOfRange(lax, 2, lax.length));

    assertDamaged("a long key", new Cbor().map(1).uint(2).append(longKey));
    assertDamaged(
        "a tagged AUM", new Cbor().map(1).uint(2).tag(1).raw(aum.encoded().toByteArray()));
  }

  @Test
  void soundFilesAreShownBesideADamagedOne() throws TkaException {
    writeChain();
    write(home(chains.get("C")), new byte[3]);
    write(home(chains.get("Y")), new byte[0]);

    AumSnapshot snapshot = read();

    assertThat(snapshot.entries()).hasSize(3);
    assertThat(snapshot.damage())
        .extracting(damage -> damage.hash().orElseThrow())
        .containsExactlyInAnyOrder(chains.get("C").hash(), chains.get("Y").hash())
        .isSorted();
    assertThat(Authority.open(snapshot).isDegraded()).isTrue();
    assertThat(Authority.open(snapshot).head()).isEqualTo(chains.get("X").hash());
  }

  @Test
  void aDirectoryNamedLikeAnAumIsDamage() throws Exception {
    Files.createDirectories(home(aum));

    AumSnapshot snapshot = read();

    assertThat(snapshot.damage()).hasSize(1);
    assertThat(snapshot.damage().get(0).hash()).contains(aum.hash());
    assertThat(snapshot.damage().get(0).problem()).contains("directory");
  }

  @Test
  void aDanglingLinkCannotBeRead() throws Exception {
    Files.createDirectories(home(aum).getParent());
    Files.createSymbolicLink(home(aum), Path.of("nowhere"));

    AumSnapshot snapshot = NodeDirectory.at(directory).read();

    assertThat(snapshot.damage()).hasSize(1);
    assertThat(snapshot.damage().get(0).kind()).isEqualTo(Damage.Kind.UNREADABLE);
    assertThat(snapshot.damage().get(0).hash()).contains(aum.hash());
  }

  @Test
  void aMisplacedFileIsHarmlessOnlyIfTheRightOneIsInPlace() throws StoreException {
    Path elsewhere = directory.resolve("zz").resolve(nameOf(aum));
    write(elsewhere, envelope(aum));

    AumSnapshot strayed = read();
    assertThat(strayed.entries()).isEmpty();
    assertThat(strayed.damage()).hasSize(1);
    assertThat(strayed.damage().get(0).hash()).contains(aum.hash());
    assertThat(strayed.damage().get(0).where()).isEqualTo("zz/" + nameOf(aum));
    assertThat(strayed.damage().get(0).problem())
        .contains(nameOf(aum).substring(0, 2) + "/" + nameOf(aum));

    write(home(aum), envelope(aum));
    assertHarmless(elsewhere);
  }

  @Test
  void aNameWithSpareBitsIsHarmlessOnlyIfTheRightOneIsInPlace() throws StoreException {
    // The last character has one bit of the hash and four spare bits.
    String name = nameOf(aum);
    char last = name.charAt(51) == 'A' ? 'B' : 'R';
    String sloppy = name.substring(0, 51) + last;
    write(home(aum).resolveSibling(sloppy), envelope(aum));

    AumSnapshot strayed = read();
    assertThat(strayed.entries()).isEmpty();
    assertThat(strayed.damage()).hasSize(1);
    assertThat(strayed.damage().get(0).hash()).contains(aum.hash());
    assertThat(strayed.damage().get(0).where()).endsWith(sloppy);

    write(home(aum), envelope(aum));
    assertHarmless(home(aum).resolveSibling(sloppy));
  }

  private void assertHarmless(Path stray) throws StoreException {
    AumSnapshot snapshot = read();
    assertThat(snapshot.entries()).hasSize(1);
    assertThat(snapshot.damage()).hasSize(1);
    assertThat(snapshot.damage().get(0).kind()).isEqualTo(Damage.Kind.HARMLESS);
    assertThat(snapshot.damage().get(0).where()).isEqualTo(directory.relativize(stray).toString());
    assertThat(snapshot.damage().get(0).degrades()).isFalse();
  }

  @Test
  void aPipeDoesNotBlockTheReader() throws Exception {
    for (Path pipe : List.of(home(aum), directory.resolve(NodeDirectory.LAST_ACTIVE_ANCESTOR))) {
      Files.createDirectories(pipe.getParent());
      assumeTrue(makePipe(pipe), "no mkfifo here");
    }

    assertThatThrownBy(() -> NodeDirectory.at(directory).read())
        .isInstanceOf(StoreException.Unavailable.class)
        .hasMessageContaining("expected a file");
    Files.delete(directory.resolve(NodeDirectory.LAST_ACTIVE_ANCESTOR));
    assertThat(NodeDirectory.at(directory).read().damage())
        .singleElement()
        .satisfies(damage -> assertThat(damage.problem()).contains("expected a file"));
  }

  private static boolean makePipe(Path path) throws IOException, InterruptedException {
    try {
      return new ProcessBuilder("mkfifo", path.toString()).start().waitFor() == 0;
    } catch (IOException e) {
      return false;
    }
  }

  @Test
  void aFolderThatCannotBeListedIsDamage() throws Exception {
    writeChain();
    Path folder = home(aum).getParent();
    Files.setPosixFilePermissions(folder, Set.of());
    try {
      assumeFalse(Files.isReadable(folder), "this user may read everything");
      AumSnapshot snapshot = NodeDirectory.at(directory).read();
      assertThat(snapshot.damage())
          .singleElement()
          .satisfies(
              damage -> {
                assertThat(damage.where()).isEqualTo(nameOf(aum).substring(0, 2));
                assertThat(damage.degrades()).isTrue();
              });
    } finally {
      Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"));
    }
  }

  @Test
  void otherNamesAreIgnored() throws Exception {
    write(home(aum), envelope(aum));
    byte[] junk = {1, 2, 3};
    Path folder = home(aum).getParent();
    write(folder.resolve(nameOf(aum) + ".tmp1234"), junk);
    write(folder.resolve(nameOf(aum).toLowerCase(Locale.ROOT)), junk);
    write(folder.resolve(nameOf(aum).substring(1)), junk);
    write(folder.resolve("deeper").resolve(nameOf(chains.get("B"))), junk);
    write(directory.resolve(nameOf(chains.get("B"))), junk);
    write(directory.resolve("journal"), junk);
    Files.createDirectory(directory.resolve("empty"));

    assertShownAlone(aum);
  }

  @Test
  void aPurgedFileHoldsNothing() throws StoreException {
    write(
        home(aum),
        new Cbor()
            .map(3)
            .uint(2)
            .raw(aum.encoded().toByteArray())
            .uint(3)
            .uint(COMMITTED)
            .uint(4)
            .uint(COMMITTED + 1));

    AumSnapshot snapshot = read();

    assertThat(snapshot.entries()).isEmpty();
    assertThat(snapshot.damage()).isEmpty();
    assertThatThrownBy(() -> snapshot.encoded(aum.hash()))
        .isInstanceOf(StoreException.NoSuchAum.class);
  }

  @Test
  void aPurgedFileMustStillHoldItsAum() {
    assertDamaged(
        "a purged file with another AUM",
        new Cbor()
            .map(2)
            .uint(2)
            .raw(chains.get("B").encoded().toByteArray())
            .uint(4)
            .uint(COMMITTED));
  }

  @Test
  void aPurgeTimeAtOrBelowZeroIsIgnored() throws StoreException {
    for (Cbor time : List.of(new Cbor().uint(0), new Cbor().negative(0), new Cbor().nil())) {
      write(
          home(aum),
          new Cbor().map(2).uint(2).raw(aum.encoded().toByteArray()).uint(4).append(time));
      assertShownAlone(aum);
    }
  }

  @Test
  void aMissingOrNullAumCountsAsNoFile() throws StoreException {
    for (Cbor content :
        List.of(
            new Cbor().map(0),
            new Cbor().map(1).uint(3).uint(COMMITTED),
            new Cbor().map(2).uint(2).nil().uint(3).uint(COMMITTED))) {
      write(home(aum), content);
      AumSnapshot snapshot = read();
      assertThat(snapshot.entries()).isEmpty();
      assertThat(snapshot.damage()).isEmpty();
    }
  }

  @Test
  void withoutACommitTimeTheFilesTimeCounts() throws StoreException {
    List<Cbor> unknown =
        List.of(
            new Cbor().map(1),
            new Cbor().map(2).uint(3).uint(0),
            new Cbor().map(2).uint(3).negative(4),
            new Cbor().map(2).uint(3).nil());
    for (Cbor beginning : unknown) {
      write(home(aum), beginning.uint(2).raw(aum.encoded().toByteArray()));
      AumSnapshot snapshot = read();
      assertThat(snapshot.damage()).isEmpty();
      assertThat(snapshot.find(aum.hash()))
          .get()
          .extracting(AumEntry::committedAt)
          .isEqualTo(MODIFIED);
    }
  }

  @Test
  void aCommitTimeBeyondAllYearsDoesNotThrow() {
    for (long seconds : new long[] {1L << 56, Long.MAX_VALUE, -1}) {
      write(
          home(aum),
          new Cbor().map(2).uint(2).raw(aum.encoded().toByteArray()).uint(3).uint(seconds));
      // Shown at some time, or reported, but never an unchecked exception for bad data.
      assertThatCode(() -> read().entries().forEach(AumEntry::committedAt))
          .as("committed at %s", Long.toUnsignedString(seconds))
          .doesNotThrowAnyException();
    }
  }

  @Test
  void theEnvelopeMayBeLax() throws StoreException {
    byte[] body = aum.encoded().toByteArray();
    Map<String, Cbor> contents = new TreeMap<>();
    contents.put("without time", new Cbor().map(1).uint(2).raw(body));
    contents.put("another order", new Cbor().map(2).uint(3).uint(COMMITTED).uint(2).raw(body));
    contents.put(
        "long integers",
        new Cbor().hex("b90002").longUint(2).raw(body).longUint(3).longUint((int) COMMITTED));
    contents.put("trailing bytes", envelope(aum).hex("00ff"));
    contents.put("an old field 1", new Cbor().map(2).uint(1).text("x").uint(2).raw(body));
    contents.put(
        "unknown fields",
        new Cbor()
            .map(6)
            .uint(9)
            .map(1)
            .text("a")
            .array(1)
            .bytes(Bytes.empty())
            .text("name")
            .nil()
            .negative(0)
            .uint(1)
            .uint(2)
            .raw(body)
            .uint(1000)
            .hex("f93c00")
            .uint(10)
            .hex("f5"));
    // A text key that spells a number is not that number's key.
    contents.put(
        "text keys", new Cbor().map(3).text("2").nil().text("4").uint(COMMITTED).uint(2).raw(body));
    for (Map.Entry<String, Cbor> content : contents.entrySet()) {
      write(home(aum), content.getValue());
      assertThat(read().damage()).as(content.getKey()).isEmpty();
      assertShownAlone(aum);
    }
  }

  @Test
  void duplicatesIndefiniteLengthsAndTagsAreRefused() {
    byte[] body = aum.encoded().toByteArray();
    assertDamaged("the AUM twice", new Cbor().map(2).uint(2).raw(body).uint(2).raw(body));
    assertDamaged(
        "the time twice", new Cbor().map(3).uint(2).raw(body).uint(3).uint(1).uint(3).uint(1));
    assertDamaged(
        "an unknown field twice", new Cbor().map(3).uint(9).nil().uint(2).raw(body).uint(9).nil());
    assertDamaged(
        "a field twice, once long", new Cbor().map(2).uint(2).raw(body).longUint(2).raw(body));
    assertDamaged(
        "a text field twice", new Cbor().map(3).text("a").nil().text("a").nil().uint(2).raw(body));
    assertDamaged("an indefinite map", new Cbor().hex("bf02").raw(body).hex("ff"));
    assertDamaged("an indefinite key", new Cbor().map(2).hex("7f6161ff").nil().uint(2).raw(body));
    assertDamaged("an indefinite value", new Cbor().map(2).uint(9).hex("9fff").uint(2).raw(body));
    assertDamaged("a tagged map", new Cbor().tag(55799).append(envelope(aum)));
    assertDamaged("a tagged time", new Cbor().map(2).uint(2).raw(body).uint(3).tag(1).uint(1));
    assertDamaged("a tagged key", new Cbor().map(1).tag(1).uint(2).raw(body));
  }

  @Test
  void aChainOfTagsInAnUnknownFieldCostsNoMoreThanItsLength() {
    byte[] tags = new byte[1 << 15];
    Arrays.fill(tags, (byte) 0xc1);
    byte[] body = aum.encoded().toByteArray();
    Cbor content = new Cbor().map(2).uint(9).raw(tags).nil().uint(2).raw(body);
    Cbor nested = new Cbor().map(2).uint(9).array(1).raw(tags).nil().uint(2).raw(body);
    for (Cbor file : List.of(content, nested)) {
      // A single file is parsed by the thread that reads the directory.
      ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
      write(home(aum), file);
      long before = threads.getCurrentThreadAllocatedBytes();
      assertThatCode(this::read).doesNotThrowAnyException();
      assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(64L << 20);
    }
  }

  @Test
  void fieldsMustHaveTheirTypes() {
    byte[] body = aum.encoded().toByteArray();
    assertDamaged("a float time", new Cbor().map(2).uint(2).raw(body).uint(3).hex("f93c00"));
    assertDamaged("a text time", new Cbor().map(2).uint(2).raw(body).uint(3).text("1"));
    assertDamaged(
        "a purge time of bytes", new Cbor().map(2).uint(2).raw(body).uint(4).bytes(Bytes.empty()));
    assertDamaged("bytes for an AUM", new Cbor().map(1).uint(2).bytes(aum.encoded()));
    assertDamaged("a time above 2^63", new Cbor().map(2).uint(2).raw(body).uint(3).uint(-1));
  }

  @Test
  void aFileThatIsTooLargeIsNotReadInPart() {
    // Bytes after the map are allowed, so a reader that stops early would find it complete.
    assertThat(assertDamaged("17 MiB", envelope(aum).raw(new byte[17 * MEBIBYTE])).problem())
        .contains("larger than");
  }

  @Test
  void aLargeFileWithinTheBoundIsRead() throws StoreException {
    write(
        home(aum),
        new Cbor()
            .map(2)
            .uint(2)
            .raw(aum.encoded().toByteArray())
            .uint(9)
            .bytes(new byte[2 * MEBIBYTE]));

    assertShownAlone(aum);
  }

  @Test
  void aLastActiveAncestorMustBe32Bytes() throws StoreException {
    write(home(aum), envelope(aum));
    Path record = directory.resolve(NodeDirectory.LAST_ACTIVE_ANCESTOR);
    for (int size : new int[] {1, 31, 33, 52, 5000}) {
      write(record, new byte[size]);
      assertThatThrownBy(this::read)
          .as(size + " bytes")
          .isInstanceOf(StoreException.Damaged.class)
          .hasMessageContaining(NodeDirectory.LAST_ACTIVE_ANCESTOR)
          .hasMessageContaining("expected 32 bytes");
    }
    write(record, new byte[32]);
    assertThat(read().lastActiveAncestor()).contains(AumHash.of(new byte[32]));
  }

  @Test
  void aLastActiveAncestorThatIsADirectoryCannotBeRead() throws Exception {
    Files.createDirectory(directory.resolve(NodeDirectory.LAST_ACTIVE_ANCESTOR));

    assertThatThrownBy(this::read)
        .isInstanceOf(StoreException.Unavailable.class)
        .hasMessageContaining(NodeDirectory.LAST_ACTIVE_ANCESTOR);
  }

  @Test
  void reportsComeInTheSameOrderEveryTime() throws StoreException {
    chains.all().forEach(each -> write(home(each), new byte[1]));
    List<Damage> first = read().damage();

    assertThat(first).hasSize(5);
    for (int i = 0; i < 5; i++) {
      assertThat(read().damage()).isEqualTo(first);
    }
  }
}
