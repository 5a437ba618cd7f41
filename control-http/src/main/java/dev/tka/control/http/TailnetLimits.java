package dev.tka.control.http;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;

/**
 * Keeps one tailnet from taking what is others' (service, section 6): so many requests and bytes a
 * second (a token bucket each), and so many requests worked on at one time (a bulkhead); the others
 * of that tailnet wait for their turn, without a thread, and one node has only so many in that
 * queue. What is remembered is bounded, however many names there are.
 */
final class TailnetLimits {
  /** Tailnets that are remembered, unless more than that are being served. */
  static final int REMEMBERED = 20_000;

  /** Requests of one node that run or wait at one time. */
  static final int OF_ONE_NODE = 16;

  private final ServerSettings.Limits limits;
  private final Executor executor;
  private final LongSupplier nanoTime;
  private final LinkedHashMap<String, OfTailnet> tailnets = new LinkedHashMap<>(16, 0.75f, true);
  private int runningNow;
  private int waitingNow;

  /** Work that waits for its turn. */
  interface Work {
    /** Does it; called by a thread that may block. */
    void run();

    /** It waited for too long. */
    void refused(HttpFailure why);
  }

  private record Waiting(Work work, long since, long node) {}

  private static final class OfTailnet {
    double requests;
    double bytes;
    long filled;
    int running;
    final ArrayDeque<Waiting> waiting = new ArrayDeque<>();
    final Map<Long, Integer> nodes = new HashMap<>();

    boolean isIdle() {
      return running == 0 && waiting.isEmpty();
    }
  }

  TailnetLimits(ServerSettings.Limits limits, Executor executor, LongSupplier nanoTime) {
    this.limits = limits;
    this.executor = executor;
    this.nanoTime = nanoTime;
  }

  /**
   * Counts a request, before its body is there.
   *
   * @throws HttpFailure if the tailnet is over its rates
   */
  synchronized void count(String tailnet) throws HttpFailure {
    OfTailnet of = of(tailnet);
    fill(of);
    double missing = Math.max((1 - of.requests) / limits.requestsPerSecond(), missingBytes(of));
    if (missing > 0) {
      throw overRates(missing);
    }
    of.requests -= 1;
  }

  private void fill(OfTailnet of) {
    long now = nanoTime.getAsLong();
    double seconds = Math.max(0, now - of.filled) / 1e9;
    of.filled = now;
    of.requests =
        Math.min(limits.requestBurst(), of.requests + seconds * limits.requestsPerSecond());
    of.bytes = Math.min(byteBurst(), of.bytes + seconds * limits.bytesPerSecond());
  }

  /** The seconds until there are bytes again; not above 0 if there are some. */
  private double missingBytes(OfTailnet of) {
    return -of.bytes / limits.bytesPerSecond();
  }

  private static HttpFailure overRates(double seconds) {
    return HttpFailure.tooMany(
        "this tailnet causes more requests or bytes than it may; try again later",
        Duration.ofMillis((long) Math.ceil(seconds * 1000)));
  }

  /**
   * Counts bytes that came or were sent: what a request only claims to bring counts for nothing.
   */
  synchronized void countBytes(String tailnet, long bytes) {
    of(tailnet).bytes -= bytes;
  }

  /** A body counts once it is there, and an answer once it is made, so one may exceed the rest. */
  private double byteBurst() {
    return Math.max(limits.bytesPerSecond() * 2.0, limits.largestList());
  }

  /**
   * Runs work when it is the tailnet's turn: now, in this thread, or later, in another.
   *
   * @param node the node that asks; 0 for nobody in particular
   */
  void run(String tailnet, long node, Work work) {
    HttpFailure refused;
    synchronized (this) {
      OfTailnet of = of(tailnet);
      if (node != 0 && of.nodes.getOrDefault(node, 0) >= OF_ONE_NODE) {
        refused =
            HttpFailure.tooMany(
                "this node has too many requests at one time; wait for their answers",
                Duration.ofSeconds(1));
      } else if (of.running < limits.running()) {
        enter(of, node);
        refused = null;
      } else if (of.waiting.size() >= limits.waiting()) {
        refused =
            HttpFailure.tooMany(
                "too many requests of this tailnet wait for their turn; try again later",
                Duration.ofSeconds(5));
      } else {
        of.waiting.add(new Waiting(work, nanoTime.getAsLong(), node));
        of.nodes.merge(node, 1, Integer::sum);
        waitingNow++;
        return;
      }
    }
    if (refused == null) {
      runAndLeave(tailnet, node, work);
    } else {
      work.refused(refused);
    }
  }

  private void enter(OfTailnet of, long node) {
    of.running++;
    runningNow++;
    of.nodes.merge(node, 1, Integer::sum);
  }

  private void runAndLeave(String tailnet, long node, Work work) {
    try {
      work.run();
    } finally {
      leave(tailnet, node);
    }
  }

  private void leave(String tailnet, long node) {
    Waiting next;
    synchronized (this) {
      OfTailnet of = of(tailnet);
      of.running--;
      runningNow--;
      forget(of, node);
      next = of.waiting.poll();
      if (next == null) {
        return;
      }
      waitingNow--;
      of.running++;
      runningNow++;
    }
    Waiting turn = next;
    executor.execute(() -> takeTurn(tailnet, turn));
  }

  private void takeTurn(String tailnet, Waiting turn) {
    Optional<HttpFailure> late = late(tailnet, turn);
    if (late.isEmpty()) {
      runAndLeave(tailnet, turn.node(), turn.work());
      return;
    }
    try {
      turn.work().refused(late.get());
    } finally {
      leave(tailnet, turn.node());
    }
  }

  /** Why it has no turn any longer: others of its tailnet have taken the time, or the bytes. */
  private synchronized Optional<HttpFailure> late(String tailnet, Waiting turn) {
    if (nanoTime.getAsLong() - turn.since() > limits.patience().toNanos()) {
      return Optional.of(
          HttpFailure.tooMany(
              "this request waited for its turn for too long; try again later",
              Duration.ofSeconds(5)));
    }
    OfTailnet of = of(tailnet);
    fill(of);
    double missing = missingBytes(of);
    return missing > 0 ? Optional.of(overRates(missing)) : Optional.empty();
  }

  private static void forget(OfTailnet of, long node) {
    of.nodes.computeIfPresent(node, (same, count) -> count == 1 ? null : count - 1);
  }

  private OfTailnet of(String tailnet) {
    OfTailnet of = tailnets.get(tailnet);
    if (of == null) {
      of = new OfTailnet();
      of.requests = limits.requestBurst();
      of.bytes = byteBurst();
      of.filled = nanoTime.getAsLong();
      makeRoom();
      tailnets.put(tailnet, of);
    }
    return of;
  }

  private void makeRoom() {
    Iterator<OfTailnet> oldest = tailnets.values().iterator();
    while (tailnets.size() >= REMEMBERED && oldest.hasNext()) {
      if (oldest.next().isIdle()) {
        oldest.remove();
      }
    }
  }

  synchronized int running() {
    return runningNow;
  }

  synchronized int waiting() {
    return waitingNow;
  }

  synchronized int remembered() {
    return tailnets.size();
  }
}
