package dev.tka.store.records;

import java.util.List;

/**
 * What was committed after a position, by tailnet.
 *
 * @param position what this is complete up to; what is committed later comes after it
 * @param complete false if what was committed after the position that was asked for cannot be told:
 *     it is of another database, or of a state that was put back; then {@code tailnets} is empty
 * @param tailnets the tailnets that changed, each once
 */
public record Changes(Position position, boolean complete, List<Change> tailnets) {
  /** Copies the list. */
  public Changes {
    tailnets = List.copyOf(tailnets);
  }

  /**
   * A position among the commits of a place.
   *
   * @param text at most 200 printable characters of ASCII, without spaces; only the kind of place
   *     that made it can read it
   */
  public record Position(String text) {}

  /**
   * A tailnet with commits: to its AUMs, its record or its nodes.
   *
   * @param tailnet its name
   * @param switched whether an authority may have begun or ended, or the tailnet was deleted: then
   *     any signature may count for the first time, or no longer
   * @param nodes the numbers of those nodes whose entry in everybody's map changed, in order;
   *     removed nodes are not named
   */
  public record Change(String tailnet, boolean switched, List<Long> nodes) {
    /** Copies the list. */
    public Change {
      nodes = List.copyOf(nodes);
    }
  }
}
