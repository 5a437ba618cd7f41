package dev.tka.control.move;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.store.MemoryTailnets;
import dev.tka.store.StoreKinds;
import dev.tka.store.StorePlace;
import dev.tka.store.Tailnets;
import dev.tka.store.etcd.EtcdTailnets;
import dev.tka.store.etcd.testkit.EtcdServer;
import dev.tka.store.sql.PostgresDatabase;
import dev.tka.store.sql.SqliteFile;
import dev.tka.store.sql.testkit.PostgresServer;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/** How long writes wait while a tailnet moves (service, section 7). */
final class PauseTest {
  private static final int AUMS = 1000;
  private static final int NODES = 100;
  private static final int MOVES = Integer.getInteger("tka.pauses", 0);

  /** So many calls, of some milliseconds each at most, are far below what service.md allows. */
  private static final int MOST_CALLS = 30;

  @TempDir private Path folder;

  @Test
  void whatIsAskedOfThePlacesWhileWritesWaitDoesNotGrowWithTheTailnet() throws Exception {
    int small = callsInPause(2, 1);
    assertThat(callsInPause(40, 20)).isEqualTo(small).isLessThan(MOST_CALLS);
  }

  /** The number of calls between the fence and the end of the move. */
  private static int callsInPause(int aums, int nodes) throws Exception {
    Tailnets first = new MemoryTailnets();
    Tailnets second = new MemoryTailnets();
    new Edits(first).fill(aums, nodes);
    AtomicInteger calls = new AtomicInteger();
    Move.of(
            new MovePlace(StoppingPlace.counting(first, calls), "a"),
            new MovePlace(StoppingPlace.counting(second, calls), "b"),
            Edits.TAILNET,
            Optional.empty(),
            Clock.systemUTC(),
            new SecureRandom(),
            new MoveListener() {
              @Override
              public void step(Step.Kind kind) {
                if (kind == Step.Kind.FENCE) {
                  calls.set(0);
                }
              }
            })
        .run();
    return calls.get();
  }

  private Tailnets sqlite(String name) throws Exception {
    return SqliteFile.create(folder.resolve(name + ".db"), Clock.systemUTC());
  }

  private Tailnets json(String name) throws Exception {
    return StoreKinds.installed().parse("json:" + folder.resolve(name + ".json"))
            instanceof StorePlace.OfMany place
        ? place.create(Clock.systemUTC())
        : new MemoryTailnets();
  }

  private static Tailnets postgres() throws Exception {
    return PostgresDatabase.create(PostgresServer.shared().newDatabase(), Clock.systemUTC());
  }

  private static Tailnets etcd() throws Exception {
    return EtcdTailnets.create(EtcdServer.shared().settings());
  }

  @Test
  @EnabledIfSystemProperty(named = "tka.pauses", matches = "\\d+")
  void printsThePauseBetweenPlacesOfEachKind() throws Exception {
    measure("SQLite - SQLite", sqlite("a"), sqlite("b"));
    measure("SQLite - PostgreSQL", sqlite("c"), postgres());
    measure("SQLite - JSON", sqlite("d"), json("d"));
    measure("JSON - JSON", json("e"), json("f"));
    measure("SQLite - etcd", sqlite("g"), etcd());
    measure("JSON - etcd", json("h"), etcd());
  }

  private static void measure(String what, Tailnets first, Tailnets second) throws Exception {
    MovePlace a = new MovePlace(first, "a");
    MovePlace b = new MovePlace(second, "b");
    try (first;
        second) {
      Edits edits = new Edits(first).fill(AUMS, NODES);
      List<Duration> pauses = new ArrayList<>();
      for (int i = 0; i < MOVES; i++) {
        MovePlace from = i % 2 == 0 ? a : b;
        MovePlace to = i % 2 == 0 ? b : a;
        pauses.add(MovingProcess.move(from, to, Waiting.REAL).run().pause().orElseThrow());
        edits.at(to.tailnets()).grow(1);
      }
      pauses.sort(null);
      System.out.printf(
          "%s: %d moves of %d AUMs and %d nodes, pause p50 %d ms, p99 %d ms%n",
          what,
          MOVES,
          AUMS,
          NODES,
          pauses.get(MOVES / 2).toMillis(),
          pauses.get(MOVES * 99 / 100).toMillis());
    }
  }
}
