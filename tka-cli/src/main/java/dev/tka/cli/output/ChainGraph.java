package dev.tka.cli.output;

import dev.tka.core.AumHash;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.ChainLayout;
import dev.tka.core.store.BodyReader;
import dev.tka.core.store.StoreException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Help.Ansi;

/**
 * Draws an authority's AUMs, newest first, one line each, as {@link ChainLayout} lays them out:
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
  private static final String LANE = "| ";

  private final Authority authority;
  private final Ansi ansi;

  public ChainGraph(Authority authority, Ansi ansi) {
    this.authority = authority;
    this.ansi = ansi;
  }

  /** Prints the newest AUMs, at most {@code limit}. */
  public void print(PrintWriter out, int limit) throws StoreException {
    List<ChainLayout.Row> rows = ChainLayout.of(authority);
    List<ChainLayout.Row> shown = rows.subList(0, Math.min(limit, rows.size()));
    BodyReader reader =
        new BodyReader(
            authority.snapshot(), shown.stream().map(row -> row.entry().hash()).toList());
    int lanes = 0;
    for (ChainLayout.Row row : shown) {
      AumHash hash = row.entry().hash();
      boolean active = authority.isActive(hash);
      String name = ansi.string((active ? "@|yellow " : "@|faint ") + hash + "|@");
      out.println(
          LANE.repeat(row.lane())
              + (active ? "* " : "o ")
              + name
              + " "
              + reader.aum().summary()
              + labels(hash));
      if (row.below() == ChainLayout.Below.JOINS) {
        out.println(LANE.repeat(row.lane() - 1) + "|/");
      }
      lanes = row.lanesBelow();
    }
    if (rows.size() > shown.size()) {
      out.println(LANE.repeat(lanes) + "... " + (rows.size() - shown.size()) + " more");
    }
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
}
