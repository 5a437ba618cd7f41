package dev.tka.store.etcd;

import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.Commit;
import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import dev.tka.store.RecordsPoll;
import dev.tka.store.RevisionPoll;
import dev.tka.store.TailnetName;
import dev.tka.store.Tailnets;
import dev.tka.store.Watches;
import dev.tka.store.internal.Fences;
import dev.tka.store.internal.UnderFence;
import dev.tka.store.records.ControlRecords;
import dev.tka.store.records.Fence;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * An etcd that keeps the AUMs of many tailnets, and what a control server keeps beside them, below
 * a prefix of its keys. Several instances, on several machines, may use it at once. etcd 3.4; newer
 * ones have the same gateway, and are not tested.
 *
 * <p>What a tailnet holds is in memory once it was asked for, bodies included, and a watch keeps it
 * up to date. A read costs one request, which many reads share, that says whether the watch has
 * come to what is there now.
 *
 * <p>A commit of any size is made as a whole or not at all, and on the condition of the revision
 * that it was decided on. There are no locks and no leases. If etcd is lost during a commit, the
 * commit is repeated, which does no harm; where nobody answers for too long, its outcome is
 * unknown: {@link StoreException.InDoubt}.
 *
 * <p>It keeps two threads and two connections, and one more connection for each request that is
 * under way.
 */
public final class EtcdTailnets implements Tailnets {
  /** How often a watch looks without being told. */
  private static final Duration LOOK_AGAIN = Duration.ofMillis(500);

  private final EtcdClient client;
  private final Layout layout;
  private final Values values;
  private final Cache cache;
  private final Barrier barrier;
  private final Writer writer;
  private final String place;
  private final Watches watches = new Watches();
  private final AtomicBoolean sweeping = new AtomicBoolean();

  private EtcdTailnets(EtcdSettings settings, EtcdClient client) {
    this.client = client;
    this.place = settings.toString();
    this.layout = new Layout(settings.prefix());
    this.values = new Values(place);
    this.cache = new Cache(client, layout, values, watches::hint);
    this.barrier =
        new Barrier(
            client, layout, values, cache, Barrier.HEARTBEAT, () -> beginSweep(Writer.LEFT));
    this.writer = new Writer(client, layout, values, cache, barrier, place);
  }

  /**
   * A place that is there.
   *
   * @throws StoreException.Absent if it is not
   * @throws StoreException.Newer if a newer version made it
   * @throws StoreException.Damaged if the prefix holds something else
   * @throws StoreException.Unavailable if etcd cannot be reached, or the user or password is
   *     refused
   */
  public static EtcdTailnets at(EtcdSettings settings) throws StoreException {
    return open(settings, client(settings), false);
  }

  /**
   * A place that is made if it is not there.
   *
   * @throws StoreException.Newer if a newer version made it
   * @throws StoreException.Damaged if the prefix holds something else
   * @throws StoreException.Unavailable if etcd cannot be reached, or the user or password is
   *     refused
   */
  public static EtcdTailnets create(EtcdSettings settings) throws StoreException {
    return open(settings, client(settings), true);
  }

  private static EtcdClient client(EtcdSettings settings) throws StoreException.Unavailable {
    try {
      return EtcdClient.open(settings);
    } catch (IOException e) {
      throw new StoreException.Unavailable(settings.toString(), e);
    }
  }

  /** Opens a place with a client, which is closed with it. */
  static EtcdTailnets open(EtcdSettings settings, EtcdClient client, boolean create)
      throws StoreException {
    EtcdTailnets tailnets = new EtcdTailnets(settings, client);
    try {
      tailnets.requireVersion(create);
      tailnets.cache.begin();
      tailnets.barrier.begin();
      return tailnets;
    } catch (EtcdFailure e) {
      tailnets.close();
      throw Failures.unavailable(tailnets.place, e);
    } catch (StoreException e) {
      tailnets.close();
      throw e;
    }
  }

  private void requireVersion(boolean create) throws EtcdFailure, StoreException {
    Optional<KeyValue> version = client.get(layout.version());
    if (version.isEmpty()) {
      if (!create) {
        throw new StoreException.Absent(
            place + ": expected a store, found none below " + layout.prefix());
      }
      requireNobodyElse();
      client.transact(
          List.of(new Condition(layout.version(), 0)),
          List.of(
              new Operation.Put(layout.version(), Values.mark(Layout.VERSION)),
              new Operation.Put(layout.last(), Values.mark(Writer.newNumber()))),
          List.of());
      version = client.get(layout.version());
    }
    long found = version.map(each -> values.mark(each.value())).orElse(0L);
    if (found > Layout.VERSION) {
      throw new StoreException.Newer(place, Layout.VERSION, found);
    }
    if (found < 1) {
      throw values.damaged(layout.version(), "expected a version, found something else");
    }
  }

