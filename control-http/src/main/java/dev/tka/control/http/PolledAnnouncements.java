package dev.tka.control.http;

import dev.tka.control.Announcement;
import dev.tka.control.ControlException;
import dev.tka.control.ControlService;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Waits for changes by asking: each tailnet that somebody waits for is asked a few times a second,
 * and each of its nodes when that answer has changed, or every few rounds.
 */
final class PolledAnnouncements implements AnnouncementSource {
  private static final Duration INTERVAL = Duration.ofMillis(200);

  /** Rounds after which nodes are asked that may be told something of their own. */
  private static final int NODES_EVERY = 5;

  private final ControlService service;
  private final ScheduledExecutorService timer;
  private final Map<String, List<Waiter>> waiters = new ConcurrentHashMap<>();
  private final Map<String, Announcement> last = new HashMap<>();
  private volatile boolean closed;
  private long round;

  private record Waiter(
      Optional<Long> node, Announcement known, long deadline, Sink sink, AtomicBoolean told) {
    void tell(Announcement announcement) {
      if (!told.getAndSet(true)) {
        sink.announced(announcement);
      }
    }

    void fail(ControlException why) {
      if (!told.getAndSet(true)) {
        sink.failed(why);
      }
    }
  }

  PolledAnnouncements(ControlService service) {
    this.service = service;
    timer =
        Executors.newSingleThreadScheduledExecutor(
            work -> {
              Thread thread = new Thread(work, "tka-announcements");
              thread.setDaemon(true);
              return thread;
            });
    var unused =
        timer.scheduleWithFixedDelay(
            this::look, INTERVAL.toMillis(), INTERVAL.toMillis(), TimeUnit.MILLISECONDS);
  }

  @Override
  public Runnable await(
      String tailnet, Optional<Long> node, Announcement known, Duration wait, Sink sink) {
    Waiter waiter =
        new Waiter(node, known, System.nanoTime() + wait.toNanos(), sink, new AtomicBoolean());
    waiters.compute(
        tailnet,
        (name, list) -> {
          List<Waiter> all = list == null ? new ArrayList<>() : list;
          all.add(waiter);
          return all;
        });
    if (closed) {
      waiter.tell(known);
    }
    return () -> waiter.told().set(true);
  }

  @Override
  public int waiting() {
    int sum = 0;
    for (List<Waiter> each : waiters.values()) {
      sum += each.size();
    }
    return sum;
  }

  private void look() {
    round++;
    for (String tailnet : List.copyOf(waiters.keySet())) {
      List<Waiter> all = new ArrayList<>();
      waiters.computeIfPresent(
          tailnet,
          (name, list) -> {
            list.removeIf(waiter -> waiter.told().get());
            all.addAll(list);
            return list.isEmpty() ? null : list;
          });
      look(tailnet, all);
    }
    last.keySet().retainAll(waiters.keySet());
  }

  private void look(String tailnet, List<Waiter> all) {
    long now = System.nanoTime();
    try {
      Announcement most = service.announcement(tailnet, Optional.empty());
      boolean changed = !most.equals(last.put(tailnet, most)) || round % NODES_EVERY == 0;
      for (Waiter waiter : all) {
        boolean over = now - waiter.deadline() >= 0;
        if (waiter.node().isPresent() && !changed && !over) {
          continue;
        }
        Announcement told =
            waiter.node().isEmpty() ? most : service.announcement(tailnet, waiter.node());
        if (over || !told.equals(waiter.known())) {
          waiter.tell(told);
        }
      }
    } catch (ControlException e) {
      all.forEach(waiter -> waiter.fail(e));
    } catch (RuntimeException e) {
      // Left for the next round: this thread serves all tailnets.
      last.remove(tailnet);
    }
  }

  @Override
  public void close() {
    closed = true;
    timer.shutdownNow();
    waiters.forEach(
        (tailnet, all) -> List.copyOf(all).forEach(waiter -> waiter.tell(waiter.known())));
    waiters.clear();
  }
}
