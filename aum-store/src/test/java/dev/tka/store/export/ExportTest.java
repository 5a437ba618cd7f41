package dev.tka.store.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumKind;
import dev.tka.core.Bytes;
import dev.tka.core.TkaException;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.OpenException;
import dev.tka.core.authority.VerificationException;
import dev.tka.core.store.AumFacts;
import dev.tka.core.store.AumIndex;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.Commit;
import dev.tka.core.store.IndexSnapshot;
import dev.tka.core.store.Inherited;
import dev.tka.core.store.KeyChange;
import dev.tka.core.store.Limits;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.core.store.Notes;
import dev.tka.core.store.OwnAums;
import dev.tka.core.store.OwnTime;
import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import dev.tka.core.store.Trail;
import dev.tka.core.store.TrailEntry;
import dev.tka.store.Progress;
import dev.tka.store.Tailnets;
import dev.tka.store.directory.NodeDirectory;
import dev.tka.testkit.Chains;
import dev.tka.testkit.FakeClock;
import dev.tka.testkit.TestKeys;
import dev.tka.testkit.TestStores;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The format of docs/export-format.md, and the exports that an import refuses. */
class ExportTest {
  private static final Instant NOON = Instant.parse("2026-01-02T12:00:00Z");
  private static final Progress NO_PROGRESS = (done, of) -> {};

  private final Chains chains =
      Chains.draw(
          List.of(TestKeys.key(1, 2), TestKeys.key(2, 1)),
          """
          A -> B[add:3*1] -> C[checkpoint] -> D -> E
          C -> X(2) -> Y(2)
          B -> Z
          """);

  @TempDir Path folder;

  private AumHash hash(String name) {
    return chains.get(name).hash();
  }

  /** Compacted before C, with a fork, own AUMs and an edit set aside. */
  private AumStore small() throws TkaException {
    MemoryAumStore store = new MemoryAumStore();
    Commit.Builder all = Commit.on(store.read().revision());
    chains.list("A B C D E X Y").forEach(aum -> all.add(aum, NOON));
    AumSnapshot whole = store.commit(all.build());
    OwnAums ownAums =
        new OwnAums(
            Map.of(
                hash("D"), acknowledged(NOON.plusSeconds(2)),
                hash("E"), new OwnAums.Own(false, Optional.empty()),
                hash("B"), acknowledged(NOON.plusNanos(1_000))),
            Set.of(),
            Optional.of(NOON.plusSeconds(3)),
            List.of(new OwnAums.SetAside(chains.get("Z"), NOON.plusSeconds(4), false)));
    store.commit(
        Commit.on(whole.revision())
            .purge(List.of(hash("A"), hash("B")))
            .trail(Authority.open(whole).entriesBefore(hash("C")))
            .lastActiveAncestor(hash("C"))
            .ownAums(ownAums)
            .build());
    return store;
  }

  private static OwnAums.Own acknowledged(Instant at) {
    return new OwnAums.Own(false, Optional.of(new OwnAums.Acknowledged(at, at)));
  }

  /** The same with everything that version 1 did not have. */
  private AumStore withOwnTime() throws TkaException {
    AumSnapshot from = small().read();
    List<Inherited> inherited =
        List.of(
            new Inherited(
                TestKeys.id(3),
                Instant.ofEpochSecond(7),
                true,
                Optional.empty(),
                Optional.of(new Inherited.Final(hash("Z"), 0, 1)),
                Optional.of(
                    new Inherited.Standing(
                        hash("B"), 0, Duration.ofDays(2), NOON, Set.of(TestKeys.id(1)))),
                Optional.empty(),
                Optional.empty()));
    List<TrailEntry> entries = from.trail().entries();
    MemoryAumStore store = new MemoryAumStore();
    Commit.Builder commit =
        Commit.on(store.read().revision())
            .trail(List.of(entries.get(0), withTimes(entries.get(1))))
            .ownAums(
                new OwnAums(
                    Map.of(
                        hash("D"),
                        acknowledged(NOON.plusSeconds(2)),
                        hash("E"),
                        new OwnAums.Own(true, Optional.empty())),
                    Set.of(hash("Z"), hash("Y")),
                    Optional.empty(),
                    List.of()))
            .time(new OwnTime(NOON, NOON.plusSeconds(1), NOON.plusSeconds(2), NOON.minusSeconds(9)))
            .inherits(hash("B"), inherited)
            .inherits(hash("X"), List.of())
            .lastActiveAncestor(hash("C"));
    for (Aum aum : chains.list("C D X Y")) {
      AumFacts facts = AumFacts.of(aum, List.of(), NOON.minusSeconds(1), Optional.of(NOON));
      commit.add(new Commit.Addition(aum, NOON, Optional.of(facts)));
    }
    AumFacts first = AumFacts.of(chains.get("E"), List.of(), NOON, Optional.empty());
    commit.add(new Commit.Addition(chains.get("E"), NOON, Optional.of(first)));
    store.commit(commit.build());
    return store;
  }

