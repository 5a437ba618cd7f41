package dev.tka.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.core.store.StoreException;
import dev.tka.store.MemoryTailnets;
import dev.tka.store.records.ControlRecords;
import dev.tka.store.records.NodeRecord;
import dev.tka.store.records.NodeSighting;
import dev.tka.store.records.RecordsChange;
import dev.tka.testkit.NodeKeySignatures;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** When nodes came is written some time later, and the last time is what is there in the end. */
class SightingsTest {
  private static final Instant NOON = Instant.parse("2027-01-01T12:00:00Z");

  private final MemoryTailnets place = new MemoryTailnets();
  private final ControlRecords records = place.records().orElseThrow();

  /** What happens before a tailnet's sightings are written; by the number of the write, from 1. */
  private interface Before {
    void write(int number) throws Exception;
  }

  @BeforeEach
  void makeNodes() throws Exception {
    for (String tailnet : new String[] {"s", "t"}) {
      for (int node = 1; node <= 2; node++) {
        NodeRecord record = NodeRecord.of(node, NodeKeySignatures.nodeKey(node));
        records.commit(tailnet, RecordsChange.ofNode(Optional.empty(), Optional.of(record)));
      }
    }
  }

  @AfterEach
  void close() {
    place.close();
  }

  private Sightings over(Before before) {
    int[] writes = {0};
    return new Sightings(
        (ControlRecords)
            Proxy.newProxyInstance(
                ControlRecords.class.getClassLoader(),
                new Class<?>[] {ControlRecords.class},
                (proxy, method, arguments) -> {
                  int number;
                  synchronized (writes) {
                    number = ++writes[0];
                  }
                  before.write(number);
                  try {
                    return method.invoke(records, arguments);
                  } catch (InvocationTargetException e) {
                    throw e.getCause();
                  }
                }));
  }

  private static NodeSighting at(int node, int minute) {
    return new NodeSighting(
        node, NOON.plusSeconds(60L * minute), Optional.empty(), Optional.empty(), "ok", "");
  }

  private Map<Long, Instant> written(String tailnet) throws StoreException {
    return records.sightings(tailnet).values().stream()
        .collect(Collectors.toMap(NodeSighting::node, NodeSighting::at));
  }

  @Test
  void whatIsWrittenLateDoesNotReplaceWhatWasNotedLater() throws Exception {
    Semaphore writing = new Semaphore(0);
    Semaphore goesOn = new Semaphore(0);
    Sightings sightings =
        over(
            number -> {
              if (number == 1) {
                writing.release();
                assertThat(goesOn.tryAcquire(30, TimeUnit.SECONDS)).isTrue();
              }
            });
    ExecutorService threads = Executors.newFixedThreadPool(2);
    try {
      sightings.note("t", at(1, 1));
      Future<?> first = threads.submit(() -> flush(sightings));
      assertThat(writing.tryAcquire(30, TimeUnit.SECONDS)).isTrue();
      sightings.note("t", at(1, 2));
      Future<?> second = threads.submit(() -> flush(sightings));
      // Without an order, the second one is done by now.
      Thread.sleep(50);
      goesOn.release();
      first.get(30, TimeUnit.SECONDS);
      second.get(30, TimeUnit.SECONDS);
    } finally {
      threads.shutdownNow();
    }
    assertThat(written("t")).isEqualTo(Map.of(1L, at(1, 2).at()));
  }

  private static boolean flush(Sightings sightings) throws StoreException {
    sightings.flush();
    return true;
  }

  @Test
  void whatCouldNotBeWrittenIsWrittenTheNextTimeUnlessTheNodeCameAgain() throws Exception {
    Sightings sightings =
        over(
            number -> {
              if (number <= 2) {
                throw new StoreException.Busy("full of writers");
              }
            });
    sightings.note("t", at(1, 1));
    sightings.note("t", at(2, 1));
    sightings.note("s", at(1, 1));
    assertThatThrownBy(sightings::flush).isInstanceOf(StoreException.Busy.class);
    sightings.note("t", at(1, 2));
    assertThatThrownBy(sightings::flush).isInstanceOf(StoreException.Busy.class);
    assertThat(written("t")).isEmpty();
    sightings.flush();
    assertThat(written("t")).isEqualTo(Map.of(1L, at(1, 2).at(), 2L, at(2, 1).at()));
    assertThat(written("s")).isEqualTo(Map.of(1L, at(1, 1).at()));
  }
}
