package dev.tka.store.sql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumKind;
import dev.tka.core.Bytes;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.Commit;
import dev.tka.core.store.KeyChange;
import dev.tka.core.store.Limits;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.core.store.OwnAums;
import dev.tka.core.store.StoreException;
import dev.tka.core.store.TrailEntry;
import dev.tka.store.directory.NodeDirectory;
import dev.tka.store.export.Exports;
import dev.tka.testkit.Chains;
import dev.tka.testkit.MemoryFolders;
import dev.tka.testkit.TestKeys;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import net.jqwik.api.statistics.Statistics;

/** What a commit may hold, a fresh reader of every kind of store reads, and so does an import. */
class LimitsProperties {
  private static final Instant NOON = Instant.parse("2026-01-02T12:00:00Z");

  /** AUMs by size: those at the limit take long to make. */
  private static final Map<Integer, Aum> MADE = new HashMap<>();

  private final Chains chains =
      Chains.draw(List.of(TestKeys.key(1, 2), TestKeys.key(2, 1)), "A -> B -> C -> D");

  /** The content of a commit, of which some goes beyond a limit. */
  private record Content(
      int aumSize, List<Instant> commitTimes, List<Instant> noteTimes, int keys, int asideSize) {}

  @Provide
  Arbitrary<Content> contents() {
    Arbitrary<Instant> times =
        Arbitraries.frequencyOf(
            Tuple.of(
                6,
                Arbitraries.of(
                    Limits.EARLIEST_COMMIT, NOON, NOON.plusNanos(1), Limits.LATEST_COMMIT)),
            Tuple.of(
                1,
                Arbitraries.of(
                    Instant.MIN, Instant.EPOCH, Limits.LATEST_COMMIT.plusSeconds(1), Instant.MAX)));
    Arbitrary<Instant> anyTimes =
        Arbitraries.of(Instant.MIN, Instant.EPOCH.minusNanos(1), NOON.plusNanos(1), Instant.MAX);
    Arbitrary<Integer> sizes =
        Arbitraries.frequency(
            Tuple.of(16, 1000),
            Tuple.of(1, Limits.MAX_AUM_BYTES),
            Tuple.of(1, Limits.MAX_AUM_BYTES + 1));
    return Combinators.combine(
            sizes,
            times.list().ofSize(2),
            anyTimes.list().ofSize(3),
            Arbitraries.of(0, 1, 4096, 4097, 9000),
            sizes)
        .as(Content::new);
  }

  @Property(tries = 15, edgeCases = EdgeCasesMode.NONE)
  void whatACommitMayHoldIsReadBack(@ForAll("contents") Content content) throws Exception {
    Aum large = noOpOf(content.aumSize);
    OwnAums ownAums =
        new OwnAums(
            Map.of(
                chains.get("B").hash(),
                acknowledged(content.noteTimes.get(0)),
                chains.get("C").hash(),
                new OwnAums.Own(false, Optional.empty())),
            Set.of(),
            Optional.of(content.noteTimes.get(1)),
            List.of(
                new OwnAums.SetAside(
                    noOpOf(content.asideSize), content.noteTimes.get(2), content.keys > 1)));
    boolean legal =
        Math.max(content.aumSize, content.asideSize) <= Limits.MAX_AUM_BYTES
            && content.commitTimes.stream().allMatch(Limits::isCommitTime);
    Statistics.label("legal").collect(legal);
    Path folder = MemoryFolders.create("tka-limits");
    try (SqliteFile file = SqliteFile.create(folder.resolve("store.db"), Clock.systemUTC())) {
      NodeDirectory directory = NodeDirectory.create(folder.resolve("node"), Clock.systemUTC());
      Map<AumStore, Boolean> stores = new HashMap<>();
      stores.put(new MemoryAumStore(), true);
      stores.put(file.tailnet("a"), true);
      // It derives its trail.
      stores.put(directory, false);
      for (Map.Entry<AumStore, Boolean> each : stores.entrySet()) {
        AumStore store = each.getKey();
        AumSnapshot before = store.read();
        Commit.Builder commit =
            Commit.on(before.revision())
                .add(chains.get("B"), content.commitTimes.get(0))
                .add(large, content.commitTimes.get(1))
                .ownAums(ownAums);
        if (each.getValue()) {
          commit.trail(List.of(entry(content.keys)));
        }
        if (!legal) {
          assertThatThrownBy(() -> store.commit(commit.build()))
              .isInstanceOf(StoreException.OverLimit.class);
          assertThat(store.read().revision()).isEqualTo(before.revision());
          continue;
        }
        Exports.Content written = Exports.Content.of(store.commit(commit.build()));
        assertThat(written.notes().ownAums()).isEqualTo(ownAums);
        AumStore again = store;
        if (store == directory) {
          again = NodeDirectory.at(folder.resolve("node"));
        }
        try (SqliteFile reopened = SqliteFile.at(folder.resolve("store.db"), Clock.systemUTC())) {
          if (each.getValue() && !(store instanceof MemoryAumStore)) {
            again = reopened.tailnet("a");
          }
          assertThat(again.read().damage()).isEmpty();
          assertThat(Exports.Content.of(again.read())).isEqualTo(written);
        }
      }
    } finally {
      delete(folder);
    }
  }

