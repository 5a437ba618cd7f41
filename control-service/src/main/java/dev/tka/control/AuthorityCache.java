package dev.tka.control;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.tka.core.TkaException;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.Clocks;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.authority.OpenException;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.Commit;
import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import dev.tka.store.Tailnets;
import dev.tka.store.records.Changes;
import dev.tka.store.records.ControlRecords;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import java.util.function.Predicate;

/**
 * A cache of open authorities of many tailnets, in front of the place that keeps them. Each caller
 * states how old an answer may be, and never gets an older one.
 *
 * <p>An authority is opened on its first request, once for any number of callers, and follows its
 * store from then on. Its age is known in two ways: from the moment when the store was last
 * queried, and from the moment up to which the place's {@link Tailnets.Watch} has reported all
 * commits, if what it reported is what the cache holds. An answer that is new enough costs no
 * access to the place; any other costs one query, and reading the AUMs added since.
 *
 * <p>Without a working watch, answers only get older; then the store is queried, and if it cannot
 * be reached the call fails with {@link StoreException.Unavailable}, instead of giving an old
 * answer.
 *
 * <p>There is one {@link LiveAuthority} per tailnet as long as anyone holds it, so a tailnet's
 * revision never goes back for a caller. Unused authorities are evicted when memory is short, and
 * opened again on request. Safe for use by many threads.
 */
public final class AuthorityCache implements Tailnets {
  /** Longer than any useful bound, and short enough to count in nanoseconds. */
  private static final Duration LONGEST_BOUND = Duration.ofDays(365);

  private final Tailnets place;
  private final AdmissionPolicy policy;
  private final Clocks clocks;
  private final LongSupplier nanoTime;
  private final Watch watch;

  /** Tells which tailnets were moved, for callers that take an older answer. */
  private final Optional<Watch> fences;

  /** All tailnets in use or held. */
  private final Cache<String, Tailnet> alive = Caffeine.newBuilder().weakValues().build();

  /** The tailnets that fit into memory. */
  private final Cache<String, Tailnet> held;

  private volatile long caughtUp;
  private volatile long fencesCaughtUp;
  private volatile Optional<StoreException> lost = Optional.empty();
  private volatile boolean closed;

  private AuthorityCache(
      Tailnets place,
      AdmissionPolicy policy,
      Clocks clocks,
      long mostBytes,
      LongSupplier nanoTime,
      boolean watchesFences) {
    if (mostBytes < 0) {
      throw new IllegalArgumentException("expected a bound in bytes, found " + mostBytes);
    }
    this.place = place;
    this.policy = policy;
    this.clocks = clocks;
    this.nanoTime = nanoTime;
    this.held =
        Caffeine.newBuilder()
            .maximumWeight(mostBytes)
            .weigher((String name, Tailnet tailnet) -> tailnet.weight)
            // Evicting costs less than switching to another thread.
            .executor(Runnable::run)
            .build();
    this.caughtUp = nanoTime.getAsLong();
    this.fencesCaughtUp = caughtUp;
    this.watch = place.watch(new Follower());
    this.fences =
        watchesFences
            ? place.records().map(records -> records.watch(new FenceFollower()))
            : Optional.empty();
  }

  /**
   * A cache over a place, which it closes when it is closed.
   *
   * @param policy who may rewrite history, in all tailnets
   * @param clock tells when AUMs are committed
   * @param mostBytes roughly how much memory the authorities may take up; those in use may exceed
   *     it
   */
  public static AuthorityCache over(
      Tailnets place, AdmissionPolicy policy, Clock clock, long mostBytes) {
    return new AuthorityCache(place, policy, Clocks.of(clock), mostBytes, System::nanoTime, true);
  }

  /** The same for a caller that asks for the store's current revision always. */
  static AuthorityCache ofNow(
      Tailnets place, AdmissionPolicy policy, Clocks clocks, long mostBytes) {
    return new AuthorityCache(place, policy, clocks, mostBytes, System::nanoTime, false);
  }

