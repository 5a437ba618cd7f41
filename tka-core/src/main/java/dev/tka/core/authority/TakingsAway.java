package dev.tka.core.authority;

import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.Key;
import dev.tka.core.State;
import dev.tka.core.authority.KeyHistory.Event;
import dev.tka.core.internal.Votes;
import dev.tka.core.store.Inherited;
import dev.tka.core.store.KeyChange;
import dev.tka.core.store.OwnAums;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * The AUMs after a fork that took keys away or lowered their votes, each with whether it is final
 * and with its weight at the fork (protocol, section 10, "Who may not rewrite" to "A rewrite does
 * not make what it displaces forgotten"). A pure function of what is known about the chain; nothing
 * is read.
 *
 * @param atFork the state at the fork
 * @param fork the place of the fork
 * @param last the last place whose AUM counts; what a rewrite after it inherited counts all the
 *     same, since nothing else was inherited
 * @param keys the changes of votes on the chain
 * @param rewrites the rewrites on the chain, oldest first
 * @param reference the time at which finality is judged; empty if nothing is final yet
 * @param times the times from which and at which AUMs count
 * @param lapses true if what a rewrite gave back counts only until the rewrite is final itself
 */
record TakingsAway(
    State atFork,
    int fork,
    int last,
    KeyHistory keys,
    List<Rewritten> rewrites,
    Optional<Instant> reference,
    Times times,
    boolean lapses) {
  /** The time for which a key must have been away for that to be final. */
  static final Duration FINAL_AFTER = Duration.ofDays(14);

  /**
   * A rewrite on the chain.
   *
   * @param point the rewrite, whether it changes votes or not
   */
  record Rewritten(KeyHistory.Point point, List<Inherited> inherited) {
    int place() {
      return point.place();
    }

    Rewritten movedBy(int places) {
      return new Rewritten(point.movedBy(places), inherited);
    }
  }

  /**
   * The times at which AUMs count.
   *
   * @param ownAums those of them that control acknowledged count from then
   * @param begun the commit times from before the store kept own time count as no later
   */
  record Times(OwnAums ownAums, Instant begun) {
    /** The own time from which an AUM counts. */
    Instant since(KeyHistory.Point point) {
      OwnAums.Own made = ownAums.own().get(point.hash());
      return made == null || made.acknowledged().isEmpty()
          ? noLater(point, point.own())
          : made.acknowledged().get().own();
    }

    /** The reference time at which an AUM was taken in; empty if there was none. */
    Optional<Instant> takenIn(KeyHistory.Point point) {
      return point.reference().map(time -> noLater(point, time));
    }

    private Instant noLater(KeyHistory.Point point, Instant time) {
      return point.isNoted() || time.isBefore(begun) ? time : begun;
    }
  }

  /**
   * An AUM that took a key's votes away.
   *
   * @param isRemoval true if it counts as a removal, not only as a lowering of votes
   * @param left the votes that it left; 0 for a removal
   * @param finalVotes the fewest votes that it has finally left the key with; empty if it is not
   *     final
   * @param weight the votes at the fork of those that its signers stand for; negative if it counts
   *     only when it is final
   * @param standing the keys that its signers stand for
   * @param away the time for which the key was away since then
   * @param now the votes that the key has now
   */
  record Taking(
      AumHash by,
      boolean isRemoval,
      long left,
      OptionalLong finalVotes,
      long weight,
      Set<Bytes> standing,
      Absence away,
      long now) {
    /** True if it is final for an AUM of a kind. */
    boolean isFinalFor(boolean checkpoint) {
      return checkpoint ? finalVotes.isPresent() : finalVotes.orElse(1) == 0;
    }

    /** True if it bars an AUM of a kind and a weight that the key signed. */
    boolean bars(boolean checkpoint, long against) {
      return (checkpoint || isRemoval) && (isFinalFor(checkpoint) || weight >= against);
    }

    boolean isStanding() {
      return weight >= 0;
    }

    boolean isUndone() {
      return now > left;
    }
  }

  /**
   * The time for which a key had at most some votes.
   *
   * @param level the votes
   * @param before the time for which it was away before it came back last
   * @param open the own time since which it is away now; empty if it is not
   */
  record Absence(long level, Duration before, Optional<Instant> open) {
    Duration upTo(Optional<Instant> reference) {
      return before.plus(between(open, reference));
    }

    /** True if this one has lasted longer, at any time. Both go on. */
    boolean isLongerThan(Absence other) {
      Instant one = open.orElseThrow().minus(before);
      return one.isBefore(other.open.orElseThrow().minus(other.before));
    }

    private static Duration between(Optional<Instant> from, Optional<Instant> to) {
      return from.isPresent() && to.isPresent() && from.get().isBefore(to.get())
          ? Duration.between(from.get(), to.get())
          : Duration.ZERO;
    }

    Absence after(Event event, Times times) {
      if (event.after() <= level) {
        return open.isPresent()
            ? this
            : new Absence(level, before, Optional.of(times.since(event.point())));
      }
      return new Absence(
          level, before.plus(between(open, times.takenIn(event.point()))), Optional.empty());
    }
  }

  /** The same chain, seen from a later fork. */
  TakingsAway seenFrom(State state, int place) {
    List<Rewritten> later = rewrites.stream().filter(each -> each.place() > place).toList();
    return new TakingsAway(state, place, last, keys, later, reference, times, lapses);
  }

  /** What took a key away after the fork, or lowered it below its votes there. */
  List<Taking> of(Key key) {
    List<Event> events = keys.of(key.id(), fork);
    List<Taking> takings = new ArrayList<>();
    for (int i = 0; i < events.size() && events.get(i).place() <= last; i++) {
      Event event = events.get(i);
      if (event.after() < event.before() && event.after() < key.votes()) {
        takings.add(taking(event, events.subList(i, events.size()), key.votes()));
      }
    }
    for (Rewritten rewrite : rewrites) {
      for (Inherited inherited : rewrite.inherited()) {
        if (inherited.key().equals(key.id())) {
          addInherited(rewrite, inherited, key, events, takings);
        }
      }
    }
    return takings;
  }

  /**
   * Those of some keys that may sign a checkpoint together, at the fork, without barring it. Keys
   * that may sign in any way may also sign together, since more votes are barred by less.
   */
  List<Key> unbarred(Collection<Key> signers) {
    List<Key> left = new ArrayList<>(signers);
    Map<Bytes, List<Taking>> takings = new HashMap<>();
    signers.forEach(key -> takings.put(key.id(), of(key)));
    boolean fewer = true;
    while (fewer) {
      long weight = 0;
      for (Key key : left) {
        weight = Votes.add(weight, key.votes());
      }
      long together = weight;
      fewer =
          left.removeIf(
              key ->
                  takings.getOrDefault(key.id(), List.of()).stream()
                      .anyMatch(taking -> taking.bars(true, together)));
    }
    return left;
  }

  private Taking taking(Event event, List<Event> from, long votes) {
    long level = Math.min(event.before(), votes) - 1;
    OptionalLong finalVotes = OptionalLong.empty();
    for (Event later : from) {
      boolean fewer = later.after() < finalVotes.orElse(level + 1);
      if (fewer && later.after() >= event.after() && isFinal(absence(from, later.after()))) {
        finalVotes = OptionalLong.of(later.after());
      }
    }
    Set<Bytes> standing = standFor(event.point().signers(), event.place());
    return new Taking(
        event.point().hash(),
        event.after() == 0,
        event.after(),
        finalVotes,
        weightOf(standing, event.place()),
        standing,
        absence(from, event.after() == 0 ? 0 : level),
        from.get(from.size() - 1).after());
  }

  private Absence absence(List<Event> events, long level) {
    return absence(new Absence(level, Duration.ZERO, Optional.empty()), events);
  }

  private Absence absence(Absence begun, List<Event> events) {
    Absence absence = begun;
    for (Event event : events) {
      absence = absence.after(event, times);
    }
    return absence;
  }

  private boolean isFinal(Absence absence) {
    return absence.upTo(reference).compareTo(FINAL_AFTER) >= 0;
  }

  private void addInherited(
      Rewritten rewrite, Inherited inherited, Key key, List<Event> events, List<Taking> takings) {
    inherited.lasting().ifPresent(each -> addFinal(each, key, takings));
    if (!lapses || !isFinal(new Absence(0, Duration.ZERO, Optional.of(since(rewrite))))) {
      inherited.lapsing().ifPresent(each -> addFinal(each, key, takings));
    }
    List<Event> after = events.stream().filter(each -> each.place() > rewrite.place()).toList();
    inherited
        .removal()
        .ifPresent(each -> takings.add(standing(rewrite, each, true, List.of(0L), after)));
    inherited
        .lowering()
        .filter(each -> each.votes() < key.votes())
        .ifPresent(
            each ->
                takings.add(
                    standing(
                        rewrite, each, false, List.of(key.votes() - 1, each.votes()), after)));
  }

  private Instant since(Rewritten rewrite) {
    return times.since(rewrite.point());
  }

  private static void addFinal(Inherited.Final taken, Key key, List<Taking> takings) {
    if (taken.votes() < key.votes()) {
      takings.add(
          new Taking(
              taken.by(),
              taken.votes() == 0,
              taken.left(),
              OptionalLong.of(taken.votes()),
              -1,
              Set.of(),
              new Absence(taken.votes(), Duration.ZERO, Optional.empty()),
              taken.votes()));
    }
  }

  /**
   * A taking away that a rewrite keeps and that was not final then.
   *
   * @param isRemoval true for a removal
   * @param levels the votes with which the key counts as away, most votes first
   * @param after the changes of the key's votes after the rewrite
   */
  private Taking standing(
      Rewritten rewrite,
      Inherited.Standing standing,
      boolean isRemoval,
      List<Long> levels,
      List<Event> after) {
    OptionalLong finalVotes = OptionalLong.empty();
    for (long level : levels) {
      if (isFinal(absence(begun(standing, level), after))) {
        finalVotes = OptionalLong.of(level);
      }
    }
    Set<Bytes> keysAtFork = new HashSet<>();
    Map<Sponsored, Set<Bytes>> known = new HashMap<>();
    for (Bytes key : standing.heaviest()) {
      keysAtFork.addAll(standsFor(key, rewrite.place(), known));
    }
    return new Taking(
        standing.by(),
        isRemoval,
        standing.votes(),
        finalVotes,
        weightOf(keysAtFork, rewrite.place() - 1),
        keysAtFork,
        absence(begun(standing, levels.get(0)), after),
        after.isEmpty() ? standing.votes() : after.get(after.size() - 1).after());
  }

  private static Absence begun(Inherited.Standing standing, long level) {
    return new Absence(level, standing.away(), Optional.of(standing.since()));
  }

  /** The keys of the fork that some signers stand for, as of a place. */
  private Set<Bytes> standFor(List<Bytes> signers, int place) {
    Set<Bytes> standing = new HashSet<>();
    Map<Sponsored, Set<Bytes>> known = new HashMap<>();
    signers.forEach(signer -> standing.addAll(standsFor(signer, place, known)));
    return standing;
  }

  /** A key as of a place. */
  private record Sponsored(Bytes key, int place) {}

  /**
   * The keys of the fork that a key stands for as of a place: itself, unless it was taken away since
   * the fork; otherwise those that stand for the signers of the AUM that brought it in.
   */
  private Set<Bytes> standsFor(Bytes key, int place, Map<Sponsored, Set<Bytes>> known) {
    Sponsored sponsored = new Sponsored(key, place);
    Set<Bytes> found = known.get(sponsored);
    if (found == null) {
      found = new HashSet<>();
      Optional<Bringing> brought = broughtIn(key, place);
      if (brought.isPresent()) {
        for (Bytes signer : brought.get().signers()) {
          found.addAll(standsFor(signer, brought.get().place(), known));
        }
      } else if (atFork.trusts(key)) {
        found.add(key);
      }
      known.put(sponsored, found);
    }
    return found;
  }

  private record Bringing(int place, List<Bytes> signers) {}

  /** The last AUM between the fork and a place that brought a key in. */
  private Optional<Bringing> broughtIn(Bytes key, int place) {
    Optional<Bringing> last = Optional.empty();
    for (Event event : keys.of(key, fork)) {
      if (event.place() < place && event.before() == 0) {
        last = Optional.of(new Bringing(event.place(), event.point().signers()));
      }
    }
    for (Rewritten rewrite : rewrites) {
      boolean before = rewrite.place() < place;
      boolean newer = rewrite.place() >= last.map(Bringing::place).orElse(fork);
      if (before && newer && gaveBack(rewrite, key)) {
        last = Optional.of(new Bringing(rewrite.place(), rewrite.point().signers()));
      }
    }
    return last;
  }

  private static boolean gaveBack(Rewritten rewrite, Bytes key) {
    return rewrite.inherited().stream()
        .anyMatch(inherited -> inherited.key().equals(key) && inherited.isBroughtBack());
  }

  /** The votes at the fork of some keys, each at most what it was finally lowered to. */
  private long weightOf(Set<Bytes> ids, int place) {
    long weight = 0;
    for (Key key : atFork.keys()) {
      if (ids.contains(key.id())) {
        weight = Votes.add(weight, votes(key, place));
      }
    }
    return weight;
  }

  private long votes(Key key, int place) {
    long votes = key.votes();
    for (Rewritten rewrite : rewrites) {
      if (rewrite.place() <= place) {
        for (Inherited inherited : rewrite.inherited()) {
          if (inherited.key().equals(key.id())) {
            votes = Math.min(votes, finalVotes(inherited).orElse(votes));
          }
        }
      }
    }
    return votes;
  }

  private static OptionalLong finalVotes(Inherited inherited) {
    return Stream.of(inherited.lasting(), inherited.lapsing())
        .flatMap(Optional::stream)
        .mapToLong(Inherited.Final::votes)
        .min();
  }

  /**
   * What a rewrite keeps of the branch after the fork when it displaces that.
   *
   * @param after the state of the rewrite
   */
  List<Inherited> keptBy(State after) {
    Map<Bytes, Long> given = KeyChange.votesIn(after);
    List<Inherited> kept = new ArrayList<>();
    for (Key key : atFork.keys()) {
      inherited(key, given.getOrDefault(key.id(), 0L), of(key)).ifPresent(kept::add);
    }
    return kept;
  }

  private static Optional<Inherited> inherited(Key key, long given, List<Taking> takings) {
    List<Taking> finals = new ArrayList<>(takings);
    finals.removeIf(taking -> taking.finalVotes().isEmpty());
    List<Taking> standing = new ArrayList<>(takings);
    standing.removeIf(
        taking -> !taking.isStanding() || taking.isUndone() || given > taking.left());
    List<Taking> removals = new ArrayList<>(standing);
    removals.removeIf(taking -> !taking.isRemoval());
    return finals.isEmpty() && standing.isEmpty()
        ? Optional.empty()
        : Optional.of(
            new Inherited(
                key.id(),
                given > 0 && finals.stream().anyMatch(taking -> taking.left() == 0),
                fewest(finals, taking -> given <= taking.left()),
                fewest(finals, taking -> given > taking.left()),
                merged(removals),
                merged(standing)));
  }

  private static Optional<Inherited.Final> fewest(List<Taking> finals, Predicate<Taking> wanted) {
    return finals.stream()
        .filter(wanted)
        .min(Comparator.comparingLong(taking -> taking.finalVotes().orElseThrow()))
        .map(taking -> new Inherited.Final(taking.by(), taking.left(), taking.finalVotes().orElseThrow()));
  }

  private static Optional<Inherited.Standing> merged(List<Taking> takings) {
    if (takings.isEmpty()) {
      return Optional.empty();
    }
    Taking earliest = takings.get(0);
    Taking heaviest = earliest;
    long votes = earliest.left();
    for (Taking taking : takings) {
      heaviest = taking.weight() > heaviest.weight() ? taking : heaviest;
      earliest = taking.away().isLongerThan(earliest.away()) ? taking : earliest;
      votes = Math.min(votes, taking.left());
    }
    return Optional.of(
        new Inherited.Standing(
            earliest.by(),
            votes,
            earliest.away().before(),
            earliest.away().open().orElseThrow(),
            heaviest.standing()));
  }
}
