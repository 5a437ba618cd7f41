package dev.tka.tlog;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.Bytes;
import dev.tka.core.TextException;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;

/** Trees of random sizes against the naive model, and parsers against any bytes. */
class TlogProperties {
  private static final SignerKey LOG =
      SignerKey.generate("log", VerifierKey.Kind.NOTE, new SecureRandom());
  private static final SignerKey WITNESS =
      SignerKey.generate("witness", VerifierKey.Kind.COSIGNATURE, new SecureRandom());

  private static List<Bytes> entries(int size, long seed) {
    Random random = new Random(seed);
    List<Bytes> entries = new ArrayList<>();
    for (int i = 0; i < size; i++) {
      byte[] entry = new byte[random.nextInt(40)];
      random.nextBytes(entry);
      entries.add(Bytes.copyOf(entry));
    }
    return entries;
  }

  /** All tiles of a tree, made of its entries by the words of tlog-tiles. */
  private static Map<String, byte[]> tiles(List<Bytes> entries) {
    Map<String, byte[]> tiles = new HashMap<>();
    for (int level = 0; level < 3; level++) {
      int span = 1 << (8 * level);
      List<TreeHash> row = new ArrayList<>();
      for (int i = 0; (i + 1) * span <= entries.size(); i++) {
        row.add(NaiveTree.hash(entries.subList(i * span, (i + 1) * span)));
      }
      for (int from = 0; from < row.size(); from += TilePath.FULL) {
        int to = Math.min(row.size(), from + TilePath.FULL);
        tiles.put(
            TilePath.ofHash(level, from, entries.size()).toString(),
            Tiles.encode(row.subList(from, to)));
      }
    }
    return tiles;
  }

  private static List<TreeHash> changed(List<TreeHash> proof, Random random) {
    List<TreeHash> other = new ArrayList<>(proof);
    int at = random.nextInt(proof.size() + 1);
    int how = random.nextInt(3);
    if (at == proof.size() || how == 0) {
      other.add(at, new TreeHash(Bytes.copyOf(randomBytes(random, 32))));
    } else if (how == 1) {
      other.remove(at);
    } else {
      byte[] bytes = proof.get(at).bytes().toByteArray();
      bytes[random.nextInt(32)] ^= (byte) (1 << random.nextInt(8));
      other.set(at, new TreeHash(Bytes.copyOf(bytes)));
    }
    return other;
  }

  private static byte[] randomBytes(Random random, int size) {
    byte[] bytes = new byte[size];
    random.nextBytes(bytes);
    return bytes;
  }

  @Property(tries = 150)
  void proofsAreThoseOfTheNaiveModelAndNoOthersAreBelieved(
      @ForAll @IntRange(min = 1, max = 700) int size, @ForAll long seed) throws Exception {
    Random random = new Random(seed);
    List<Bytes> entries = entries(size, seed);
    Map<String, byte[]> tiles = tiles(entries);
    Set<String> fetched = new HashSet<>();
    Hashes<TextException> hashes =
        Tiles.of(
            size,
            path -> {
              fetched.add(path.toString());
              return Tiles.hashes(path, tiles.get(path.toString()));
            });
    TreeHash root = NaiveTree.hash(entries);
    assertThat(MerkleTree.root(size, hashes)).isEqualTo(root);

    int index = random.nextInt(size);
    List<TreeHash> inclusion = MerkleTree.inclusion(index, size, hashes);
    assertThat(inclusion).isEqualTo(NaiveTree.path(index, entries));
    TreeHash entry = TreeHash.ofEntry(entries.get(index));
    assertThat(MerkleTree.isIncluded(entry, index, size, inclusion, root)).isTrue();
    assertThat(MerkleTree.isIncluded(entry, index, size, changed(inclusion, random), root))
        .isFalse();
    assertThat(MerkleTree.isIncluded(TreeHash.EMPTY, index, size, inclusion, root)).isFalse();
    assertThat(MerkleTree.isIncluded(entry, index, size, inclusion, entry)).isEqualTo(size == 1);

    int before = random.nextInt(size + 1);
    TreeHash oldRoot = NaiveTree.hash(entries.subList(0, before));
    List<TreeHash> consistency = MerkleTree.consistency(before, size, hashes);
    assertThat(consistency).isEqualTo(NaiveTree.proof(before, entries));
    assertThat(MerkleTree.isConsistent(before, oldRoot, size, root, consistency)).isTrue();
    assertThat(MerkleTree.isConsistent(before, oldRoot, size, root, changed(consistency, random)))
        .isFalse();
    TreeHash forged = new TreeHash(Bytes.copyOf(randomBytes(random, 32)));
    assertThat(MerkleTree.isConsistent(before, forged, size, root, consistency)).isFalse();
    List<Bytes> others = new ArrayList<>(entries);
    others.set(random.nextInt(size), Bytes.copyOf(randomBytes(random, 41)));
    TreeHash otherRoot = NaiveTree.hash(others);
    assertThat(MerkleTree.isConsistent(before, oldRoot, size, otherRoot, consistency))
        .isEqualTo(before == 0);
    // Three levels of at most three tiles each, whatever the size.
    assertThat(fetched.size()).isLessThanOrEqualTo(9);
  }