  @Property(tries = 8, edgeCases = EdgeCasesMode.NONE)
  void whatIsExportedIsImported(@ForAll("contents") Content content) throws Exception {
    MemoryAumStore store = new MemoryAumStore();
    Commit.Builder commit =
        Commit.on(store.read().revision())
            .add(chains.get("A"), Limits.nearestCommitTime(content.commitTimes.get(0)))
            .add(signed(Math.min(content.aumSize, Limits.MAX_AUM_BYTES)), NOON);
    commit.ownAums(
        new OwnAums(
            Map.of(chains.get("A").hash(), acknowledged(content.noteTimes.get(0))),
            Set.of(),
            Optional.of(content.noteTimes.get(1)),
            List.of(
                new OwnAums.SetAside(
                    noOpOf(Math.min(content.asideSize, Limits.MAX_AUM_BYTES)),
                    content.noteTimes.get(2),
                    true))));
    store.commit(commit.build());

    AumStore copy = new MemoryAumStore();
    Exports.take(Exports.export(store.read()), copy);
    assertThat(Exports.Content.of(copy.read())).isEqualTo(Exports.Content.of(store.read()));
  }

  private static OwnAums.Own acknowledged(Instant at) {
    return new OwnAums.Own(false, Optional.of(new OwnAums.Acknowledged(at, at)));
  }

  private TrailEntry entry(int keys) {
    List<KeyChange> changes = new ArrayList<>();
    for (int i = 0; i < keys; i++) {
      Bytes id = Bytes.copyOf(ByteBuffer.allocate(32).putInt(i).array());
      changes.add(new KeyChange(id, i % 2, (i + 1) % 2));
    }
    return new TrailEntry(
        chains.get("A").hash(),
        Optional.empty(),
        AumKind.CHECKPOINT,
        NOON,
        Optional.of(NOON),
        Optional.empty(),
        List.of(),
        changes,
        Optional.of(chains.get("A").encoded()));
  }

  private Aum signed(int size) {
    AumHash parent = chains.get("A").hash();
    Aum.Builder noOp = Aum.builder(AumKind.NO_OP).parent(parent);
    return TestKeys.sign(noOp.meta(Map.of("text", "x".repeat(size - 300))).build(), 1);
  }

  /** An AUM of an exact size of 1000 bytes or more. */
  private Aum noOpOf(int size) {
    return MADE.computeIfAbsent(size, any -> make(size));
  }

  private Aum make(int size) {
    Aum almost = noOpWith(size - 100);
    return noOpWith(2 * size - 100 - almost.encoded().size());
  }

  private Aum noOpWith(int padding) {
    return Aum.builder(AumKind.NO_OP)
        .parent(chains.get("B").hash())
        .meta(Map.of("text", "x".repeat(padding)))
        .build();
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