  static AuthorityCache over(
      Tailnets place, AdmissionPolicy policy, Clock clock, long mostBytes, LongSupplier nanoTime) {
    return new AuthorityCache(place, policy, Clocks.of(clock), mostBytes, nanoTime, true);
  }

  /**
   * A tailnet's authority, which shows at least the commits made up to some time ago, and all
   * commits made through this cache until now. Use it for one request, and call again for the next:
   * it may get older than {@code atMost}.
   *
   * @param atMost the maximum age; zero always queries the store
   * @throws OpenException if no authority can be opened from the store
   * @throws StoreException if the store must be queried, and cannot be read
   * @throws IllegalArgumentException if the name is invalid, or the time is negative
   */
  public LiveAuthority live(String name, Duration atMost) throws OpenException, StoreException {
    if (atMost.isNegative()) {
      throw new IllegalArgumentException("expected a maximum age, found " + atMost);
    }
    requireOpen();
    boolean longer = atMost.compareTo(LONGEST_BOUND) > 0;
    long asked = nanoTime.getAsLong();
    long oldest = asked - (longer ? LONGEST_BOUND : atMost).toNanos();
    Optional<Tailnet> found = Optional.ofNullable(held.getIfPresent(name));
    Tailnet tailnet = found.isPresent() ? found.get() : alive(name);
    LiveAuthority live = tailnet.live(oldest);
    if (found.isEmpty()) {
      tailnet.hold(live.current().heapBytes());
    }
    return live;
  }

  /**
   * A tailnet's store. Its {@link AumStore#read} queries the place; commits to it are visible to
   * all callers of {@link #live}.
   */
  @Override
  public AumStore tailnet(String name) {
    // Rejects an invalid name.
    alive(name);
    return new Front(name);
  }

  /**
   * Notes the own time of every tailnet whose authority is open (protocol, section 10, "Own time").
   * A server calls this once a day: removals become final by a store's own time, and time that
   * nobody noted counts for at most a day. Each that nothing was noted for within an hour costs a
   * commit.
   *
   * @return the tailnets whose time could not be noted, with the reasons
   */
  public SortedMap<String, TkaException> noteTimes() {
    return noteTimes(tailnet -> true);
  }

  /**
   * The same for those alone that were opened since this was called last. Time over a stop goes on
   * from the last note, and at most a day: a server that stops more often than it notes times, and
   * does not call this soon after it opens an authority, has a time that stands still.
   */
  public SortedMap<String, TkaException> noteOpened() {
    return noteTimes(tailnet -> tailnet.opened);
  }

  private SortedMap<String, TkaException> noteTimes(Predicate<Tailnet> some) {
    requireOpen();
    SortedMap<String, TkaException> failed = new TreeMap<>();
    alive
        .asMap()
        .forEach(
            (name, tailnet) -> {
              if (some.test(tailnet)) {
                try {
                  tailnet.noteTime();
                } catch (OpenException | StoreException e) {
                  failed.put(name, e);
                }
              }
            });
    return failed;
  }

  /** Why commits cannot be watched now, so that readers query the store; empty while they can. */
  public Optional<StoreException> lost() {
    return lost;
  }

  /** {@inheritDoc} They are the place's, and nothing of them is held here. */
  @Override
  public Optional<ControlRecords> records() {
    return place.records();
  }

  @Override
  public void delete(String name, Revision base) throws StoreException {
    place.delete(name, base);
  }

  @Override
  public SortedMap<String, Revision> revisions() throws StoreException {
    return place.revisions();
  }

  @Override
  public Watch watch(Watcher watcher) {
    return place.watch(watcher);
  }

  /** Closes the place, too. */
  @Override
  public void close() {
    closed = true;
    watch.close();
    fences.ifPresent(Watch::close);
    held.invalidateAll();
    place.close();
  }

  /** The approximate size in memory of the held authorities, in bytes. */
  long heldBytes() {
    held.cleanUp();
    return held.policy().eviction().orElseThrow().weightedSize().orElseThrow();
  }

