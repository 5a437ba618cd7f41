package dev.tka.control;

import dev.tka.store.records.Changes;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * One reader of a watch. What it has not read yet is kept by tailnet, so that a slow reader costs
 * memory for the tailnets and nodes that changed, and not for every change; one that would cost too
 * much is told to ask for everything again. Safe for use by many threads, of which one reads.
 */
public final class Subscription implements AutoCloseable {
  /** The most tailnets and nodes kept for a reader. */
  static final int MOST_KEPT = 100_000;

  private final Push push;
  private final Optional<String> tailnet;
  private volatile Runnable ready = () -> {};
  private final Map<String, Unread> unread = new LinkedHashMap<>();
  private int kept;

  /** Everything up to here is read. */
  private Changes.Position read;

  /** Everything up to here is read or kept. */
  private Changes.Position reached;

  /** True while a line is made: what it tells is neither kept nor read. */
  private boolean making;

  /** False until what it missed is kept, too. */
  private boolean joined;

  private boolean resync;
  private boolean beat;
  private boolean draining;
  private boolean ended;
  private long lastLine;

  /**
   * A reader that has read nothing.
   *
   * @param tailnet the only tailnet to tell of; empty for all
   * @param read what it has read before
   */
  Subscription(Push push, Optional<String> tailnet, Changes.Position read) {
    this.push = push;
    this.tailnet = tailnet;
    this.read = read;
    this.reached = read;
    this.lastLine = push.nanoTime();
  }

  /** What changed of a tailnet since its last line. */
  private static final class Unread {
    boolean switched;
    final SortedSet<Long> nodes = new TreeSet<>();
  }

  /**
   * Whom to call, from now on, when there may be a line.
   *
   * @param reader called by any thread; it must not block
   */
  public void whenReady(Runnable reader) {
    ready = reader;
  }

  /**
   * The next line. If there is none, the reader is called when there may be one.
   *
   * @return empty if there is none now, or never again
   * @throws ControlException if what the line says cannot be read now; it comes again
   */
  public Optional<WatchLine> next() throws ControlException {
    while (true) {
      String name;
      Unread changed;
      Changes.Position token;
      synchronized (this) {
        if (ended || !joined) {
          return Optional.empty();
        }
        if (resync) {
          resync = false;
          forget();
          read = reached;
          return line(new WatchLine.Resync(read));
        }
        if (unread.isEmpty()) {
          return lineWithoutChange();
        }
        Map.Entry<String, Unread> first = unread.entrySet().iterator().next();
        name = first.getKey();
        changed = first.getValue();
        unread.remove(name);
        kept -= 1 + changed.nodes.size();
        making = true;
        // Only after the last of them may the reader resume from the end of all.
        token = unread.isEmpty() ? reached : read;
      }
      Optional<WatchLine> line = make(name, changed, token);
      if (line.isPresent()) {
        return line;
      }
    }
  }

  private Optional<WatchLine> make(String name, Unread changed, Changes.Position token)
      throws ControlException {
    boolean made = false;
    try {
      Optional<WatchLine> line = push.line(name, token, changed.switched, changed.nodes);
      made = true;
      synchronized (this) {
        making = false;
        read = token;
        ended |= tailnet.isPresent() && line.filter(WatchLine.Moved.class::isInstance).isPresent();
        return line.flatMap(this::line);
      }
    } finally {
      if (!made) {
        synchronized (this) {
          making = false;
          keep(new Changes.Change(name, changed.switched, List.copyOf(changed.nodes)));
        }
      }
    }
  }

  private Optional<WatchLine> lineWithoutChange() {
    read = reached;
    if (draining) {
      ended = true;
      return line(new WatchLine.Reconnect(read));
    }
    if (beat) {
      return line(new WatchLine.Beat(read));
    }
    return Optional.empty();
  }

  private Optional<WatchLine> line(WatchLine line) {
    beat = false;
    lastLine = push.nanoTime();
    return Optional.of(line);
  }

  private void forget() {
    unread.clear();
    kept = 0;
  }

  private synchronized void keep(Changes.Change change) {
    if (tailnet.isPresent() && !tailnet.get().equals(change.tailnet())) {
      return;
    }
    Unread at = unread.get(change.tailnet());
    if (at == null) {
      at = new Unread();
      unread.put(change.tailnet(), at);
      kept++;
    }
    at.switched |= change.switched();
    kept -= at.nodes.size();
    at.nodes.addAll(change.nodes());
    kept += at.nodes.size();
    if (kept > MOST_KEPT) {
      resync = true;
      forget();
    }
  }

  /** Keeps what was committed, for the reader. */
  void add(Changes changes) {
    synchronized (this) {
      if (changes.complete()) {
        changes.tailnets().forEach(this::keep);
      } else {
        resync = true;
        forget();
      }
      reached = changes.position();
      if (!joined) {
        return;
      }
      if (!making && unread.isEmpty() && !resync) {
        read = reached;
        if (push.nanoTime() - lastLine < Push.HEARTBEAT.toNanos()) {
          return;
        }
        beat = true;
      }
    }
    ready.run();
  }

  /** Has the reader ask for everything. */
  synchronized void resync() {
    resync = true;
  }

  /** Keeps what the reader missed since its token; it gets a line even if that is nothing. */
  void join(Changes missed) {
    synchronized (this) {
      joined = true;
      beat = true;
    }
    add(missed);
  }

  /** Has a new reader ask for everything; what comes later follows. */
  void joinAnew() {
    synchronized (this) {
      joined = true;
      resync = true;
    }
    ready.run();
  }

  /** Tells the reader to go elsewhere, once it has read what there is. */
  void drain() {
    synchronized (this) {
      draining = true;
    }
    ready.run();
  }

  /** The number of tailnets and nodes that are kept. */
  synchronized int kept() {
    return kept;
  }

  /** True after the last line, and once closed. */
  public synchronized boolean isEnded() {
    return ended;
  }

  /** Ends it: there are no more lines. */
  @Override
  public void close() {
    synchronized (this) {
      ended = true;
      forget();
    }
    push.remove(this);
  }
}
