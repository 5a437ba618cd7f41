package dev.tka.store.sql;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.ChainAudit;
import dev.tka.core.store.AumEntry;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.Commit;
import dev.tka.core.store.StoreException;
import dev.tka.store.sql.testkit.PostgresServer;
import dev.tka.store.testkit.Told;
import dev.tka.testkit.Chains;
import dev.tka.testkit.TestKeys;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * The server is stopped, crashed and killed, and its connections cut, while several writers commit:
 * acknowledged commits are there, refused ones are not, and those in doubt are there completely or
 * not at all.
 */
class PostgresRestartTest {
  private static final String TAILNET = "restarted";
  private static final int WRITERS = 4;
  private static final int BATCH = 3;
  private static final int MOST_MILLIS = 300;
  private static final Instant NOON = Instant.parse("2026-01-02T12:00:00Z");

  private final PostgresServer server = PostgresServer.flushing();
  private final List<PostgresDatabase> open = new ArrayList<>();
  private final AtomicBoolean ended = new AtomicBoolean();
  private final AtomicInteger commits = new AtomicInteger();
  private PostgresSettings settings;

  @BeforeEach
  void begin() throws Exception {
    settings = server.newDatabase();
    AumStore store = open(true).tailnet(TAILNET);
    Aum genesis = Chains.genesis(List.of(TestKeys.key(1, 1)), 1);
    store.commit(Commit.on(store.read().revision()).add(genesis, NOON).build());
  }

  private PostgresDatabase open(boolean create) throws StoreException {
    PostgresDatabase database =
        create
            ? PostgresDatabase.create(settings, Clock.systemUTC())
            : PostgresDatabase.at(settings, Clock.systemUTC());
    open.add(database);
    return database;
  }

  @AfterEach
  void close() {
    open.forEach(PostgresDatabase::close);
  }

  /** The outcomes of a writer's batches, each identified by its last AUM. */
  private static final class History {
    final Set<AumHash> acknowledged = new HashSet<>();
    final Set<AumHash> inDoubt = new HashSet<>();
    final Set<AumHash> refused = new HashSet<>();
    int lost;
  }

  /** Commits batches that build on one another, until the test ends. */
  private History write(PostgresDatabase database, String label) throws Exception {
    AumStore store = database.tailnet(TAILNET);
    History history = new History();
    long newest = 0;
    for (int i = 0; !ended.get(); i++) {
      AumHash last = null;
      try {
        AumSnapshot before = store.read();
        assertThat(before.revision().value()).isGreaterThanOrEqualTo(newest);
        newest = before.revision().value();
        // Only complete batches, from any writer: the newest AUM is the last of its batch.
        assertThat((before.entries().size() - 1) % BATCH).isZero();
        Aum parent = before.get(head(before).hash());
        Commit.Builder commit = Commit.on(before.revision());
        for (int j = 0; j < BATCH; j++) {
          parent = Chains.noOp(parent, label + " " + i + " " + j, 1);
          commit.add(parent, NOON);
        }
        last = parent.hash();
        newest = store.commit(commit.build()).revision().value();
        history.acknowledged.add(last);
        commits.incrementAndGet();
      } catch (StoreException.InDoubt e) {
        history.inDoubt.add(last);
      } catch (StoreException.Conflict e) {
        history.refused.add(last);
      } catch (StoreException.Unavailable | StoreException.Busy e) {
        history.lost++;
        if (last != null) {
          history.refused.add(last);
        }
        Thread.sleep(20);
      }
    }
    return history;
  }

  private static AumEntry head(AumSnapshot snapshot) {
    return snapshot.entries().stream()
        .map(AumEntry.class::cast)
        .max(Comparator.comparingInt(AumEntry::height))
        .orElseThrow();
  }

  /** Waits until all writers are at work again. */
  private void awaitCommits() throws InterruptedException {
    int before = commits.get();
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (commits.get() - before < WRITERS && System.nanoTime() < end) {
      Thread.sleep(5);
    }
    assertThat(commits.get() - before).as("commits").isGreaterThanOrEqualTo(WRITERS);
  }

  private interface Trouble {
    void make() throws Exception;
  }

  private void requireNothingLost(String what, int times, Trouble trouble) throws Exception {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    Told told = new Told();
    open(false).watch(told);
    ExecutorService pool = Executors.newFixedThreadPool(WRITERS);
    List<History> histories = new ArrayList<>();
    try {
      List<PostgresDatabase> databases = List.of(open(false), open(false));
      List<Future<History>> results = new ArrayList<>();
      for (int i = 0; i < WRITERS; i++) {
        PostgresDatabase database = databases.get(i % databases.size());
        String label = "seed " + seed + " writer " + i;
        results.add(pool.submit(() -> write(database, label)));
      }
      for (int i = 0; i < times; i++) {
        awaitCommits();
        Thread.sleep(random.nextInt(MOST_MILLIS));
        trouble.make();
      }
      awaitCommits();
      ended.set(true);
      for (Future<History> result : results) {
        histories.add(result.get(120, TimeUnit.SECONDS));
      }
    } finally {
      ended.set(true);
      pool.shutdownNow();
    }
    server.awaitNoCommits(settings.database());

    AumSnapshot found = open(false).tailnet(TAILNET).read();
    int acknowledged = 0;
    int inDoubt = 0;
    int inDoubtAndThere = 0;
    int lost = 0;
    for (History history : histories) {
      acknowledged += history.acknowledged.size();
      inDoubt += history.inDoubt.size();
      lost += history.lost;
      for (AumHash each : history.acknowledged) {
        assertThat(found.find(each)).as("acknowledged, seed " + seed).isPresent();
      }
      for (AumHash each : history.refused) {
        assertThat(found.find(each)).as("refused, seed " + seed).isEmpty();
      }
      inDoubtAndThere +=
          (int) history.inDoubt.stream().filter(each -> found.find(each).isPresent()).count();
    }
    assertThat(found.entries()).hasSize(1 + BATCH * (acknowledged + inDoubtAndThere));
    assertThat(head(found).height()).isEqualTo(found.entries().size() - 1);
    ChainAudit audit = ChainAudit.of(found);
    assertThat(audit.problem()).isEmpty();
    assertThat(audit.verified()).isEqualTo(found.entries().size());
    Authority.open(found);
    told.await(TAILNET, found.revision());
    assertThat(told.inOrder()).isTrue();
    System.out.printf(
        "PostgreSQL %s %d times, seed %d: %d commits acknowledged, %d in doubt (%d of them there),"
            + " %d calls without a server, %d losses told%n",
        what, times, seed, acknowledged, inDoubt, inDoubtAndThere, lost, told.losses().size());
    assertThat(told.losses()).isNotEmpty();
  }

  @Test
  void anOrderlyStopLosesNothing() throws Exception {
    requireNothingLost(
        "stopped",
        2,
        () -> {
          server.stop();
          Thread.sleep(600);
          server.start();
        });
  }

  @Test
  void aServerCrashLosesNothing() throws Exception {
    requireNothingLost(
        "crashed",
        2,
        () -> {
          server.crash();
          Thread.sleep(600);
          server.start();
        });
  }

  @Test
  void aKilledServerLosesNothing() throws Exception {
    requireNothingLost(
        "killed",
        2,
        () -> {
          server.kill();
          Thread.sleep(600);
          server.start();
        });
  }

  @Test
  void cutConnectionsLoseNothing() throws Exception {
    requireNothingLost("cut", 15, () -> server.cutConnections(settings.database()));
  }
}
