package dev.tka.store.sql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.Commit;
import dev.tka.core.store.StoreException;
import dev.tka.store.Tailnets;
import dev.tka.store.sql.testkit.LentStore;
import dev.tka.store.sql.testkit.PgBouncer;
import dev.tka.store.sql.testkit.PostgresServer;
import dev.tka.store.testkit.TailnetsContract;
import dev.tka.store.testkit.Told;
import dev.tka.testkit.Chains;
import dev.tka.testkit.FakeClock;
import dev.tka.testkit.TestKeys;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * A database behind PgBouncer, in session and in transaction pooling: it takes no startup
 * parameters, and gives each transaction another session, with another one's settings.
 */
class PgBouncerTest {
  private static final PostgresServer SERVER = PostgresServer.shared();

  @Nested
  class Sessions extends Pooled {
    Sessions() {
      super("session");
    }

    @Test
    void notificationsComeThrough() throws Exception {
      requireToldWithoutPolls(
          told -> {
            // Where they do not come, it polls ten times a second after one.
            Thread.sleep(1300);
            long calls = told.calls();
            Thread.sleep(300);
            assertThat(told.calls() - calls).as("polls").isLessThanOrEqualTo(1);
          });
    }
  }

  @Nested
  class Transactions extends Pooled {
    Transactions() {
      super("transaction");
    }

    @Test
    void aWatchPollsOftenWhereNotificationsDoNotCome() throws Exception {
      requireToldWithoutPolls(told -> {});
    }
  }

  /** The contract, and what a pooler may break. */
  @TestInstance(TestInstance.Lifecycle.PER_CLASS)
  abstract static class Pooled extends TailnetsContract {
    private static final Chains CHAINS =
        Chains.draw(List.of(TestKeys.key(1, 1)), "A -> B -> C -> D -> E -> F -> G -> H");

    private final String mode;
    @RegisterExtension final LentStore lent = new LentStore();
    private PgBouncer pooler;

    Pooled(String mode) {
      this.mode = mode;
    }

    @BeforeAll
    void start() throws Exception {
      assumeTrue(PgBouncer.isInstalled());
      pooler = PgBouncer.start(SERVER, mode);
    }

    @AfterAll
    void stop() {
      if (pooler != null) {
        pooler.close();
      }
    }

    @Override
    protected Tailnets place() throws Exception {
      return PostgresDatabase.create(pooled(), Clock.systemUTC());
    }

    private PostgresSettings pooled() throws Exception {
      return pooler.settings(lent.settings().database());
    }

    private PostgresSettings newDatabase() throws SQLException {
      return pooler.settings(SERVER.newDatabase().database());
    }

    private static AumSnapshot add(AumStore store, String name) throws StoreException {
      return store.commit(
          Commit.on(store.read().revision()).add(CHAINS.get(name), FakeClock.START).build());
    }

    @Test
    void whoMakesTheTablesAtOnceMakesThemOnceAndInTheirSchema() throws Exception {
      PostgresSettings fresh = newDatabase();
      int makers = 4;
      ExecutorService pool = Executors.newFixedThreadPool(makers);
      try {
        List<Future<PostgresDatabase>> made = new ArrayList<>();
        for (int i = 0; i < makers; i++) {
          made.add(pool.submit(() -> PostgresDatabase.create(fresh, Clock.systemUTC())));
        }
        for (Future<PostgresDatabase> each : made) {
          try (PostgresDatabase place = each.get(60, TimeUnit.SECONDS)) {
            add(place.tailnet("t"), CHAINS.nameOf(CHAINS.get("A").hash()));
          }
        }
      } finally {
        pool.shutdownNow();
      }
      assertThat(asked(fresh, "select count(*) from tka.schema_history"))
          .isEqualTo(Integer.toString(PostgresTables.VERSION));
      assertThat(asked(fresh, "select count(*) from pg_tables where schemaname = 'public'"))
          .isEqualTo("0");
    }

    private static String asked(PostgresSettings of, String query) throws SQLException {
      try (Connection connection = SERVER.connect(of.database());
          Statement statement = connection.createStatement();
          ResultSet result = statement.executeQuery(query)) {
        result.next();
        return result.getString(1);
      }
    }

    @Test
    void commitsAreFlushedWhateverSessionTheyGet() throws Exception {
      PostgresSettings fresh = newDatabase();
      SERVER.sql(
          fresh.database(), "alter database " + fresh.database() + " set synchronous_commit = off");
      try (PostgresDatabase place = PostgresDatabase.create(fresh, Clock.systemUTC())) {
        for (int i = 0; i < 3; i++) {
          assertThat(
                  place.<String>write(
                      connection -> PostgresDatabaseTest.shown(connection, "synchronous_commit")))
              .isEqualTo("on");
          assertThat(
                  place.<String>write(
                      connection -> PostgresDatabaseTest.shown(connection, "lock_timeout")))
              .isEqualTo("20s");
          // Nothing of it is left for whoever gets the session next.
          assertThat(
                  place.<String>read(
                      connection -> PostgresDatabaseTest.shown(connection, "lock_timeout")))
              .isEqualTo("0");
        }
      }
    }

    @Test
    void statementsAreNotRemembered() throws Exception {
      try (PostgresDatabase one = PostgresDatabase.create(pooled(), Clock.systemUTC())) {
        int readers = 6;
        ExecutorService pool = Executors.newFixedThreadPool(readers);
        try {
          add(one.tailnet("t"), "A");
          List<Future<Integer>> read = new ArrayList<>();
          for (int i = 0; i < readers; i++) {
            read.add(
                pool.submit(
                    () -> {
                      int aums = 0;
                      for (int j = 0; j < 30; j++) {
                        AumSnapshot snapshot = one.tailnet("t").read();
                        snapshot.get(CHAINS.get("A").hash());
                        aums = snapshot.entries().size();
                      }
                      return aums;
                    }));
          }
          for (String name : List.of("B", "C", "D", "E", "F", "G", "H")) {
            add(one.tailnet("t"), name);
          }
          for (Future<Integer> each : read) {
            assertThat(each.get(60, TimeUnit.SECONDS)).isPositive();
          }
        } finally {
          pool.shutdownNow();
        }
        assertThat(one.tailnet("t").read().entries()).hasSize(8);
      }
    }

    /** What is done once the first commit was told. */
    interface Meanwhile {
      void with(Told told) throws Exception;
    }

    /** All commits are told to a watch that would not poll for an hour if nothing told it to. */
    final void requireToldWithoutPolls(Meanwhile meanwhile) throws Exception {
      try (PostgresDatabase place = PostgresDatabase.create(pooled(), Clock.systemUTC());
          PostgresDatabase other = PostgresDatabase.at(pooled(), Clock.systemUTC())) {
        Told told = new Told();
        try (Tailnets.Watch watch = place.begin(told, Duration.ofHours(1))) {
          assertThat(watch).isNotNull();
          told.await("t", add(other.tailnet("t"), "A").revision());
          meanwhile.with(told);
          for (String name : List.of("B", "C", "D", "E")) {
            told.await("t", add(other.tailnet("t"), name).revision());
          }
        }
      }
    }
  }
}
