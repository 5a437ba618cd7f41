package dev.tka.store.sql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumKind;
import dev.tka.core.TkaException;
import dev.tka.core.authority.Authority;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.Commit;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.core.store.OwnAums;
import dev.tka.core.store.StoreException;
import dev.tka.store.directory.NodeDirectory;
import dev.tka.store.export.AumImport;
import dev.tka.store.export.Exports;
import dev.tka.store.sql.testkit.PostgresServer;
import dev.tka.testkit.MemoryFolders;
import dev.tka.testkit.RandomDag;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.statistics.Statistics;

/**
 * Export and import preserve the content between all kinds of stores; altered exports are refused.
 */
class ExportProperties {
  private static final Instant NOON = Instant.parse("2026-01-02T12:00:00Z");

  private static Optional<PostgresSettings> postgres = Optional.empty();

  /**
   * The settings of one database for all tailnets: making a database takes longer than filling it.
   */
  private static PostgresSettings settings() throws Exception {
    if (postgres.isEmpty()) {
      postgres = Optional.of(PostgresServer.shared().newDatabase());
    }
    return postgres.orElseThrow();
  }

  @Provide
  Arbitrary<RandomDag> dags() {
    return RandomDag.arbitrary();
  }

  /** A store as after years of use: forks, a trail, own AUMs, edits set aside. */
  private static AumStore grown(RandomDag dag, Random random) throws TkaException {
    MemoryAumStore store = new MemoryAumStore();
    Commit.Builder commit = Commit.on(store.read().revision());
    for (Aum aum : dag.aums()) {
      commit.add(aum, NOON.plusSeconds(random.nextInt(10_000)));
    }
    store.commit(commit.build());
    compact(store, random);
    store.commit(Commit.on(store.read().revision()).ownAums(ownAums(dag, random)).build());
    return store;
  }

  private static void compact(AumStore store, Random random) throws TkaException {
    Authority authority = Authority.open(store);
    List<AumHash> checkpoints = authority.checkpoints();
    if (checkpoints.size() == 1) {
      return;
    }
    AumHash oldest = checkpoints.get(random.nextInt(checkpoints.size() - 1));
    Set<AumHash> kept = new HashSet<>(authority.snapshot().tree(oldest));
    Commit.Builder commit = Commit.on(authority.snapshot().revision());
    authority.snapshot().entries().stream()
        .filter(entry -> !kept.contains(entry.hash()))
        .forEach(entry -> commit.purge(entry.hash()));
    store.commit(commit.trail(authority.entriesBefore(oldest)).lastActiveAncestor(oldest).build());
  }

  private static OwnAums ownAums(RandomDag dag, Random random) {
    Map<AumHash, OwnAums.Own> own = new HashMap<>();
    List<OwnAums.SetAside> aside = new ArrayList<>();
    for (Aum aum : dag.aums()) {
      switch (random.nextInt(8)) {
        case 0 -> own.put(aum.hash(), new OwnAums.Own(false, Optional.empty()));
        case 1 -> own.put(aum.hash(), acknowledged(NOON.plusNanos(random.nextInt(3))));
        case 2 ->
            aside.add(
                new OwnAums.SetAside(
                    aum,
                    NOON.plusSeconds(random.nextInt(99)),
                    aum.kind().equals(AumKind.CHECKPOINT)));
        default -> {
          // Not an own AUM.
        }
      }
    }
    return new OwnAums(
        own,
        Set.of(),
        random.nextBoolean() ? Optional.of(NOON.plusMillis(1)) : Optional.empty(),
        aside);
  }

  private static OwnAums.Own acknowledged(Instant at) {
    return new OwnAums.Own(false, Optional.of(new OwnAums.Acknowledged(at, at)));
  }

  @Property(tries = 30)
  void anImportEqualsTheExportInEveryKindOfStore(
      @ForAll("dags") RandomDag dag, @ForAll Random random) throws Exception {
    AumStore original = grown(dag, random);
    byte[] export = Exports.export(original.read());
    Statistics.label("trail").collect(original.read().trail().size() > 0);
    Statistics.label("notes").collect(!original.read().ownAums().equals(OwnAums.NONE));
    Path folder = MemoryFolders.create("tka-export");
    try (SqliteFile file = SqliteFile.create(folder.resolve("store.db"), Clock.systemUTC());
        PostgresDatabase database = PostgresDatabase.create(settings(), Clock.systemUTC())) {
      AumStore memory = new MemoryAumStore();
      requireSame(original, memory, memory, export);
      requireSame(original, file.tailnet("a"), file.tailnet("a"), export);
      String name = folder.getFileName().toString();
      requireSame(original, database.tailnet(name), database.tailnet(name), export);
      // A node's directory derives its trail from files that an export does not have.
      AumStore withoutTrail = Exports.withoutTrail(original.read());
      requireSame(
          withoutTrail,
          NodeDirectory.create(folder.resolve("node"), Clock.systemUTC()),
          NodeDirectory.at(folder.resolve("node")),
          export);
    } finally {
      delete(folder);
    }
  }

  private static void requireSame(AumStore original, AumStore target, AumStore again, byte[] export)
      throws Exception {
    AumImport.Verified result = Exports.take(export, target);
    for (AumStore store : List.of(target, again)) {
      assertThat(Exports.Content.of(store.read())).isEqualTo(Exports.Content.of(original.read()));
      assertThat(Exports.export(store.read())).isEqualTo(Exports.export(original.read()));
      assertThat(Authority.open(store).head()).isEqualTo(Authority.open(original).head());
    }
    assertThat(result.aums()).isEqualTo(original.read().entries().size());
    assertThat(result.own()).isEqualTo(original.read().ownAums().own().size());
  }

  @Property(tries = 30)
  void aTruncatedOrAlteredExportIsRefusedAndNothingIsWritten(
      @ForAll("dags") RandomDag dag, @ForAll Random random) throws Exception {
    byte[] export = Exports.export(grown(dag, random).read());
    for (int i = 0; i < 10; i++) {
      byte[] cutOff = Arrays.copyOf(export, random.nextInt(export.length));
      byte[] altered = export.clone();
      altered[random.nextInt(altered.length)] ^= (byte) (1 + random.nextInt(255));
      for (byte[] wrong : List.of(cutOff, altered)) {
        AumStore target = new MemoryAumStore();
        assertThatThrownBy(() -> Exports.take(wrong, target)).isInstanceOf(StoreException.class);
        assertThat(target.read().revision()).isEqualTo(new MemoryAumStore().read().revision());
      }
    }
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
