package dev.tka.core.store;

import dev.tka.core.AumHash;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * What a store notes beside AUMs and the trail (protocol, section 10). Immutable.
 *
 * @param ownAums the notes on own AUMs and about control
 * @param time the latest note on own time; empty in a store that never kept it
 * @param inherited what each rewrite keeps of the branch that it displaced, by the rewrite's hash
 */
public record Notes(
    OwnAums ownAums, Optional<OwnTime> time, Map<AumHash, List<Inherited>> inherited) {
  /** No notes. */
  public static final Notes NONE = new Notes(OwnAums.NONE, Optional.empty(), Map.of());

  /** Copies its map. */
  public Notes {
    Objects.requireNonNull(ownAums);
    Objects.requireNonNull(time);
    inherited = Map.copyOf(inherited);
  }

  /** These notes with other notes on own AUMs. */
  public Notes with(OwnAums next) {
    return new Notes(next, time, inherited);
  }

  /** The notes after a commit. */
  public Notes after(Commit commit) {
    Map<AumHash, List<Inherited>> next = inherited;
    boolean forgets = !next.isEmpty() && !commit.purges().isEmpty();
    if (!commit.inherited().isEmpty() || forgets) {
      next = new HashMap<>(inherited);
      // What leaves the store and is not remembered can no longer be judged.
      next.keySet().removeAll(forgotten(commit));
      next.putAll(commit.inherited());
    }
    return new Notes(commit.ownAums().orElse(ownAums), commit.time().or(() -> time), next);
  }

  private static Set<AumHash> forgotten(Commit commit) {
    Set<AumHash> forgotten = new HashSet<>(commit.purges());
    commit.trail().forEach(entry -> forgotten.remove(entry.hash()));
    commit.additions().forEach(addition -> forgotten.remove(addition.aum().hash()));
    return forgotten;
  }
}
