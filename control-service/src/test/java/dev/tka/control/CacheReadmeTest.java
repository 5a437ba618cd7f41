package dev.tka.control;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.store.sql.SqliteFile;
import dev.tka.sync.AnswerPolicy;
import dev.tka.sync.ControlEnd;
import dev.tka.sync.SyncAnswer;
import dev.tka.sync.SyncOffer;
import dev.tka.testkit.Chains;
import dev.tka.testkit.PageExample;
import dev.tka.testkit.TestKeys;
import dev.tka.testkit.TestStores;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The example of a control server's cache in docs/embedding.md compiles, runs, and is the same as
 * here.
 */
class CacheReadmeTest {
  @TempDir Path directory;

  @Test
  void theExampleRuns() throws Exception {
    Path path = directory.resolve("control.db");
    Chains chains = Chains.draw(List.of(TestKeys.key(1, 1)), "A -> B -> C");
    try (SqliteFile file = SqliteFile.create(path, Clock.systemUTC())) {
      LiveAuthority.bootstrap(
              file.tailnet("example.com"),
              chains.get("A"),
              AdmissionPolicy.CONTROL,
              Clock.systemUTC())
          .inform(chains.list("B C"));
    }
    SyncOffer offer =
        SyncOffer.withTrail(Authority.open(TestStores.holding(chains.list("A")).read()));
    Clock clock = Clock.systemUTC();

    // begin
    try (AuthorityCache cache =
        AuthorityCache.over(
            SqliteFile.create(path, clock), AdmissionPolicy.CONTROL, clock, 512L << 20)) {
      // For each request: the tailnet's authority, at most one second old.
      LiveAuthority live = cache.live("example.com", Duration.ofSeconds(1));
      SyncAnswer answer =
          new ControlEnd(live, AnswerPolicy.bounded(1 << 20)).answer(offer).message();
      System.out.println(answer.missing().size() + " AUMs for a node");
    }
    // end

    try (AuthorityCache cache =
        AuthorityCache.over(
            SqliteFile.create(path, clock), AdmissionPolicy.CONTROL, clock, 512L << 20)) {
      LiveAuthority live = cache.live("example.com", Duration.ofSeconds(1));
      assertThat(
              new ControlEnd(live, AnswerPolicy.bounded(1 << 20)).answer(offer).message().missing())
          .hasSize(2);
    }
  }

  @Test
  void theExampleIsTheOneInTheReadme() throws Exception {
    PageExample.requireSame(CacheReadmeTest.class, "control-service", "docs/embedding.md");
  }
}
