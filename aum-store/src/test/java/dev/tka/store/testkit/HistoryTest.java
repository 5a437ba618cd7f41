package dev.tka.store.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.AumHash;
import dev.tka.store.testkit.History.Content;
import dev.tka.store.testkit.History.Event;
import dev.tka.store.testkit.History.Kind;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** The checker of histories finds each kind of problem. */
class HistoryTest {
  private static AumHash aum(int number) {
    byte[] bytes = new byte[AumHash.SIZE];
    bytes[0] = (byte) number;
    return AumHash.of(bytes);
  }

  private static Event event(String thread, Kind kind, int aum, long revision, long micros) {
    return new Event(thread, kind, aum(aum), revision, micros);
  }

  private static final Content BEGIN = new Content(1, Set.of(aum(0)), List.of(aum(0)));

  private final List<Event> events =
      new ArrayList<>(
          List.of(
              event("a1", Kind.SAW, 0, 1, 10),
              event("a1", Kind.TRIES, 1, 0, 20),
              event("b1", Kind.TRIES, 9, 0, 25),
              event("a1", Kind.EXTENDED, 1, 2, 30),
              event("b1", Kind.CONFLICT, 9, 0, 35),
              event("b2", Kind.HEARD, 1, 2, 40),
              event("b1", Kind.TRIES, 2, 0, 45),
              event("b1", Kind.EXTENDED, 2, 3, 50),
              event("a1", Kind.TRIES, 8, 0, 55),
              event("a1", Kind.LOST, 8, 4, 60),
              event("a2", Kind.HEARD, 2, 4, 70)));
  private final Set<AumHash> stored = new HashSet<>(Set.of(aum(0), aum(1), aum(2), aum(8)));
  private final List<AumHash> chain = new ArrayList<>(List.of(aum(0), aum(1), aum(2)));
  private long revision = 4;

  private List<String> problems() {
    return new History(events).problems(BEGIN, new Content(revision, stored, chain));
  }

  private void finds(String what, Consumer<List<Event>> doctor) {
    assertThat(problems()).as("before it was doctored").isEmpty();
    doctor.accept(events);
    assertThat(problems()).anyMatch(problem -> problem.startsWith(what));
  }

  @Test
  void aSoundHistoryHasNoProblem() throws Exception {
    assertThat(problems()).isEmpty();
    assertThat(History.parse(events.stream().map(Event::line).toList()).events()).isEqualTo(events);
  }

  @Test
  void aLostCommitIsFound() {
    finds("lost", all -> stored.remove(aum(8)));
  }

  @Test
  void aLossOfEarlierContentIsFound() {
    finds("lost", all -> stored.remove(aum(0)));
  }

  @Test
  void anAcknowledgedHeadThatLeftTheChainIsFound() {
    finds("not on the final chain", all -> chain.remove(aum(1)));
  }

  @Test
  void aDoubledRevisionIsFound() {
    finds("two commits of one revision", all -> all.set(9, event("a1", Kind.LOST, 8, 3, 60)));
  }

  @Test
  void aRevisionWithoutACommitIsFound() {
    finds("4 revisions, 3 commits", all -> revision = 5);
  }

  @Test
  void aRevisionBeyondTheLastIsFound() {
    finds("a revision that never was", all -> all.set(9, event("a1", Kind.LOST, 8, 7, 60)));
  }

  @Test
  void aReaderThatGoesBackIsFound() {
    finds("went back", all -> all.add(event("a2", Kind.HEARD, 1, 2, 80)));
  }

  @Test
  void aWriterThatDoesNotSeeItsOwnCommitIsFound() {
    finds("went back", all -> all.add(event("b1", Kind.SAW, 1, 2, 80)));
  }

  @Test
  void aHeadThatWasNeverThereIsFound() {
    finds("not on the final chain", all -> all.set(10, event("a2", Kind.HEARD, 8, 4, 70)));
  }

  @Test
  void twoHeadsOfOneRevisionAreFound() {
    finds("two heads of one revision", all -> all.add(event("b2", Kind.SAW, 1, 4, 80)));
  }

  @Test
  void anOlderHeadAtALaterRevisionIsFound() {
    finds("an older head", all -> all.set(10, event("a2", Kind.HEARD, 1, 4, 70)));
  }

  @Test
  void aPhantomIsFound() {
    finds("nobody committed it", all -> stored.add(aum(7)));
  }

  @Test
  void aConflictThatWasStoredIsFound() {
    finds("stored, but answered as not", all -> stored.add(aum(9)));
  }

  @Test
  void anUnacknowledgedCommitIsFound() {
    finds("stored, and never acknowledged", all -> all.remove(9));
  }

  @Test
  void aCommitInDoubtMayBeStoredOrNot() {
    events.set(4, event("b1", Kind.IN_DOUBT, 9, 0, 35));
    assertThat(problems()).isEmpty();
    // Then it has its own revision.
    stored.add(aum(9));
    assertThat(problems()).containsExactly("3 revisions, 4 commits");
    revision = 5;
    assertThat(problems()).isEmpty();
    stored.remove(aum(9));
    assertThat(problems()).containsExactly("4 revisions, 3 commits");
  }

  @Test
  void aCommitIsPropagatedWhenItIsHeardOf() {
    events.set(5, event("b2", Kind.SAW, 1, 2, 40));
    assertThat(new History(events).propagation()).containsExactly(20L, Long.MAX_VALUE);
  }

  @Test
  void propagationIsToTheOtherProcess() {
    // The first took 10 to b; the second 20 to a.
    assertThat(new History(events).propagation()).containsExactly(10L, 20L);
    events.remove(5);
    assertThat(new History(events).propagation()).containsExactly(20L, Long.MAX_VALUE);
  }
}
