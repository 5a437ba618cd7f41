package dev.tka.control;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.Aum;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.store.StoreException;
import dev.tka.store.Tailnets;
import dev.tka.store.records.ControlRecords;
import dev.tka.store.records.Fence;
import dev.tka.store.records.NodeRecord;
import dev.tka.store.records.NodeSighting;
import dev.tka.store.records.RecordsChange;
import dev.tka.store.sql.SqliteFile;
import dev.tka.testkit.Chains;
import dev.tka.testkit.FakeClock;
import dev.tka.testkit.MemoryFolders;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a server has open before it is asked. The system property {@code tka.rounds} sets the number
 * of tailnets.
 */
class WarmthTest {
  private static final int TAILNETS = Integer.getInteger("tka.rounds", 20);
  private static final int AUMS = 50;

  @TempDir(factory = MemoryFolders.class)
  Path folder;

  private Tailnets place() throws StoreException {
    return SqliteFile.create(folder.resolve("control.db"), Clock.systemUTC());
  }

  private static String name(int number) {
    return "t" + number + ".example.com";
  }

  private void fill() throws Exception {
    Aum[] chain = new Aum[AUMS];
    chain[0] = TestControl.genesis(1);
    for (int i = 1; i < AUMS; i++) {
      chain[i] = Chains.noOp(chain[i - 1], "update " + i, 1);
    }
    try (Tailnets place = place()) {
      ControlRecords records = place.records().orElseThrow();
      for (int i = 0; i < TAILNETS; i++) {
        LiveAuthority live =
            LiveAuthority.bootstrap(
                place.tailnet(name(i)), chain[0], AdmissionPolicy.CONTROL, new FakeClock());
        var unused = live.inform(List.of(chain).subList(1, AUMS));
        records.commit(
            name(i),
            RecordsChange.ofNode(
                Optional.empty(), Optional.of(NodeRecord.of(1, TestControl.nodeKey(1)))));
        records.noteSightings(
            name(i),
            List.of(
                new NodeSighting(
                    1, Instant.ofEpochSecond(i), Optional.empty(), Optional.empty(), "ok", "")));
      }
    }
  }

  private static void await(BooleanSupplier condition) throws InterruptedException {
    long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).isLessThan(end);
      Thread.sleep(1);
    }
  }

  /** The time of the first request of each tailnet, in nanoseconds, in order. */
  private static long[] firstRequests(ControlService service) throws Exception {
    long[] times = new long[TAILNETS];
    for (int i = 0; i < TAILNETS; i++) {
      long began = System.nanoTime();
      service.announcement(name(i), Optional.of(1L));
      times[i] = System.nanoTime() - began;
    }
    Arrays.sort(times);
    return times;
  }

  private static String figures(long[] times) {
    return String.format(
        "p50 %.2f ms, p99 %.2f ms",
        times[times.length / 2] / 1e6, times[times.length * 99 / 100] / 1e6);
  }

  @Test
  void aServerThatWasNeverAskedHasOpenWhatIsHotAndFollowsIt() throws Exception {
    fill();
    try (ControlService cold =
        ControlService.over(place(), ControlSettings.DEFAULTS, Clock.systemUTC())) {
      assertThat(cold.cache().heldBytes()).isZero();
      System.out.println(
          "first requests of " + TAILNETS + " tailnets, cold: " + figures(firstRequests(cold)));
    }
    try (ControlService spare =
            ControlService.over(place(), ControlSettings.DEFAULTS, Clock.systemUTC());
        Tailnets other = place()) {
      long began = System.nanoTime();
      spare.warm();
      await(() -> spare.warmed() >= TAILNETS);
      double took = (System.nanoTime() - began) / 1e6;
      long held = spare.cache().heldBytes();
      assertThat(held).isPositive();
      System.out.println(
          "first requests of "
              + TAILNETS
              + " tailnets, warm: "
              + figures(firstRequests(spare))
              + "; warmed in "
              + Math.round(took)
              + " ms, "
              + held / 1024
              + " KiB");
      assertThat(spare.cache().heldBytes()).isEqualTo(held);
      // What begins elsewhere meanwhile is opened, too.
      long before = spare.warmed();
      LiveAuthority fresh =
          LiveAuthority.bootstrap(
              other.tailnet("fresh.example.com"),
              TestControl.genesis(2),
              AdmissionPolicy.CONTROL,
              new FakeClock());
      assertThat(fresh.current().length()).isEqualTo(1);
      await(() -> spare.warmed() > before && spare.cache().heldBytes() > held);
    }
  }

  @Test
  void whoseNodesCameLastIsOpenedFirstUntilMemoryIsNearlyFullAndNothingThatLivesElsewhere()
      throws Exception {
    fill();
    String last = name(TAILNETS - 1);
    long one;
    try (ControlService service =
        ControlService.over(place(), ControlSettings.DEFAULTS, Clock.systemUTC())) {
      service.announcement(last, Optional.empty());
      one = service.cache().heldBytes();
    }
    try (Tailnets place = place()) {
      place
          .records()
          .orElseThrow()
          .fence(
              last,
              Fence.NONE,
              Fence.NONE.next(
                  "0123456789abcdef",
                  new Fence.Standing.Moved("elsewhere", Optional.empty(), Instant.EPOCH)));
    }
    // Three quarters of four have room for three.
    try (ControlService small =
        ControlService.over(
            place(), ControlSettings.DEFAULTS.withCacheBytes(4 * one), Clock.systemUTC())) {
      small.warm();
      await(() -> small.warmed() >= 3);
      small.cache().live(name(TAILNETS - 2), Duration.ofHours(1));
      assertThat(small.cache().heldBytes()).isEqualTo(3 * one);
      assertThat(small.warmed()).isEqualTo(3);
    }
  }
}