  private static TrailEntry withTimes(TrailEntry entry) {
    return new TrailEntry(
        entry.hash(),
        entry.parent(),
        entry.kind(),
        entry.committedAt(),
        Optional.of(NOON.plusSeconds(5)),
        Optional.of(NOON),
        entry.signers(),
        entry.changes(),
        entry.checkpoint());
  }

  private static void assertRefused(byte[] export, Class<? extends Exception> why, String message)
      throws Exception {
    AumStore target = new MemoryAumStore();
    assertThatThrownBy(() -> Exports.take(export, target))
        .isInstanceOf(why)
        .hasMessageContaining(message);
    assertUntouched(target);
  }

  private static void assertUntouched(AumStore target) throws StoreException {
    assertThat(target.read().revision()).isEqualTo(new MemoryAumStore().read().revision());
  }

  /** The small export with some items replaced, added or left out, and a correct checksum. */
  private byte[] changed(Change change) throws Exception {
    List<byte[]> items = new ArrayList<>(Exports.items(Exports.export(small().read())));
    items.remove(items.size() - 1);
    change.to(items);
    return Exports.sealed(items);
  }

  @FunctionalInterface
  private interface Change {
    void to(List<byte[]> items) throws Exception;
  }

  // The positions of items in the small export.
  private static final int TRAIL = 1;
  private static final int AUMS = 3;
  private static final int OWN = 8;
  private static final int ASIDE = 11;

  private static byte[] golden(String name) throws Exception {
    try (InputStream in = Objects.requireNonNull(ExportTest.class.getResourceAsStream(name))) {
      String text = new String(in.readAllBytes(), StandardCharsets.US_ASCII);
      return HexFormat.of().parseHex(text.replaceAll("\\s", ""));
    }
  }

  @Test
  void versionOneIsReadAndSaysThatItHasNoOwnTime() throws Exception {
    AumStore imported = new MemoryAumStore();
    AumImport.Verified read = Exports.take(golden("export-1.hex"), imported);
    assertThat(read.hasOwnTime()).isFalse();
    Exports.Content found = Exports.Content.of(imported.read());
    Exports.Content expected = Exports.Content.of(small().read());
    assertThat(found.entries()).isEqualTo(expected.entries());
    assertThat(found.bodies()).isEqualTo(expected.bodies());
    assertThat(found.notes()).isEqualTo(expected.notes());
    // Votes were not noted.
    List<KeyChange> changes = found.trail().get(1).changes();
    assertThat(changes).isEqualTo(List.of(new KeyChange(TestKeys.id(3), 0, KeyChange.UNKNOWN)));
    assertThat(Exports.take(Exports.export(imported.read()), new MemoryAumStore()).hasOwnTime())
        .isFalse();
    // Only its own encoding is accepted.
    List<byte[]> items = new ArrayList<>(Exports.items(golden("export-1.hex")));
    items.remove(items.size() - 1);
    items.set(OWN, new ExportItem.Own(hash("D"), acknowledged(NOON)).encode());
    assertRefused(Exports.sealed(items), StoreException.Damaged.class, "export: ");
  }

