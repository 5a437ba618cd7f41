package dev.tka.store.etcd;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.TkaException;
import dev.tka.core.authority.Authority;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.Commit;
import dev.tka.core.store.StoreException;
import dev.tka.store.Tailnets;
import dev.tka.store.etcd.testkit.EtcdServer;
import dev.tka.store.testkit.CommittingProcess;
import dev.tka.store.testkit.Kills;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.io.TempDirFactory;

/**
 * A process is killed, for real and at a random moment, while it commits: the tailnet's content is
 * that before or after the commit, never anything in between.
 */
class KillTest {
  private static final String TAILNET = "killed";

  @TempDir(factory = TempDirFactory.Standard.class)
  Path directory;

  /** Opens one tailnet. */
  static final class Opener implements CommittingProcess.Opener {
    @Override
    public AumStore open(String place) throws TkaException {
      return EtcdTailnets.at(EtcdSettings.parse(place)).tailnet(TAILNET);
    }
  }

  /**
   * The content when the last request of a killed process can no longer have an effect. It may
   * still come, and is conditional on the revision that it read.
   */
  private static AumSnapshot settled(AumStore store) throws StoreException {
    while (true) {
      AumSnapshot read = store.read();
      try {
        store.commit(Commit.on(read.revision()).build());
        return read;
      } catch (StoreException.Conflict e) {
        // It came.
      }
    }
  }

  @Test
  void aKilledCommitToEtcdHappenedCompletelyOrNotAtAll() throws Exception {
    EtcdSettings settings = EtcdServer.shared().settings();
    Kills kills = new Kills(Opener.class, directory);
    String before;
    int done = 0;
    int atNew = 0;
    // One handle follows all the time, and another one is opened after each kill.
    try (Tailnets following = EtcdTailnets.create(settings)) {
      before = CommittingProcess.describe(Kills.begin(following.tailnet(TAILNET)));
      for (int kill = 0; kill < Kills.COUNT; kill++) {
        String as = "kill " + kill + " of seed " + kills.seed();
        Kills.Killed killed = kills.kill(settings.toString(), before, as);
        try (Tailnets tailnets = EtcdTailnets.at(settings)) {
          AumSnapshot read = settled(tailnets.tailnet(TAILNET));
          before = CommittingProcess.describe(read);
          assertThat(before).as(as).isIn(killed.older(), killed.newer());
          assertThat(CommittingProcess.describe(following.tailnet(TAILNET).read()))
              .as(as)
              .isEqualTo(before);
          Kills.requireClean(as, read);
          Authority.open(read);
        }
        done += killed.done();
        atNew += killed.isAtNew(before) ? 1 : 0;
      }
    }
    System.out.printf(
        "%d kills on etcd, seed %d: %d commits done, %d kills left the new content%n",
        Kills.COUNT, kills.seed(), done, atNew);
    assertThat(done).as("finished commits").isPositive();
  }
}
