package dev.tka.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import dev.tka.store.testkit.WatchedByHand;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
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

  private final Tailnets.Watcher watcher =
      new Tailnets.Watcher() {
        @Override
        public void changed(String tailnet, Revision revision) {
          boolean fails = throwing.get() && tailnet.equals("bad");
          told.add((fails ? "failing " : "") + tailnet + " " + revision.value());
          if (fails) {
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

  private RevisionPoll begin() {
    return RevisionPoll.begin(
        () -> {
          if (broken.get()) {
            throw new IllegalStateException("a bug");
          }
          if (revisions.containsKey("gone")) {
            throw WatchedByHand.gone();
          }
          return Map.copyOf(revisions);
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

  @Test
  void aReportIsRepeatedToAWatcherThatThrowsBeforeItCatchesUp() throws Exception {
    try (RevisionPoll poll = begin()) {
      assertThat(poll).isNotNull();
      await("caught up");
      throwing.set(true);
      revisions.put("bad", new Revision(3));
      await("failing bad 3");
      revisions.put("good", new Revision(4));
      await("good 4");
      // Neither a report that it caught up, nor the good one again.
      assertThat(await("failing bad 3")).isEmpty();
      assertThat(await("failing bad 3")).isEmpty();
      throwing.set(false);
      assertThat(await("bad 3")).allMatch(line -> line.equals("failing bad 3"));
      assertThat(await("caught up")).isEmpty();
    }
  }

  @Test
  void aWatcherThatThrowsAtALossStillHearsOfCommits() throws Exception {
    try (RevisionPoll poll = begin()) {
      assertThat(poll).isNotNull();
      await("caught up");
      revisions.put("gone", new Revision(1));
      revisions.put("t", new Revision(1));
      await("lost");
      await("lost");
      revisions.remove("gone");
      await("t 1");
      await("caught up");
    }
  }

  @Test
  @SuppressWarnings("try") // It stays open during the test.
  void aBugInThePlaceIsReportedAsALossAndCanEnd() throws Exception {
    try (RevisionPoll poll = begin()) {
      await("caught up");
      broken.set(true);
      await("lost");
      revisions.put("t", new Revision(1));
      broken.set(false);
      await("t 1");
      await("caught up");
    }
  }

  @Test
  @Timeout(60)
  void closingEndsIt() throws Exception {
    RevisionPoll poll = begin();
    await("caught up");
    poll.close();
    poll.join();
  }
}