  @Test
  void theBytesOfVersionTwoAreFixed() throws Exception {
    byte[] golden = golden("export-2.hex");
    assertThat(HexFormat.of().formatHex(Exports.export(withOwnTime().read())))
        .isEqualTo(HexFormat.of().formatHex(golden));

    AumStore imported = new MemoryAumStore();
    assertThat(Exports.take(golden, imported).hasOwnTime()).isTrue();
    assertThat(Exports.Content.of(imported.read()))
        .isEqualTo(Exports.Content.of(withOwnTime().read()));
    // The oldest ancestor first, then the AUMs one step away, then two steps, each sorted by hash.
    List<AumHash> stored = new ArrayList<>();
    for (byte[] item : Exports.items(golden)) {
      if (item[1] == ExportItem.Stored.CODE
          && ExportItem.parse(item, 2) instanceof ExportItem.Stored aum) {
        stored.add(AumHash.ofEncoding(aum.encoded()));
      }
    }
    assertThat(stored.get(0)).isEqualTo(hash("C"));
    assertThat(stored.subList(1, 3)).containsExactlyInAnyOrder(hash("D"), hash("X")).isSorted();
    assertThat(stored.subList(3, 5)).containsExactlyInAnyOrder(hash("E"), hash("Y")).isSorted();
  }

  @Test
  void anExportTruncatedAnywhereIsRefused() throws Exception {
    byte[] export = Exports.export(small().read());
    for (int size = 0; size < export.length; size++) {
      assertRefused(
          Arrays.copyOf(export, size),
          StoreException.Damaged.class,
          "found its end at byte " + size);
    }
  }

  @Test
  void anExportWithAnyByteAlteredIsRefused() throws Exception {
    byte[] export = Exports.export(small().read());
    for (int i = 0; i < export.length; i++) {
      byte[] altered = export.clone();
      altered[i] ^= (byte) (1 << (i % 8));
      AumStore target = new MemoryAumStore();
      assertThatThrownBy(() -> Exports.take(altered, target))
          .as("byte " + i)
          // It is never reported as a bad signature.
          .isInstanceOfAny(StoreException.Damaged.class, StoreException.Newer.class);
      assertUntouched(target);
    }
  }

  @Test
  void aNewerVersionIsReportedAsNewer() throws Exception {
    byte[] newer = {(byte) 0x82, 0x6a, 't', 'k', 'a', ' ', 'e', 'x', 'p', 'o', 'r', 't', 0x03};
    assertRefused(
        newer, StoreException.Newer.class, "expected version 2 or older, found version 3");
  }

  @Test
  void anythingButAnExportIsRefused() throws Exception {
    assertRefused(
        "{\"a\": 1}\n".getBytes(StandardCharsets.US_ASCII), StoreException.class, "export");
    assertRefused(new byte[0], StoreException.Damaged.class, "truncated");
    // Only the canonical encoding of version 2 is accepted, whatever the checksum.
    assertRefused(
        changed(items -> items.add(new byte[] {(byte) 0x81, 0x07})),
        StoreException.Damaged.class,
        "kind of item: expected 1 to 6, found 7");
    assertRefused(
        changed(items -> items.add(new byte[] {(byte) 0x9f, 0x05, (byte) 0xff})),
        StoreException.Damaged.class,
        "definite length");
    assertRefused(
        changed(items -> items.add(new byte[] {(byte) 0xc1, 0x00})),
        StoreException.Damaged.class,
        "no tag");
    assertRefused(
        changed(items -> items.set(OWN, longer(items.get(OWN)))),
        StoreException.Damaged.class,
        "not canonical");
  }

  /** The same item with its kind encoded longer than necessary. */
  private static byte[] longer(byte[] item) {
    byte[] longer = new byte[item.length + 1];
    longer[0] = item[0];
    longer[1] = 0x18;
    System.arraycopy(item, 1, longer, 2, item.length - 1);
    return longer;
  }

