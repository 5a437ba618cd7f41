package dev.tka.control;

import dev.tka.core.store.StoreException;
import dev.tka.store.Tailnets;
import dev.tka.store.records.Changes;
import dev.tka.store.records.ControlRecords;
import dev.tka.sync.rpc.Announcement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * Tells changes to those who wait for them (service, section 4): readers of watches, and nodes that
 * ask to be answered when what they are told changes. One watch of the place feeds all of them, so
 * that commits of other processes are told like one's own.
 */
final class Push implements AutoCloseable {
  /** How long a reader of a watch gets no line at most, while the place can be read. */
  static final Duration HEARTBEAT = Duration.ofSeconds(20);

  /** The most nodes of a tailnet that are named one by one. */
  private static final int MOST_NODES = 10_000;

  private final ControlRecords records;
  private final Attempts attempts;
  private final TailnetViews views;
  private final LongSupplier nanoTime;
  private final Set<Subscription> subscriptions = ConcurrentHashMap.newKeySet();
  private final Map<String, Set<Waiter>> waiters = new ConcurrentHashMap<>();
  private final Tailnets.Watch watch;

  /** Whether the place has reported anything yet. */
  private volatile boolean begun;

  /** Hears of each tailnet that changed. */
  private volatile Consumer<String> changing = tailnet -> {};

  private boolean draining;

  Push(ControlRecords records, Attempts attempts, TailnetViews views, LongSupplier nanoTime) {
    this.records = records;
    this.attempts = attempts;
    this.views = views;
    this.nanoTime = nanoTime;
    this.watch = records.watch(new Follower());
  }

  /** One node that waits. */
  private static final class Waiter {
    final Optional<Long> node;
    final Announcement known;
    final AnnouncementWaiter done;

    Waiter(Optional<Long> node, Announcement known, AnnouncementWaiter done) {
      this.node = node;
      this.known = known;
      this.done = done;
    }

    /** What this node is told now, if it is something else. */
    Optional<Announcement> news(TailnetView view) {
      return Optional.of(node.map(view::of).orElse(view.general()))
          .filter(now -> !now.equals(known));
    }
  }

  /**
   * Begins a watch.
   *
   * @param tailnet the only tailnet to tell of; empty for all
   * @param from the token of the last line that was read; empty for none: then the first line is a
   *     resync
   * @throws ControlException if what was committed since cannot be read, or the only tailnet does
   *     not live here
   */
  Subscription subscribe(Optional<String> tailnet, Optional<Changes.Position> from)
      throws ControlException {
    try {
      if (tailnet.isPresent()) {
        Attempts.requireHere(records.fence(tailnet.get()));
      }
      Changes.Position start = from.isPresent() ? from.get() : records.position();
      Subscription joining = new Subscription(this, tailnet, start);
      boolean last;
      synchronized (this) {
        subscriptions.add(joining);
        last = draining;
      }
      boolean joined = false;
      try {
        if (from.isPresent()) {
          // What comes meanwhile is kept, and what is read here comes again with it.
          Changes missed = records.changesAfter(start, MOST_NODES);
          // The watch of the place may be behind what was just read: a line must be as new as its
          // token.
          missed.tailnets().forEach(each -> views.changed(each.tailnet()));
          joining.join(missed);
        } else {
          joining.joinAnew();
        }
        joined = true;
      } finally {
        if (!joined) {
          joining.close();
        }
      }
      if (last) {
        joining.drain();
      }
      return joining;
    } catch (StoreException e) {
      throw new ControlException.Unavailable(e);
    }
  }

  /**
   * Waits until a node, or most nodes, are told something else.
   *
   * @param node the node; empty for what most nodes are told
   * @param known what is known already
   * @param done told once, at once if what they are told differs already
   * @return ends the wait; {@code done} is not told afterwards, unless it has begun
   * @throws ControlException if what they are told cannot be read; {@code done} is not told
   */
  Tailnets.Watch await(
      String tailnet, Optional<Long> node, Announcement known, AnnouncementWaiter done)
      throws ControlException {
    Waiter waiter = new Waiter(node, known, done);
    boolean late;
    // Whoever waits is heard of changes from here on, so none falls between this and the look.
    synchronized (this) {
      waiters.computeIfAbsent(tailnet, any -> ConcurrentHashMap.newKeySet()).add(waiter);
      late = draining;
    }
    boolean looked = false;
    try {
      Optional<Announcement> news = waiter.news(views.get(tailnet));
      looked = true;
      if (news.isPresent()) {
        finish(tailnet, waiter, each -> each.announced(news.get()));
      } else if (late) {
        finish(tailnet, waiter, AnnouncementWaiter::stopping);
      }
    } finally {
      if (!looked) {
        remove(tailnet, waiter);
      }
    }
    return () -> remove(tailnet, waiter);
  }

