package dev.tka.cli.campaign;

import dev.tka.cli.Cli;
import dev.tka.store.sql.testkit.PostgresServer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;

/** Moves a tailnet of its own to and fro between two places; half of the moves are killed first. */
final class Moves {
  private static final String NAME = "m";
  private static final int MOST_MILLIS_BEFORE_A_KILL = 3000;
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  private final Tailnet tailnet;
  private final History history;
  private final Random random;

  /** Where it lives and where not; clients may think otherwise for a moment. */
  private Place home;

  private Place away;

  /** Since when the place that it does not live at was left. */
  private Optional<Long> left = Optional.empty();

  Moves(Place one, Place other, History history, Random random) {
    this.tailnet = new Tailnet(one, Optional.of(other), NAME, 0);
    this.home = one;
    this.away = other;
    this.history = history;
    this.random = random;
  }

  Tailnet tailnet() {
    return tailnet;
  }

  /** Moves it to where it is not; afterwards nobody writes where it was. */
  long move() throws IOException, InterruptedException {
    end();
    Place source = home;
    Place target = away;
    if (random.nextBoolean()) {
      Process killed = begin(source, target);
      killed.waitFor(random.nextInt(MOST_MILLIS_BEFORE_A_KILL), TimeUnit.MILLISECONDS);
      killed.destroyForcibly().waitFor();
    }
    long begun = System.nanoTime();
    while (true) {
      Process process = begin(source, target);
      String said =
          new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
      if (process.waitFor() == 0) {
        break;
      }
      if (System.nanoTime() - begun > PATIENCE.toNanos()) {
        throw new AssertionError("not moved to " + target.name() + ": " + said);
      }
    }
    home = target;
    away = source;
    left = Optional.of(System.nanoTime());
    if (tailnet.place().equals(source)) {
      tailnet.leave(source);
    }
    return left.get();
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