  @Test
  void aClaimedLengthCostsNothing() throws Exception {
    // 2^62 bytes, 2^32 elements, and half a MiB that is missing.
    for (String claim : List.of("5b4000000000000000", "9b0000000100000000", "5a00080000")) {
      byte[] bytes = HexFormat.of().parseHex("86" + "02" + "00" + "f6f6f6" + claim);
      assertRefused(
          changed(items -> items.add(AUMS, bytes)), StoreException.Damaged.class, "export: ");
    }
    byte[] large = new byte[Limits.MAX_AUM_BYTES + 1];
    assertRefused(
        changed(items -> items.set(AUMS, stored(Bytes.copyOf(large)))),
        StoreException.Damaged.class,
        "bytes of an AUM: more than 16777216");
  }

  @Test
  void everySignatureIsVerified() throws Exception {
    Aum forged = TestKeys.signBadly(Chains.noOp(chains.get("E"), "forged"), 1);
    Aum stranger = Chains.noOp(chains.get("E"), "stranger", 9);
    assertRefused(with(forged), VerificationException.InvalidSignature.class, "");
    assertRefused(with(stranger), VerificationException.UntrustedSigner.class, "");
    assertRefused(with(Chains.noOp(chains.get("E"), "unsigned")), VerificationException.class, "");
    // If it is also altered, only the alteration is reported.
    byte[] altered = with(forged);
    altered[altered.length - 1] ^= 1;
    assertRefused(altered, StoreException.Damaged.class, "expected checksum");
  }

  /** The small export with one more AUM, after E. */
  private byte[] with(Aum aum) throws Exception {
    MemoryAumStore store = new MemoryAumStore();
    store.commit(Exports.add(small().read(), store.read().revision()).add(aum, NOON).build());
    return Exports.export(store.read());
  }

  @Test
  void theOldestAncestorVerifiesByItsOwnStateOrByTheTrail() throws Exception {
    // S signs with a key that it removes: its own state does not trust that key.
    Chains own =
        Chains.draw(
            List.of(TestKeys.key(1, 2), TestKeys.key(2, 1)), "A -> B -> S[revoke:1] -> D(2)");
    MemoryAumStore store = new MemoryAumStore();
    Commit.Builder all = Commit.on(store.read().revision());
    own.all().forEach(aum -> all.add(aum, NOON));
    AumSnapshot whole = store.commit(all.build());
    List<TrailEntry> entries = Authority.open(whole).entriesBefore(own.get("S").hash());
    Commit.Builder purge =
        Commit.on(whole.revision())
            .purge(List.of(own.get("A").hash(), own.get("B").hash()))
            .lastActiveAncestor(own.get("S").hash());

    AumSnapshot withTrail = store.commit(purge.trail(entries).build());
    AumStore target = new MemoryAumStore();
    Exports.take(Exports.export(withTrail), target);
    assertThat(Authority.open(target).head()).isEqualTo(own.get("D").hash());
    assertRefused(
        Exports.export(Exports.withoutTrail(withTrail).read()),
        VerificationException.UntrustedSigner.class,
        "");
    assertRefused(
        Exports.export(
            TestStores.holding(
                    List.of(TestKeys.signBadly(Chains.genesis(List.of(TestKeys.key(1, 1))), 1)))
                .read()),
        VerificationException.InvalidSignature.class,
        "");
  }

  @Test
  void itemsComeInOneOrder() throws Exception {
    assertRefused(
        changed(items -> items.add(AUMS + 1, items.remove(AUMS + 2))),
        StoreException.Damaged.class,
        "must not follow");
    assertRefused(
        changed(items -> items.add(AUMS + 1, items.remove(AUMS + 3))),
        StoreException.Damaged.class,
        "is not one step nearer");
    assertRefused(
        changed(items -> items.add(OWN, items.remove(OWN + 1))),
        StoreException.Damaged.class,
        "must not follow");
    assertRefused(
        changed(items -> items.add(TRAIL, items.remove(TRAIL + 1))),
        StoreException.Damaged.class,
        "does not follow the previous one");
    assertRefused(
        changed(items -> items.add(AUMS, items.remove(OWN))),
        StoreException.Damaged.class,
        "in their place");
    assertRefused(
        changed(items -> items.add(AUMS, items.remove(ASIDE))),
        StoreException.Damaged.class,
        "in their place");
    assertRefused(
        changed(items -> items.add(AUMS, items.remove(TRAIL + 1))),
        StoreException.Damaged.class,
        "in their place");
  }

