package dev.tka.simulation;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.State;
import dev.tka.sync.SyncAnswer;
import dev.tka.testkit.TestKeys;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/** A node with all that belongs to it. */
final class Member {
  /** Key numbers of members are apart by this much, so that each can rotate for years. */
  private static final int KEYS_EACH = 1000;

  final int index;
  final int votes;
  final NodeEndpoint end;
  final MachineClock clock;
  final Deque<Aum> drafts = new ArrayDeque<>();

  /** What it made in its own store. */
  final Set<AumHash> ownEdits = new LinkedHashSet<>();

  /** What control said last of what it did not take, a line each. */
  List<String> refusedByControl = List.of();

  boolean online = true;

  /** False while its machine is off, and so offline, too. */
  boolean running = true;

  int purged;

  /** When its head and an honest control's were last the same, by the true clock. */
  Optional<Instant> agreedAt = Optional.empty();

  Optional<NodeEndpoint.SyncReport> last = Optional.empty();

  /** What control answered it last. */
  Optional<SyncAnswer> lastAnswer = Optional.empty();

  private final List<Integer> keysNewestFirst = new ArrayList<>();

  Member(int index, int votes, NodeEndpoint end, MachineClock clock) {
    this.index = index;
    this.votes = votes;
    this.end = end;
    this.clock = clock;
    keysNewestFirst.add(firstKey(index));
  }

  /** The own time of its store. */
  Instant now() {
    return end.ownTime();
  }

  /** The number of the key that a member begins with. */
  static int firstKey(int index) {
    return index * KEYS_EACH + 1;
  }

  /** Makes a new key; it has to be trusted yet. */
  int makeKey() {
    int key = keysNewestFirst.get(0) + 1;
    keysNewestFirst.add(0, key);
    return key;
  }

  int newestKey() {
    return keysNewestFirst.get(0);
  }

  /** The newest of its keys that a state trusts. */
  OptionalInt keyTrustedBy(State state) {
    return keysNewestFirst.stream()
        .filter(key -> state.trusts(TestKeys.id(key)))
        .mapToInt(Integer::intValue)
        .findFirst();
  }
}
