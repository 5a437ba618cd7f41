package dev.tka.control;

import dev.tka.core.store.StoreException;
import dev.tka.store.records.ControlRecords;
import dev.tka.store.records.NodeSighting;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Opens what is hot before anybody asks for it, so that a server that takes over from another one
 * answers at once: at first the tailnets whose nodes came last, and from then on those that change.
 * It stops when the memory for open authorities is nearly full: then only requests decide what is
 * open.
 */
final class Warmth implements AutoCloseable {
  /**
   * The most tailnets that wait to be opened; those that change meanwhile are opened on request.
   */
  static final int MOST = 10_000;

  private final ControlRecords records;
  private final TailnetViews views;
  private final AuthorityCache cache;
  private final long mostBytes;
  private final Set<String> waiting = new LinkedHashSet<>();
  private final Thread thread;
  private boolean closed;
  private long opened;

  Warmth(ControlRecords records, TailnetViews views, AuthorityCache cache, long cacheBytes) {
    this.records = records;
    this.views = views;
    this.cache = cache;
    this.mostBytes = cacheBytes / 4 * 3;
    this.thread = new Thread(this::run, "tka-warm");
    thread.setDaemon(true);
  }

  void begin() {
    thread.start();
  }

  /** A tailnet changed, so it is in use. */
  synchronized void changed(String tailnet) {
    if (waiting.size() < MOST && waiting.add(tailnet)) {
      notifyAll();
    }
  }

  /** How many tailnets were opened, or looked at again. */
  synchronized long opened() {
    return opened;
  }

  private void run() {
    try {
      for (String each : lastSeen()) {
        changed(each);
      }
    } catch (StoreException e) {
      // What changes is opened all the same, and requests open what they need.
    }
    while (true) {
      String next;
      synchronized (this) {
        while (!closed && waiting.isEmpty()) {
          try {
            wait();
          } catch (InterruptedException e) {
            return;
          }
        }
        if (closed) {
          return;
        }
        Iterator<String> first = waiting.iterator();
        next = first.next();
        first.remove();
      }
      if (cache.heldBytes() < mostBytes) {
        open(next);
      }
    }
  }

  private void open(String tailnet) {
    try {
      TailnetView unused = views.get(tailnet);
    } catch (ControlException | RuntimeException e) {
      // Whoever asks for it is told.
      return;
    }
    synchronized (this) {
      opened++;
    }
  }

  private record Seen(String tailnet, Instant last) {}

  /** Those whose nodes came last, first. */
  private List<String> lastSeen() throws StoreException {
    List<Seen> all = new ArrayList<>();
    for (String tailnet : records.tailnets()) {
      try {
        all.add(
            new Seen(
                tailnet,
                records.sightings(tailnet).values().stream()
                    .map(NodeSighting::at)
                    .max(Comparator.naturalOrder())
                    .orElse(Instant.MIN)));
      } catch (StoreException.Fenced e) {
        // It lives elsewhere.
      }
    }
    return all.stream()
        .sorted(Comparator.comparing(Seen::last).reversed())
        .limit(MOST)
        .map(Seen::tailnet)
        .toList();
  }

  @Override
  public void close() {
    synchronized (this) {
      closed = true;
      notifyAll();
    }
  }
}