  @Test
  void theCountsMustMatchTheHeader() throws Exception {
    for (int index : List.of(TRAIL, AUMS + 4, OWN, ASIDE)) {
      assertRefused(
          changed(items -> items.remove(index)), StoreException.Damaged.class, "expected");
      assertRefused(
          changed(items -> items.add(index, items.get(index))), StoreException.Damaged.class, "");
    }
    assertRefused(
        changed(items -> items.subList(1, items.size()).clear()),
        StoreException.Damaged.class,
        "found 0 items");
    ExportItem.Header nothing = header("", 0);
    assertRefused(
        Exports.sealed(List.of(nothing.encode())),
        StoreException.Damaged.class,
        "at least one AUM");
  }

  @Test
  void aTrailIsAnUnbrokenRunUpToTheOldestAncestor() throws Exception {
    TrailEntry genesis = small().read().trail().entries().get(0);
    TrailEntry newest = small().read().trail().entries().get(1);
    assertRefused(
        changed(items -> items.set(TRAIL + 1, remembered(hash("Z"), genesis.hash(), newest))),
        StoreException.Damaged.class,
        "does not follow the trail's end");
    assertRefused(
        changed(items -> items.set(TRAIL + 1, remembered(hash("B"), hash("E"), newest))),
        StoreException.Damaged.class,
        "does not follow the previous one");
    assertRefused(
        changed(items -> items.set(TRAIL, remembered(hash("Z"), hash("E"), genesis))),
        StoreException.Damaged.class,
        "does not match its checkpoint");
  }

  private static ExportItem.Header header(String name, long aums) {
    return new ExportItem.Header(
        ExportItem.VERSION,
        name,
        0,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        aums,
        0,
        0,
        0,
        0);
  }

  private static byte[] stored(Bytes encoded) {
    return new ExportItem.Stored(
            NOON, Optional.empty(), Optional.empty(), Optional.empty(), encoded)
        .encode();
  }

  private static byte[] remembered(AumHash hash, AumHash parent, TrailEntry other) {
    return new ExportItem.Remembered(
            new TrailEntry(
                hash,
                Optional.of(parent),
                other.kind(),
                other.committedAt(),
                other.own(),
                other.reference(),
                other.signers(),
                other.changes(),
                other.checkpoint()),
            Optional.empty())
        .encode();
  }

  @Test
  void aStoreThatIsNotEmptyIsLeftAsItIs() throws Exception {
    byte[] export = Exports.export(small().read());
    AumStore used = TestStores.holding(List.of(chains.get("A")));
    AumStore noted = new MemoryAumStore();
    noted.commit(
        Commit.on(noted.read().revision())
            .ownAums(OwnAums.NONE.made(Map.of(hash("A"), false)))
            .build());
    for (AumStore target : List.of(used, noted)) {
      Exports.Content before = Exports.Content.of(target.read());
      assertThatThrownBy(() -> Exports.take(export, target))
          .isInstanceOf(StoreException.NotEmpty.class)
          .hasMessageContaining("expected an empty store");
      assertThat(Exports.Content.of(target.read())).isEqualTo(before);
    }
  }

  @Test
  void aDirectoryThatStillHasPurgedFilesIsNotEmpty() throws Exception {
    NodeDirectory directory = NodeDirectory.at(folder, new FakeClock());
    AumSnapshot held =
        directory.commit(Commit.on(directory.read().revision()).add(chains.get("C"), NOON).build());
    directory.commit(Commit.on(held.revision()).purge(hash("C")).build());
    assertThatThrownBy(() -> Exports.take(Exports.export(small().read()), directory))
        .isInstanceOf(StoreException.NotEmpty.class);
    assertThat(directory.read().entries()).isEmpty();
  }

