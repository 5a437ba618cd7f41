package dev.tka.core.authority;

import dev.tka.core.ApplyException;
import dev.tka.core.Aum;
import dev.tka.core.State;
import dev.tka.core.store.AumEntry;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.Commit;
import dev.tka.core.store.Trail;
import dev.tka.core.store.TrailEntry;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/** The trail (protocol, section 10) of a store that keeps the bodies of what it purged. */
public final class PurgedTrail {
  private PurgedTrail() {}

  /**
   * Derives the trail of a store that keeps the bodies of what it purged: from the oldest ancestor
   * back over the purged AUMs, as far as the states there can be computed. Empty if the oldest
   * ancestor cannot be determined.
   */
  public static Trail of(AumSnapshot snapshot) {
    try {
      return Trail.EMPTY.extend(entriesBehind(Authority.oldestAncestor(snapshot), snapshot));
    } catch (ApplyException | OpenException e) {
      // This chain was never verified, so it is not one that this store had.
      return Trail.EMPTY;
    }
  }

  private static List<TrailEntry> entriesBehind(AumEntry oldestAncestor, AumSnapshot snapshot)
      throws ApplyException, OpenException {
    Deque<Commit.Addition> path = new ArrayDeque<>();
    int usable = 0;
    Optional<Commit.Addition> at = oldestAncestor.parent().flatMap(snapshot::purged);
    while (at.isPresent()) {
      path.push(at.get());
      Aum aum = at.get().aum();
      if (aum.kind().isCheckpoint() || aum.parent().isEmpty()) {
        usable = path.size();
      }
      at = aum.parent().flatMap(snapshot::purged);
    }
    while (path.size() > usable) {
      path.pop();
    }
    List<TrailEntry> entries = new ArrayList<>(path.size());
    State state = State.NOTHING;
    for (Commit.Addition step : path) {
      Aum aum = step.aum();
      State after = entries.isEmpty() ? Authority.stateAtOldest(aum) : state.apply(aum);
      State before = entries.isEmpty() ? after : state;
      entries.add(TrailEntry.of(aum, before, after, step.committedAt(), step.facts()));
      state = after;
    }
    return entries;
  }
}
