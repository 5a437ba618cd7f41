package dev.tka.store.directory;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.Commit;
import dev.tka.core.store.StoreException;
import dev.tka.core.store.Trail;
import dev.tka.core.store.TrailEntry;
import dev.tka.testkit.Chains;
import dev.tka.testkit.FakeClock;
import dev.tka.testkit.MemoryFolders;
import dev.tka.testkit.TestKeys;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.statistics.Statistics;

/** Protocol, section 10, "Trail": the trail that a node's directory derives from its files. */
class DirectoryTrailProperties {
  private static final Instant NOON = Instant.parse("2026-01-02T12:00:00Z");

  private final Chains chains =
      Chains.draw(
          List.of(TestKeys.key(1, 2), TestKeys.key(2, 1)),
          """
          A -> B[add:3*1] -> C[checkpoint] -> D -> E[checkpoint] -> F -> G[checkpoint] -> H
          B -> X(2) -> Y[checkpoint](2)
          E -> Z(2)
          """);

  /** One commit: some AUMs added, some purged, and perhaps another oldest ancestor. */
  private record Step(List<String> added, List<String> purged, List<String> oldest) {}

  @Provide
  Arbitrary<List<Step>> steps() {
    Arbitrary<String> name = Arbitraries.of("A", "B", "C", "D", "E", "F", "G", "H", "X", "Y", "Z");
    return Combinators.combine(
            name.list().ofMaxSize(4), name.list().ofMaxSize(4), name.list().ofMaxSize(1))
        .as(Step::new)
        .list()
        .ofMinSize(1)
        .ofMaxSize(8);
  }

  @Property(tries = 100, edgeCases = EdgeCasesMode.NONE)
  void aKeptTrailEqualsOneReadAfresh(@ForAll("steps") List<Step> steps) throws Exception {
    Path folder = MemoryFolders.create("tka-trail");
    try {
      NodeDirectory store = NodeDirectory.at(folder, new FakeClock());
      addAll(store);
      int remembered = 0;
      for (Step step : steps) {
        Commit.Builder commit = Commit.on(store.read().revision());
        chains.all().stream()
            .filter(aum -> step.added().contains(chains.nameOf(aum.hash())))
            .forEach(aum -> commit.add(aum, NOON));
        step.purged().forEach(name -> commit.purge(chains.get(name).hash()));
        step.oldest().forEach(name -> commit.lastActiveAncestor(chains.get(name).hash()));

        Trail kept = store.commit(commit.build()).trail();

        Trail anew = NodeDirectory.at(folder).read().trail();
        assertThat(namesIn(kept)).isEqualTo(namesIn(anew));
        assertThat(kept.entries()).isEqualTo(anew.entries());
        remembered = Math.max(remembered, kept.size());
      }
      Statistics.label("remembered").collect(remembered);
    } finally {
      delete(folder);
    }
  }

  private void addAll(NodeDirectory store) throws StoreException {
    Commit.Builder commit = Commit.on(store.read().revision());
    chains.all().forEach(aum -> commit.add(aum, NOON));
    store.commit(commit.build());
  }

  private List<String> namesIn(Trail trail) {
    return trail.entries().stream().map(TrailEntry::hash).map(chains::nameOf).toList();
  }

  private AumSnapshot purge(NodeDirectory store, String oldest, String names)
      throws StoreException {
    Commit.Builder commit = Commit.on(store.read().revision());
    chains.list(names).forEach(aum -> commit.purge(aum.hash()));
    return store.commit(commit.lastActiveAncestor(chains.get(oldest).hash()).build());
  }

  @Example
  void aDisplacedBranchIsNotRemembered() throws Exception {
    Path folder = MemoryFolders.create("tka-trail");
    try {
      NodeDirectory store = NodeDirectory.at(folder, new FakeClock());
      addAll(store);
      // X and Y won, and C to H went, with Z.
      assertThat(namesIn(purge(store, "A", "C D E F G H Z").trail())).isEmpty();
      assertThat(namesIn(purge(store, "Y", "A B X").trail())).containsExactly("A", "B", "X");
    } finally {
      delete(folder);
    }
  }

  @Example
  void aTrailBeginsWhereStatesCanBeComputed() throws Exception {
    Path folder = MemoryFolders.create("tka-trail");
    try {
      NodeDirectory store = NodeDirectory.at(folder, new FakeClock());
      addAll(store);
      purge(store, "G", "A B C D E F X Y Z");
      assertThat(namesIn(NodeDirectory.at(folder).read().trail()))
          .containsExactly("A", "B", "C", "D", "E", "F");
      // Without C, no state is known at D, and none before the checkpoint E.
      Files.write(folder.resolve(DirectoryScan.placeOf(chains.get("C").hash())), new byte[1]);
      assertThat(namesIn(NodeDirectory.at(folder).read().trail())).containsExactly("E", "F");
      Files.delete(folder.resolve(DirectoryScan.placeOf(chains.get("F").hash())));
      assertThat(namesIn(NodeDirectory.at(folder).read().trail())).isEmpty();
    } finally {
      delete(folder);
    }
  }

  @Example
  void withoutAKnownOldestAncestorNothingIsRemembered() throws Exception {
    Path folder = MemoryFolders.create("tka-trail");
    try {
      NodeDirectory store = NodeDirectory.at(folder, new FakeClock());
      assertThat(namesIn(store.read().trail())).isEmpty();
      addAll(store);
      // C, E and X are now separate roots; the record chooses.
      assertThat(namesIn(purge(store, "B", "A B D").trail())).isEmpty();
      assertThat(namesIn(purge(store, "C", "A B D").trail())).containsExactly("A", "B");
      assertThat(namesIn(purge(store, "E", "A B D").trail())).isEmpty();
    } finally {
      delete(folder);
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
