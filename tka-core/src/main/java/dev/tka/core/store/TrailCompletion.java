package dev.tka.core.store;

import dev.tka.core.Aum;
import dev.tka.core.Bytes;
import dev.tka.core.State;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Completes entries that older versions wrote: see {@link Trail#completed}. */
final class TrailCompletion {
  private final List<TrailEntry> entries;
  private final List<List<KeyChange>> changes = new ArrayList<>();

  /** The votes after the last entry that was looked at; maybe not all of them. */
  private final Map<Bytes, Long> votes = new LinkedHashMap<>();

  /** Where an unknown number of votes that a key has now was given to it. */
  private final Map<Bytes, Place> unknown = new HashMap<>();

  /** True once a checkpoint was looked at: what is not in the votes is not trusted. */
  private boolean allAreKnown;

  TrailCompletion(List<TrailEntry> entries) {
    this.entries = entries;
  }

  /** A change among those of an entry. */
  private record Place(int entry, int change) {}

  List<TrailEntry> complete() throws StoreException.Damaged {
    List<TrailEntry> complete = new ArrayList<>(entries.size());
    for (TrailEntry entry : entries) {
      changes.add(new ArrayList<>());
      entry.changes().forEach(this::apply);
      Optional<State> state = Trail.checkpointOf(entry).flatMap(Aum::state);
      state.ifPresent(each -> compare(KeyChange.votesIn(each)));
    }
    for (int i = 0; i < entries.size(); i++) {
      TrailEntry entry = entries.get(i);
      complete.add(
          entry.changes().equals(changes.get(i)) ? entry : entry.withChanges(changes.get(i)));
    }
    return List.copyOf(complete);
  }

  private void apply(KeyChange stated) {
    Bytes key = stated.key();
    long before = votes.getOrDefault(key, KeyChange.UNKNOWN);
    if (stated.before() != KeyChange.UNKNOWN) {
      before = stated.before();
      learn(key, before);
    }
    List<KeyChange> here = changes.get(changes.size() - 1);
    here.add(new KeyChange(key, before, stated.after()));
    unknown.remove(key);
    if (stated.after() == KeyChange.UNKNOWN) {
      unknown.put(key, new Place(changes.size() - 1, here.size() - 1));
    }
    if (stated.after() == 0) {
      votes.remove(key);
    } else {
      votes.put(key, stated.after());
    }
  }

  /** Compares the votes at a checkpoint, the entry that was just applied, with what was stated. */
  private void compare(Map<Bytes, Long> inState) {
    inState.forEach(this::learn);
    Map<Bytes, Long> comparable = new LinkedHashMap<>(inState);
    if (!allAreKnown) {
      comparable.keySet().retainAll(votes.keySet());
    }
    changes.get(changes.size() - 1).addAll(KeyChange.between(votes, comparable));
    allAreKnown = true;
    votes.clear();
    votes.putAll(inState);
    unknown.clear();
  }

  /** Notes the votes that a key has now where an entry gave it an unknown number. */
  private void learn(Bytes key, long number) {
    Place place = number > 0 ? unknown.remove(key) : null;
    if (place != null) {
      List<KeyChange> there = changes.get(place.entry());
      KeyChange stated = there.get(place.change());
      there.set(place.change(), new KeyChange(key, stated.before(), number));
      votes.put(key, number);
    }
  }
}
