package dev.tka.cli.output;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.authority.Authority;
import dev.tka.core.store.AumEntry;
import dev.tka.core.store.BodyReader;
import dev.tka.core.store.StoreException;
import java.io.PrintWriter;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Help.Ansi;

/**
 * Draws an authority's AUMs, newest first, one line each. A lane is a branch; it waits for the
 * parent of its last drawn AUM, and lanes that wait for the same parent join there:
 *
 * <pre>
 * * BKLB… no-op  (head)
 * | o XVI3… no-op
 * |/
 * * FAH6… checkpoint of 3 keys  (oldest ancestor)
 * </pre>
 *
 * {@code *} is on the active chain, {@code o} is on a branch that lost.
 */
public final class ChainGraph {
  private final Authority authority;
  private final Ansi ansi;

  public ChainGraph(Authority authority, Ansi ansi) {
    this.authority = authority;
    this.ansi = ansi;
  }

  /** Prints the newest AUMs, at most {@code limit}. */
  public void print(PrintWriter out, int limit) throws StoreException {
    List<AumEntry> newestFirst = newestFirst();
    List<Optional<AumHash>> lanes = new ArrayList<>();
    BodyReader reader =
        new BodyReader(authority.snapshot(), newestFirst.stream().map(AumEntry::hash).toList());
    int printed = 0;
    for (AumEntry entry : newestFirst) {
      if (printed == limit) {
        out.println(lines(lanes) + "... " + (newestFirst.size() - printed) + " more");
        return;
      }
      print(entry, reader.aum(), lanes, out);
      printed++;
    }
  }

  /**
   * Children before parents, and above each fork first the whole winning branch, then the others
   * one by one, so that the active chain runs straight down on the left.
   */
  private List<AumEntry> newestFirst() {
    Comparator<AumEntry> winnerFirst =
        Comparator.<AumEntry, Boolean>comparing(entry -> !authority.isActive(entry.hash()))
            .thenComparing(AumEntry::hash);
    Deque<AumEntry> waiting = new ArrayDeque<>();
    authority.snapshot().entries().stream()
        .filter(entry -> entry.parent().flatMap(authority.snapshot()::find).isEmpty())
        .sorted(winnerFirst)
        .forEach(waiting::push);
    List<AumEntry> oldestFirst = new ArrayList<>();
    while (!waiting.isEmpty()) {
      AumEntry entry = waiting.pop();
      oldestFirst.add(entry);
      authority.snapshot().children(entry.hash()).stream()
          .sorted(winnerFirst)
          .forEach(waiting::push);
    }
    Collections.reverse(oldestFirst);
    return oldestFirst;
  }

  private void print(AumEntry entry, Aum aum, List<Optional<AumHash>> lanes, PrintWriter out) {
    Optional<AumHash> hash = Optional.of(entry.hash());
    int lane = lanes.indexOf(hash);
    if (lane < 0) {
      lane = firstFree(lanes);
      lanes.set(lane, hash);
    }
    for (int other = lanes.size() - 1; other > lane; other--) {
      if (lanes.get(other).equals(hash)) {
        out.println(join(lanes, lane, other));
        lanes.set(other, Optional.empty());
      }
    }
    trim(lanes);
    StringBuilder line = new StringBuilder();
    boolean active = authority.isActive(entry.hash());
    for (int i = 0; i < lanes.size(); i++) {
      line.append(i == lane ? (active ? '*' : 'o') : lanes.get(i).isPresent() ? '|' : ' ');
      line.append(' ');
    }
    String name = ansi.string((active ? "@|yellow " : "@|faint ") + entry.hash() + "|@");
    out.println(line + name + " " + Texts.summary(aum) + labels(entry.hash()));
    lanes.set(lane, entry.parent());
    trim(lanes);
  }

  private String labels(AumHash hash) {
    List<String> labels = new ArrayList<>();
    if (hash.equals(authority.head())) {
      labels.add("head");
    }
    if (hash.equals(authority.oldestAncestor())) {
      labels.add("oldest ancestor");
    }
    return labels.isEmpty() ? "" : "  (" + String.join(", ", labels) + ")";
  }

  /** The line in which a lane joins another one further left. */
  private static String join(List<Optional<AumHash>> lanes, int into, int from) {
    char[] line = lines(lanes).toCharArray();
    line[2 * from] = ' ';
    line[2 * from - 1] = '/';
    for (int i = 2 * into + 1; i < 2 * from - 1; i++) {
      if (line[i] == ' ') {
        line[i] = '_';
      }
    }
    return new String(line).stripTrailing();
  }

  private static String lines(List<Optional<AumHash>> lanes) {
    StringBuilder line = new StringBuilder();
    lanes.forEach(lane -> line.append(lane.isPresent() ? "| " : "  "));
    return line.toString();
  }

  private static int firstFree(List<Optional<AumHash>> lanes) {
    int free = lanes.indexOf(Optional.<AumHash>empty());
    if (free < 0) {
      free = lanes.size();
      lanes.add(Optional.empty());
    }
    return free;
  }

  private static void trim(List<Optional<AumHash>> lanes) {
    while (!lanes.isEmpty() && lanes.get(lanes.size() - 1).isEmpty()) {
      lanes.remove(lanes.size() - 1);
    }
  }
}
