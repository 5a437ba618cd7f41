package dev.tka.core.authority;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumKind;
import dev.tka.core.Bytes;
import dev.tka.core.State;
import dev.tka.core.store.AumEntry;
import dev.tka.core.store.AumFacts;
import dev.tka.core.store.BodyReader;
import dev.tka.core.store.KeyChange;
import dev.tka.core.store.StoreException;
import dev.tka.core.store.TrailEntry;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The changes of keys' votes on a known chain, found by key: judging a displacement at the genesis
 * costs no more than one near the head (protocol, section 10). Immutable.
 *
 * <p>A place is the height of an AUM; the AUMs of the trail have the heights below that of the
 * oldest ancestor. Changes lie in runs, each with its own index; a new run absorbs those before it
 * that are not longer. So there are few runs, and a longer chain shares the older ones.
 */
final class KeyHistory {
  /** Heap bytes per AUM that changes a key, with its place in the index. */
  private static final long HEAP_BYTES_A_POINT = 250;

  /** No changes. */
  static final KeyHistory NONE = new KeyHistory(null);

  private final @Nullable Run newest;

  private KeyHistory(@Nullable Run newest) {
    this.newest = newest;
  }

  /**
   * An AUM of the chain that changes the votes of keys.
   *
   * @param own the own time at which it was committed
   * @param isNoted false if that is only known by the wall clock
   * @param reference the reference time at which it was taken in; empty if there was none
   * @param signers the ids of the keys that signed it
   */
  record Point(
      int place,
      AumHash hash,
      Instant own,
      boolean isNoted,
      Optional<Instant> reference,
      List<Bytes> signers,
      List<KeyChange> changes) {
    Point movedBy(int places) {
      return new Point(place + places, hash, own, isNoted, reference, signers, changes);
    }
  }

  /** One of the changes that an AUM of the chain makes. */
  record Event(Point point, KeyChange change) {
    int place() {
      return point.place();
    }

    long before() {
      return change.before() == KeyChange.UNKNOWN ? Long.MAX_VALUE : change.before();
    }

    long after() {
      return change.after() == KeyChange.UNKNOWN ? Long.MAX_VALUE : change.after();
    }
  }

  /** Consecutive points, linked to the run before. */
  private static final class Run {
    final List<Point> points;
    final Map<Bytes, List<Event>> byKey = new HashMap<>();
    final @Nullable Run before;

    Run(List<Point> points, @Nullable Run before) {
      this.points = List.copyOf(points);
      this.before = before;
      for (Point point : points) {
        for (KeyChange change : point.changes()) {
          byKey
              .computeIfAbsent(change.key(), any -> new ArrayList<>(1))
              .add(new Event(point, change));
        }
      }
    }

    Instant newestOwn() {
      return points.get(points.size() - 1).own();
    }

    int firstPlace() {
      return points.get(0).place();
    }

    int lastPlace() {
      return points.get(points.size() - 1).place();
    }
  }

  /** Approximate heap bytes. */
  long heapBytes() {
    long points = 0;
    for (Run run = newest; run != null; run = run.before) {
      points += run.points.size();
    }
    return points * HEAP_BYTES_A_POINT;
  }

  /** The changes of a key's votes after a place, oldest first. */
  List<Event> of(Bytes key, int after) {
    List<Event> newestFirst = new ArrayList<>();
    for (Run run = newest; run != null && run.lastPlace() > after; run = run.before) {
      List<Event> events = run.byKey.getOrDefault(key, List.of());
      for (int i = events.size() - 1; i >= 0 && events.get(i).place() > after; i--) {
        newestFirst.add(events.get(i));
      }
    }
    Collections.reverse(newestFirst);
    return newestFirst;
  }

  /** This history up to a place. */
  KeyHistory upTo(int place) {
    Run run = newest;
    while (run != null && run.firstPlace() > place) {
      run = run.before;
    }
    if (run == null || run.lastPlace() <= place) {
      return run == newest ? this : new KeyHistory(run);
    }
    List<Point> kept = run.points.stream().filter(point -> point.place() <= place).toList();
    return new KeyHistory(run.before).with(kept);
  }

