package dev.tka.store.sql;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.TkaException;
import dev.tka.core.authority.Authority;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumStore;
import dev.tka.store.Tailnets;
import dev.tka.store.sql.testkit.PostgresServer;
import dev.tka.store.testkit.CommittingProcess;
import dev.tka.store.testkit.Kills;
import java.nio.file.Path;
import java.time.Clock;
import java.time.ZoneOffset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.io.TempDirFactory;

/**
 * A process is killed, for real and at a random moment, while it commits: the database holds what
 * it held before or after the commit, and nothing in between.
 */
class KillTest {
  private static final String TAILNET = "killed";

  @TempDir(factory = TempDirFactory.Standard.class)
  Path directory;

  /** Opens one tailnet of a SQLite file or of a PostgreSQL database. */
  static final class Opener implements CommittingProcess.Opener {
    @Override
    public AumStore open(String place) throws TkaException {
      Clock clock = Clock.fixed(CommittingProcess.TIME, ZoneOffset.UTC);
      Tailnets tailnets =
          place.startsWith("postgresql:")
              ? PostgresDatabase.at(
                  PostgresSettings.parse(place).withPassword(PostgresServer.PASSWORD), clock)
              : SqliteFile.at(Path.of(place), clock);
      return tailnets.tailnet(TAILNET);
    }
  }

  /** Opens the place as a process would that finds it after a kill. */
  private interface Opening {
    Tailnets open() throws Exception;
  }

  @Test
  void aKilledCommitToSqliteHappenedWholeOrNotAtAll() throws Exception {
    Path place = directory.resolve("store.db");
    SqliteFile.create(place, Clock.systemUTC()).close();
    requireWhole("SQLite", place.toString(), () -> SqliteFile.at(place, Clock.systemUTC()));
  }

  @Test
  void aKilledCommitToPostgresHappenedWholeOrNotAtAll() throws Exception {
    PostgresServer server = PostgresServer.flushing();
    PostgresSettings settings = server.newDatabase();
    PostgresDatabase.create(settings, Clock.systemUTC()).close();
    requireWhole(
        "PostgreSQL",
        settings.toString(),
        () -> {
          // The server may still be at what it was told last.
          server.awaitNoClients(settings.database());
          return PostgresDatabase.at(settings, Clock.systemUTC());
        });
  }

  private void requireWhole(String kind, String place, Opening opening) throws Exception {
    Kills kills = new Kills(Opener.class, directory);
    String before;
    try (Tailnets tailnets = opening.open()) {
      before = CommittingProcess.describe(Kills.begin(tailnets.tailnet(TAILNET)));
    }
    int done = 0;
    int atNew = 0;
    for (int kill = 0; kill < Kills.COUNT; kill++) {
      String as = "kill " + kill + " of seed " + kills.seed();
      Kills.Killed killed = kills.kill(place, before, as);
      try (Tailnets tailnets = opening.open()) {
        AumSnapshot read = tailnets.tailnet(TAILNET).read();
        before = CommittingProcess.describe(read);
        assertThat(before).as(as).isIn(killed.older(), killed.newer());
        Kills.requireClean(as, read);
        Authority.open(read);
      }
      done += killed.done();
      atNew += killed.isAtNew(before) ? 1 : 0;
    }
    System.out.printf(
        "%d kills on %s, seed %d: %d commits done, %d kills left the new content%n",
        Kills.COUNT, kind, kills.seed(), done, atNew);
    assertThat(done).as("commits that were done").isPositive();
  }
}
