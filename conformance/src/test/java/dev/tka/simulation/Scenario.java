package dev.tka.simulation;

import java.time.Duration;
import java.util.List;

/**
 * What happens to one tailnet, as plain data.
 *
 * @param seed that it was drawn from; it names the scenario, nothing else is drawn from it
 * @param pairing whose rules the two ends follow
 * @param attack what the adversary tries; he does nothing else
 * @param compacting whether nodes compact after syncing
 * @param founders the nodes that there are at the genesis
 * @param events in order
 */
record Scenario(
    long seed,
    Pairing pairing,
    Attack attack,
    boolean compacting,
    List<Founder> founders,
    List<Event> events) {
  Scenario {
    founders = List.copyOf(founders);
    events = List.copyOf(events);
  }

  /**
   * A node that there is from the beginning.
   *
   * @param votes of its key in the genesis
   * @param skew how far its clock is ahead
   */
  record Founder(int votes, Duration skew) {}

  /** True where some own time does not simply follow the true one. */
  boolean hasWrongClocks() {
    return events.stream()
        .anyMatch(
            event ->
                event instanceof Event.ClockJump
                    || event instanceof Event.Starts
                    || event instanceof Event.ControlDown);
  }

  Scenario withEvents(List<Event> others) {
    return new Scenario(seed, pairing, attack, compacting, founders, others);
  }

  Scenario withoutCompaction() {
    return new Scenario(seed, pairing, attack, false, founders, events);
  }

  /** For people: the seed, then one event a line. */
  String describe() {
    StringBuilder text = new StringBuilder();
    text.append("seed ").append(seed).append(", pairing ").append(pairing);
    text.append(", attack ").append(attack);
    text.append(", ").append(founders);
    for (Event event : events) {
      text.append("\n  ").append(event);
    }
    return text.toString();
  }
}
