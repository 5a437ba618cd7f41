package dev.tka.store.directory;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.store.AumEntry;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.core.store.TrailEntry;
import dev.tka.store.export.Exports;
import dev.tka.store.testkit.NotedStore;
import dev.tka.testkit.FakeClock;
import dev.tka.testkit.MemoryFolders;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.statistics.Statistics;

/** Protocol, section 10: a directory and an export keep whatever notes a store may have. */
class NotesProperties {
  private final NotedStore noted = new NotedStore();

  @Property(tries = 100)
  void whatIsNotedIsReadAgain(@ForAll long seed) throws Exception {
    AumSnapshot model = noted.fill(new MemoryAumStore(), seed);
    Statistics.label("purged").collect(model.trail().size() > 0);
    Statistics.label("own time").collect(model.notes().time().isPresent());
    Path folder = MemoryFolders.create("tka-notes");
    try {
      AumSnapshot kept = noted.fill(NodeDirectory.at(folder, new FakeClock()), seed);
      AumSnapshot anew = NodeDirectory.at(folder).read();
      for (AumSnapshot found : List.of(kept, anew)) {
        assertThat(found.notes()).isEqualTo(model.notes());
        for (AumEntry entry : model.entries()) {
          assertThat(found.find(entry.hash()).orElseThrow().facts())
              .isEqualTo(entry.facts().filter(facts -> decides(entry)));
        }
        for (TrailEntry entry : model.trail().entries()) {
          TrailEntry again = found.trail().find(entry.hash()).orElseThrow();
          boolean decides = !entry.changes().isEmpty() || entry.checkpoint().isPresent();
          assertThat(again.changes()).isEqualTo(entry.changes());
          assertThat(again.own()).isEqualTo(entry.own().filter(any -> decides));
          assertThat(again.reference()).isEqualTo(entry.reference().filter(any -> decides));
        }
      }
      assertThat(Exports.export(anew)).isEqualTo(Exports.export(kept));
      requireCarried(model);
      requireCarried(anew);
    } finally {
      delete(folder);
    }
  }

  private boolean decides(AumEntry entry) {
    return entry.kind().isCheckpoint() || !noted.changesOf(entry.hash()).isEmpty();
  }

  private static void requireCarried(AumSnapshot original) throws Exception {
    byte[] export = Exports.export(original);
    AumStore copy = new MemoryAumStore();
    assertThat(Exports.take(export, copy).hasOwnTime())
        .isEqualTo(original.notes().time().isPresent());
    assertThat(Exports.Content.of(copy.read())).isEqualTo(Exports.Content.of(original));
    assertThat(Exports.export(copy.read())).isEqualTo(export);
    for (AumEntry entry : original.entries()) {
      assertThat(copy.read().find(entry.hash()).orElseThrow().facts()).isEqualTo(entry.facts());
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