  @Property(tries = 20)
  void aGrowingTreeKnowsItsParts(
      @ForAll @IntRange(min = 0, max = 300) int size, @ForAll long seed) {
    List<Bytes> entries = entries(size, seed);
    GrowingTree tree = GrowingTree.EMPTY;
    for (int i = 0; i < size; i++) {
      GrowingTree.Grown grown = tree.with(TreeHash.ofEntry(entries.get(i)));
      for (GrowingTree.Joined each : grown.joined()) {
        assertThat(each.whole()).isEqualTo(TreeHash.of(each.left(), each.right()));
      }
      tree = grown.tree();
    }
    assertThat(tree.root()).isEqualTo(NaiveTree.hash(entries));
    assertThat(MerkleTree.parts(size)).hasSize(tree.parts().size());
  }

  @Property(tries = 50)
  void entriesComeBackFromTheirBundle(
      @ForAll @IntRange(min = 1, max = 256) int count, @ForAll long seed) throws Exception {
    List<Bytes> entries = entries(count, seed);
    byte[] bundle = Tiles.bundle(entries);
    assertThat(Tiles.entries(TilePath.ofEntry(0, count), bundle)).isEqualTo(entries);
  }

  @Property(tries = 200)
  void aSignatureIsOfItsTextItsKeyAndItsTime(@ForAll @IntRange(min = 0) int size, @ForAll long seed)
      throws Exception {
    Random random = new Random(seed);
    Checkpoint checkpoint =
        new Checkpoint("log/1", size, new TreeHash(Bytes.copyOf(randomBytes(random, 32))));
    Instant at = Instant.ofEpochSecond(random.nextInt(Integer.MAX_VALUE));
    SignedNote note =
        new SignedNote(
            checkpoint.text(),
            List.of(LOG.sign("log/1", checkpoint.text()), WITNESS.cosign(checkpoint.text(), at)));
    SignedNote read = SignedNote.parse(note.encode());
    assertThat(read).isEqualTo(note);
    assertThat(Checkpoint.parse(read.text())).isEqualTo(checkpoint);
    VerifierKey log = LOG.verifier().named("log/1");
    assertThat(log.verifies(read.text(), read.signatures().get(0))).isTrue();
    assertThat(WITNESS.verifier().verifies(read.text(), read.signatures().get(1))).isTrue();
    assertThat(VerifierKey.timeOf(read.signatures().get(1))).contains(at);
    assertThat(LOG.verifier().verifies(read.text(), read.signatures().get(0))).isFalse();
    assertThat(log.verifies(read.text(), read.signatures().get(1))).isFalse();
    for (NoteSignature each : read.signatures()) {
      byte[] bytes = each.signature().toByteArray();
      bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
      NoteSignature other = new NoteSignature(each.name(), each.keyId(), Bytes.copyOf(bytes));
      assertThat(log.verifies(read.text(), other)).isFalse();
      assertThat(WITNESS.verifier().verifies(read.text(), other)).isFalse();
    }
  }

