package dev.tka.core.authority;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.core.AumHash;
import dev.tka.core.AumKind;
import dev.tka.core.Bytes;
import dev.tka.core.store.Trail;
import dev.tka.core.store.TrailEntry;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.statistics.Statistics;

/** Protocol, section 10, "Trail": the trail against a plain list of its entries. */
class TrailProperties {
  /**
   * One change of a trail.
   *
   * @param cut from which entry on it is forgotten, as a share of those there are; 1 for none
   * @param checkpoints for each entry that is then added, whether it is a checkpoint
   */
  private record Change(double cut, List<Boolean> checkpoints) {}

  @Provide
  Arbitrary<List<Change>> changes() {
    Arbitrary<List<Boolean>> added = Arbitraries.of(false, false, false, true).list().ofMaxSize(30);
    return Combinators.combine(
            Arbitraries.of(0.0, 0.3, 0.7, 0.9, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0), added)
        .as(Change::new)
        .list()
        .ofMinSize(1)
        .ofMaxSize(25);
  }

  @Property(tries = 500)
  void aTrailIsAListOfEntries(@ForAll("changes") List<Change> changes) {
    Trail trail = Trail.EMPTY;
    List<TrailEntry> model = new ArrayList<>();
    List<Trail> before = new ArrayList<>();
    List<List<TrailEntry>> shown = new ArrayList<>();
    int number = 0;
    int cuts = 0;
    for (Change change : changes) {
      before.add(trail);
      shown.add(List.copyOf(model));
      int cut = (int) (change.cut() * model.size());
      if (cut < model.size()) {
        trail = trail.cutFrom(model.get(cut).hash());
        model.subList(cut, model.size()).clear();
        cuts++;
      } else {
        assertThat(trail.cutFrom(hash(-1))).isSameAs(trail);
      }
      List<TrailEntry> added = new ArrayList<>();
      for (boolean checkpoint : change.checkpoints()) {
        List<TrailEntry> last = added.isEmpty() ? model : added;
        Optional<AumHash> parent =
            last.isEmpty() ? Optional.empty() : Optional.of(last.get(last.size() - 1).hash());
        added.add(entry(number++, parent, checkpoint));
      }
      trail = trail.extend(added);
      model.addAll(added);
      requireSame(trail, model);
    }
    for (int i = 0; i < before.size(); i++) {
      requireSame(before.get(i), shown.get(i));
    }
    Statistics.label("entries").collect(model.size() / 20 * 20);
    Statistics.label("cuts").collect(Math.min(cuts, 5));
  }

  private static void requireSame(Trail trail, List<TrailEntry> model) {
    assertThat(trail.size()).isEqualTo(model.size());
    assertThat(trail.entries()).isEqualTo(model);
    assertThat(trail.newest())
        .isEqualTo(model.isEmpty() ? Optional.empty() : Optional.of(model.get(model.size() - 1)));
    List<AumHash> checkpoints = new ArrayList<>();
    Optional<TrailEntry> checkpoint = Optional.empty();
    for (int i = 0; i < model.size(); i++) {
      TrailEntry entry = model.get(i);
      if (entry.kind().equals(AumKind.CHECKPOINT)) {
        checkpoints.add(entry.hash());
        checkpoint = Optional.of(entry);
      }
      assertThat(trail.find(entry.hash())).containsSame(entry);
      assertThat(trail.contains(entry.hash())).isTrue();
      assertThat(trail.after(entry.hash())).isEqualTo(model.subList(i + 1, model.size()));
      assertThat(trail.checkpointAtOrBefore(entry.hash())).isEqualTo(checkpoint);
    }
    Collections.reverse(checkpoints);
    assertThat(trail.checkpoints()).isEqualTo(checkpoints);
    AumHash stranger = hash(-1);
    assertThat(trail.find(stranger)).isEmpty();
    assertThat(trail.contains(stranger)).isFalse();
    assertThat(trail.checkpointAtOrBefore(stranger)).isEmpty();
    assertThatThrownBy(() -> trail.after(stranger)).isInstanceOf(IllegalArgumentException.class);
  }

  @Property(tries = 200)
  void entriesThatDoNotFollowAreRefused(@ForAll("changes") List<Change> changes) {
    int number = 0;
    List<TrailEntry> chain = new ArrayList<>();
    for (Change change : changes) {
      for (boolean checkpoint : change.checkpoints()) {
        Optional<AumHash> parent =
            chain.isEmpty() ? Optional.empty() : Optional.of(chain.get(chain.size() - 1).hash());
        chain.add(entry(number++, parent, checkpoint));
      }
    }
    if (chain.size() < 3) {
      return;
    }
    int middle = chain.size() / 2;
    Trail trail = Trail.EMPTY.extend(chain.subList(0, middle));
    List<TrailEntry> hole = chain.subList(middle + 1, chain.size());
    List<TrailEntry> backwards = List.of(chain.get(middle + 1), chain.get(middle));

    assertThatThrownBy(() -> trail.extend(hole))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(hole.get(0).hash() + " does not follow " + chain.get(middle - 1).hash());
    assertThatThrownBy(() -> Trail.EMPTY.extend(backwards))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(trail.extend(List.of())).isSameAs(trail);
    requireSame(trail.extend(chain.subList(middle, chain.size())), chain);
  }

  private static AumHash hash(int number) {
    return AumHash.of(ByteBuffer.allocate(AumHash.SIZE).putInt(number).array());
  }

  private static TrailEntry entry(int number, Optional<AumHash> parent, boolean checkpoint) {
    return new TrailEntry(
        hash(number),
        parent,
        checkpoint ? AumKind.CHECKPOINT : AumKind.NO_OP,
        Instant.ofEpochSecond(number),
        Optional.empty(),
        Optional.empty(),
        List.of(),
        List.of(),
        checkpoint ? Optional.of(Bytes.empty()) : Optional.empty());
  }
}
