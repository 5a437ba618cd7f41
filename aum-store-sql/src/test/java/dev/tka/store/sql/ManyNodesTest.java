package dev.tka.store.sql;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.store.StoreException;
import dev.tka.store.Tailnets;
import dev.tka.store.records.Changes;
import dev.tka.store.records.ControlRecords;
import dev.tka.store.records.NodeRecord;
import dev.tka.store.records.NodeSighting;
import dev.tka.store.records.RecordsChange;
import dev.tka.store.sql.testkit.PostgresServer;
import dev.tka.store.testkit.ControlRecordsContract;
import dev.tka.testkit.TestKeys;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A tailnet with many nodes: 2,000, or as many as {@code -Dtka.nodes} says (service, section 2:
 * 100,000). Prints how long things take; nothing is asserted of that.
 */
class ManyNodesTest {
  private static final int NODES = Integer.getInteger("tka.nodes", 2000);
  private static final int LOGINS = 20;
  private static final AumHash AUTHORITY = AumHash.ofEncoding(Bytes.copyOf(new byte[] {1}));

  @TempDir Path directory;

  @Test
  void aSqliteFileKeepsThem() throws Exception {
    try (SqliteFile place = SqliteFile.create(directory.resolve("n.db"), Clock.systemUTC())) {
      run("SQLite", place);
    }
  }

  @Test
  void aPostgresqlDatabaseKeepsThem() throws Exception {
    try (PostgresDatabase place =
        PostgresDatabase.create(PostgresServer.shared().newDatabase(), Clock.systemUTC())) {
      run("PostgreSQL", place);
    }
  }

  private static NodeRecord node(long id) {
    return NodeRecord.of(id, ControlRecordsContract.nodeKey((int) id))
        .withRotationKey(Optional.of(TestKeys.publicKey(1)))
        .withSignature(
            Optional.of(new NodeRecord.Signature(Bytes.copyOf(new byte[150]), AUTHORITY)))
        .withName(Optional.of("node-" + id));
  }

  /** Something to be timed. */
  private interface Step {
    void run() throws Exception;
  }

  private static void time(String what, int times, Step step) throws Exception {
    long begun = System.nanoTime();
    step.run();
    double millis = (System.nanoTime() - begun) / (double) TimeUnit.MILLISECONDS.toNanos(1) / times;
    System.out.printf("%s: %.2f ms%n", what, millis);
  }

  private static void run(String kind, Tailnets place) throws Exception {
    ControlRecords records = place.records().orElseThrow();
    String at = kind + ", " + NODES + " nodes, ";
    List<RecordsChange.OfNode> come = new ArrayList<>();
    List<RecordsChange.OfNode> turn = new ArrayList<>();
    List<NodeSighting> sightings = new ArrayList<>();
    for (long id = 1; id <= NODES; id++) {
      NodeRecord node = node(id);
      come.add(new RecordsChange.OfNode(Optional.empty(), Optional.of(node)));
      turn.add(
          new RecordsChange.OfNode(
              Optional.of(node), Optional.of(node.withName(Optional.of("n" + id)))));
      sightings.add(
          new NodeSighting(id, Instant.EPOCH, Optional.of(AUTHORITY), Optional.empty(), "ok", ""));
    }
    time(at + "all come", 1, () -> records.commit("t", new RecordsChange(Optional.empty(), come)));
    Changes.Position before = records.position();
    time(
        at + "all are replaced",
        1,
        () -> records.commit("t", new RecordsChange(Optional.empty(), turn)));
    AtomicLong read = new AtomicLong();
    time(at + "all are read", 1, () -> records.allNodes("t", node -> read.addAndGet(node.id())));
    assertThat(read.get()).isEqualTo(NODES * (NODES + 1L) / 2);
    time(at + "count", 1, () -> assertThat(records.countNodes("t")).isEqualTo(NODES));
    time(at + "sightings of all", 1, () -> records.noteSightings("t", sightings));
    time(
        at + "changes after all were replaced",
        1,
        () ->
            assertThat(records.changesAfter(before, 1000).tailnets())
                .containsExactly(new Changes.Change("t", true, List.of())));
    Changes.Position now = records.position();
    time(
        at + "nothing changed",
        LOGINS,
        () -> {
          for (int i = 0; i < LOGINS; i++) {
            assertThat(records.changesAfter(now, 1000).tailnets()).isEmpty();
          }
        });
    time(
        at + "a login",
        LOGINS,
        () -> {
          for (int i = 1; i <= LOGINS; i++) {
            login(records, i);
          }
        });
    time(
        at + "changes after " + LOGINS + " logins",
        1,
        () ->
            assertThat(records.changesAfter(now, 1000).tailnets().get(0).nodes()).hasSize(LOGINS));
  }

  private static void login(ControlRecords records, long id) throws StoreException {
    records.seen("t");
    Optional<NodeRecord> before = records.node("t", id);
    records.commit(
        "t",
        RecordsChange.ofNode(
            before,
            before.map(node -> node.withNodeKey(ControlRecordsContract.nodeKey((int) -id)))));
  }
}
