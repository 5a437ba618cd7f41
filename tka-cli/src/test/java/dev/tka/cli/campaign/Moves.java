package dev.tka.cli.campaign;

import dev.tka.cli.Cli;
import dev.tka.store.sql.testkit.PostgresServer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/** Moves a tailnet of its own to and fro between two places; half of the moves are killed first. */
final class Moves {
  private static final String NAME = "m";
  private static final int MOST_MILLIS_BEFORE_A_KILL = 3000;
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final Duration STILL = Duration.ofSeconds(8);
  private static final int LONGER_MILLIS = 500;

  private final Tailnet tailnet;
  private final History history;
  private final Random random;

  /** Where it lives and where not; clients may think otherwise for a moment. */
  private Place home;

  private Place away;

  /** Where servers know it. */
  private final Set<Place> lived = ConcurrentHashMap.newKeySet();

  /** Since when the place that it does not live at was left. */
  private Optional<Long> left = Optional.empty();

  Moves(Place one, Place other, History history, Random random) {
    this.tailnet = new Tailnet(one, Optional.of(other), NAME, 0);
    this.home = one;
    this.away = other;
    this.lived.add(one);
    this.history = history;
    this.random = random;
  }

  Tailnet tailnet() {
    return tailnet;
  }

  boolean hasLivedAt(Replica server) {
    return lived.stream().anyMatch(each -> each.replicas().contains(server));
  }

  /**
   * Moves it while one of its servers stands still, which goes on once it was moved, or when the
   * mover waits for what that server holds.
   */
  long moveFromOneThatStandsStill() throws IOException, InterruptedException {
    Replica still = home.replicas().get(random.nextInt(home.replicas().size()));
    long begun = System.nanoTime();
    end();
    long moved = Long.MAX_VALUE;
    still.server.pause();
    Process process;
    try {
      process = begin(home, away);
      if (process.waitFor(STILL.toSeconds(), TimeUnit.SECONDS) && process.exitValue() == 0) {
        moved = System.nanoTime();
        // What is sent to it now is read after the move.
        TimeUnit.MILLISECONDS.sleep(LONGER_MILLIS);
      }
    } finally {
      still.server.resume();
    }
    if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
      process.destroyForcibly().waitFor();
    }
    return move(begun, moved);
  }

  /** Moves it to where it is not; afterwards nobody writes where it was. */
  long move() throws IOException, InterruptedException {
    end();
    long begun = System.nanoTime();
    if (random.nextBoolean()) {
      Process killed = begin(home, away);
      killed.waitFor(random.nextInt(MOST_MILLIS_BEFORE_A_KILL), TimeUnit.MILLISECONDS);
      killed.destroyForcibly().waitFor();
    }
    return move(begun, Long.MAX_VALUE);
  }

  /**
   * Moves it, or finishes the move that was begun.
   *
   * @param begun when it was
   * @param moved when it was over, if it was
   */
  private long move(long begun, long moved) throws IOException, InterruptedException {
    Place source = home;
    Place target = away;
    long first = System.nanoTime();
    while (true) {
      Process process = begin(source, target);
      String said =
          new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
      if (process.waitFor() == 0) {
        break;
      }
      if (System.nanoTime() - first > PATIENCE.toNanos()) {
        throw new AssertionError("not moved to " + target.name() + ": " + said);
      }
    }
    home = target;
    away = source;
    lived.add(target);
    long now = System.nanoTime();
    left = Optional.of(Math.min(decided(source, begun).orElse(now), Math.min(moved, now)));
    if (tailnet.place().equals(source)) {
      tailnet.leave(source);
    }
    return now;
  }

  /** When the first was told that it does not live there, of those that asked since then. */
  private OptionalLong decided(Place source, long since) {
    return history.calls().stream()
        .filter(each -> each.what().equals(Verdict.MOVED) && each.tailnet().equals(NAME))
        .filter(each -> each.at().startsWith(source.name()) && each.begun() > since)
        .mapToLong(Call::ended)
        .min();
  }

  private static Process begin(Place source, Place target) throws IOException {
    List<String> command =
        Cli.process(
            "move",
            source.url(),
            target.url(),
            "--tailnet",
            NAME,
            "--server",
            target.replicas().get(0).server.url());
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("PGPASSWORD", PostgresServer.PASSWORD);
    return builder.start();
  }

  /** Records that the place that was left was so until now. */
  void end() {
    left.ifPresent(
        since ->
            history.add(
                new Call(
                    "fence/" + since,
                    "mover",
                    away.name(),
                    NAME,
                    "fence",
                    since,
                    System.nanoTime(),
                    Call.OK,
                    "",
                    "",
                    "")));
    left = Optional.empty();
  }
}
