package dev.tka.store.json;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.TkaException;
import dev.tka.core.authority.Authority;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumStore;
import dev.tka.store.testkit.CommittingProcess;
import dev.tka.store.testkit.Kills;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A process is killed, for real and at a random moment, while it commits. */
class JsonKillTest {
  private static final String TAILNET = "killed";

  @TempDir Path directory;
  @TempDir Path output;

  /** Opens one tailnet of a file. */
  static final class Opener implements CommittingProcess.Opener {
    @Override
    public AumStore open(String place) throws TkaException {
      return JsonFile.at(Path.of(place)).tailnet(TAILNET);
    }
  }

  @Test
  void aKilledCommitHappenedCompletelyOrNotAtAll() throws Exception {
    Path file = directory.resolve("store.json");
    Kills kills = new Kills(Opener.class, output);
    AumStore kept = JsonFile.create(file).tailnet(TAILNET);
    String before = CommittingProcess.describe(Kills.begin(kept));
    int done = 0;
    int atNew = 0;
    int within = 0;
    for (int kill = 0; kill < Kills.COUNT; kill++) {
      String as = "kill " + kill + " of seed " + kills.seed();
      Kills.Killed killed = kills.kill(file.toString(), before, as);
      within += parts() > 0 ? 1 : 0;
      AumSnapshot read = JsonFile.at(file).tailnet(TAILNET).read();
      before = CommittingProcess.describe(read);
      assertThat(before).as(as).isIn(killed.older(), killed.newer());
      assertThat(CommittingProcess.describe(kept.read())).as(as).isEqualTo(before);
      Kills.requireClean(as, read);
      Authority.open(read);
      done += killed.done();
      atNew += killed.isAtNew(before) ? 1 : 0;
    }
    System.out.printf(
        "%d kills on JSON, seed %d: %d commits done, %d kills within a write, %d left the new"
            + " content%n",
        Kills.COUNT, kills.seed(), done, within, atNew);
    assertThat(done).as("finished commits").isPositive();
    kept.wipe();
    assertThat(parts()).as("what a killed writer left").isZero();
  }

  private long parts() throws Exception {
    try (Stream<Path> files = Files.list(directory)) {
      return files.filter(file -> file.toString().endsWith(".part")).count();
    }
  }
}