  private KeyHistory with(List<Point> points) {
    if (points.isEmpty()) {
      return this;
    }
    List<Point> merged = points;
    Run before = newest;
    while (before != null && before.points.size() <= merged.size()) {
      List<Point> longer = new ArrayList<>(before.points);
      longer.addAll(merged);
      merged = longer;
      before = before.before;
    }
    return new KeyHistory(new Run(merged, before));
  }

  /** This history and another, of what follows. */
  KeyHistory followedBy(KeyHistory later) {
    List<List<Point>> newestFirst = new ArrayList<>();
    for (Run run = later.newest; run != null; run = run.before) {
      newestFirst.add(run.points);
    }
    Collections.reverse(newestFirst);
    KeyHistory whole = this;
    for (List<Point> points : newestFirst) {
      whole = whole.with(points);
    }
    return whole;
  }

  /** This history, of what an authority has up to a height, with the rest of its active chain. */
  KeyHistory extendedBy(Authority authority, int from) throws StoreException, OpenException {
    History history = History.ofStored(authority);
    ActiveChain chain = authority.chain();
    List<Point> points = new ArrayList<>();
    Instant latest = newest == null ? Instant.MIN : newest.newestOwn();
    // The state at the parent, while the facts about AUMs are not known.
    Optional<State> atParent = Optional.empty();
    BodyReader unnoted = new BodyReader(authority.snapshot(), unnoted(authority, from));
    for (int height = from + 1; height <= chain.headHeight(); height++) {
      AumEntry entry = authority.snapshot().find(chain.at(height)).orElseThrow();
      AumFacts facts = entry.facts().orElse(null);
      if (facts != null) {
        atParent = Optional.empty();
      } else if (entry.kind().equals(AumKind.NO_OP)) {
        atParent = atParent.map(state -> state.standingAt(entry.hash()));
        continue;
      } else {
        Aum aum = unnoted.aum();
        State before =
            atParent.isPresent() ? atParent.get() : history.getState(aum.parent().orElseThrow());
        State after = History.apply(before, aum);
        // Time does not go back along a chain, whatever clock it was that showed it.
        latest = latest.isAfter(entry.committedAt()) ? latest : entry.committedAt();
        facts = AumFacts.of(aum, before, after, latest, Optional.of(latest));
        atParent = Optional.of(after);
      }
      latest = facts.own();
      if (!facts.changes().isEmpty()) {
        points.add(point(height, entry.hash(), facts, entry.facts().isPresent()));
      }
    }
    return with(points);
  }

  /** The AUMs above a height that may change keys, but about which no facts were noted. */
  private static List<AumHash> unnoted(Authority authority, int from) {
    List<AumHash> unnoted = new ArrayList<>();
    for (AumHash hash : authority.chain().above(from)) {
      AumEntry entry = authority.snapshot().find(hash).orElseThrow();
      if (entry.facts().isEmpty() && !entry.kind().equals(AumKind.NO_OP)) {
        unnoted.add(hash);
      }
    }
    return unnoted;
  }

  /**
   * The history of a trail and of the oldest ancestor after it.
   *
   * @param entries the entries, oldest first
   * @param heightOfLast the height of the last of them
   */
  static KeyHistory ofEntries(List<TrailEntry> entries, int heightOfLast) {
    List<Point> points = new ArrayList<>();
    Instant latest = Instant.MIN;
    for (int i = 0; i < entries.size(); i++) {
      TrailEntry entry = entries.get(i);
      Instant clock = latest.isAfter(entry.committedAt()) ? latest : entry.committedAt();
      latest = entry.own().orElse(clock);
      if (!entry.changes().isEmpty()) {
        AumFacts facts =
            entry
                .facts()
                .orElse(
                    new AumFacts(latest, Optional.of(latest), entry.changes(), entry.signers()));
        points.add(
            point(
                heightOfLast - (entries.size() - 1 - i),
                entry.hash(),
                facts,
                entry.own().isPresent()));
      }
    }
    return NONE.with(points);
  }

  private static Point point(int place, AumHash hash, AumFacts facts, boolean noted) {
    return new Point(
        place, hash, facts.own(), noted, facts.reference(), facts.signers(), facts.changes());
  }
}
