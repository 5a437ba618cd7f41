package dev.tka.control.move;

import dev.tka.store.Tailnets;
import dev.tka.store.sql.SqliteFile;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.Optional;

/** A process that moves a tailnet from one SQLite file to another, when it is told to. */
public final class MovingProcess {
  static final String READY = "ready";
  static final String DONE = "done";

  private MovingProcess() {}

  /** Starts one; it prints {@link #READY}, and waits for lines with two files each. */
  static Process start() throws Exception {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-cp",
            System.getProperty("java.class.path"),
            MovingProcess.class.getName())
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }

  static MovePlace place(Path file) throws Exception {
    return new MovePlace(SqliteFile.create(file, Clock.systemUTC()), "sqlite:" + file);
  }

  /** Moves for each line, and prints the pause in microseconds. */
  public static void main(String[] args) throws Exception {
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    Class.forName("org.sqlite.JDBC");
    say(READY);
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      String[] files = line.split(" ", -1);
      MovePlace from = place(Path.of(files[0]));
      MovePlace to = place(Path.of(files[1]));
      Tailnets first = from.tailnets();
      Tailnets second = to.tailnets();
      try (first;
          second) {
        Move.Done done = move(from, to, Waiting.REAL).run();
        say(DONE + " " + done.pause().map(pause -> pause.toNanos() / 1000).orElse(0L));
      } catch (MoveException e) {
        say(e.reason() + " " + e.getMessage());
      }
    }
  }

  static Move move(MovePlace from, MovePlace to, Waiting waiting) throws MoveException {
    return Move.of(
        from,
        to,
        Edits.TAILNET,
        Optional.empty(),
        Clock.systemUTC(),
        waiting,
        new SecureRandom(),
        MoveListener.NONE);
  }

  private static void say(String line) {
    System.out.println(line);
    System.out.flush();
  }
}
