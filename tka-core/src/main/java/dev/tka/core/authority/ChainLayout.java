package dev.tka.core.authority;

import dev.tka.core.AumHash;
import dev.tka.core.store.AumEntry;
import dev.tka.core.store.AumSnapshot;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/**
 * Where each AUM of an authority stands in a drawing of its tree, newest first. A lane is a branch
 * that waits for the parent of its last drawn AUM. Above each fork comes first the whole winning
 * branch, then the others one by one, so that the active chain runs straight down in lane 0, a
 * branch that ends joins the lane beside it, and there are never more lanes than forks lie within
 * each other:
 *
 * <pre>
 * * lane 0, a tip, goes on
 * | o lane 1, a tip, joins
 * |/
 * | o lane 1, a tip, joins
 * |/
 * * lane 0, ends
 * </pre>
 *
 * <p>The lanes left of an AUM's own all pass by it, and there is none to its right.
 */
public final class ChainLayout {
  private ChainLayout() {}

  /** How the line leaves an AUM, towards its parent. */
  public enum Below {
    /** Straight down, in the same lane. */
    GOES_ON,
    /** Into the lane to the left, where another child of the same parent was drawn. */
    JOINS,
    /** Nowhere: the parent is not stored, or there is none. */
    ENDS
  }

  /**
   * An AUM of the drawing.
   *
   * @param lane from 0, at the left
   * @param tip true if no child was drawn above it
   * @param below how its line goes on
   */
  public record Row(AumEntry entry, int lane, boolean tip, Below below) {
    /** The number of lines between this row and the next one. */
    public int lanesBelow() {
      return below == Below.GOES_ON ? lane + 1 : lane;
    }
  }

  /** All stored AUMs of an authority, children before parents. */
  public static List<Row> of(Authority authority) {
    AumSnapshot snapshot = authority.snapshot();
    List<Row> rows = new ArrayList<>();
    // What each lane waits for. The last one is always met first: a branch is drawn at one go.
    List<AumHash> lanes = new ArrayList<>();
    for (AumEntry entry : newestFirst(authority)) {
      int last = lanes.size() - 1;
      boolean tip = last < 0 || !lanes.get(last).equals(entry.hash());
      if (!tip) {
        lanes.remove(last);
      }
      int lane = lanes.size();
      Optional<AumHash> parent = entry.parent().filter(hash -> snapshot.find(hash).isPresent());
      Below below;
      if (parent.isEmpty()) {
        below = Below.ENDS;
      } else if (lane > 0 && lanes.get(lane - 1).equals(parent.get())) {
        below = Below.JOINS;
      } else {
        below = Below.GOES_ON;
        lanes.add(parent.get());
      }
      rows.add(new Row(entry, lane, tip, below));
    }
    return rows;
  }

  private static List<AumEntry> newestFirst(Authority authority) {
    AumSnapshot snapshot = authority.snapshot();
    Comparator<AumEntry> winnerFirst =
        Comparator.<AumEntry, Boolean>comparing(entry -> !authority.isActive(entry.hash()))
            .thenComparing(AumEntry::hash);
    Deque<AumEntry> waiting = new ArrayDeque<>();
    snapshot.entries().stream()
        .filter(entry -> entry.parent().flatMap(snapshot::find).isEmpty())
        .sorted(winnerFirst)
        .forEach(waiting::push);
    List<AumEntry> oldestFirst = new ArrayList<>();
    while (!waiting.isEmpty()) {
      AumEntry entry = waiting.pop();
      oldestFirst.add(entry);
      snapshot.children(entry.hash()).stream().sorted(winnerFirst).forEach(waiting::push);
    }
    Collections.reverse(oldestFirst);
    return oldestFirst;
  }
}
