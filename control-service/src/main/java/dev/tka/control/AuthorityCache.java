package dev.tka.control;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.authority.OpenException;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.Commit;
import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import dev.tka.store.Tailnets;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.SortedMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/**
 * Open authorities of many tailnets, in front of the place that keeps them. Whoever asks says how
 * old an answer may be; nobody gets an older one.
 *
 * <p>An authority is opened when it is first asked for, once however many ask, and follows its
 * store from then on. How new it is, is known from two sides: the moment at which the store was
 * last asked, and the moment up to which the place's {@link Tailnets.Watch} has told of all
 * commits, if it told of none to this tailnet since. An answer that is new enough costs no look at
 * the place; any other costs one question, and what was added since.
 *
 * <p>Without a watch, answers only get older: then the store is asked, and where it cannot be
 * reached the answer is {@link StoreException.Unavailable}, and not an old one.
 *
 * <p>There is one {@link LiveAuthority} of a tailnet as long as anybody has it, so that nobody who
 * asks here finds a tailnet at an older revision than before. What is not asked for goes when there
 * is no room; it is opened again when somebody asks. Safe for use by many threads.
 */
public final class AuthorityCache implements Tailnets {
  /** As long as anybody could mean, and short enough to be counted in nanoseconds. */
  private static final Duration LONGEST_BOUND = Duration.ofDays(365);

  private final Tailnets place;
  private final AdmissionPolicy policy;
  private final Clock clock;
  private final LongSupplier nanoTime;
  private final Watch watch;

  /** All that are in use or held. */
  private final Cache<String, Tailnet> alive = Caffeine.newBuilder().weakValues().build();

  /** Those that there is room for. */
  private final Cache<String, Tailnet> held;

  private volatile long caughtUp;
  private volatile Optional<StoreException> lost = Optional.empty();
  private volatile boolean closed;

  private AuthorityCache(
      Tailnets place, AdmissionPolicy policy, Clock clock, long mostBytes, LongSupplier nanoTime) {
    if (mostBytes < 0) {
      throw new IllegalArgumentException("expected a bound in bytes, found " + mostBytes);
    }
    this.place = place;
    this.policy = policy;
    this.clock = clock;
    this.nanoTime = nanoTime;
    this.held =
        Caffeine.newBuilder()
            .maximumWeight(mostBytes)
            .weigher((String name, Tailnet tailnet) -> tailnet.weight)
            // Evicting costs less than handing it to another thread.
            .executor(Runnable::run)
            .build();
    this.caughtUp = nanoTime.getAsLong();
    this.watch = place.watch(new Follower());
  }

  /**
   * A cache over a place, which it closes when it is closed.
   *
   * @param policy who may rewrite history, in all tailnets
   * @param clock tells when AUMs are committed
   * @param mostBytes how much memory the authorities may take up, about; those that somebody uses
   *     at the moment may exceed it
   */
  public static AuthorityCache over(
      Tailnets place, AdmissionPolicy policy, Clock clock, long mostBytes) {
    return over(place, policy, clock, mostBytes, System::nanoTime);
  }

  static AuthorityCache over(
      Tailnets place, AdmissionPolicy policy, Clock clock, long mostBytes, LongSupplier nanoTime) {
    return new AuthorityCache(place, policy, clock, mostBytes, nanoTime);
  }

  /**
   * A tailnet's authority, which shows at least what was committed up to some time ago, and what
   * was committed through this cache until now. It is for one request: ask again for the next, or
   * it may get older than that.
   *
   * @param atMost how long ago; zero asks the store
   * @throws OpenException if no authority can be opened from what is stored
   * @throws StoreException if the store has to be asked, and cannot be read
   * @throws IllegalArgumentException if the name is none, or the time negative
   */
  public LiveAuthority live(String name, Duration atMost) throws OpenException, StoreException {
    if (atMost.isNegative()) {
      throw new IllegalArgumentException("expected how long ago, found " + atMost);
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
   * A tailnet's store. Its {@link AumStore#read} asks the place; what is committed to it, whoever
   * asks {@link #live} sees.
   */
  @Override
  public AumStore tailnet(String name) {
    // Refuses what is no name.
    alive(name);
    return new Front(name);
  }

  /** Why commits cannot be watched at present, so that readers ask; empty while they can. */
  public Optional<StoreException> lost() {
    return lost;
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
    held.invalidateAll();
    place.close();
  }

  /** About how many bytes of memory are taken up by what is held. */
  long heldBytes() {
    held.cleanUp();
    return held.policy().eviction().orElseThrow().weightedSize().orElseThrow();
  }

  private Tailnet alive(String name) {
    requireOpen();
    return alive.get(name, any -> new Tailnet(name, place.tailnet(name)));
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("the cache was closed");
    }
  }

  /**
   * What is known of a tailnet.
   *
   * @param tellings how often commits had been told of before the store was asked
   * @param moment at which it was asked
   * @param live its authority, once it could be opened
   * @param refusal why it cannot be opened now
   */
  private record Known(
      long tellings, long moment, Optional<LiveAuthority> live, Optional<OpenException> refusal) {
    LiveAuthority get() throws OpenException {
      if (refusal.isPresent()) {
        throw refusal.get();
      }
      return live.orElseThrow();
    }
  }

  /** The place could not be read, and at which moment that was known. */
  private record Failure(long ended, StoreException why) {}

  /** A tailnet, which lives as long as its live authority does: that holds on to it. */
  private final class Tailnet implements AumStore {
    private final String name;
    private final AumStore store;

    /** How often a commit was told of that is not known to be seen. */
    private final AtomicLong tellings = new AtomicLong();

    private volatile Optional<Known> known = Optional.empty();

    /** How the store was last asked in vain. */
    private Optional<Failure> failure = Optional.empty();

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
      // First of the two: what is told of up to then is counted when the tellings are read.
      long all = caughtUp;
      if (now.tellings != tellings.get()) {
        return false;
      }
      return now.moment - oldest >= 0 || all - oldest >= 0;
    }

    /**
     * One at a time, so that what is known only gets newer. Who came while another was asking in
     * vain fails with it: else they would all wait for a place that is gone, one after the other.
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
        now = new Known(told, moment, live, Optional.of(e));
      }
      known = Optional.of(now);
      return now;
    }

    private LiveAuthority refreshed(Optional<LiveAuthority> live)
        throws OpenException, StoreException {
      if (live.isEmpty()) {
        return LiveAuthority.open(this, policy, clock);
      }
      live.get().refresh();
      return live.get();
    }

    void told(Revision revision) {
      boolean seen =
          known
              .filter(now -> now.refusal().isEmpty())
              .flatMap(Known::live)
              .map(LiveAuthority::current)
              .map(Authority::snapshot)
              .filter(snapshot -> snapshot.revision().equals(revision))
              .isPresent();
      if (!seen) {
        tellings.incrementAndGet();
      }
    }

    void hold(long bytes) {
      weight = (int) Math.min(Integer.MAX_VALUE, bytes);
      held.put(name, this);
    }

    @Override
    public AumSnapshot read() throws StoreException {
      return store.read();
    }

    @Override
    public AumSnapshot commit(Commit commit) throws StoreException {
      try {
        return store.commit(commit);
      } finally {
        // One that failed may have been made nevertheless.
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

  /** A tailnet's store by name, which keeps nothing of it in memory. */
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

  /** Hears of commits to the place. */
  private final class Follower implements Watcher {
    @Override
    public void changed(String name, Revision revision) {
      Optional.ofNullable(alive.getIfPresent(name)).ifPresent(tailnet -> tailnet.told(revision));
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
