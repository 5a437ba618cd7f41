package dev.tka.store.sql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.Commit;
import dev.tka.core.store.StoreException;
import dev.tka.store.sql.testkit.PostgresServer;
import dev.tka.store.testkit.Told;
import dev.tka.testkit.Chains;
import dev.tka.testkit.FakeClock;
import dev.tka.testkit.TestKeys;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/**
 * A primary that is killed while several write, and its hot standby, which is promoted and takes
 * over at the same URL. With synchronous replication nothing that was acknowledged is lost. The
 * system property {@code tka.rounds} sets how often.
 */
class PromotionTest {
  private static final int ROUNDS = Math.max(1, Integer.getInteger("tka.rounds", 2) / 2);
  private static final int WRITERS = 3;
  private static final Aum GENESIS = Chains.genesis(List.of(TestKeys.key(1, 1)), 1);

  private final AtomicBoolean ended = new AtomicBoolean();
  private final AtomicInteger commits = new AtomicInteger();
  private final List<AumHash> acknowledged = new ArrayList<>();
  private final List<AumHash> refused = new ArrayList<>();
  private final List<AumHash> inDoubt = new ArrayList<>();

  /** Commits to a tailnet of its own, until the test ends. */
  private Void write(PostgresDatabase place, String tailnet) throws Exception {
    AumStore store = place.tailnet(tailnet);
    for (int i = 0; !ended.get(); i++) {
      Aum aum = i == 0 ? GENESIS : Chains.noOp(GENESIS, tailnet + " " + i, 1);
      try {
        store.commit(Commit.on(store.read().revision()).add(aum, FakeClock.START).build());
        note(acknowledged, i, aum);
        commits.incrementAndGet();
      } catch (StoreException.InDoubt e) {
        note(inDoubt, i, aum);
      } catch (StoreException.Unavailable | StoreException.Busy e) {
        note(refused, i, aum);
        Thread.sleep(20);
      }
    }
    return null;
  }

  /** The genesis is the same in every tailnet, and in each try. */
  private void note(List<AumHash> outcome, int number, Aum aum) {
    if (number > 0) {
      synchronized (outcome) {
        outcome.add(aum.hash());
      }
    }
  }

  private void awaitCommits(int more) throws InterruptedException {
    int before = commits.get();
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (commits.get() - before < more && System.nanoTime() < end) {
      Thread.sleep(5);
    }
    assertThat(commits.get() - before).as("commits").isGreaterThanOrEqualTo(more);
  }

  @Test
  void nothingAcknowledgedIsLostWhenAStandbyIsPromoted() throws Exception {
    for (int round = 0; round < ROUNDS; round++) {
      promoteWhileOthersWrite();
    }
  }

  private void promoteWhileOthersWrite() throws Exception {
    ended.set(false);
    PostgresServer primary = PostgresServer.own();
    String database = primary.newDatabase().database();
    PostgresServer standby = primary.standby();
    PostgresSettings both =
        PostgresSettings.parse(
                "postgresql://"
                    + PostgresServer.USER
                    + "@127.0.0.1:"
                    + primary.port()
                    + ",127.0.0.1:"
                    + standby.port()
                    + "/"
                    + database
                    + "?targetServerType=primary")
            .withPassword(PostgresServer.PASSWORD);
    ExecutorService pool = Executors.newFixedThreadPool(WRITERS);
    long without;
    Told told = new Told();
    try (PostgresDatabase place = PostgresDatabase.create(both, Clock.systemUTC());
        PostgresDatabase other = PostgresDatabase.at(both, Clock.systemUTC())) {
      place.watch(told);
      List<Future<Void>> writers = new ArrayList<>();
      for (int i = 0; i < WRITERS; i++) {
        String tailnet = "t" + i;
        PostgresDatabase through = i % 2 == 0 ? place : other;
        writers.add(pool.submit(() -> write(through, tailnet)));
      }
      awaitCommits(30);
      requireReadable(standby, database);
      primary.crash();
      long begun = System.nanoTime();
      standby.promote();
      awaitCommits(WRITERS);
      without = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun);
      awaitCommits(30);
      ended.set(true);
      for (Future<Void> each : writers) {
        each.get(60, TimeUnit.SECONDS);
      }
      List<AumHash> found = new ArrayList<>();
      for (int i = 0; i < WRITERS; i++) {
        AumSnapshot snapshot = other.tailnet("t" + i).read();
        snapshot.entries().forEach(entry -> found.add(entry.hash()));
        told.await("t" + i, snapshot.revision());
      }
      assertThat(found).containsAll(acknowledged).doesNotContainAnyElementsOf(refused);
    } finally {
      ended.set(true);
      pool.shutdownNow();
    }
    System.out.printf(
        "PostgreSQL promoted: %d commits acknowledged, %d in doubt, %d calls refused,"
            + " writing again after %d ms%n",
        acknowledged.size(), inDoubt.size(), refused.size(), without);
    acknowledged.clear();
    inDoubt.clear();
    refused.clear();
    standby.crash();
  }

  /** A standby serves who reads, and refuses who writes. */
  private static void requireReadable(PostgresServer standby, String database) throws Exception {
    try (PostgresDatabase place =
        PostgresDatabase.at(standby.settings(database), Clock.systemUTC())) {
      AumStore store = place.tailnet("t0");
      AumSnapshot read = store.read();
      assertThat(read.entries()).isNotEmpty();
      read.get(GENESIS.hash());
      assertThatThrownBy(store::wipe)
          .isInstanceOf(StoreException.Unavailable.class)
          .hasMessageContaining("read-only transaction");
    }
  }
}
