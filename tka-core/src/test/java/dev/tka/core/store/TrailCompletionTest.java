package dev.tka.core.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.core.Aum;
import dev.tka.core.Bytes;
import dev.tka.testkit.Chains;
import dev.tka.testkit.TestKeys;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What checkpoints tell about the votes that older versions did not note. */
class TrailCompletionTest {
  private static final Instant NOON = Instant.parse("2026-01-02T12:00:00Z");
  private static final long UNKNOWN = KeyChange.UNKNOWN;

  private final Chains chains =
      Chains.draw(
          List.of(TestKeys.key(1, 2), TestKeys.key(2, 1)),
          """
          A -> B[add:3*5](1) -> C[update:2*4](1) -> D[remove:1](2) -> E[checkpoint](2)
          E -> F[add:1*7](2) -> G[remove:3](1) -> H[checkpoint](1) -> I[add:3*2](1)
          """);

  /** An entry as an older version wrote it. */
  private TrailEntry old(String name, KeyChange... changes) {
    return entry(name, Optional.empty(), changes);
  }

  private TrailEntry entry(String name, Optional<Instant> own, KeyChange... changes) {
    Aum aum = chains.get(name);
    return new TrailEntry(
        aum.hash(),
        aum.parent(),
        aum.kind(),
        NOON,
        own,
        Optional.empty(),
        List.of(TestKeys.id(1)),
        List.of(changes),
        aum.kind().isCheckpoint() ? Optional.of(aum.encoded()) : Optional.empty());
  }

  private static KeyChange change(int key, long before, long after) {
    return new KeyChange(TestKeys.id(key), before, after);
  }

  private static List<List<KeyChange>> completed(TrailEntry... entries) throws Exception {
    List<TrailEntry> complete = Trail.completed(List.of(entries));
    List<List<KeyChange>> changes = new ArrayList<>();
    for (int i = 0; i < entries.length; i++) {
      assertThat(complete.get(i).withChanges(entries[i].changes())).isEqualTo(entries[i]);
      changes.add(complete.get(i).changes());
    }
    return changes;
  }

  @Test
  void unknownVotesAreThoseOfTheCheckpointsAround() throws Exception {
    assertThat(
            completed(
                old("A"),
                old("B", change(3, 0, UNKNOWN)),
                old("C"),
                old("D", change(1, UNKNOWN, 0)),
                old("E"),
                old("F", change(1, 0, UNKNOWN)),
                old("G", change(3, UNKNOWN, 0)),
                old("H")))
        .isEqualTo(
            List.of(
                List.of(),
                List.of(change(3, 0, 5)),
                List.of(),
                List.of(change(1, 2, 0)),
                // C is not known to have changed it.
                List.of(change(2, 1, 4)),
                List.of(change(1, 0, 7)),
                List.of(change(3, 5, 0)),
                List.of()));
  }

  @Test
  void whatNoCheckpointTellsStaysUnknown() throws Exception {
    assertThat(
            completed(
                old("B", change(3, 0, UNKNOWN)),
                old("C"),
                old("D", change(1, UNKNOWN, 0)),
                old("E"),
                old("F"),
                old("G"),
                old("H", change(3, UNKNOWN, 0), change(1, 0, UNKNOWN)),
                old("I", change(3, 0, UNKNOWN))))
        .isEqualTo(
            List.of(
                List.of(change(3, 0, 5)),
                List.of(),
                List.of(change(1, UNKNOWN, 0)),
                List.of(),
                List.of(),
                List.of(),
                List.of(change(3, 5, 0), change(1, 0, 7)),
                List.of(change(3, 0, UNKNOWN))));
    assertThat(completed(old("B", change(3, 0, UNKNOWN)), old("G", change(3, UNKNOWN, 0))))
        .isEqualTo(List.of(List.of(change(3, 0, UNKNOWN)), List.of(change(3, UNKNOWN, 0))));
  }

  @Test
  void whatANewerEntryStatesCounts() throws Exception {
    Optional<Instant> own = Optional.of(NOON);
    assertThat(
            completed(
                old("A"),
                old("B", change(3, 0, UNKNOWN)),
                entry("C", own, change(3, 6, 5), change(2, 1, 4)),
                entry("D", own, change(1, 2, 0)),
                entry("E", own)))
        .isEqualTo(
            List.of(
                List.of(),
                List.of(change(3, 0, 6)),
                List.of(change(3, 6, 5), change(2, 1, 4)),
                List.of(change(1, 2, 0)),
                List.of()));
  }

  @Test
  void aTrailWithoutOldEntriesIsNotLookedAt() throws Exception {
    List<TrailEntry> entries =
        List.of(entry("A", Optional.of(NOON)), entry("E", Optional.of(NOON)));
    assertThat(Trail.completed(entries)).isSameAs(entries);
    assertThat(Trail.completed(List.of())).isEmpty();
  }

  @Test
  void aDamagedCheckpointIsNamed() {
    TrailEntry entry = old("E");
    TrailEntry damaged =
        new TrailEntry(
            entry.hash(),
            entry.parent(),
            entry.kind(),
            NOON,
            Optional.empty(),
            Optional.empty(),
            List.of(),
            List.of(),
            Optional.of(Bytes.empty()));
    assertThatThrownBy(() -> Trail.completed(List.of(damaged)))
        .isInstanceOf(StoreException.Damaged.class)
        .hasMessageContaining("remembered checkpoint " + entry.hash());
  }
}