  /** The moment up to which the watch has reported everything. */
  long caughtUp() {
    return caughtUp;
  }

  private Tailnet alive(String name) {
    requireOpen();
    return alive.get(name, any -> new Tailnet(name, place.tailnet(name)));
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("the cache is closed");
    }
  }

  /**
   * The last known state of a tailnet.
   *
   * @param tellings the number of reports of commits before the store was queried
   * @param moment when the store was queried
   * @param live its authority, once it could be opened
   * @param refusal why it cannot be opened now
   */
  private record Known(
      long tellings, long moment, Optional<LiveAuthority> live, Optional<Refusal> refusal) {
    LiveAuthority get() throws OpenException {
      if (refusal.isPresent()) {
        throw refusal.get().why;
      }
      return live.orElseThrow();
    }

    /** The revision that this is known of. */
    Revision revision() {
      return refusal
          .map(Refusal::at)
          .orElseGet(() -> live.orElseThrow().current().snapshot().revision());
    }
  }

  /** Why no authority can be opened from a store, and its revision then. */
  private record Refusal(OpenException why, Revision at) {}

  /** A failure to read the place, and when it was known. */
  private record Failure(long ended, StoreException why) {}

  /** A tailnet. Its live authority refers to it, so it lives at least as long. */
  private final class Tailnet implements AumStore {
    private final String name;
    private final AumStore store;

    /** The number of commits and reports that may not have been seen. */
    private final AtomicLong tellings = new AtomicLong();

    private volatile Optional<Known> known = Optional.empty();

    /** The last failure to read the store. */
    private Optional<Failure> failure = Optional.empty();

    /** The revision that the last look found. */
    private Revision looked = NO_COMMIT;

    /** Whether its authority was opened, and nobody tried to note its time since. */
    private volatile boolean opened;

    private volatile int weight;

    Tailnet(String name, AumStore store) {
      this.name = name;
      this.store = store;
    }

    /** Its authority as of a moment, or later. */
    LiveAuthority live(long oldest) throws OpenException, StoreException {
      Optional<Known> now = known;
      return (now.isPresent() && isNewEnough(now.get(), oldest) ? now.get() : look(oldest)).get();
    }

    private boolean isNewEnough(Known now, long oldest) {
      // Read this first: all reports up to that moment are then included in the tellings.
      long all = fences.isPresent() && fencesCaughtUp - caughtUp < 0 ? fencesCaughtUp : caughtUp;
      if (now.tellings != tellings.get()) {
        return false;
      }
      return now.moment - oldest >= 0 || all - oldest >= 0;
    }

    /**
     * Queries the store, one caller at a time, so that the known state only gets newer. Callers
     * that arrived during a failing query fail with it; otherwise they would wait for an
     * unreachable place one after another.
     */
    private Known look(long oldest) throws StoreException {
      long came = nanoTime.getAsLong();
      synchronized (this) {
        Optional<Known> before = known;
        if (before.isPresent() && isNewEnough(before.get(), oldest)) {
          return before.get();
        }
        if (failure.isPresent() && failure.get().ended - came > 0) {
          throw failure.get().why;
        }
        try {
          return look(before);
        } catch (StoreException e) {
          if (e instanceof StoreException.Fenced) {
            // It lives elsewhere: memory is for those that are asked for here.
            held.invalidate(name);
          }
          failure = Optional.of(new Failure(nanoTime.getAsLong(), e));
          throw e;
        }
      }
    }

    private Known look(Optional<Known> before) throws StoreException {
      long told = tellings.get();
      long moment = nanoTime.getAsLong();
      Optional<LiveAuthority> live = before.flatMap(Known::live);
      Known now;
      try {
        LiveAuthority found = refreshed(live);
        now = new Known(told, moment, Optional.of(found), Optional.empty());
        hold(found.current().heapBytes());
      } catch (OpenException e) {
        now = new Known(told, moment, live, Optional.of(new Refusal(e, looked)));
      }
      known = Optional.of(now);
      return now;
    }

    private LiveAuthority refreshed(Optional<LiveAuthority> live)
        throws OpenException, StoreException {
      if (live.isEmpty()) {
        LiveAuthority fresh = LiveAuthority.open(this, policy, clocks);
        opened = true;
        return fresh;
      }
      live.get().refresh();
      return live.get();
    }

    void noteTime() throws OpenException, StoreException {
      Optional<LiveAuthority> live = known.flatMap(Known::live);
      if (live.isPresent()) {
        // Also if that fails: a place that cannot be written is not asked every few seconds.
        opened = false;
        live.get().noteTime();
      }
    }

    /** Compares with what is held: an earlier report may have said the same of another state. */
    void told(Revision revision) {
      if (known.filter(now -> now.revision().equals(revision)).isEmpty()) {
        tellings.incrementAndGet();
      }
    }

    void hold(long bytes) {
      weight = (int) Math.min(Integer.MAX_VALUE, bytes);
      held.put(name, this);
    }

    @Override
    public AumSnapshot read() throws StoreException {
      AumSnapshot snapshot = store.read();
      // Only a look holds the lock; others read at the same time.
      if (Thread.holdsLock(this)) {
        looked = snapshot.revision();
      }
      return snapshot;
    }

    @Override
    public AumSnapshot commit(Commit commit) throws StoreException {
      try {
        return store.commit(commit);
      } finally {
        // A failed commit may have happened nevertheless.
        tellings.incrementAndGet();
      }
    }

    @Override
    public void wipe() throws StoreException {
      try {
        store.wipe();
      } finally {
        tellings.incrementAndGet();
      }
    }
  }

  /** A tailnet's store by name, which keeps nothing in memory. */
  private final class Front implements AumStore {
    private final String name;

    Front(String name) {
      this.name = name;
    }

    @Override
    public AumSnapshot read() throws StoreException {
      Tailnet tailnet = alive(name);
      return shown(tailnet, tailnet.read());
    }

    @Override
    public AumSnapshot commit(Commit commit) throws StoreException {
      Tailnet tailnet = alive(name);
      return shown(tailnet, tailnet.commit(commit));
    }

    private AumSnapshot shown(Tailnet tailnet, AumSnapshot snapshot) {
      tailnet.hold(snapshot.heapBytes());
      return snapshot;
    }

    @Override
    public void wipe() throws StoreException {
      alive(name).wipe();
    }

    @Override
    public String toString() {
      return place + ", tailnet \"" + name + "\"";
    }
  }

  /**
   * Receives reports of tailnets that may have been moved: their revisions stay. Which of the
   * changes are of fences is not said; each costs one query.
   */
  private final class FenceFollower implements ControlRecords.Watcher {
    /** The first report does not tell what was committed since this began. */
    private boolean begun;

    @Override
    public void changed(Changes changes, long moment) {
      if (changes.complete() && begun) {
        changes.tailnets().stream()
            .filter(Changes.Change::switched)
            .flatMap(each -> Optional.ofNullable(alive.getIfPresent(each.tailnet())).stream())
            .forEach(tailnet -> tailnet.tellings.incrementAndGet());
      } else {
        alive.asMap().values().forEach(tailnet -> tailnet.tellings.incrementAndGet());
      }
      begun = true;
      fencesCaughtUp = moment;
    }

    @Override
    public void lost(StoreException why) {
      // Nothing is told any longer, so answers only get older.
    }
  }

  /** Receives reports of commits to the place. */
  private final class Follower implements Watcher {
    @Override
    public void found(Map<String, Revision> revisions) {
      alive
          .asMap()
          .forEach((name, tailnet) -> tailnet.told(revisions.getOrDefault(name, NO_COMMIT)));
    }

    @Override
    public void caughtUp(long moment) {
      caughtUp = moment;
      lost = Optional.empty();
    }

    @Override
    public void lost(StoreException why) {
      lost = Optional.of(why);
    }
  }

  @Override
  public String toString() {
    return place.toString();
  }
}
