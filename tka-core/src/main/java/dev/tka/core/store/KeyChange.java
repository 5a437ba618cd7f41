package dev.tka.core.store;

import dev.tka.core.Aum;
import dev.tka.core.Bytes;
import dev.tka.core.Key;
import dev.tka.core.State;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * The change that an AUM makes to the votes of a key (protocol, section 10, "Trail").
 *
 * @param key the key's id
 * @param before its votes in the state at the AUM's parent; 0 if it is not trusted there
 * @param after its votes in the state at the AUM; 0 if it is not trusted there
 */
public record KeyChange(Bytes key, long before, long after) {
  /** Some votes, but it is not known how many: older versions did not note them. */
  public static final long UNKNOWN = -1;

  /** Rejects a missing key and numbers of votes that mean nothing. */
  public KeyChange {
    Objects.requireNonNull(key);
    if (before < UNKNOWN || after < UNKNOWN) {
      throw new IllegalArgumentException("votes: expected 0 or more, or -1, found less");
    }
  }

  /** True if the AUM makes the key trusted. */
  public boolean adds() {
    return before == 0 && after != 0;
  }

  /** True if the AUM makes the key no longer trusted. */
  public boolean removes() {
    return before != 0 && after == 0;
  }

  /**
   * The changes that an AUM makes: what its kind says or, for a checkpoint, what differs.
   *
   * @param before the state at its parent; the state at the AUM itself, if it begins an authority
   * @param after the state at the AUM
   */
  static List<KeyChange> madeBy(Aum aum, State before, State after) {
    Optional<Bytes> key = aum.key().map(Key::id).or(aum::keyId);
    if (key.isEmpty()) {
      return aum.kind().isCheckpoint() ? between(before, after) : List.of();
    }
    long votesBefore = votesOf(before, key.get());
    long votesAfter = votesOf(after, key.get());
    return votesBefore == votesAfter
        ? List.of()
        : List.of(new KeyChange(key.get(), votesBefore, votesAfter));
  }

  private static long votesOf(State state, Bytes key) {
    return state.findKey(key).map(KeyChange::votes).orElse(0L);
  }

  /** No well-formed key has more than 4096; an unverified store may hold any number. */
  private static long votes(Key key) {
    return key.votes() < 0 ? Long.MAX_VALUE : key.votes();
  }

  /**
   * The changes from one state to another: keys that go and keys whose votes differ in the order of
   * the first state, then new keys in the order of the second.
   */
  public static List<KeyChange> between(State before, State after) {
    return before.keys().equals(after.keys())
        ? List.of()
        : between(votesIn(before), votesIn(after));
  }

  /**
   * The changes from some votes of keys to others, by their ids; in the order of the first, then of
   * the second.
   */
  public static List<KeyChange> between(Map<Bytes, Long> before, Map<Bytes, Long> after) {
    List<KeyChange> changes = new ArrayList<>();
    before.forEach(
        (key, votes) -> {
          long left = after.getOrDefault(key, 0L);
          if (left != votes) {
            changes.add(new KeyChange(key, votes, left));
          }
        });
    after.forEach(
        (key, votes) -> {
          if (!before.containsKey(key)) {
            changes.add(new KeyChange(key, 0, votes));
          }
        });
    return List.copyOf(changes);
  }

  /** The votes of the keys that a state trusts, by their ids, in its order. */
  public static Map<Bytes, Long> votesIn(State state) {
    Map<Bytes, Long> votes = new LinkedHashMap<>();
    for (Key key : state.keys()) {
      votes.putIfAbsent(key.id(), votes(key));
    }
    return votes;
  }
}