  private void requireNobodyElse() throws EtcdFailure, StoreException.Damaged {
    Operation all = new Operation.Any(layout.prefix(), Gateway.afterPrefix(layout.prefix()));
    Optional<KeyValue> found =
        client.transact(List.of(), List.of(all), List.of()).done().read().get(0);
    if (found.isPresent() && !found.get().key().equals(layout.version())) {
      throw new StoreException.Damaged(
          place
              + ": expected no keys below "
              + layout.prefix()
              + ", found those of somebody else, such as "
              + TailnetName.printable(found.get().key()));
    }
  }

  /** What to know about keys of somebody else that lie among those of a place, if there are any. */
  public static Optional<String> warning(EtcdSettings settings) {
    Layout layout = new Layout(settings.prefix());
    List<String> found;
    try (EtcdClient client = EtcdClient.open(settings)) {
      found = strangers(client, layout);
    } catch (EtcdFailure | IOException e) {
      // Opening it says what is wrong.
      return Optional.empty();
    }
    if (found.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        settings
            + " also has keys of somebody else, such as "
            + TailnetName.printable(found.get(0))
            + ": they are left as they are; a prefix of its own for each program keeps them apart");
  }

  /** Keys below the prefix that are not ours, one for each range between those that are. */
  private static List<String> strangers(EtcdClient client, Layout layout) throws EtcdFailure {
    return client.transact(List.of(), List.copyOf(layout.gaps()), List.of()).done().read().stream()
        .flatMap(Optional::stream)
        .map(KeyValue::key)
        .toList();
  }

  /** Deletes large changes that nobody touched for so long; nobody waits for it. */
  void beginSweep(Duration left) {
    if (!writer.hasLeft(left) || sweeping.getAndSet(true)) {
      return;
    }
    Thread thread =
        new Thread(
            () -> {
              try {
                writer.sweep(left);
              } finally {
                sweeping.set(false);
              }
            },
            "tka-etcd-sweep");
    thread.setDaemon(true);
    thread.start();
  }

  void requireOpen() {
    if (watches.areClosed()) {
      throw new IllegalStateException(this + " is closed");
    }
  }

  Cache cache() {
    return cache;
  }

  Writer writer() {
    return writer;
  }

  EtcdClient client() {
    return client;
  }

  Layout layout() {
    return layout;
  }

  Values values() {
    return values;
  }

  /** Waits until what is in memory is current. */
  Cache.Mark pass() throws StoreException {
    requireOpen();
    return writer.pass();
  }

  /** {@inheritDoc} The store that has the name is looked up at each call. */
  @Override
  public AumStore tailnet(String name) {
    return store(name, Optional.empty());
  }

  private AumStore store(String name, Optional<Fences.Held> held) {
    Tailnets.requireName(name);
    return new Store(name, held);
  }

  @Override
  public SortedMap<String, Revision> revisions() throws StoreException {
    pass();
    return cache.revisions();
  }

  @Override
  public boolean has(String name) throws StoreException {
    pass();
    return cache.root(name).root().aums().isPresent();
  }

  @Override
  public void readAll(Reading reading) throws StoreException {
    readAll(reading, Optional.empty());
  }

  private void readAll(Reading reading, Optional<Fences.Held> held) throws StoreException {
    pass();
    for (Map.Entry<String, StoreException.Damaged> each : cache.damaged().entrySet()) {
      reading.damaged(each.getKey(), each.getValue());
    }
    for (String name : cache.revisions().keySet()) {
      AumSnapshot snapshot;
      try {
        snapshot = reading(name, held);
      } catch (StoreException.Damaged e) {
        reading.damaged(name, e);
        continue;
      } catch (StoreException.Fenced e) {
        continue;
      }
      reading.found(name, snapshot);
    }
  }

  /**
   * The tailnet under whose fence a store is, if it is under one: of an ended authority, its own.
   */
  private Optional<String> owner(String store) throws StoreException.Damaged {
    Optional<String> owner = cache.root(store).root().owner();
    if (owner.isEmpty()) {
      return Optional.of(store);
    }
    // A tailnet that was deleted leaves the stores of its ended authorities, under no fence.
    return owner.filter(
        tailnet ->
            cache.rootIfSound(tailnet).root().record().retired().stream()
                .anyMatch(each -> each.store().equals(store)));
  }

