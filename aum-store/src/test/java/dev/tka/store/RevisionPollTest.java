package dev.tka.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import dev.tka.store.testkit.WatchedByHand;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Watching by polling, when something goes wrong. */
class RevisionPollTest {
  private final Map<String, Revision> revisions = new ConcurrentHashMap<>();
  private final BlockingQueue<String> told = new LinkedBlockingQueue<>();
  private final AtomicBoolean throwing = new AtomicBoolean();
  private final AtomicBoolean broken = new AtomicBoolean();
  private final AtomicBoolean changed = new AtomicBoolean(true);

  private final Tailnets.Watcher watcher =
      new Tailnets.Watcher() {
        @Override
        public void found(Map<String, Revision> all) {
          boolean failing = throwing.get();
          StringBuilder line = new StringBuilder(failing ? "failing" : "found");
          new TreeMap<>(all)
              .forEach((name, at) -> line.append(" ").append(name).append(" ").append(at.value()));
          told.add(line.toString());
          if (failing) {
            throw new IllegalArgumentException("told to throw");
          }
        }

        @Override
        public void caughtUp(long moment) {
          told.add("caught up");
        }

        @Override
        public void lost(StoreException why) {
          told.add("lost");
          throw new IllegalArgumentException("nobody reads this");
        }
      };

  private Poll<?> begin() {
    return RevisionPoll.begin(
        () -> {
          if (broken.get()) {
            throw new IllegalStateException("a bug");
          }
          if (revisions.containsKey("gone")) {
            throw WatchedByHand.gone();
          }
          return changed.getAndSet(false) ? Optional.of(Map.copyOf(revisions)) : Optional.empty();
        },
        Duration.ofMillis(1),
        watcher);
  }

  /** Waits for a line, and returns those before it. */
  private List<String> await(String what) throws InterruptedException {
    List<String> others = new ArrayList<>();
    while (true) {
      String next = told.poll(30, TimeUnit.SECONDS);
      assertThat(next).as("waiting for " + what + " after " + others).isNotNull();
      if (next.equals(what)) {
        return others;
      }
      others.add(next);
    }
  }

  /** Has the place change, or seem to. */
  private void put(String tailnet, long revision) {
    revisions.put(tailnet, new Revision(revision));
    changed.set(true);
  }

  @Test
  void whatIsThereIsToldAtFirstAndAfterAnyChange() throws Exception {
    revisions.put("before", new Revision(2));
    try (Poll<?> poll = begin()) {
      assertThat(poll).isNotNull();
      assertThat(await("caught up")).containsExactly("found before 2");
      assertThat(await("caught up")).as("nothing changed").isEmpty();
      put("t", 1);
      assertThat(await("found before 2 t 1")).allMatch(line -> line.equals("caught up"));
      await("caught up");
      // Put back to what was told: what was told says nothing about what others have seen since.
      changed.set(true);
      await("found before 2 t 1");
      await("caught up");
      revisions.remove("before");
      changed.set(true);
      await("found t 1");
    }
  }

  @Test
  void aReportIsRepeatedToAWatcherThatThrowsBeforeItCatchesUp() throws Exception {
    try (Poll<?> poll = begin()) {
      assertThat(poll).isNotNull();
      await("caught up");
      throwing.set(true);
      put("t", 3);
      await("failing t 3");
      // No report that it caught up.
      assertThat(await("failing t 3")).isEmpty();
      assertThat(await("failing t 3")).isEmpty();
      put("t", 4);
      assertThat(await("failing t 4")).allMatch(line -> line.equals("failing t 3"));
      throwing.set(false);
      assertThat(await("found t 4")).allMatch(line -> line.equals("failing t 4"));
      assertThat(await("caught up")).isEmpty();
      assertThat(await("caught up")).isEmpty();
    }
  }

  @Test
  void aWatcherThatThrowsAtALossStillHearsOfChanges() throws Exception {
    try (Poll<?> poll = begin()) {
      assertThat(poll).isNotNull();
      await("caught up");
      revisions.put("gone", new Revision(1));
      revisions.put("t", new Revision(1));
      await("lost");
      await("lost");
      revisions.remove("gone");
      changed.set(true);
      await("found t 1");
      await("caught up");
    }
  }

  @Test
  @SuppressWarnings("try") // It stays open during the test.
  void aBugInThePlaceIsReportedAsALossAndCanEnd() throws Exception {
    try (Poll<?> poll = begin()) {
      await("caught up");
      broken.set(true);
      await("lost");
      put("t", 1);
      broken.set(false);
      await("found t 1");
      await("caught up");
    }
  }

  @Test
  @Timeout(60)
  void closingEndsIt() throws Exception {
    Poll<?> poll = begin();
    await("caught up");
    poll.close();
    poll.join();
  }
}
