package dev.tka.cli.campaign;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.cli.Cli;
import dev.tka.cli.output.ExitCode;
import dev.tka.core.AumHash;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * A tailnet of its own on SQLite, which is put back from a copy of before; its agents and admins
 * then give back what they hold.
 */
final class Restores {
  private static final String NAME = "r";
  private static final int AGENTS = 4;
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  private final Place place;
  private final Tailnet tailnet;
  private final History history;
  private final Path folder;
  private int copies;

  /** When the last copy was begun. */
  private long copied;

  /**
   * On the only server of a place.
   *
   * @param folder for the copies
   */
  Restores(Place place, History history, Path folder) {
    this.place = place;
    this.tailnet = new Tailnet(place, Optional.empty(), NAME, AGENTS);
    this.history = history;
    this.folder = folder;
  }

  Tailnet tailnet() {
    return tailnet;
  }

  private String copy() {
    return folder.resolve("copy-" + copies).toString();
  }

  private void backUp() {
    copies++;
    copied = System.nanoTime();
    run("backup", place.url(), copy());
  }

  private static void run(Object... arguments) {
    Cli.Result result = Cli.run(arguments);
    assertThat(result.exitCode()).as(result.err()).isEqualTo(ExitCode.OK);
  }

  /**
   * Puts a copy back, and has nodes give back what they hold.
   *
   * @param reader syncs with the tailnet
   * @param age of the copy, in milliseconds: what was done before it must be there afterwards
   */
  long restore(Admin reader, Agents agents, long age) throws Exception {
    backUp();
    Thread.sleep(age);
    long begun = System.nanoTime();
    place.replicas().get(0).server.kill();
    run("restore", copy(), place.url(), "--yes");
    run("restored", place.url(), "--tailnet", NAME);
    tailnet.rests = true;
    place.replicas().get(0).server.start();
    Map<String, AumHash> heads = Map.of(NAME, reader.sync(tailnet).head());
    agents.startAgain(heads);
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (!agents.behind(heads).isEmpty()) {
      if (System.nanoTime() > end) {
        throw new AssertionError("not given back: " + agents.behind(heads));
      }
      TimeUnit.MILLISECONDS.sleep(200);
      heads = Map.of(NAME, reader.sync(tailnet).head());
    }
    run("restored", place.url(), "--tailnet", NAME, "--over");
    tailnet.rests = false;
    long now = System.nanoTime();
    history.add(
        new Call(
            "restore/" + copies,
            "restorer",
            "",
            NAME,
            "restore",
            begun,
            now,
            Call.OK,
            Long.toString(copied),
            "",
            heads.get(NAME).toString()));
    return begun;
  }
}