  @Test
  void aDirectoryHasNoTrailAfterAnImport() throws Exception {
    NodeDirectory directory = NodeDirectory.at(folder, new FakeClock());
    AumImport.Verified read = Exports.take(Exports.export(small().read()), directory);
    assertThat(read.remembered()).isEqualTo(2);
    assertThat(directory.read().trail().size()).isZero();
    AumSnapshot again = NodeDirectory.at(folder).read();
    assertThat(Exports.Content.of(again))
        .isEqualTo(Exports.Content.of(Exports.withoutTrail(small().read()).read()));
  }

  @Test
  void aumsThatDoNotDescendFromTheOldestAncestorAreLeftOut() throws Exception {
    Aum stranger = Chains.noOp(chains.get("Z"), "stranger", 1);
    MemoryAumStore store = new MemoryAumStore();
    store.commit(Exports.add(small().read(), store.read().revision()).add(stranger, NOON).build());
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    AumExport exported = AumExport.write(store.read(), "example.com", 0, out, NO_PROGRESS);
    assertThat(exported.unrelated()).isEqualTo(1);
    assertThat(exported.aums()).isEqualTo(5);
    assertThat(out.toByteArray())
        .isEqualTo(Exports.export(Exports.withoutTrail(small().read()).read()));
    // Nor is it accepted: its signature could not be verified.
    byte[] smuggled = changed(items -> items.add(OWN, stored(stranger.encoded())));
    assertRefused(smuggled, StoreException.Damaged.class, "export: ");
  }

  /** A store with A and another AUM, as no commit can fill it today. */
  private AumSnapshot fromBeforeTheLimits(Aum aum, long committedAt) {
    return new IndexSnapshot<>(
        AumIndex.of(
            List.of(
                AumIndex.Item.of(chains.get("A"), committedAt),
                AumIndex.Item.of(aum, committedAt))),
        0,
        new Revision(0),
        Optional.empty(),
        IndexSnapshot.Bodies.IN_MEMORY,
        () -> Trail.EMPTY,
        Notes.NONE,
        List.of());
  }

  @Test
  void theLargestAumAndATrailEntryOfManyKeysAreExportedAndRead() throws Exception {
    Aum large =
        TestKeys.sign(
            Aum.builder(AumKind.NO_OP)
                .parent(hash("A"))
                .meta(Map.of("name", "x".repeat(Limits.MAX_AUM_BYTES - 300)))
                .build(),
            1);
    List<KeyChange> changes = new ArrayList<>();
    for (int i = 0; i < 5000; i++) {
      changes.add(new KeyChange(Bytes.copyOf(ByteBuffer.allocate(32).putInt(i).array()), i, 0));
    }
    // More keys than an array of an AUM has: they were added one by one, and leave together.
    TrailEntry entry =
        new TrailEntry(
            AumHash.of(new byte[32]),
            Optional.empty(),
            AumKind.ADD_KEY,
            NOON,
            Optional.empty(),
            Optional.empty(),
            List.of(),
            changes,
            Optional.empty());
    ExportItem item = new ExportItem.Remembered(entry, Optional.empty());
    assertThat(ExportItem.parse(item.encode(), ExportItem.VERSION)).isEqualTo(item);
    AumStore copy = new MemoryAumStore();
    Exports.take(Exports.export(TestStores.holding(List.of(chains.get("A"), large)).read()), copy);
    assertThat(copy.read().encoded(large.hash())).isEqualTo(large.encoded());
  }

  @Test
  void anImportTakesTimesThatNoCommitMayHave() throws Exception {
    Instant late = Limits.LATEST_COMMIT.plusSeconds(1);
    AumStore copy = new MemoryAumStore();
    Exports.take(Exports.export(fromBeforeTheLimits(chains.get("B"), 0)), copy);
    assertThat(copy.read().find(hash("B")).orElseThrow().committedAt())
        .isEqualTo(Limits.EARLIEST_COMMIT);
    AumStore other = new MemoryAumStore();
    Exports.take(
        Exports.export(fromBeforeTheLimits(chains.get("B"), late.getEpochSecond())), other);
    assertThat(other.read().find(hash("B")).orElseThrow().committedAt())
        .isEqualTo(Limits.LATEST_COMMIT);
  }

