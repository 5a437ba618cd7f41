package dev.tka.store.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.authority.ChainAudit;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.Commit;
import dev.tka.testkit.Chains;
import dev.tka.testkit.TestKeys;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;

/**
 * Kills processes, for real and at random moments, while they commit to a store: every second one
 * in the middle of a commit.
 */
public final class Kills {
  /** The number of kills in a test: the system property {@code tka.kills}. */
  public static final int COUNT = Integer.getInteger("tka.kills", 5);

  /** Long enough for a process to start, and for some commits. */
  private static final int MOST_MILLIS = 400;

  /** About as long as a commit takes. */
  private static final int MOST_MICROS_OF_A_COMMIT = 5000;

  private final Class<? extends CommittingProcess.Opener> opener;
  private final Path said;
  private final long seed = System.nanoTime();
  private final Random random = new Random(seed);
  private int kills;

  /**
   * Prepares to kill processes that commit to one kind of store.
   *
   * @param folder where to keep the output of the processes
   */
  public Kills(Class<? extends CommittingProcess.Opener> opener, Path folder) {
    this.opener = opener;
    this.said = folder.resolve("said");
  }

  /** The seed of the random moments. */
  public long seed() {
    return seed;
  }

  /**
   * The output of a killed process.
   *
   * @param older the content after its last finished commit
   * @param newer the content after the commit that it had begun; else the same
   * @param done the number of finished commits
   */
  public record Killed(String older, String newer, int done) {
    /** True if the content is that of a commit that was never reported as done. */
    public boolean isAtNew(String found) {
      return found.equals(newer) && !older.equals(newer);
    }
  }

  /** Makes a first commit, for others to build on. */
  public static AumSnapshot begin(AumStore store) throws Exception {
    return store.commit(
        Commit.on(store.read().revision())
            .add(Chains.genesis(List.of(TestKeys.key(1, 1)), 1), Instant.EPOCH.plusSeconds(1))
            .build());
  }

  /** Starts a process that commits to a place, and kills it. */
  public Killed kill(String place, String before, String label)
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
    Files.writeString(said, "");
    Process process = CommittingProcess.start(opener, place, label, said);
    try {
      // The first output shows that Java has started.
      while (Files.size(said) == 0 && process.isAlive()) {
        Thread.sleep(1);
      }
      Thread.sleep(millis);
      kills++;
      if (kills % 2 == 0) {
        awaitMiddleOfACommit(process);
      }
      assertThat(process.isAlive()).as("runs until it is killed").isTrue();
    } finally {
      process.destroyForcibly();
    }
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    String all = Files.readString(said);
    // A line without its end does not count.
    return all.substring(0, all.lastIndexOf('\n') + 1).lines().toList();
  }

  /** Most of a process's time is between its commits: half of the kills come within one. */
  private void awaitMiddleOfACommit(Process process) throws IOException, InterruptedException {
    int begin = 0;
    int done = 0;
    while (begin <= done && process.isAlive()) {
      TimeUnit.MICROSECONDS.sleep(50);
      String all = Files.readString(said);
      begin = all.lastIndexOf(CommittingProcess.BEGIN);
      done = all.lastIndexOf(CommittingProcess.DONE);
    }
    TimeUnit.MICROSECONDS.sleep(random.nextInt(MOST_MICROS_OF_A_COMMIT));
  }

  /** Requires that every AUM verifies and nothing is damaged. */
  public static void requireClean(String as, AumSnapshot snapshot) throws Exception {
    ChainAudit audit = ChainAudit.of(snapshot);
    assertThat(audit.problem()).as(as).isEmpty();
    assertThat(audit.verified()).as(as).isEqualTo(snapshot.entries().size());
    assertThat(snapshot.damage()).as(as).isEmpty();
  }
}
