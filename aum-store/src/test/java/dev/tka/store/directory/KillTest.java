package dev.tka.store.directory;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.TkaException;
import dev.tka.core.authority.Authority;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumStore;
import dev.tka.store.testkit.CommittingProcess;
import dev.tka.store.testkit.Kills;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.ZoneOffset;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.io.TempDirFactory;

/**
 * A process is killed, for real and at a random moment, while it commits: the directory's content
 * is that before or after the commit, never anything in between.
 */
class KillTest {
  @TempDir(factory = TempDirFactory.Standard.class)
  Path directory;

  @TempDir(factory = TempDirFactory.Standard.class)
  Path output;

  private static final int MOST_KILLS = 20 * Kills.COUNT;

  /** Opens the directory. */
  static final class Opener implements CommittingProcess.Opener {
    @Override
    public AumStore open(String place) throws TkaException {
      return NodeDirectory.at(Path.of(place), Clock.fixed(CommittingProcess.TIME, ZoneOffset.UTC));
    }
  }

  @Test
  void aKilledCommitHappenedCompletelyOrNotAtAll() throws Exception {
    Kills kills = new Kills(Opener.class, output);
    NodeDirectory store = NodeDirectory.at(directory);
    Kills.begin(store);
    int pending = 0;
    int halfStaged = 0;
    int atNew = 0;
    int kill = 0;
    // By chance none of a few leaves a commit by half.
    while (kill < Kills.COUNT || (pending + halfStaged == 0 && kill < MOST_KILLS)) {
      kill++;
      String as = "kill " + kill + " of seed " + kills.seed();
      String before = CommittingProcess.describe(store.read());
      Kills.Killed killed = kills.kill(directory.toString(), before, as);
      if (isWaiting()) {
        pending++;
      } else if (hasLeftovers()) {
        halfStaged++;
      }

      AumSnapshot read = NodeDirectory.at(directory).read();
      String found = CommittingProcess.describe(read);
      assertThat(found).as(as).isIn(killed.older(), killed.newer());
      atNew += killed.isAtNew(found) ? 1 : 0;
      Kills.requireClean(as, read);

      // The next writer finishes or cleans up, and shows the same.
      AumSnapshot settled = store.read();
      assertThat(CommittingProcess.describe(settled)).as(as).isEqualTo(found);
      Authority.open(settled);
    }
    System.out.printf(
        "%d kills, seed %d: %d within the moves, %d before the journal, %d at the new content%n",
        kill, kills.seed(), pending, halfStaged, atNew);
    assertThat(pending + halfStaged).as("kills in the middle of a commit").isPositive();
    store.wipe();
    assertThat(hasLeftovers()).isFalse();
    assertThat(isWaiting()).isFalse();
  }

  private boolean isWaiting() throws Exception {
    for (Journal.Entry entry : Journal.standing(directory).entries()) {
      if (entry.isWaiting(directory)) {
        return true;
      }
    }
    return false;
  }

  private boolean hasLeftovers() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.anyMatch(file -> Journal.isLeftover(file.getFileName().toString()));
    }
  }
}