  @Test
  void anExportThatCouldNotBeReadBackIsNotWritten() throws Exception {
    assertThatThrownBy(() -> Exports.export(new MemoryAumStore().read()))
        .isInstanceOf(OpenException.EmptyStore.class);
    Aum large =
        TestKeys.sign(
            Aum.builder(AumKind.NO_OP)
                .parent(hash("A"))
                .meta(Map.of("name", "x".repeat(Limits.MAX_AUM_BYTES)))
                .build(),
            1);
    assertThatThrownBy(() -> Exports.export(fromBeforeTheLimits(large, 1)))
        .isInstanceOf(StoreException.Damaged.class)
        .hasMessageContaining("at most 16777216 bytes");
    assertThatThrownBy(() -> Exports.export(fromBeforeTheLimits(chains.get("B"), -1)))
        .isInstanceOf(StoreException.Damaged.class)
        .hasMessageContaining("after 1970");
    for (int following : List.of(-1, Limits.MAX_EXPORT_ITEMS + 1)) {
      assertThatThrownBy(() -> Exports.export(small().read(), "a", following))
          .isInstanceOf(IllegalArgumentException.class);
    }
    Exports.take(Exports.export(small().read()), NodeDirectory.at(folder, new FakeClock()));
    Files.write(
        folder.resolve(hash("Y").toString().substring(0, 2) + "/" + hash("Y")), new byte[1]);
    assertThatThrownBy(() -> Exports.export(NodeDirectory.at(folder).read()))
        .isInstanceOf(StoreException.Damaged.class)
        .hasMessageContaining("would be incomplete");
  }

  @Test
  void severalTailnetsComeOneAfterAnother() throws Exception {
    byte[] first = Exports.export(small().read(), "a", 1);
    byte[] second = Exports.export(TestStores.holding(List.of(chains.get("A"))).read(), "b", 0);
    AumImport in =
        new AumImport(
            new SequenceInputStream(
                new ByteArrayInputStream(first), new ByteArrayInputStream(second)));
    List<String> names = new ArrayList<>();
    List<Integer> sizes = new ArrayList<>();
    for (Optional<AumImport.Tailnet> next = in.next(); next.isPresent(); next = in.next()) {
      AumStore target = new MemoryAumStore();
      names.add(next.get().name());
      AumImport.Verified verified = next.get().read(NO_PROGRESS);
      sizes.add(verified.commitTo(target).entries().size());
    }
    assertThat(names).containsExactly("a", "b");
    assertThat(sizes).containsExactly(5, 1);

    // Without the second, twice the first, and the first after the last.
    assertRest(first, new byte[0], "truncated");
    assertRest(first, first, "expected a name after");
    assertRest(first, Exports.export(small().read(), "b", 1), "0 tailnets after it");
    assertRefused(concat(second, first), StoreException.Damaged.class, "expected the end");
  }

  private static void assertRest(byte[] first, byte[] rest, String message) throws Exception {
    AumImport in = new AumImport(new ByteArrayInputStream(concat(first, rest)));
    assertThat(in.next().orElseThrow().read(NO_PROGRESS).aums()).isEqualTo(5);
    assertThatThrownBy(in::next)
        .isInstanceOf(StoreException.Damaged.class)
        .hasMessageContaining(message);
  }

  private static byte[] concat(byte[] one, byte[] other) {
    byte[] both = Arrays.copyOf(one, one.length + other.length);
    System.arraycopy(other, 0, both, one.length, other.length);
    return both;
  }

  @Test
  void aTailnetNeedsNoName() throws Exception {
    byte[] export = Exports.export(small().read(), "", 0);
    AumImport in = new AumImport(new ByteArrayInputStream(export));
    assertThat(in.next().orElseThrow().name()).isEmpty();
    for (String no : List.of("x".repeat(Tailnets.LONGEST_NAME + 1), "zero \0 within")) {
      ExportItem.Header header = header(no, 1);
      assertRefused(header.encode(), StoreException.Damaged.class, "name: expected 1 to 255");
    }
    assertThatThrownBy(
            () -> Exports.export(small().read(), "x".repeat(Tailnets.LONGEST_NAME + 1), 0))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
