package dev.tka.store.etcd;

import dev.tka.core.Bytes;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import dev.tka.store.state.TailnetState;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What a place holds, in memory: the roots of all tailnets, and the rows of those that were asked
 * for. One watch feeds it, from the revision on that was read at first. All that one revision of
 * etcd changed is applied together.
 *
 * <p>A <b>mark</b> is what every change of ours puts at one key, a random number, and the revision
 * of that. A reader that must be current asks etcd for the newest mark, and waits until the watch
 * has come to it ({@link #await}). A mark that the watch passed without seeing it shows that etcd
 * was put back to what it was before, and then everything is read again; so does a revision that
 * etcd has forgotten. A watch that does not come to a mark is dead, and is begun again.
 */
final class Cache implements AutoCloseable {
  /** How long a reader waits for the watch. It is longer than a new one takes. */
  private static final Duration PATIENCE = Duration.ofSeconds(15);

  /** After so long without progress the watch is begun again. */
  private static final Duration DEAD = Duration.ofSeconds(2);

  /** How many marks are remembered. */
  private static final int MOST_MARKS = 20_000;

  /** The share of the heap for rows that nobody uses, and for large changes under way. */
  private static final int SHARE_OF_HEAP = 8;

  private static final long BYTES_A_NODE = 1_500;

  private final EtcdClient client;
  private final Layout layout;
  private final Values values;
  private final Runnable hint;
  private final Thread thread;
  private final long mostBytes;

  // All that follows is guarded by this.
  private final TreeMap<String, Root.Kept> roots = new TreeMap<>();
  private final Map<String, Unreadable> unreadable = new HashMap<>();
  private final Map<String, String> stores = new HashMap<>();
  private final NavigableMap<Long, Set<String>> byChange = new TreeMap<>();
  private final LinkedHashMap<String, Loaded> loaded = new LinkedHashMap<>(16, 0.75f, true);
  private final Map<String, List<Loading>> loading = new HashMap<>();
  private final NavigableMap<Long, Long> marks = new TreeMap<>();
  private final Map<Long, Waiting> waiting = new HashMap<>();
  private final Map<String, Batch> batches = new HashMap<>();
  private final Pieces pieces;
  private long loadedBytes;
  private long applied;
  private boolean ready;
  private long readBegun;
  private long readAt;
  private long readings;
  private Optional<EtcdClient.Watching> watching = Optional.empty();
  private Optional<EtcdFailure> failure = Optional.empty();
  private boolean closed;

  /** How often the watch ended soon and told nothing, in a row; only its thread uses it. */
  private int failures;

  /**
   * A moment of the place.
   *
   * @param revision of the change that put it
   * @param number a random number of that change
   */
  record Mark(long revision, long number) {}

  /**
   * A mark that etcd gave as the newest.
   *
   * @param asked when it was asked, by {@link System#nanoTime}
   * @param known the revision of the newest mark that was applied then: an older one can only be
   *     the newest if etcd was put back
   */
  record Answered(Mark mark, long asked, long known) {}

  /**
   * The header of a large change that may be under way.
   *
   * @param modified the revision of the header
   * @param seen when anything of it was seen last, by {@link System#nanoTime}
   */
  record Batch(long modified, long seen) {}

  /** A change of this process that waits to be seen. */
  static final class Waiting {
    private final String name;
    private boolean seen;
    private @Nullable TailnetState after;

    Waiting(String name) {
      this.name = name;
    }
  }

  /** A root that cannot be read, and the revision that put it. */
  private record Unreadable(StoreException.Damaged why, long modified) {}

  /** A tailnet whose rows are being read; changes of it wait meanwhile. */
  private static final class Loading {
    final List<Held> held = new ArrayList<>();
  }

  private record Held(boolean unknown, Optional<Root.Kept> root, Group group) {}

  Cache(EtcdClient client, Layout layout, Values values, Runnable hint) {
    this.client = client;
    this.layout = layout;
    this.values = values;
    this.hint = hint;
    this.mostBytes = Runtime.getRuntime().maxMemory() / SHARE_OF_HEAP;
    this.pieces = new Pieces(mostBytes);
    this.thread = new Thread(this::run, "tka-etcd-watch");
    thread.setDaemon(true);
  }

  /** Reads the roots, and begins to follow. */
  void begin() throws EtcdFailure {
    readAll();
    thread.start();
  }

  // The watch.

  private void run() {
    while (!isClosed()) {
      long begun = System.nanoTime();
      try {
        if (!isReady()) {
          readAll();
        }
        follow();
      } catch (EtcdFailure e) {
        synchronized (this) {
          failure = Optional.of(e);
        }
      } catch (IOException e) {
        // The connection broke, or was closed; the next one is begun at another member.
        client.avoid();
        synchronized (this) {
          failure = Optional.of(new EtcdFailure.Lost("the watch was lost", e));
        }
      } catch (Throwable e) {
        // Whatever it is: readers wait for this thread.
        Thread.UncaughtExceptionHandler handler = thread.getUncaughtExceptionHandler();
        handler.uncaughtException(thread, e);
        synchronized (this) {
          ready = false;
        }
      }
      if (System.nanoTime() - begun >= DEAD.toNanos()) {
        failures = 0;
      }
      failures++;
      pause(failures);
    }
  }

  private void pause(int failures) {
    try {
      Thread.sleep(Math.min(1000, 10L << Math.min(failures, 7)));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private synchronized boolean isClosed() {
    return closed;
  }

  private synchronized boolean isReady() {
    return ready;
  }

  /**
   * Whether etcd is a continuation of what was applied. This is asked when a watch has begun:
   * before, etcd may still be put back to what it was.
   *
   * @param last the last mark that was applied up to a revision
   * @param at that revision
   */
  private boolean isSameHistory(Mark last, long at) throws EtcdFailure {
    try {
      Messages.Range newest = client.range(layout.last(), 0);
      if (newest.header().revision() < at) {
        return false;
      }
      // Of a place where nothing happens, etcd may have forgotten the revision itself.
      return is(last, newest.found().stream().findFirst())
          || is(last, client.get(layout.last(), at));
    } catch (EtcdFailure.Refused e) {
      if (!e.isCompacted() && !e.isFuture()) {
        throw e;
      }
      return false;
    }
  }

  private boolean is(Mark last, Optional<KeyValue> found) {
    return found.isPresent()
        ? found.get().modified() == last.revision()
            && values.mark(found.get().value()) == last.number()
        : last.revision() == 0;
  }

  private Mark lastMark() {
    return new Mark(marks.lastKey(), marks.lastEntry().getValue());
  }

  /** Reads the roots of all tailnets at one revision. */
  private void readAll() throws EtcdFailure {
    long begun = System.nanoTime();
    Optional<KeyValue> last = Optional.empty();
    SortedMap<String, KeyValue> found = new TreeMap<>();
    Map<String, Batch> headers = new HashMap<>();
    while (true) {
      found.clear();
      headers.clear();
      Messages.Header header;
      try {
        header =
            client.readAll(
                layout.roots(),
                Gateway.afterPrefix(layout.roots()),
                0,
                each -> found.put(each.key(), each));
        last = client.get(layout.last(), header.revision());
        client.readKeys(
            layout.batches(),
            Gateway.afterPrefix(layout.batches()),
            header.revision(),
            each -> noteBatch(headers, each));
      } catch (EtcdFailure.Refused e) {
        if (e.isCompacted()) {
          continue;
        }
        throw e;
      }
      show(found, headers, last, header.revision(), begun);
      return;
    }
  }

  private void noteBatch(Map<String, Batch> headers, KeyValue each) {
    if (layout.place(each.key()) instanceof Layout.Place.OfBatch batch && batch.row().isEmpty()) {
      headers.put(batch.batch(), new Batch(each.modified(), System.nanoTime()));
    }
  }

  private void show(
      SortedMap<String, KeyValue> found,
      Map<String, Batch> headers,
      Optional<KeyValue> last,
      long revision,
      long begun) {
    synchronized (this) {
      roots.clear();
      unreadable.clear();
      stores.clear();
      byChange.clear();
      loaded.clear();
      loadedBytes = 0;
      // What is being read may be of before.
      loading.clear();
      marks.clear();
      batches.clear();
      batches.putAll(headers);
      pieces.clear();
      found.values().forEach(this::putRoot);
      marks.put(
          last.map(KeyValue::modified).orElse(0L),
          last.map(each -> values.mark(each.value())).orElse(0L));
      applied = revision;
      readBegun = begun;
      readAt = revision;
      readings++;
      ready = true;
      failure = Optional.empty();
      // Whether their changes were made can no longer be told.
      notifyAll();
    }
    hint.run();
  }

  private Optional<Root.Kept> putRoot(KeyValue each) {
    if (!(layout.place(each.key()) instanceof Layout.Place.OfRoot place)) {
      return Optional.empty();
    }
    String name = place.name();
    forgetRoot(name);
    try {
      Root.Kept kept = values.kept(each);
      roots.put(name, kept);
      kept.root().aums().ifPresent(aums -> stores.put(aums.store(), name));
      if (kept.root().owner().isEmpty()) {
        noteChange(kept.changed(), name);
      }
      return Optional.of(kept);
    } catch (StoreException.Damaged e) {
      unreadable.put(name, new Unreadable(e, each.modified()));
      noteChange(each.modified(), name);
      return Optional.empty();
    }
  }

  private void noteChange(long revision, String name) {
    byChange.computeIfAbsent(revision, any -> new HashSet<>()).add(name);
  }

  private void forgetRoot(String name) {
    Unreadable worse = unreadable.remove(name);
    if (worse != null) {
      forgetChange(worse.modified(), name);
    }
    Root.Kept before = roots.remove(name);
    if (before != null) {
      before.root().aums().ifPresent(aums -> stores.remove(aums.store(), name));
      forgetChange(before.changed(), name);
    }
  }

  private void forgetChange(long revision, String name) {
    Set<String> names = byChange.get(revision);
    if (names != null) {
      names.remove(name);
      if (names.isEmpty()) {
        byChange.remove(revision);
      }
    }
  }

  private void follow() throws EtcdFailure, IOException {
    Mark last;
    long at;
    synchronized (this) {
      last = lastMark();
      at = applied;
    }
    try (EtcdClient.Watching now =
        client.watch(layout.prefix(), Gateway.afterPrefix(layout.prefix()), at + 1)) {
      synchronized (this) {
        watching = Optional.of(now);
        if (closed || !ready) {
          return;
        }
      }
      List<Messages.Event> held = new ArrayList<>();
      while (true) {
        Optional<Messages.Told> told = now.lines().next();
        if (told.isEmpty()) {
          throw new IOException("the watch ended");
        }
        if (told.get().canceled().isPresent()) {
          canceled(told.get());
          return;
        }
        if (told.get().created()) {
          if (!isSameHistory(last, at)) {
            synchronized (this) {
              ready = false;
            }
            return;
          }
          now.allowSilence();
        } else {
          failures = 0;
        }
        for (Messages.Event each : told.get().events()) {
          if (!held.isEmpty() && held.get(0).change().modified() != each.change().modified()) {
            apply(held);
            held = new ArrayList<>();
          }
          held.add(each);
        }
        if (!told.get().fragment() && !held.isEmpty()) {
          apply(held);
          held = new ArrayList<>();
        }
      }
    } finally {
      synchronized (this) {
        watching = Optional.empty();
      }
    }
  }

  private void canceled(Messages.Told told) throws IOException {
    if (told.compacted() > 0) {
      synchronized (this) {
        ready = false;
      }
      return;
    }
    // Such as a token that is no longer valid.
    client.forgetToken();
    throw new IOException(told.canceled().orElse(""));
  }

  /** Applies all events of one revision. */
  private void apply(List<Messages.Event> events) {
    synchronized (this) {
      long revision = events.get(0).change().modified();
      if (revision <= applied) {
        return;
      }
      Map<String, Optional<Root.Kept>> put = new TreeMap<>();
      for (Messages.Event each : events) {
        if (layout.place(each.change().key()) instanceof Layout.Place.OfRoot place) {
          Optional<Root.Kept> kept = Optional.empty();
          if (each.deleted()) {
            forgetRoot(place.name());
          } else {
            kept = putRoot(each.change());
          }
          put.put(place.name(), kept);
        }
      }
      Map<String, Group> groups = new TreeMap<>();
      for (Messages.Event each : events) {
        owner(each.change().key())
            .ifPresent(name -> groups.computeIfAbsent(name, any -> new Group(revision)).add(each));
        other(each);
      }
      Set<String> unknown = new HashSet<>();
      put.forEach(
          (name, kept) -> {
            Group group = groups.computeIfAbsent(name, any -> new Group(revision));
            if (kept.isEmpty() || !addLarge(name, kept.get(), group)) {
              unknown.add(name);
            }
          });
      groups.forEach(
          (name, group) ->
              apply(name, unknown.contains(name), put.getOrDefault(name, Optional.empty()), group));
      applied = revision;
      put.forEach((name, kept) -> kept.ifPresent(root -> tellWaiting(name, root.root())));
      notifyAll();
    }
    hint.run();
  }

  /**
   * Adds the large change that a root names to what changed with it.
   *
   * @return false if its pieces were not seen, or cannot be read
   */
  private boolean addLarge(String name, Root.Kept root, Group group) {
    Optional<String> batch = root.root().pending();
    if (batch.isEmpty()) {
      return true;
    }
    Optional<Bytes> large = pieces.take(batch.get());
    if (large.isEmpty()) {
      return false;
    }
    if (loaded.containsKey(name) || loading.containsKey(name)) {
      try {
        group.addLarge(Batches.operations(layout, values, batch.get(), large.get()));
      } catch (StoreException.Damaged e) {
        // Whoever reads its rows is told.
        return false;
      }
    }
    return true;
  }

  /** The tailnet, or the store of an ended authority, that a row is of. */
  private Optional<String> owner(String key) {
    Layout.Place place = layout.place(key);
    if (place instanceof Layout.Place.OfStore row) {
      return Optional.ofNullable(stores.get(row.store()));
    }
    return place instanceof Layout.Place.OfTailnet row
        ? Optional.of(row.tailnet())
        : Optional.empty();
  }

  private void other(Messages.Event event) {
    KeyValue change = event.change();
    Layout.Place place = layout.place(change.key());
    if (place instanceof Layout.Place.Last && !event.deleted()) {
      marks.put(change.modified(), values.mark(change.value()));
      if (marks.size() > MOST_MARKS) {
        marks.pollFirstEntry();
      }
    } else if (place instanceof Layout.Place.OfBatch batch) {
      long now = System.nanoTime();
      if (!batch.row().isEmpty()) {
        batches.computeIfPresent(batch.batch(), (any, before) -> new Batch(before.modified(), now));
        if (!event.deleted()) {
          pieces.add(batch.batch(), batch.row(), change.value());
        }
      } else if (event.deleted()) {
        batches.remove(batch.batch());
        pieces.forget(batch.batch());
      } else if (batches.put(batch.batch(), new Batch(change.modified(), now)) == null) {
        pieces.begin(batch.batch());
      }
    }
  }

  /**
   * Applies what one revision changed of one tailnet.
   *
   * @param unknown whether its rows are to be read again: its root is gone or cannot be read, or
   *     names a large change that was not seen
   * @param root the root that was put, if one was
   */
  private void apply(String name, boolean unknown, Optional<Root.Kept> root, Group group) {
    List<Loading> reading = loading.get(name);
    if (reading != null) {
      Held held = new Held(unknown, root, group);
      reading.forEach(each -> each.held.add(held));
    }
    Loaded before = loaded.get(name);
    if (before == null) {
      return;
    }
    Optional<Loaded> after = Optional.empty();
    try {
      if (!unknown) {
        after = before.after(root, group, layout, values);
      }
    } catch (StoreException.Damaged e) {
      // Whoever reads its rows is told.
    }
    if (after.isPresent()) {
      keep(name, after.get());
    } else {
      unload(name);
    }
  }

  private void tellWaiting(String name, Root root) {
    Waiting one = waiting.get(root.number());
    if (one != null && one.name.equals(name)) {
      one.seen = true;
      Loaded now = loaded.get(name);
      one.after = now == null ? null : now.state();
    }
  }

  private void keep(String name, Loaded now) {
    Loaded before = loaded.put(name, now);
    loadedBytes += weight(now) - (before == null ? 0 : weight(before));
  }

  private void unload(String name) {
    Loaded before = loaded.remove(name);
    loadedBytes -= before == null ? 0 : weight(before);
  }

  private static long weight(Loaded one) {
    Root root = one.root().root();
    return 1_000
        + root.nodes() * BYTES_A_NODE
        + root.aums().map(Root.Aums::count).orElse(0L) * 3 * AumSnapshot.TYPICAL_HEAP_BYTES / 2
        + root.aums().map(Root.Aums::trail).orElse(0L) * AumSnapshot.TYPICAL_HEAP_BYTES;
  }

  private void evict(String except) {
    var oldest = loaded.entrySet().iterator();
    while (loadedBytes > mostBytes && oldest.hasNext()) {
      Map.Entry<String, Loaded> each = oldest.next();
      if (!each.getKey().equals(except)) {
        loadedBytes -= weight(each.getValue());
        oldest.remove();
      }
    }
  }

  /** Begins the watch again; it seems to be dead. One that is being opened stays. */
  private void restart() {
    watching.ifPresent(EtcdClient.Watching::close);
  }

  private void readAgain() {
    ready = false;
    restart();
  }

  // Readers.

  /**
   * Waits until all is applied that was committed up to a mark.
   *
   * @throws EtcdFailure if the watch does not come to it
   */
  void await(Answered answered) throws EtcdFailure {
    long now = System.nanoTime();
    long end = now + PATIENCE.toNanos();
    long dead = now + DEAD.toNanos();
    synchronized (this) {
      while (!reaches(answered)) {
        now = System.nanoTime();
        if (now - end >= 0 || closed) {
          throw new EtcdFailure.Unreachable("the watch is behind", failure.orElse(null));
        }
        if (now - dead >= 0) {
          restart();
          dead = now + DEAD.toNanos();
        }
        waitNanos(Math.min(end, dead) - now);
      }
    }
  }

  private void waitNanos(long nanos) throws EtcdFailure.Unreachable {
    try {
      TimeUnit.NANOSECONDS.timedWait(this, Math.max(1_000_000, nanos));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new EtcdFailure.Unreachable("interrupted", e);
    }
  }

  private boolean reaches(Answered answered) {
    if (!ready) {
      return false;
    }
    if (readBegun - answered.asked() >= 0) {
      return true;
    }
    Mark mark = answered.mark();
    if (mark.revision() < answered.known()) {
      readAgain();
      return false;
    }
    Long seen = marks.get(mark.revision());
    if (seen != null) {
      if (seen == mark.number()) {
        return true;
      }
      readAgain();
      return false;
    }
    if (mark.revision() > marks.lastKey()) {
      return false;
    }
    if (marks.size() >= MOST_MARKS && mark.revision() < marks.firstKey()) {
      return true;
    }
    if (mark.revision() < marks.firstKey() && marks.firstKey() <= readAt) {
      // It was answered while all was being read, at a later revision.
      return true;
    }
    readAgain();
    return false;
  }

  /** Whether all is applied that was committed up to a mark. */
  synchronized boolean hasReached(Answered answered) {
    return reaches(answered);
  }

  /** Begins the watch again, unless it is being opened. */
  synchronized void restartWatch() {
    restart();
  }

  /**
   * Notes that etcd was at a revision with a mark: if that is the one that was applied last,
   * nothing of ours was committed since, and etcd may forget the revisions in between.
   */
  synchronized void advance(Mark mark, long revision) {
    if (ready && mark.equals(lastMark())) {
      applied = Math.max(applied, revision);
    }
  }

  /** Waits until a change of this process is applied; false if it is not seen for too long. */
  boolean awaitOwn(Waiting one, long revision) {
    long end = System.nanoTime() + PATIENCE.toNanos();
    long dead = System.nanoTime() + DEAD.toNanos();
    synchronized (this) {
      while (!one.seen && !(ready && applied >= revision)) {
        long now = System.nanoTime();
        if (now - end >= 0 || closed) {
          return false;
        }
        if (now - dead >= 0) {
          restart();
          dead = now + DEAD.toNanos();
        }
        try {
          waitNanos(Math.min(end, dead) - now);
        } catch (EtcdFailure e) {
          return false;
        }
      }
      return true;
    }
  }

  /** Whether a mark is one of this history. */
  Optional<Boolean> knows(Mark mark) {
    synchronized (this) {
      Long seen = marks.get(mark.revision());
      if (seen != null) {
        return Optional.of(seen == mark.number());
      }
      return mark.revision() >= marks.firstKey() ? Optional.of(false) : Optional.empty();
    }
  }

  /** The last mark, and no request. */
  synchronized Mark mark() {
    return lastMark();
  }

  /** A root, as it was applied last. */
  synchronized Root.Kept root(String name) throws StoreException.Damaged {
    requireSound(name);
    Root.Kept found = roots.get(name);
    return found == null ? Root.Kept.NONE : found;
  }

  /** A root, as it was applied last; none if it cannot be read. */
  synchronized Root.Kept rootIfSound(String name) {
    Root.Kept found = roots.get(name);
    return found == null ? Root.Kept.NONE : found;
  }

  private void requireSound(String name) throws StoreException.Damaged {
    Unreadable found = unreadable.get(name);
    if (found != null) {
      throw new StoreException.Damaged(String.valueOf(found.why().getMessage()));
    }
  }

  /** All roots by name, in order; those that cannot be read are left out. */
  synchronized SortedMap<String, Root.Kept> roots() {
    return new TreeMap<>(roots);
  }

  /** The names of roots that cannot be read, and why. */
  synchronized Map<String, StoreException.Damaged> damaged() {
    Map<String, StoreException.Damaged> damaged = new TreeMap<>();
    unreadable.forEach((name, each) -> damaged.put(name, each.why()));
    return damaged;
  }

  /** The revisions of all that was ever committed to. */
  synchronized SortedMap<String, Revision> revisions() {
    SortedMap<String, Revision> revisions = new TreeMap<>();
    roots.forEach(
        (name, each) -> each.root().aums().ifPresent(aums -> revisions.put(name, aums.revision())));
    return revisions;
  }

  /** The names of the tailnets that changed after a position, in order. */
  synchronized List<String> changedAfter(long position) {
    List<String> names = new ArrayList<>();
    byChange.tailMap(position, false).values().forEach(names::addAll);
    names.sort(null);
    return names;
  }

  /** The headers of large changes that no root names. */
  synchronized Map<String, Batch> leftBatches() {
    Map<String, Batch> left = new HashMap<>(batches);
    roots.values().forEach(each -> each.root().pending().ifPresent(left::remove));
    return left;
  }

  /** Forgets one whose header is no longer what was seen: where it is gone, nobody will tell. */
  synchronized void forgetBatch(String batch, Batch seen) {
    batches.computeIfPresent(batch, (any, now) -> now.modified() == seen.modified() ? null : now);
    if (!batches.containsKey(batch)) {
      pieces.forget(batch);
    }
  }

  /** How many tailnets are being read. */
  synchronized int reading() {
    return loading.size();
  }

  /**
   * A tailnet with its rows, as it was applied last, or later; read if it is not in memory.
   *
   * @throws StoreException.Damaged if its rows are not what a store writes
   */
  Loaded tailnet(String name) throws EtcdFailure, StoreException.Damaged {
    while (true) {
      Loading mine = new Loading();
      long reading;
      synchronized (this) {
        requireSound(name);
        Loaded found = loaded.get(name);
        if (found != null) {
          return found;
        }
        if (ready && !roots.containsKey(name)) {
          return Loaded.none(name, applied);
        }
        loading.computeIfAbsent(name, any -> new ArrayList<>()).add(mine);
        reading = readings;
      }
      Optional<Loaded> read;
      try {
        read = read(name, 0);
      } catch (EtcdFailure | StoreException.Damaged | RuntimeException | Error e) {
        synchronized (this) {
          forget(name, mine);
        }
        throw e;
      }
      synchronized (this) {
        forget(name, mine);
        if (read.isEmpty() || reading != readings) {
          continue;
        }
        for (Held each : mine.held) {
          if (read.isPresent()) {
            read =
                each.unknown() && each.group().revision() > read.get().at()
                    ? Optional.empty()
                    : read.get().after(each.root(), each.group(), layout, values);
          }
        }
        if (read.isPresent()) {
          keep(name, read.get());
          evict(name);
          return read.get();
        }
      }
    }
  }

  private void forget(String name, Loading mine) {
    List<Loading> all = loading.get(name);
    if (all != null) {
      all.remove(mine);
      if (all.isEmpty()) {
        loading.remove(name);
      }
    }
  }

  /**
   * Reads a tailnet's rows, with a large change laid over them.
   *
   * @param revision of which to read them; 0 for the newest
   * @return empty if etcd has forgotten the revision meanwhile
   */
  Optional<Loaded> read(String name, long revision) throws EtcdFailure, StoreException.Damaged {
    try {
      Messages.Range first = client.range(layout.root(name), revision);
      long at = revision == 0 ? first.header().revision() : revision;
      if (first.found().isEmpty()) {
        return Optional.of(Loaded.none(name, at));
      }
      KeyValue value = first.found().get(0);
      Root.Kept root = values.kept(value);
      SortedMap<String, KeyValue> rows = new TreeMap<>();
      for (Operation.Any each : ranges(name, root.root())) {
        client.readAll(each.from(), each.end(), at, row -> rows.put(row.key(), row));
      }
      if (root.root().pending().isPresent()) {
        String batch = root.root().pending().get();
        Batches.lay(Batches.read(client, layout, values, batch, at), rows, root.modified());
      }
      return Optional.of(Loaded.of(name, root, rows, layout, values, at));
    } catch (EtcdFailure.Refused e) {
      if (e.isCompacted()) {
        return Optional.empty();
      }
      throw e;
    }
  }

  private List<Operation.Any> ranges(String name, Root root) {
    List<Operation.Any> ranges = new ArrayList<>();
    boolean pending = root.pending().isPresent();
    if (root.aums().isPresent()) {
      Root.Aums aums = root.aums().get();
      if (aums.count() > 0 || pending) {
        ranges.add(under(layout.aums(aums.store())));
      }
      if (aums.trail() > 0 || pending) {
        ranges.add(under(layout.trail(aums.store())));
      }
      String notes = layout.notes(aums.store());
      ranges.add(new Operation.Any(notes, notes + "0"));
    }
    if (root.nodes() > 0 || pending) {
      ranges.add(under(layout.nodes(name)));
      ranges.add(under(layout.sightings(name)));
      ranges.add(under(layout.tokens(name)));
    }
    return ranges;
  }

  private static Operation.Any under(String prefix) {
    return new Operation.Any(prefix, Gateway.afterPrefix(prefix));
  }

  // Writers.

  /** Remembers a change that is about to be made, to learn what became of it. */
  synchronized Waiting expect(String name, long number) {
    Waiting one = new Waiting(name);
    waiting.put(number, one);
    return one;
  }

  /** Forgets it. */
  synchronized void unexpect(long number) {
    waiting.remove(number);
  }

  /** Whether a change was seen. */
  synchronized boolean wasSeen(Waiting one) {
    return one.seen;
  }

  /** What a tailnet was right after a change that was seen, if its rows were in memory. */
  synchronized Optional<TailnetState> after(Waiting one) {
    return Optional.ofNullable(one.after);
  }

  /** How often everything was read: what was changed in between may not have been seen. */
  synchronized long readings() {
    return readings;
  }

  /** The number of tailnets whose rows are in memory, and about how many bytes they take. */
  synchronized String weight() {
    return loaded.size() + " tailnets, " + loadedBytes + " bytes";
  }

  @Override
  public void close() {
    synchronized (this) {
      closed = true;
      restart();
      notifyAll();
    }
    thread.interrupt();
  }
}
