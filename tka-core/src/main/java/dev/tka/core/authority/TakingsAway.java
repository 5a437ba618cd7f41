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
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * The AUMs after a fork that took keys away or lowered their votes, each with whether it is final
 * and with its weight at the fork (protocol, section 10, "Who may not rewrite" to "A rewrite does
 * not make what it displaces forgotten"). Computed from what is known about the chain; nothing is
 * read. For one thread.
 */
final class TakingsAway {
  /** The time for which a key must have been away for that to be final. */
  static final Duration FINAL_AFTER = Duration.ofDays(14);

  /** Of more AUMs that took a key away, only those that decide are looked at. */
  private static final int MOST_NAMED = 32;

  private final Chain chain;
  private final State atFork;
  private final int fork;

  /** The AUMs after the fork that brought a key in, oldest first, once they were needed. */
  private final Map<Bytes, List<Bringing>> bringings = new HashMap<>();

  /** The keys of the fork that the signers of an AUM stand for, once they were needed. */
  private final Map<Bringing, Set<Bytes>> stoodFor = new HashMap<>();

  /**
   * What is known about a chain.
   *
   * @param last the last place whose AUM counts; what a rewrite after it inherited counts all the
   *     same, since nothing else was inherited
   * @param keys the changes of votes
   * @param inherited what the rewrites inherited, by key, oldest first
   * @param reference the time at which finality is judged; empty if nothing is final yet
   * @param times the times from which and at which AUMs count
   * @param lapses true if what a rewrite gave back counts only until the rewrite is final itself
   */
  record Chain(
      int last,
      KeyHistory keys,
      Map<Bytes, List<Kept>> inherited,
      Optional<Instant> reference,
      Times times,
      boolean lapses) {
    /**
     * What is known about a chain.
     *
     * @param rewrites the rewrites, oldest first
     */
    static Chain of(
        int last,
        KeyHistory keys,
        List<Rewritten> rewrites,
        Optional<Instant> reference,
        Times times,
        boolean lapses) {
      Map<Bytes, List<Kept>> inherited = new HashMap<>();
      for (Rewritten rewrite : rewrites) {
        for (Inherited each : rewrite.inherited()) {
          inherited
              .computeIfAbsent(each.key(), any -> new ArrayList<>(1))
              .add(new Kept(rewrite, each));
        }
      }
      return new Chain(last, keys, inherited, reference, times, lapses);
    }

    List<Kept> keptOf(Bytes key) {
      return inherited.getOrDefault(key, List.of());
    }
  }

  /** What a rewrite inherited for a key. */
  record Kept(Rewritten rewrite, Inherited what) {}

  /**
   * The takings away after a fork.
   *
   * @param atFork the state there
   * @param fork its place
   */
  TakingsAway(Chain chain, State atFork, int fork) {
    this.chain = chain;
    this.atFork = atFork;
    this.fork = fork;
  }

  /** What the rewrites after the fork inherited for a key, oldest first. */
  private List<Kept> keptOf(Bytes key) {
    List<Kept> all = chain.keptOf(key);
    return all.isEmpty()
        ? all
        : all.stream().filter(kept -> kept.rewrite().place() > fork).toList();
  }

  /**
   * A rewrite on the chain.
   *
   * @param signers the ids of the keys that signed it; may be empty if it brought no key back
   */
  record Rewritten(int place, List<Bytes> signers, List<Inherited> inherited) {
    /** True if it was put in the place of an AUM, see {@link Inherited#displaced}. */
    boolean displaced(AumHash hash) {
      return inherited.stream().anyMatch(kept -> kept.displaced().equals(Optional.of(hash)));
    }

    Rewritten movedBy(int places) {
      return new Rewritten(place + places, signers, inherited);
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

  /** What took a key away after the fork, or lowered it below its votes there. */
  List<Taking> of(Key key) {
    List<Event> events = chain.keys().of(key.id(), fork);
    List<Taking> takings = new ArrayList<>();
    for (int i : deciding(events, key.votes())) {
      takings.add(taking(events.get(i), events.subList(i, events.size()), key.votes()));
    }
    for (Kept kept : keptOf(key.id())) {
      addInherited(kept.rewrite(), kept.what(), key, events, takings);
    }
    return takings;
  }

  /**
   * The changes that lowered a key below its votes at the fork, by index. Of very many, the first,
   * which have been away for longest, the heaviest and the last: the others bar nobody whom these
   * do not bar.
   */
  private List<Integer> deciding(List<Event> events, long votes) {
    List<Integer> lowering = new ArrayList<>();
    for (int i = 0; i < events.size() && events.get(i).place() <= chain.last(); i++) {
      Event event = events.get(i);
      if (event.after() < event.before() && event.after() < votes) {
        lowering.add(i);
      }
    }
    if (lowering.size() <= MOST_NAMED) {
      return lowering;
    }
    List<Integer> removing = new ArrayList<>(lowering);
    removing.removeIf(i -> events.get(i).after() > 0);
    Set<Integer> kept = new TreeSet<>();
    for (List<Integer> some : List.of(lowering, removing)) {
      some.stream().limit(1).forEach(kept::add);
      some.stream().skip(Math.max(0, some.size() - MOST_NAMED / 4)).forEach(kept::add);
      some.stream()
          .max(Comparator.comparingLong(i -> weightOf(events.get(i))))
          .ifPresent(kept::add);
    }
    return List.copyOf(kept);
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
      long together = weightOf(left);
      fewer =
          left.removeIf(
              key ->
                  takings.getOrDefault(key.id(), List.of()).stream()
                      .anyMatch(taking -> taking.bars(true, together)));
    }
    return left;
  }

  /** The votes of some keys together. */
  static long weightOf(List<Key> keys) {
    long weight = 0;
    for (Key key : keys) {
      weight = Votes.add(weight, key.votes());
    }
    return weight;
  }

  private Taking taking(Event event, List<Event> from, long votes) {
    long most = Math.min(event.before(), votes) - 1;
    Set<Bytes> standing = standFor(event.point().signers(), event.place());
    return new Taking(
        event.point().hash(),
        event.after() == 0,
        event.after(),
        finalVotes(event, most, from),
        weightOf(standing, event.place()),
        standing,
        absence(from, event.after() == 0 ? 0 : most),
        from.get(from.size() - 1).after());
  }

  /** The fewest votes, of those that a key has had since, to which it is finally lowered. */
  private OptionalLong finalVotes(Event event, long most, List<Event> from) {
    OptionalLong before = finalVotesBefore(event);
    if (before.isPresent() && before.getAsLong() <= most) {
      return before;
    }
    long fewest = event.after();
    List<Long> levels =
        from.stream()
            .map(Event::after)
            .filter(votes -> votes >= fewest && votes <= most)
            .distinct()
            .sorted()
            .toList();
    // The more votes count as away, the longer the key has been away.
    int low = 0;
    int high = levels.size();
    while (low < high) {
      int middle = (low + high) / 2;
      if (isFinal(absence(from, levels.get(middle)))) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low < levels.size() ? OptionalLong.of(levels.get(low)) : OptionalLong.empty();
  }

  /**
   * The votes that an AUM finally left before its branch was displaced. What was final stays final,
   * also if control sends the same branch again.
   */
  private OptionalLong finalVotesBefore(Event event) {
    return chain.keptOf(event.change().key()).stream()
        .flatMap(kept -> finals(kept.what()))
        .filter(taken -> taken.by().equals(event.point().hash()))
        .mapToLong(Inherited.Final::votes)
        .min();
  }

  private static Stream<Inherited.Final> finals(Inherited kept) {
    return Stream.of(kept.lasting(), kept.lapsing()).flatMap(Optional::stream);
  }

  private long weightOf(Event event) {
    return weightOf(standFor(event.point().signers(), event.place()), event.place());
  }

  private Absence absence(List<Event> events, long level) {
    return absence(new Absence(level, Duration.ZERO, Optional.empty()), events);
  }

  private Absence absence(Absence begun, List<Event> events) {
    Absence absence = begun;
    for (Event event : events) {
      absence = absence.after(event, chain.times());
    }
    return absence;
  }

  private boolean isFinal(Absence absence) {
    return absence.upTo(chain.reference()).compareTo(FINAL_AFTER) >= 0;
  }

  private void addInherited(
      Rewritten rewrite, Inherited inherited, Key key, List<Event> events, List<Taking> takings) {
    inherited.lasting().ifPresent(each -> addFinal(each, key, takings));
    if (!chain.lapses()
        || !isFinal(new Absence(0, Duration.ZERO, Optional.of(inherited.admittedAt())))) {
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
                    standing(rewrite, each, false, List.of(key.votes() - 1, each.votes()), after)));
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
    Set<Bytes> keysAtFork = standFor(List.copyOf(standing.heaviest()), rewrite.place());
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

  /**
   * The keys of the fork that the signers of an AUM stand for, as of its place: each for itself,
   * unless it was taken away since the fork; otherwise for those for whom the signers of the AUM
   * stand that brought it in. Without recursion: a thief can make the way as long as he likes.
   */
  private Set<Bytes> standFor(List<Bytes> signers, int place) {
    Bringing asked = new Bringing(place, signers);
    Deque<Bringing> waiting = new ArrayDeque<>(List.of(asked));
    while (!waiting.isEmpty()) {
      Bringing at = waiting.peek();
      Set<Bytes> keys = new HashSet<>();
      boolean isComplete = true;
      for (Bytes signer : at.signers()) {
        Optional<Bringing> brought = broughtIn(signer, at.place());
        Set<Bytes> others = brought.isEmpty() ? Set.of() : stoodFor.get(brought.get());
        if (others == null) {
          waiting.push(brought.orElseThrow());
          isComplete = false;
        } else if (brought.isPresent()) {
          keys.addAll(others);
        } else if (atFork.trusts(signer)) {
          keys.add(signer);
        }
      }
      if (isComplete) {
        stoodFor.put(at, keys);
        waiting.pop();
      }
    }
    return stoodFor.getOrDefault(asked, Set.of());
  }

  /** An AUM, by its place, and its signers. */
  private record Bringing(int place, List<Bytes> signers) {}

  /** The last AUM between the fork and a place that brought a key in. */
  private Optional<Bringing> broughtIn(Bytes key, int place) {
    List<Bringing> all = bringings.computeIfAbsent(key, this::bringingsOf);
    int low = 0;
    int high = all.size();
    while (low < high) {
      int middle = (low + high) / 2;
      if (all.get(middle).place() < place) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low == 0 ? Optional.empty() : Optional.of(all.get(low - 1));
  }

  private List<Bringing> bringingsOf(Bytes key) {
    List<Bringing> all = new ArrayList<>();
    for (Event event : chain.keys().of(key, fork)) {
      if (event.before() == 0) {
        all.add(new Bringing(event.place(), event.point().signers()));
      }
    }
    for (Kept kept : keptOf(key)) {
      if (kept.what().isBroughtBack()) {
        all.add(new Bringing(kept.rewrite().place(), kept.rewrite().signers()));
      }
    }
    all.sort(Comparator.comparingInt(Bringing::place));
    return all;
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
    for (Kept kept : keptOf(key.id())) {
      if (kept.rewrite().place() <= place) {
        votes = Math.min(votes, finalVotes(kept.what()).orElse(votes));
      }
    }
    return votes;
  }

  private static OptionalLong finalVotes(Inherited inherited) {
    return finals(inherited).mapToLong(Inherited.Final::votes).min();
  }

  /**
   * What a rewrite keeps of the branch after the fork when it displaces that.
   *
   * @param after the state of the rewrite
   * @param now the own time
   * @param displaced see {@link Inherited}
   */
  List<Inherited> keptBy(State after, Instant now, Optional<AumHash> displaced) {
    Map<Bytes, Long> given = KeyChange.votesIn(after);
    List<Inherited> kept = new ArrayList<>();
    for (Key key : atFork.keys()) {
      inherited(key, given.getOrDefault(key.id(), 0L), of(key), now, displaced)
          .ifPresent(kept::add);
    }
    return kept;
  }

  private static Optional<Inherited> inherited(
      Key key, long given, List<Taking> takings, Instant now, Optional<AumHash> displaced) {
    List<Taking> finals = new ArrayList<>(takings);
    finals.removeIf(taking -> taking.finalVotes().isEmpty());
    List<Taking> standing = new ArrayList<>(takings);
    standing.removeIf(taking -> !taking.isStanding() || taking.isUndone() || given > taking.left());
    List<Taking> removals = new ArrayList<>(standing);
    removals.removeIf(taking -> !taking.isRemoval());
    return finals.isEmpty() && standing.isEmpty()
        ? Optional.empty()
        : Optional.of(
            new Inherited(
                key.id(),
                now,
                given > 0 && finals.stream().anyMatch(taking -> taking.left() == 0),
                fewest(finals, taking -> given <= taking.left()),
                fewest(finals, taking -> given > taking.left()),
                merged(removals),
                merged(standing),
                displaced));
  }

  private static Optional<Inherited.Final> fewest(List<Taking> finals, Predicate<Taking> wanted) {
    return finals.stream()
        .filter(wanted)
        .min(Comparator.comparingLong(taking -> taking.finalVotes().orElseThrow()))
        .map(
            taking ->
                new Inherited.Final(taking.by(), taking.left(), taking.finalVotes().orElseThrow()));
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
