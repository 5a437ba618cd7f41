package dev.tka.tlog.heads;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.TextException;
import dev.tka.tlog.GrowingTree;
import dev.tka.tlog.MerkleTree;
import dev.tka.tlog.TilePath;
import dev.tka.tlog.Tiles;
import dev.tka.tlog.TreeHash;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** A log of heads that forgets old entries proves what one that forgets nothing would. */
class HeadsProperties {
  private static HeadEntry entry(Random random, int number) {
    AumHash head = AumHash.ofEncoding(Bytes.copyOf(new byte[] {(byte) number, 1}));
    return new HeadEntry(
        random.nextInt(5) == 0
            ? Optional.empty()
            : Optional.of(new HeadEntry.Lock(random.nextLong(), random.nextLong(), head, number)),
        Instant.ofEpochSecond(random.nextInt(Integer.MAX_VALUE)),
        random.nextInt(4) == 0 ? Optional.of(head) : Optional.empty(),
        number == 0 ? Optional.of("before/1") : Optional.empty());
  }

  @Property(tries = 15)
  void proofsAndTilesAreThoseOfTheWholeLog(
      @ForAll @IntRange(min = 1, max = 1300) int size, @ForAll long seed) throws Exception {
    Random random = new Random(seed);
    HeadsLog log = HeadsLog.begin("log/1", entry(random, 0));
    GrowingTree whole = GrowingTree.EMPTY.with(log.last().hash()).tree();
    List<TreeHash> roots = new ArrayList<>(List.of(TreeHash.EMPTY, whole.root()));
    for (int i = 1; i < size; i++) {
      HeadEntry next = entry(random, i);
      log = log.with(next);
      whole = whole.with(next.hash()).tree();
      roots.add(whole.root());
    }
    assertThat(log.size()).isEqualTo(size);
    assertThat(log.checkpoint().root()).isEqualTo(whole.root());
    assertThat(log.entries().size()).isBetween(Math.min(size, HeadsLog.KEPT), HeadsLog.MOST);
    int kept = size - log.entries().size();
    for (int i = 0; i < 20; i++) {
      int before = random.nextInt(size + 1);
      Optional<List<TreeHash>> proof = log.proofFrom(before);
      assertThat(proof.isPresent()).isEqualTo(before >= kept || before % HeadsLog.KEPT == 0);
      proof.ifPresent(
          hashes ->
              assertThat(
                      MerkleTree.isConsistent(
                          before, roots.get(before), size, roots.get(size), hashes))
                  .isTrue());
    }
    assertThat(log.proofFrom(size + 1L)).isEmpty();
    HeadsLog served = log;
    TreeHash read =
        MerkleTree.root(
            size, Tiles.of(size, path -> Tiles.hashes(path, served.tile(path).orElseThrow())));
    assertThat(read).isEqualTo(whole.root());
    TilePath last = TilePath.ofEntry(size - 1L, size);
    List<Bytes> bundle = Tiles.entries(last, log.tile(last).orElseThrow());
    assertThat(HeadEntry.parse(bundle.get(bundle.size() - 1))).isEqualTo(log.last());
    assertThat(log.tile(TilePath.ofEntry(0, size)).isPresent()).isEqualTo(kept == 0);
    assertThat(log.tile(TilePath.ofEntry(size, size + 1L))).isEmpty();
  }

  @Property(tries = 500)
  void anEntryHasOneText(@ForAll long seed, @ForAll byte change) {
    HeadEntry entry = entry(new Random(seed), new Random(seed).nextInt(9));
    byte[] text = entry.bytes().toByteArray();
    text[Math.floorMod(seed, text.length)] = change;
    try {
      assertThat(HeadEntry.parse(Bytes.copyOf(text)).bytes()).isEqualTo(Bytes.copyOf(text));
    } catch (TextException e) {
      assertThat(e.getMessage()).doesNotContain("\n");
    }
  }

  @Property(tries = 500)
  void anyBytesAreReadOrRefused(@ForAll byte[] bytes) {
    try {
      assertThat(HeadEntry.parse(Bytes.copyOf(bytes)).bytes()).isEqualTo(Bytes.copyOf(bytes));
    } catch (TextException e) {
      assertThat(e.getMessage()).doesNotContain("\n");
    }
    try {
      HeadWatch.Seen seen = HeadWatch.Seen.parse(new String(bytes, StandardCharsets.UTF_8));
      assertThat(HeadWatch.Seen.parse(seen.text())).isEqualTo(seen);
    } catch (TextException e) {
      assertThat(e.getMessage()).doesNotContain("\n");
    }
  }

  @Property(tries = 50)
  void whatWasSeenComesBack(@ForAll long seed) throws Exception {
    Random random = new Random(seed);
    Optional<HeadWatch.Strange> strange =
        random.nextBoolean()
            ? Optional.empty()
            : Optional.of(
                new HeadWatch.Strange(
                    Instant.ofEpochSecond(random.nextInt(Integer.MAX_VALUE)),
                    random.nextInt(9),
                    List.of("-", "HEAD").subList(0, random.nextInt(3))));
    HeadWatch.Seen seen = new HeadWatch.Seen("log/1", random.nextInt(99), TreeHash.EMPTY, strange);
    assertThat(HeadWatch.Seen.parse(seen.text())).isEqualTo(seen);
  }
}
