package dev.tka.store.directory;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.Bytes;
import dev.tka.core.Key;
import dev.tka.core.State;
import dev.tka.core.TkaException;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.BuildException;
import dev.tka.core.authority.ChainAudit;
import dev.tka.core.authority.Genesis;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.authority.UpdateBuilder;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.testkit.FakeClock;
import dev.tka.testkit.MemoryFolders;
import dev.tka.testkit.TestKeys;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.statistics.Statistics;

/** Protocol, sections 4 and 9: a directory opens with what was created and edited. */
class DirectoryProperties {
  private static final int TRUSTED = 3;
  private static final Bytes VALUE = Bytes.copyOf(new byte[State.DISABLEMENT_VALUE_SIZE]);

  /** One operation by one signer, on the head or, if stale, on an older authority. */
  private record Edit(int kind, int signer, int key, int votes, boolean stale) {}

  @Provide
  Arbitrary<List<Edit>> edits() {
    return Combinators.combine(
            Arbitraries.integers().between(0, 4),
            Arbitraries.integers().between(1, TRUSTED),
            Arbitraries.integers().between(1, 6),
            Arbitraries.integers().between(1, 4),
            Arbitraries.of(false, false, true))
        .as(Edit::new)
        .list()
        .ofMinSize(2)
        .ofMaxSize(9);
  }

  @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
  void creatingEditingAndReopeningGivesTheSameState(@ForAll("edits") List<Edit> edits)
      throws Exception {
    Path folder = MemoryFolders.create("tka-directory");
    try {
      FakeClock clock = new FakeClock();
      var genesis =
          Genesis.create(
              State.of(
                  List.of(VALUE),
                  List.of(TestKeys.key(1, 2), TestKeys.key(2, 1), TestKeys.key(3, 1)),
                  1,
                  2),
              TestKeys.privateKey(1));
      Path directory = folder.resolve("tka");
      LiveAuthority live =
          LiveAuthority.bootstrap(
              NodeDirectory.create(directory, clock), genesis, AdmissionPolicy.REFERENCE, clock);
      LiveAuthority memory =
          LiveAuthority.bootstrap(new MemoryAumStore(), genesis, AdmissionPolicy.REFERENCE, clock);
      Authority first = live.current();
      int applied = 0;
      for (Edit edit : edits) {
        applied += apply(edit, edit.stale() ? first : live.current(), live, memory) ? 1 : 0;
        requireSame(live.current(), memory.current());
        requireSame(Authority.open(NodeDirectory.at(directory)), memory.current());
      }
      // The reference's policy leaves the directory as the reference would.
      assertThat(directory.resolve(NotesFile.NAME)).doesNotExist();
      Authority reopened = Authority.open(NodeDirectory.at(directory));
      ChainAudit audit = ChainAudit.of(reopened.snapshot());
      assertThat(audit.problem()).isEmpty();
      assertThat(audit.verified()).isEqualTo(reopened.snapshot().entries().size());
      Statistics.label("edits applied").collect(Math.min(applied, 4));
      Statistics.label("forked").collect(reopened.snapshot().entries().size() > reopened.length());
    } finally {
      delete(folder);
    }
  }

  private static boolean apply(Edit edit, Authority base, LiveAuthority live, LiveAuthority memory)
      throws TkaException {
    UpdateBuilder builder = new UpdateBuilder(base, TestKeys.privateKey(edit.signer()));
    try {
      switch (edit.kind()) {
        case 0, 1 -> builder.addKey(Key.of(TestKeys.publicKey(edit.key()), edit.votes()));
        case 2 -> builder.removeKey(TestKeys.id(edit.key()));
        case 3 -> builder.setVotes(TestKeys.id(edit.key()), edit.votes());
        default -> builder.setMeta(TestKeys.id(edit.key()), Map.of("v", "" + edit.votes()));
      }
    } catch (BuildException e) {
      return false;
    }
    var updates = builder.build().updates();
    live.inform(updates);
    memory.inform(updates);
    return true;
  }

  private static void requireSame(Authority found, Authority expected) {
    assertThat(found.head()).isEqualTo(expected.head());
    assertThat(found.state()).isEqualTo(expected.state());
    assertThat(found.oldestAncestor()).isEqualTo(expected.oldestAncestor());
    assertThat(found.length()).isEqualTo(expected.length());
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
