package dev.tka.control.move;

import dev.tka.core.AumHash;
import dev.tka.core.store.AumEntry;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.Damage;
import dev.tka.core.store.Notes;
import dev.tka.core.store.TrailEntry;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What one store must take in and forget to hold what another holds. Decided from the indexes, the
 * trails and the notes alone.
 *
 * @param isPossible false if no commit leads there, so that the store must be wiped first
 * @param added the AUMs that it lacks, each parent before its children
 * @param purged the AUMs that it has and the other lacks
 * @param trailCut the first entry of its trail that is not the other's
 * @param trail the entries that its trail lacks
 * @param notes whether the notes or the last active ancestor differ
 */
record AumDifference(
    boolean isPossible,
    List<AumEntry> added,
    List<AumHash> purged,
    Optional<AumHash> trailCut,
    List<TrailEntry> trail,
    boolean notes) {

  private static final Comparator<AumEntry> PARENTS_FIRST =
      Comparator.comparingInt(AumEntry::height).thenComparing(AumEntry::hash);

  /** What to change in {@code to}, so that it holds what {@code from} holds. */
  static AumDifference between(AumSnapshot from, AumSnapshot to) {
    List<AumEntry> added = new ArrayList<>();
    boolean possible = to.damage().stream().noneMatch(Damage::degrades);
    for (AumEntry entry : from.entries()) {
      Optional<? extends AumEntry> there = to.find(entry.hash());
      if (there.isEmpty()) {
        added.add(entry);
      } else {
        // An AUM that is stored keeps its commit time, and its facts.
        possible &= isSame(entry, there.get());
      }
    }
    added.sort(PARENTS_FIRST);
    List<AumHash> purged = new ArrayList<>();
    for (AumEntry entry : to.entries()) {
      if (from.find(entry.hash()).isEmpty()) {
        purged.add(entry.hash());
      }
    }
    List<TrailEntry> wanted = from.trail().entries();
    List<TrailEntry> found = to.trail().entries();
    int same = 0;
    while (same < Math.min(wanted.size(), found.size())
        && wanted.get(same).equals(found.get(same))) {
      same++;
    }
    List<TrailEntry> trail = wanted.subList(same, wanted.size());
    possible &= isPossible(from, to, purged, trail);
    return new AumDifference(
        possible,
        added,
        purged,
        same < found.size() ? Optional.of(found.get(same).hash()) : Optional.empty(),
        trail,
        !from.notes().equals(to.notes())
            || !from.lastActiveAncestor().equals(to.lastActiveAncestor()));
  }

  /** Commits set the record and the notes, and never unset them. */
  private static boolean isPossible(
      AumSnapshot from, AumSnapshot to, List<AumHash> purged, List<TrailEntry> trail) {
    Notes wanted = from.notes();
    Notes found = to.notes();
    Set<AumHash> forgotten = new HashSet<>(purged);
    trail.forEach(entry -> forgotten.remove(entry.hash()));
    Set<AumHash> left = new HashSet<>(found.inherited().keySet());
    left.removeAll(forgotten);
    return (from.lastActiveAncestor().isPresent() || to.lastActiveAncestor().isEmpty())
        && (wanted.time().isPresent() || found.time().isEmpty())
        && wanted.inherited().keySet().containsAll(left);
  }

  /** Whether two entries say the same, wherever their stores count heights from. */
  static boolean isSame(AumEntry one, AumEntry other) {
    return one.hash().equals(other.hash())
        && one.parent().equals(other.parent())
        && one.kind().equals(other.kind())
        && one.size() == other.size()
        && one.committedAt().equals(other.committedAt())
        && one.facts().equals(other.facts());
  }

  /** Whether both hold the same. */
  boolean isNothing() {
    return isPossible
        && added.isEmpty()
        && purged.isEmpty()
        && trailCut.isEmpty()
        && trail.isEmpty()
        && !notes;
  }
}