  private void requireReading(String store, Optional<Fences.Held> held) throws StoreException {
    Optional<String> owner = owner(store);
    if (owner.isPresent()) {
      Fences.requireReading(
          owner.get(), cache.root(owner.get()).root().fence(), Fences.Held.of(held, owner.get()));
    }
  }

  /** The AUMs of a store, whose fence is also looked at as it is where they are. */
  private AumSnapshot reading(String store, Optional<Fences.Held> held) throws StoreException {
    requireReading(store, held);
    Loaded found = writer.load(store);
    if (found.root().root().owner().isEmpty()) {
      Fences.requireReading(store, found.root().root().fence(), Fences.Held.of(held, store));
    } else {
      // Its fence is at another root, which may not be here as it was then.
      if (cache.mark().revision() < found.at()) {
        pass();
      }
      requireReading(store, held);
    }
    return found.state().snapshot();
  }

  /** What a change of an ended authority's store depends on besides its root. */
  private List<Condition> requireWritingOwner(String store, Optional<Fences.Held> held)
      throws StoreException {
    Optional<String> owner = owner(store).filter(each -> !each.equals(store));
    if (owner.isEmpty()) {
      return List.of();
    }
    Root.Kept root = cache.root(owner.get());
    Fences.requireWriting(owner.get(), root.root().fence(), Fences.Held.of(held, owner.get()));
    return List.of(Condition.of(layout.root(owner.get()), root));
  }

  @Override
  public Optional<ControlRecords> records() {
    return Optional.of(new EtcdRecords(this, Optional.empty()));
  }

  @Override
  public void delete(String name, Revision base) throws StoreException {
    delete(name, base, Optional.empty());
  }

  private void delete(String name, Revision base, Optional<Fences.Held> held)
      throws StoreException {
    Tailnets.requireName(name);
    requireOpen();
    writer.write(
        name, now -> Plans.delete(layout, name, now, base, held, requireWritingOwner(name, held)));
  }

  @Override
  public Watch watch(Watcher watcher) {
    requireOpen();
    return watches.addHinted(
        RevisionPoll.begin(() -> Optional.of(revisions()), LOOK_AGAIN, watcher));
  }

  Watch watch(EtcdRecords records, ControlRecords.Watcher watcher) {
    requireOpen();
    return watches.addHinted(RecordsPoll.begin(records, LOOK_AGAIN, watcher));
  }

  @Override
  public void close() {
    watches.close();
    barrier.close();
    cache.close();
    client.close();
  }

  @Override
  public String toString() {
    return place;
  }

  /** This place, for the move that holds a tailnet's fence. */
  Tailnets under(String tailnet, Fence fence) {
    return new Under(Optional.of(new Fences.Held(tailnet, fence)));
  }

  /** This place, for a move. */
  private final class Under extends UnderFence {
    private final Optional<Fences.Held> held;

    Under(Optional<Fences.Held> held) {
      super(EtcdTailnets.this);
      this.held = held;
    }

    @Override
    public AumStore tailnet(String name) {
      return store(name, held);
    }

    @Override
    public void readAll(Reading reading) throws StoreException {
      EtcdTailnets.this.readAll(reading, held);
    }

    @Override
    public Optional<ControlRecords> records() {
      return Optional.of(new EtcdRecords(EtcdTailnets.this, held));
    }

    @Override
    public void delete(String name, Revision base) throws StoreException {
      EtcdTailnets.this.delete(name, base, held);
    }
  }

  /** The store that has a name. */
  private final class Store implements AumStore {
    private final String name;
    private final Optional<Fences.Held> held;

    Store(String name, Optional<Fences.Held> held) {
      this.name = name;
      this.held = held;
    }

    @Override
    public AumSnapshot read() throws StoreException {
      pass();
      return reading(name, held);
    }

    @Override
    public AumSnapshot commit(Commit commit) throws StoreException {
      requireOpen();
      return writer
          .write(
              name,
              now -> Plans.commit(layout, name, now, commit, held, requireWritingOwner(name, held)))
          .snapshot();
    }

    @Override
    public void wipe() throws StoreException {
      requireOpen();
      writer.write(
          name, now -> Plans.wipe(layout, name, now, held, requireWritingOwner(name, held)));
    }

    @Override
    public String toString() {
      return place + ", tailnet \"" + name + "\"";
    }
  }
}
