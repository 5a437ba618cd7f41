package dev.tka.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.SignatureVerifier;
import dev.tka.core.authority.AumVerifier;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.ChainAudit;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.Commit;
import dev.tka.store.testkit.PostgresServer;
import dev.tka.testkit.Chains;
import dev.tka.testkit.TestKeys;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A process is killed, for real and at a random moment, while it commits: the store holds what it
 * held before or after the commit, and nothing in between. How often is the system property {@code
 * tka.kills}.
 */
class KillTest {
  private static final int KILLS = Integer.getInteger("tka.kills", 20);

  /** Long enough for a process to start, and for some commits. */
  private static final int MOST_MILLIS = 400;

  @TempDir Path directory;
  @TempDir Path output;

  @Test
  void aKilledCommitHappenedWholeOrNotAtAll() throws Exception {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    NodeDirectory store = NodeDirectory.at(directory);
    store.commit(
        Commit.on(store.read().revision())
            .add(Chains.genesis(List.of(TestKeys.key(1, 1)), 1), Instant.EPOCH.plusSeconds(1))
            .build());
    int pending = 0;
    int halfStaged = 0;
    int atNew = 0;
    for (int kill = 0; kill < KILLS; kill++) {
      String before = CommittingProcess.describe(store.read());
      Killed killed = kill(directory.toString(), before, random, "seed " + seed + " " + kill);
      if (Files.exists(directory.resolve(Journal.PENDING))) {
        pending++;
      } else if (hasLeftovers()) {
        halfStaged++;
      }

      String as = "kill " + kill + " of seed " + seed;
      AumSnapshot read = NodeDirectory.at(directory).read();
      String found = CommittingProcess.describe(read);
      assertThat(found).as(as).isIn(killed.older, killed.newer);
      atNew += killed.isAtNew(found) ? 1 : 0;
      requireClean(as, read);

      // The next writer finishes or clears away, and shows the same.
      AumSnapshot settled = store.read();
      assertThat(CommittingProcess.describe(settled)).as(as).isEqualTo(found);
      Authority.open(settled);
    }
    System.out.printf(
        "%d kills, seed %d: %d within the moves, %d before the journal, %d at the new content%n",
        KILLS, seed, pending, halfStaged, atNew);
    if (KILLS >= 20) {
      assertThat(pending + halfStaged).as("kills in the middle of a commit").isPositive();
    }
    store.wipe();
    assertThat(hasLeftovers()).isFalse();
    assertThat(directory.resolve(Journal.PENDING)).doesNotExist();
  }

  /**
   * What a process left that was killed.
   *
   * @param older the content at its last commit that was done
   * @param newer the content at the commit that it had begun; else the same
   * @param done how many commits were done
   */
  private record Killed(String older, String newer, int done) {
    boolean isAtNew(String found) {
      return found.equals(newer) && !older.equals(newer);
    }
  }

  private Killed kill(String place, String before, Random random, String label)
      throws IOException, InterruptedException {
    String older = before;
    String newer = before;
    int done = 0;
    for (String line : killedAfter(place, random.nextInt(MOST_MILLIS), label)) {
      if (line.startsWith(CommittingProcess.BEGIN)) {
        newer = line.substring(CommittingProcess.BEGIN.length());
      } else {
        older = newer;
        done++;
      }
    }
    return new Killed(older, newer, done);
  }

  private List<String> killedAfter(String place, int millis, String label)
      throws IOException, InterruptedException {
    Path said = said();
    Process process = CommittingProcess.start(place, label, said);
    try {
      // The first word of it says that Java is up.
      while (Files.size(said) == 0 && process.isAlive()) {
        Thread.sleep(1);
      }
      Thread.sleep(millis);
      assertThat(process.isAlive()).as("it works until it is killed").isTrue();
    } finally {
      process.destroyForcibly();
    }
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    String all = Files.readString(said);
    // A line without its end was never said.
    return all.substring(0, all.lastIndexOf('\n') + 1).lines().toList();
  }

  private Path said() throws IOException {
    return Files.writeString(output.resolve("said"), "");
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
    long seed = System.nanoTime();
    Random random = new Random(seed);
    String before;
    try (Tailnets tailnets = opening.open()) {
      AumStore store = tailnets.tailnet(CommittingProcess.TAILNET);
      before =
          CommittingProcess.describe(
              store.commit(
                  Commit.on(store.read().revision())
                      .add(
                          Chains.genesis(List.of(TestKeys.key(1, 1)), 1),
                          Instant.EPOCH.plusSeconds(1))
                      .build()));
    }
    int done = 0;
    int atNew = 0;
    for (int kill = 0; kill < KILLS; kill++) {
      String as = "kill " + kill + " of seed " + seed;
      Killed killed = kill(place, before, random, "seed " + seed + " " + kill);
      try (Tailnets tailnets = opening.open()) {
        AumSnapshot read = tailnets.tailnet(CommittingProcess.TAILNET).read();
        before = CommittingProcess.describe(read);
        assertThat(before).as(as).isIn(killed.older, killed.newer);
        requireClean(as, read);
        Authority.open(read);
      }
      done += killed.done;
      atNew += killed.isAtNew(before) ? 1 : 0;
    }
    System.out.printf(
        "%d kills on %s, seed %d: %d commits done, %d kills left the new content%n",
        KILLS, kind, seed, done, atNew);
    assertThat(done).as("commits that were done").isPositive();
  }

  private static void requireClean(String as, AumSnapshot snapshot) throws Exception {
    ChainAudit audit = ChainAudit.of(snapshot, new AumVerifier(SignatureVerifier.fastest()));
    assertThat(audit.problem()).as(as).isEmpty();
    assertThat(audit.verified()).as(as).isEqualTo(snapshot.entries().size());
    assertThat(snapshot.damage()).as(as).isEmpty();
  }

  private boolean hasLeftovers() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.anyMatch(file -> Journal.isLeftover(file.getFileName().toString()));
    }
  }
}
