package dev.tka.core.store;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.DecodeException;
import dev.tka.core.State;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A store's memory of the AUMs that it purged from its active chain (protocol, section 10,
 * "Trail"): an unbroken row of entries from the oldest ancestor's parent back, as far as it goes.
 * Immutable.
 *
 * <p>Entries lie in runs, each with its own index; a new run absorbs those before it that are not
 * longer. So there are few runs, the cost of adding is that of the additions (and now and then a
 * merge), and a trail shares its older runs with the one that it was made from.
 */
public final class Trail {
  /** The empty trail. */
  public static final Trail EMPTY = new Trail(null, 0);

  /** Heap bytes per entry, with its place in a run; a checkpoint's entry is larger. */
  private static final long HEAP_BYTES_AN_ENTRY = 300;

  private final @Nullable Run newest;
  private final int size;

  private Trail(@Nullable Run newest, int size) {
    this.newest = newest;
    this.size = size;
  }

  /** Consecutive entries, linked to the run before. */
  private static final class Run {
    final List<TrailEntry> entries;
    final Map<AumHash, Integer> indexes;
    final List<AumHash> checkpointsNewestFirst;
    final @Nullable Run before;

    Run(List<TrailEntry> entries, @Nullable Run before) {
      this.entries = List.copyOf(entries);
      this.before = before;
      this.indexes = new HashMap<>();
      List<AumHash> checkpoints = new ArrayList<>();
      for (int i = 0; i < entries.size(); i++) {
        indexes.put(entries.get(i).hash(), i);
        if (entries.get(i).checkpoint().isPresent()) {
          checkpoints.add(entries.get(i).hash());
        }
      }
      Collections.reverse(checkpoints);
      this.checkpointsNewestFirst = List.copyOf(checkpoints);
    }
  }

  /**
   * Entries with the numbers of votes that older versions did not note, as far as checkpoints tell:
   * an unknown number is known once the next checkpoint states it, and a change of votes that no
   * entry states is attributed to the first checkpoint that shows it. Entries that older versions
   * did not write stay as they are.
   *
   * @param entries the entries of a trail, oldest first
   * @throws StoreException.Damaged if a checkpoint does not match its name
   */
  public static List<TrailEntry> completed(List<TrailEntry> entries) throws StoreException.Damaged {
    return entries.stream().allMatch(entry -> entry.own().isPresent())
        ? entries
        : new TrailCompletion(entries).complete();
  }

  /** The number of AUMs that are remembered. */
  public int size() {
    return size;
  }

  /** Approximate heap bytes of this trail. */
  public long heapBytes() {
    return size * HEAP_BYTES_AN_ENTRY;
  }

  /** The entry of an AUM, if the AUM is remembered. */
  public Optional<TrailEntry> find(AumHash hash) {
    for (Run run = newest; run != null; run = run.before) {
      Integer index = run.indexes.get(hash);
      if (index != null) {
        return Optional.of(run.entries.get(index));
      }
    }
    return Optional.empty();
  }

  /** True if an AUM is remembered. */
  public boolean contains(AumHash hash) {
    return find(hash).isPresent();
  }

  /** The entry of the oldest ancestor's parent; empty if nothing is remembered. */
  public Optional<TrailEntry> newest() {
    return newest == null
        ? Optional.empty()
        : Optional.of(newest.entries.get(newest.entries.size() - 1));
  }

  /** The oldest AUM that is remembered; empty if there is none. */
  public Optional<AumHash> oldest() {
    Optional<AumHash> oldest = Optional.empty();
    for (Run run = newest; run != null; run = run.before) {
      oldest = Optional.of(run.entries.get(0).hash());
    }
    return oldest;
  }

  /** All entries, oldest first. */
  public List<TrailEntry> entries() {
    return collect(Optional.empty());
  }

  /**
   * The entries of the AUMs that follow a given one, oldest first; the cost is proportional to
   * their number.
   *
   * @throws IllegalArgumentException if it is not remembered
   */
  public List<TrailEntry> after(AumHash hash) {
    if (!contains(hash)) {
      throw new IllegalArgumentException(hash + " is not in the trail");
    }
    return collect(Optional.of(hash));
  }

  /**
   * The number of remembered AUMs that follow a given one.
   *
   * @throws IllegalArgumentException if it is not remembered
   */
  public int countAfter(AumHash hash) {
    int count = 0;
    for (Run run = newest; run != null; run = run.before) {
      Integer index = run.indexes.get(hash);
      if (index != null) {
        return count + run.entries.size() - index - 1;
      }
      count += run.entries.size();
    }
    throw new IllegalArgumentException(hash + " is not in the trail");
  }