  /** Bytes of all kinds: random ones, and valid texts with something changed. */
  @Provide
  Arbitrary<byte[]> anything() {
    String text = new Checkpoint("log/1", 7, TreeHash.EMPTY).text();
    SignedNote note = new SignedNote(text, List.of(LOG.sign("log/1", text)));
    List<byte[]> valid =
        List.of(
            note.encode(),
            new AddCheckpoint(3, List.of(TreeHash.EMPTY), note).encode(),
            Tiles.bundle(List.of(Bytes.empty(), Bytes.copyOf(new byte[300]))),
            LOG.verifier().toString().getBytes(StandardCharsets.UTF_8),
            LOG.exposeText().getBytes(StandardCharsets.UTF_8),
            ("log " + LOG.verifier() + "\nwitness w " + WITNESS.verifier() + "\nquorum w\n")
                .getBytes(StandardCharsets.UTF_8),
            "tile/entries/x001/002.p/3".getBytes(StandardCharsets.UTF_8),
            "7\n".getBytes(StandardCharsets.UTF_8));
    Arbitrary<byte[]> changed =
        Arbitraries.of(valid)
            .flatMap(
                bytes ->
                    Arbitraries.integers()
                        .between(0, bytes.length - 1)
                        .flatMap(
                            at ->
                                Arbitraries.integers()
                                    .between(-2, 255)
                                    .map(how -> changed(bytes, at, how))));
    return Arbitraries.oneOf(
        Arbitraries.bytes().array(byte[].class).ofMaxSize(200), changed, Arbitraries.of(valid));
  }

  private static byte[] changed(byte[] bytes, int at, int how) {
    if (how == -1) {
      return Arrays.copyOf(bytes, at);
    }
    if (how == -2) {
      byte[] longer = Arrays.copyOf(bytes, bytes.length + 1);
      System.arraycopy(bytes, at, longer, at + 1, bytes.length - at);
      return longer;
    }
    byte[] other = bytes.clone();
    other[at] = (byte) how;
    return other;
  }

  /** Reads bytes, and writes what was read. */
  private interface Form {
    byte[] again(byte[] bytes) throws TextException;
  }

  @Property
  void parsersTakeAnyBytesAndReadNothingThatTheyWouldWriteOtherwise(
      @ForAll("anything") byte[] bytes) {
    String text = new String(bytes, StandardCharsets.ISO_8859_1);
    List<Form> forms =
        List.of(
            each -> SignedNote.parse(each).encode(),
            each -> AddCheckpoint.parse(each).encode(),
            each -> latin(VerifierKey.parse(text).toString()),
            each -> latin(SignerKey.parse(text).exposeText()),
            each -> latin(TilePath.parse(text).toString()),
            each -> latin(Checkpoint.parse(text).text()),
            each -> latin(AddCheckpoint.parseSize(each) + "\n"),
            each -> Tiles.bundle(Tiles.entries(TilePath.ofEntry(0, 2), each)),
            each -> Tiles.encode(Tiles.hashes(TilePath.ofEntry(0, 2), each)));
    for (Form each : forms) {
      try {
        assertThat(each.again(bytes)).isEqualTo(bytes);
      } catch (TextException e) {
        assertThat(e.getMessage()).doesNotContain("\n");
      }
    }
    try {
      LogPolicy.parse(bytes);
      AddCheckpoint.parseAnswer(bytes);
    } catch (TextException e) {
      assertThat(e.getMessage()).doesNotContain("\n");
    }
  }

  private static byte[] latin(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }
}
