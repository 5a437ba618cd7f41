package dev.tka.control.http;

import dev.tka.core.authority.Authority;
import dev.tka.core.authority.ChainLayout;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The last drawings that were looked at: whoever scrolls asks for many windows of one. */
final class Layouts {
  /** Each holds an authority in memory. */
  private static final int MOST = 4;

  private record Drawn(Authority on, List<ChainLayout.Row> rows) {}

  private final Map<String, Drawn> byTailnet =
      new LinkedHashMap<>(8, .75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Drawn> eldest) {
          return size() > MOST;
        }
      };

  /** The drawing of an authority. */
  synchronized List<ChainLayout.Row> of(String tailnet, Authority on) {
    Drawn drawn = byTailnet.get(tailnet);
    if (drawn == null || drawn.on() != on) {
      drawn = new Drawn(on, ChainLayout.of(on));
      byTailnet.put(tailnet, drawn);
    }
    return drawn.rows();
  }
}
