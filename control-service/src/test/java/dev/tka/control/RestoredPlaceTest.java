package dev.tka.control;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.OpenException;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.Commit;
import dev.tka.core.store.StoreException;
import dev.tka.store.Tailnets;
import dev.tka.store.sql.PostgresDatabase;
import dev.tka.store.sql.PostgresSettings;
import dev.tka.store.sql.SqliteFile;
import dev.tka.store.sql.testkit.PostgresServer;
import dev.tka.store.sql.testkit.SqliteBackups;
import dev.tka.store.testkit.Backup;
import dev.tka.testkit.Chains;
import dev.tka.testkit.FakeClock;
import dev.tka.testkit.TestKeys;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The cache serves what is there after a backup was put back under the program, once the watch has
 * caught up. The system property {@code tka.rounds} sets how often.
 */
class RestoredPlaceTest {
  private static final int ROUNDS = Integer.getInteger("tka.rounds", 2);

  private abstract static class Contract {
    private static final Duration LONG = Duration.ofHours(1);
    private static final long MOST_BYTES = 1 << 20;
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(30);

    private final Chains chains =
        Chains.draw(List.of(TestKeys.key(1, 2)), "A -> B -> C -> D\nB -> X -> Y");
    private AuthorityCache cache;
    private Tailnets other;

    /** The place, as one more process opens it. */
    abstract Tailnets place() throws Exception;

    /** Copies the place; the number differs from call to call. */
    abstract Backup backUp(int number) throws Exception;

    @BeforeEach
    void open() throws Exception {
      cache = AuthorityCache.over(place(), AdmissionPolicy.CONTROL, Clock.systemUTC(), MOST_BYTES);
      other = place();
    }

    @AfterEach
    void close() {
      other.close();
      cache.close();
    }

    /** Commits as another process. */
    private void add(String names) throws Exception {
      AumStore store = other.tailnet("one");
      unlessCut(
          () -> {
            Commit.Builder commit = Commit.on(store.read().revision());
            chains.list(names).forEach(aum -> commit.add(aum, FakeClock.START));
            return store.commit(commit.build());
          });
    }

    private String head(Duration atMost) throws Exception {
      return unlessCut(
          () -> {
            try {
              return chains.nameOf(cache.live("one", atMost).current().head());
            } catch (OpenException.EmptyStore e) {
              return "nothing";
            }
          });
    }

    /** Asks again while connections are found to be cut, which is no stale answer. */
    private static <T> T unlessCut(Callable<T> question) throws Exception {
      long end = System.nanoTime() + PATIENCE_NANOS;
      while (true) {
        try {
          return question.call();
        } catch (StoreException.Unavailable e) {
          if (System.nanoTime() - end >= 0) {
            throw e;
          }
        }
      }
    }

    private void awaitCaughtUp() throws InterruptedException {
      long now = System.nanoTime();
      while (cache.caughtUp() - now < 0) {
        assertThat(System.nanoTime() - now).as("patience").isLessThan(PATIENCE_NANOS);
        Thread.sleep(1);
      }
    }

    private void requireNoneStale(String what, int stale) {
      System.out.printf(
          "%s, %s: %d of %d answers stale%n", getClass().getSimpleName(), what, stale, ROUNDS);
      assertThat(stale).as(what + ": stale answers").isZero();
    }

    @Test
    void aTailnetThatIsGoneIsServedNoMore() throws Exception {
      int stale = 0;
      for (int i = 0; i < ROUNDS; i++) {
        Backup backup = backUp(i);
        add("A B");
        assertThat(head(Duration.ZERO)).isEqualTo("B");
        awaitCaughtUp();
        backup.putBack();
        awaitCaughtUp();
        stale += head(LONG).equals("nothing") ? 0 : 1;
        assertThat(cache.lost()).isEmpty();
      }
      requireNoneStale("tailnet gone", stale);
    }

    @Test
    void aTailnetPutBackToTheRevisionThatWasToldLastIsReadAgain() throws Exception {
      add("A B");
      int stale = 0;
      for (int i = 0; i < ROUNDS; i++) {
        Backup backup = backUp(i);
        awaitCaughtUp();
        add("C");
        assertThat(head(Duration.ZERO)).isEqualTo("C");
        backup.putBack();
        awaitCaughtUp();
        stale += head(LONG).equals("B") ? 0 : 1;
      }
      requireNoneStale("revision told last", stale);
    }

    @Test
    void anotherHistoryOfTheSameLengthIsReadAgain() throws Exception {
      add("A B");
      int stale = 0;
      for (int i = 0; i < ROUNDS; i++) {
        Backup backup = backUp(i);
        add("C D");
        assertThat(head(Duration.ZERO)).isEqualTo("D");
        awaitCaughtUp();
        backup.putBack();
        add("X Y");
        awaitCaughtUp();
        stale += head(LONG).equals("Y") ? 0 : 1;
        backup.putBack();
      }
      requireNoneStale("another history", stale);
    }
  }

  private abstract static class Sqlite extends Contract {
    @TempDir Path directory;

    @Override
    Tailnets place() throws Exception {
      return SqliteFile.create(file(), Clock.systemUTC());
    }

    final Path file() {
      return directory.resolve("store.db");
    }
  }

  @Nested
  class SqliteReplaced extends Sqlite {
    @Override
    Backup backUp(int number) throws Exception {
      return SqliteBackups.replacing(file(), directory.resolve("copy " + number));
    }
  }

  @Nested
  class SqliteOverwritten extends Sqlite {
    @Override
    Backup backUp(int number) throws Exception {
      return SqliteBackups.overwriting(file(), directory.resolve("copy " + number));
    }
  }

  private abstract static class Postgres extends Contract {
    PostgresSettings settings;

    @Override
    Tailnets place() throws Exception {
      if (settings == null) {
        settings = PostgresServer.shared().newDatabase();
        PostgresDatabase.create(settings, Clock.systemUTC()).close();
        // Notifications may be lost: here all are.
        PostgresServer.shared().sql(settings.database(), "drop trigger tell on tka.tailnet");
      }
      return PostgresDatabase.at(settings, Clock.systemUTC());
    }
  }

  @Nested
  class PostgresRows extends Postgres {
    @Override
    Backup backUp(int number) throws Exception {
      return PostgresServer.shared().rowsOf(settings.database());
    }
  }

  @Nested
  class PostgresWhole extends Postgres {
    @Override
    Backup backUp(int number) throws Exception {
      return PostgresServer.shared().whole(settings.database());
    }
  }

  @Nested
  class Directories extends Contract {
    @TempDir Path directory;

    @Override
    Tailnets place() throws Exception {
      return CachedTailnetsTest.directories(Files.createDirectories(directory.resolve("nodes")));
    }

    @Override
    Backup backUp(int number) throws Exception {
      return Backup.ofFolder(directory.resolve("nodes"), directory.resolve("copy " + number));
    }
  }
}