  private void finish(String tailnet, Waiter waiter, Consumer<AnnouncementWaiter> telling) {
    if (remove(tailnet, waiter)) {
      telling.accept(waiter.done);
    }
  }

  /** False if it was gone already. */
  private synchronized boolean remove(String tailnet, Waiter waiter) {
    Set<Waiter> waiting = waiters.getOrDefault(tailnet, Set.of());
    boolean removed = waiting.contains(waiter) && waiting.remove(waiter);
    if (removed && waiting.isEmpty()) {
      waiters.remove(tailnet);
    }
    return removed;
  }

  /** Whom to tell of each tailnet that changes; it must not block. */
  void whenChanged(Consumer<String> hearing) {
    changing = hearing;
  }

  /** The number of nodes that wait. */
  long waiting() {
    return waiters.values().stream().mapToLong(Set::size).sum();
  }

  /** The number of readers of watches. */
  int watching() {
    return subscriptions.size();
  }

  /** What a tailnet's nodes are told; nothing if it is gone. */
  private TailnetView view(String tailnet) throws ControlException {
    try {
      return views.get(tailnet);
    } catch (ControlException.UnknownTailnet e) {
      return TailnetView.NONE;
    }
  }

  /**
   * Makes a line.
   *
   * @return empty if nobody is to be told of the tailnet here, since it does not live here yet
   */
  Optional<WatchLine> line(
      String tailnet, Changes.Position token, boolean switched, SortedSet<Long> changed)
      throws ControlException {
    try {
      return Optional.of(attempts.untilFirst(() -> change(tailnet, token, switched, changed)));
    } catch (ControlException.Moved e) {
      return Optional.of(new WatchLine.Moved(tailnet, token, e.server()));
    } catch (ControlException.Unfinished e) {
      return Optional.empty();
    }
  }

  private WatchLine change(
      String tailnet, Changes.Position token, boolean switched, SortedSet<Long> changed)
      throws ControlException, StoreException {
    TailnetView view = view(tailnet);
    SortedSet<Long> signatures = new TreeSet<>(changed);
    if (switched) {
      records.allNodes(
          tailnet,
          node -> {
            if (node.signature().isPresent()) {
              signatures.add(node.id());
            }
          });
    }
    return new WatchLine.Change(
        tailnet,
        token,
        view.general(),
        List.copyOf(view.apart().keySet()),
        List.copyOf(signatures));
  }

  void remove(Subscription subscription) {
    subscriptions.remove(subscription);
  }

  long nanoTime() {
    return nanoTime.getAsLong();
  }

  /** Has everybody go elsewhere: those who wait are answered, and watches end. */
  void drain() {
    synchronized (this) {
      draining = true;
    }
    subscriptions.forEach(Subscription::drain);
    for (String tailnet : List.copyOf(waiters.keySet())) {
      for (Waiter waiter : List.copyOf(waiters.getOrDefault(tailnet, Set.of()))) {
        finish(tailnet, waiter, AnnouncementWaiter::stopping);
      }
    }
  }

  @Override
  public void close() {
    watch.close();
    drain();
  }

  /** Tells what the place reports. */
  private final class Follower implements ControlRecords.Watcher {
    /** Tailnets that changed, and whose nodes could not be told yet. */
    private final SortedSet<String> untold = new TreeSet<>();

    @Override
    public void changed(Changes changes, long moment) {
      // The first report does not tell what was committed since this began.
      boolean all = !changes.complete() || !begun;
      if (all) {
        views.allChanged();
      } else {
        changes.tailnets().forEach(each -> views.changed(each.tailnet()));
      }
      views.caughtUp(moment);
      if (!begun) {
        begun = true;
        subscriptions.forEach(Subscription::resync);
      }
      subscriptions.forEach(each -> each.add(changes));
      changes.tailnets().forEach(each -> changing.accept(each.tailnet()));
      if (!all) {
        changes.tailnets().forEach(each -> untold.add(each.tailnet()));
      } else {
        untold.addAll(waiters.keySet());
      }
      untold.removeIf(this::wake);
    }

    /** False if it is to be tried again. */
    private boolean wake(String tailnet) {
      Set<Waiter> waiting = waiters.getOrDefault(tailnet, Set.of());
      if (waiting.isEmpty()) {
        return true;
      }
      try {
        TailnetView view = view(tailnet);
        for (Waiter each : waiting) {
          each.news(view)
              .ifPresent(news -> finish(tailnet, each, waiter -> waiter.announced(news)));
        }
        return true;
      } catch (ControlException.Moved | ControlException.Unfinished e) {
        waiting.forEach(each -> finish(tailnet, each, waiter -> waiter.failed(e)));
        return true;
      } catch (ControlException e) {
        return false;
      }
    }

    @Override
    public void lost(StoreException why) {
      // The age of the views tells it: it grows until the place is read again.
    }
  }
}
