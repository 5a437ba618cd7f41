package dev.tka.cli.campaign;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Servers lose nothing, whatever happens to them and their databases. {@code -Dtka.minutes}, {@code
 * -Dtka.seed}, {@code -Dtka.folder} and {@code -Dtka.database} make it the long one of {@code
 * bench/campaign.sh}.
 */
class CampaignTest {
  private static final int MINUTES = Integer.getInteger("tka.minutes", 0);
  private static final String DATABASE = System.getProperty("tka.database", "postgresql");
  private static final Duration SHORT = Duration.ofSeconds(8);
  private static final int SHORT_STILL_SECONDS = 1;

  /** The short one shares the cores with other tests: servers start sooner where admins rest. */
  private static final int SHORT_REST_MILLIS = 250;

  private static final int LONG_STILL_SECONDS = 8;

  @TempDir Path temporary;

  @Test
  void nothingIsLostWhateverHappens() throws Exception {
    long seed = Long.getLong("tka.seed", System.nanoTime());
    Path folder = Path.of(System.getProperty("tka.folder", temporary.toString()));
    Files.createDirectories(folder);
    Campaign.Result result;
    try (Campaign campaign =
        new Campaign(
            seed,
            folder,
            MINUTES == 0 ? SHORT_STILL_SECONDS : LONG_STILL_SECONDS,
            MINUTES == 0 ? SHORT_REST_MILLIS : 0,
            line -> System.out.println(line))) {
      result =
          campaign.run(
              MINUTES == 0 ? SHORT : Duration.ofMinutes(MINUTES),
              DATABASE.equals("etcd") ? new Etcd() : new Postgres(),
              MINUTES == 0 ? 1 : 5,
              MINUTES > 0);
    }
    result.faults().forEach((name, figures) -> System.out.println("  " + name + ": " + figures));
    System.out.println(result.figures());
    System.out.println(result.verdict());
    assertThat(result.verdict().isGood()).as("%s", result.verdict()).isTrue();
    System.out.println(Linearizability.judge(folder.resolve("history.jsonl")));
  }
}