  private List<TrailEntry> collect(Optional<AumHash> after) {
    Deque<List<TrailEntry>> newestFirst = new ArrayDeque<>();
    for (Run run = newest; run != null; run = run.before) {
      Integer index = after.map(run.indexes::get).orElse(null);
      newestFirst.push(
          index == null ? run.entries : run.entries.subList(index + 1, run.entries.size()));
      if (index != null) {
        break;
      }
    }
    List<TrailEntry> following = new ArrayList<>();
    newestFirst.forEach(following::addAll);
    return following;
  }

  /** The remembered checkpoints, newest first; the cost is proportional to their number. */
  public List<AumHash> checkpoints() {
    List<AumHash> checkpoints = new ArrayList<>();
    for (Run run = newest; run != null; run = run.before) {
      checkpoints.addAll(run.checkpointsNewestFirst);
    }
    return checkpoints;
  }

  /**
   * The newest checkpoint at or before an AUM.
   *
   * @return empty if the AUM is not remembered, or neither it nor any remembered AUM before it is a
   *     checkpoint
   */
  public Optional<TrailEntry> checkpointAtOrBefore(AumHash hash) {
    boolean found = false;
    for (Run run = newest; run != null; run = run.before) {
      Integer index = run.indexes.get(hash);
      if (!found && index == null) {
        continue;
      }
      for (int i = found ? run.entries.size() - 1 : index; i >= 0; i--) {
        if (run.entries.get(i).checkpoint().isPresent()) {
          return Optional.of(run.entries.get(i));
        }
      }
      found = true;
    }
    return Optional.empty();
  }

  /**
   * The whole AUM of a remembered checkpoint.
   *
   * @return empty if it is not remembered or not a checkpoint
   * @throws StoreException.Damaged if it does not match its name
   */
  public Optional<Aum> checkpoint(AumHash hash) throws StoreException.Damaged {
    Optional<TrailEntry> entry = find(hash);
    return entry.isEmpty() ? Optional.empty() : checkpointOf(entry.get());
  }

  /** The whole AUM of an entry, if it is a checkpoint's. */
  static Optional<Aum> checkpointOf(TrailEntry entry) throws StoreException.Damaged {
    if (entry.checkpoint().isEmpty()) {
      return Optional.empty();
    }
    try {
      return Optional.of(Aum.decodeStored(entry.hash(), entry.checkpoint().get()));
    } catch (DecodeException e) {
      throw new StoreException.Damaged(
          "remembered checkpoint " + entry.hash() + ": " + e.getMessage());
    }
  }

  /**
   * The votes of the keys that are trusted after the newest entry, by their ids.
   *
   * @return empty if no checkpoint is remembered from which to derive them
   * @throws StoreException.Damaged if that checkpoint does not match its name
   */
  public Optional<Map<Bytes, Long>> votesAtEnd() throws StoreException.Damaged {
    Optional<TrailEntry> checkpoint =
        newest().map(TrailEntry::hash).flatMap(this::checkpointAtOrBefore);
    if (checkpoint.isEmpty()) {
      return Optional.empty();
    }
    State state = checkpoint(checkpoint.get().hash()).flatMap(Aum::state).orElse(State.NOTHING);
    Map<Bytes, Long> votes = new LinkedHashMap<>(KeyChange.votesIn(state));
    for (TrailEntry entry : after(checkpoint.get().hash())) {
      for (KeyChange change : entry.changes()) {
        votes.put(change.key(), change.after());
      }
    }
    votes.values().removeIf(left -> left == 0);
    return Optional.of(votes);
  }

  /**
   * This trail with more entries, oldest first, after its newest.
   *
   * @throws IllegalArgumentException if they do not follow one another and the newest
   */
  public Trail extend(List<TrailEntry> entries) {
    Optional<AumHash> last = newest().map(TrailEntry::hash);
    for (TrailEntry entry : entries) {
      if (last.isPresent() && !last.equals(entry.parent())) {
        throw new IllegalArgumentException(entry.hash() + " does not follow " + last.get());
      }
      last = Optional.of(entry.hash());
    }
    return entries.isEmpty() ? this : append(entries);
  }

  private Trail append(List<TrailEntry> entries) {
    List<TrailEntry> merged = entries;
    Run before = newest;
    while (before != null && before.entries.size() <= merged.size()) {
      List<TrailEntry> longer = new ArrayList<>(before.entries);
      longer.addAll(merged);
      merged = longer;
      before = before.before;
    }
    return new Trail(new Run(merged, before), size + entries.size());
  }

  /**
   * This trail without an AUM and those that follow it; this trail itself if the AUM is not
   * remembered.
   */
  public Trail cutFrom(AumHash hash) {
    int left = size;
    for (Run run = newest; run != null; run = run.before) {
      Integer index = run.indexes.get(hash);
      left -= run.entries.size();
      if (index != null) {
        Trail older = new Trail(run.before, left);
        return index == 0 ? older : older.append(run.entries.subList(0, index));
      }
    }
    return this;
  }

  @Override
  public String toString() {
    return "Trail(" + size + " AUMs)";
  }
}
