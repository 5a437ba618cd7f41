package dev.tka.cli.campaign;

import java.util.List;
import java.util.Random;
import java.util.function.BooleanSupplier;

/**
 * A control server that knows one server only: it goes on with a tailnet there, on what it saw
 * last, although the tailnet was moved elsewhere. For one thread.
 */
final class Straggler {
  private static final int MOST_PAUSE_MILLIS = 150;

  private final Moves moves;
  private final Replica server;
  private final int number;
  private final Admin admin;
  private final Random random;

  /**
   * One at a server.
   *
   * @param number of an admin whose node and key it uses, no other straggler's
   */
  Straggler(
      Moves moves, Replica server, int number, History history, long seed, BooleanSupplier over) {
    this.moves = moves;
    this.server = server;
    this.number = number;
    Client client = Client.stubborn("straggler-" + number, history, over, server);
    this.admin = new Admin(client, number, List.of(moves.tailnet()), seed);
    this.random = new Random(seed);
  }

  void work() throws Exception {
    // A login at a place where it never was would make it there.
    if (moves.hasLivedAt(server)) {
      admin.goOn(moves.tailnet(), Tailnet.FIRST_STRAGGLER + number);
    }
    Thread.sleep(random.nextInt(MOST_PAUSE_MILLIS));
  }
}
