package dev.tka.store.etcd;

import dev.tka.core.Bytes;
import dev.tka.core.store.StoreException;
import dev.tka.store.state.TailnetState;
import java.io.IOException;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Makes changes of tailnets. Each is decided on what is in memory, and made by one transaction
 * whose condition is that the tailnet's root is still the one that it was decided on. If it is not,
 * or what is in memory may be old, it is decided again.
 */
final class Writer {
  /** How long a change is decided again and again while others are first. */
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  /** What nobody touches for so long, no writer is going on with. */
  static final Duration LEFT = Duration.ofMinutes(1);

  /** A request that replaces a root has it twice: as it was and as it will be. */
  private static final int LARGEST_ROOT = 700_000;

  private static final SecureRandom RANDOM = new SecureRandom();

  private final EtcdClient client;
  private final Layout layout;
  private final Values values;
  private final Cache cache;
  private final Barrier barrier;
  private final String place;

  Writer(
      EtcdClient client, Layout layout, Values values, Cache cache, Barrier barrier, String place) {
    this.client = client;
    this.layout = layout;
    this.values = values;
    this.cache = cache;
    this.barrier = barrier;
    this.place = place;
  }

  /** A number that nobody used before, nor will. */
  static long newNumber() {
    return (RANDOM.nextLong() >>> 2) + 1;
  }

  /** A name that nobody used before, nor will. */
  static String newName() {
    return String.format("%016x", newNumber());
  }

  /**
   * A change that was decided.
   *
   * @param root the root afterwards
   * @param rows what else is put and deleted
   * @param conditions what it depends on besides the root
   * @param roots roots of others that it puts, by name; they must fit into one transaction
   * @param after what the tailnet is afterwards
   */
  record Plan(
      Root root,
      List<Operation> rows,
      List<Condition> conditions,
      Map<String, Root> roots,
      TailnetState after) {
    Plan(Root root, List<Operation> rows, TailnetState after) {
      this(root, rows, List.of(), Map.of(), after);
    }
  }

  /** Decides a change. */
  interface Deciding {
    /**
     * Decides.
     *
     * @return empty if nothing changes
     * @throws StoreException if it may not be made
     */
    Optional<Plan> on(Loaded now) throws StoreException;
  }

  /**
   * Makes a change.
   *
   * @return the tailnet right after it
   * @throws StoreException as it was decided, or if it cannot be made, or may have been
   */
  TailnetState write(String name, Deciding deciding) throws StoreException {
    long end = System.nanoTime() + PATIENCE.toNanos();
    boolean current = false;
    for (int attempt = 0; true; attempt++) {
      Loaded now = load(name);
      if (now.root().root().pending().isPresent()) {
        finish(name, now.root());
        requireTime(end);
        pass();
        current = true;
        pause(attempt);
        continue;
      }
      Optional<Plan> plan;
      try {
        plan = deciding.on(now);
      } catch (StoreException | IllegalArgumentException e) {
        if (current) {
          throw e;
        }
        pass();
        current = true;
        continue;
      }
      if (plan.isEmpty()) {
        if (current) {
          return now.state();
        }
        pass();
        current = true;
        continue;
      }
      Optional<TailnetState> made = make(name, now.root(), plan.get());
      if (made.isPresent()) {
        return made.get();
      }
      requireTime(end);
      pass();
      current = true;
      pause(attempt);
    }
  }

  private void requireTime(long end) throws StoreException.Busy {
    if (System.nanoTime() - end >= 0) {
      throw new StoreException.Busy(place + ": other writers were first for too long");
    }
  }

  private static void pause(int attempt) {
    if (attempt < 2) {
      return;
    }
    try {
      Thread.sleep(ThreadLocalRandom.current().nextInt(1 << Math.min(attempt, 7)));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  Loaded load(String name) throws StoreException {
    try {
      return cache.tailnet(name);
    } catch (EtcdFailure e) {
      throw unavailable(e);
    }
  }

  /** Waits until what is in memory is current. */
  Cache.Mark pass() throws StoreException {
    try {
      return barrier.pass();
    } catch (EtcdFailure e) {
      throw unavailable(e);
    }
  }

  private StoreException translate(EtcdFailure failure) {
    if (failure instanceof EtcdFailure.Lost) {
      return new StoreException.InDoubt(place, new IOException(failure.why(), failure));
    }
    if (failure instanceof EtcdFailure.Refused refused && refused.isTooLarge()) {
      return new StoreException.OverLimit(
          place + ": more than etcd takes at once: " + refused.why());
    }
    return unavailable(failure);
  }

  StoreException.Unavailable unavailable(EtcdFailure failure) {
    return Failures.unavailable(place, failure);
  }

  /** Makes a change that was decided; empty if others were first. */
  private Optional<TailnetState> make(String name, Root.Kept before, Plan plan)
      throws StoreException {
    long number = newNumber();
    Root root = plan.root().withNumber(number);
    List<Operation> ends = new ArrayList<>();
    for (Map.Entry<String, Root> each : plan.roots().entrySet()) {
      ends.add(put(each.getKey(), each.getValue().withNumber(number)));
    }
    ends.add(new Operation.Put(layout.last(), Values.mark(number)));
    List<Condition> conditions = new ArrayList<>(plan.conditions());
    conditions.add(Condition.of(layout.root(name), before));
    List<Operation> whole = new ArrayList<>(plan.rows());
    whole.add(put(name, root));
    whole.addAll(ends);
    if (Batches.fits(whole, conditions)) {
      return commit(name, before, number, conditions, whole, plan.after());
    }
    return makeLarge(name, before, root, conditions, ends, plan);
  }

  private Operation.Put put(String name, Root root) throws StoreException.OverLimit {
    Bytes value = Values.root(root);
    if (value.size() > LARGEST_ROOT) {
      throw new StoreException.OverLimit(
          place
              + ", tailnet \""
              + name
              + "\": expected a record of at most "
              + LARGEST_ROOT
              + " bytes, found "
              + value.size());
    }
    return new Operation.Put(layout.root(name), value);
  }

  private Optional<TailnetState> commit(
      String name,
      Root.Kept before,
      long number,
      List<Condition> conditions,
      List<Operation> operations,
      TailnetState after)
      throws StoreException {
    long readings = cache.readings();
    Cache.Waiting waiting = cache.expect(name, number);
    try {
      EtcdClient.Transacted done = client.transact(conditions, operations, List.of());
      long revision = done.done().header().revision();
      if (done.done().held()) {
        cache.awaitOwn(waiting, revision);
        return Optional.of(cache.after(waiting).orElse(after));
      }
      return done.repeated()
          ? settle(name, before, number, waiting, readings, false, after)
          : Optional.empty();
    } catch (EtcdFailure.Lost e) {
      return settle(name, before, number, waiting, readings, true, after);
    } catch (EtcdFailure e) {
      if (e instanceof EtcdFailure.Refused refused && refused.isNoSpace()) {
        // It may be the one that takes the last space: etcd refuses it after it made it.
        Optional<TailnetState> made = settle(name, before, number, waiting, readings, false, after);
        if (made.isPresent()) {
          return made;
        }
      }
      throw translate(e);
    } finally {
      cache.unexpect(number);
    }
  }

  /**
   * Finds out what became of a change whose answer was lost: the watch shows every change of a
   * root.
   *
   * @param mayCome whether it may still be made while the root is as before
   * @return empty if it was not made, and will not be
   * @throws StoreException.InDoubt if that cannot be told
   */
  private Optional<TailnetState> settle(
      String name,
      Root.Kept before,
      long number,
      Cache.Waiting waiting,
      long readings,
      boolean mayCome,
      TailnetState after)
      throws StoreException.InDoubt {
    Root.Kept now;
    try {
      pass();
      now = cache.root(name);
    } catch (StoreException e) {
      if (cache.wasSeen(waiting)) {
        return Optional.of(cache.after(waiting).orElse(after));
      }
      throw new StoreException.InDoubt(place, new IOException("the answer was lost", e));
    }
    if (cache.wasSeen(waiting)) {
      return Optional.of(cache.after(waiting).orElse(after));
    }
    if (now.root().number() == number) {
      return Optional.of(after);
    }
    boolean same = now.modified() == before.modified();
    if (same ? mayCome : cache.readings() != readings) {
      throw new StoreException.InDoubt(place, new IOException("the answer was lost"));
    }
    return Optional.empty();
  }

  /** Makes a change that is too large for one transaction. */
  private Optional<TailnetState> makeLarge(
      String name,
      Root.Kept before,
      Root root,
      List<Condition> conditions,
      List<Operation> ends,
      Plan plan)
      throws StoreException {
    String batch = newName();
    List<Operation> whole = new ArrayList<>();
    Operation.Put pending = put(name, root.withPending(Optional.of(batch)));
    whole.add(pending);
    whole.addAll(ends);
    // Who has not seen the commit yet, and would sweep the pieces, finds another header.
    whole.add(new Operation.Put(layout.batch(batch), Values.mark(root.number())));
    // Its rows come into their places on the condition of that root.
    long most =
        Batches.mostBytes(List.of(new Condition(pending.key(), 1, Optional.of(pending.value()))));
    if (plan.rows().isEmpty()
        || plan.rows().stream().anyMatch(each -> Batches.size(each) > most)
        || !Batches.fits(whole, conditions)) {
      throw new StoreException.OverLimit(
          place + ", tailnet \"" + name + "\": a change of more than etcd takes at once");
    }
    Condition header = begin(batch);
    List<Bytes> pieces = Batches.pieces(plan.rows());
    for (int i = 0; i < pieces.size(); i++) {
      keepOn(batch, header, new Operation.Put(layout.piece(batch, i), pieces.get(i)));
    }
    conditions.add(header);
    Optional<TailnetState> made =
        commit(name, before, root.number(), conditions, whole, plan.after());
    if (made.isEmpty()) {
      drop(batch, header);
      return made;
    }
    try {
      Root.Kept now = cache.root(name);
      if (now.root().pending().equals(Optional.of(batch))) {
        finish(name, now, batch, plan.rows());
      }
    } catch (StoreException | EtcdFailure e) {
      // It is made; whoever comes next ends it.
    }
    return made;
  }

  private Condition begin(String batch) throws StoreException {
    String key = layout.batch(batch);
    try {
      EtcdClient.Transacted begun =
          client.transact(
              List.of(new Condition(key, 0)),
              List.of(new Operation.Put(key, Values.mark(newNumber())), last()),
              List.of(new Operation.Get(key)));
      if (begun.done().held()) {
        return new Condition(key, begun.done().header().revision());
      }
      // Nobody else has this name: an earlier attempt was made.
      return new Condition(key, begun.done().read().get(0).orElseThrow().modified());
    } catch (EtcdFailure e) {
      // Nothing but a header may be left, which is swept.
      throw Failures.unchanged(place, e);
    }
  }

  private Operation last() {
    return new Operation.Put(layout.last(), Values.mark(newNumber()));
  }

  private void keepOn(String batch, Condition header, Operation piece) throws StoreException {
    try {
      if (!client.transact(List.of(header), List.of(piece, last()), List.of()).done().held()) {
        throw new StoreException.Busy(
            place + ": a large change took longer than a minute between two of its parts");
      }
    } catch (EtcdFailure e) {
      drop(batch, header);
      throw Failures.unchanged(place, e);
    }
  }

  /**
   * Deletes what was written of a large change that nobody needs; that may also be left.
   *
   * @return false if its header is another one, or gone
   */
  private boolean drop(String batch, Condition header) {
    Operation delete = Parts.delete(layout.batch(batch));
    try {
      EtcdClient.Transacted done;
      try {
        done = client.transact(List.of(header), List.of(delete, last()), List.of());
      } catch (EtcdFailure.Refused e) {
        if (!e.isNoSpace()) {
          throw e;
        }
        // Without space etcd still deletes, but puts nothing.
        done = client.transact(List.of(header), List.of(delete), List.of());
      }
      return done.done().held();
    } catch (EtcdFailure e) {
      // It is swept.
      return true;
    }
  }

  /** Brings the rows of a large change into their places, and ends it. */
  private void finish(String name, Root.Kept root) throws StoreException {
    if (root.root().pending().isEmpty()) {
      return;
    }
    String batch = root.root().pending().get();
    try {
      List<Operation> rows = Batches.read(client, layout, values, batch, 0);
      if (rows.isEmpty()) {
        pass();
        if (cache.root(name).modified() == root.modified()) {
          throw Batches.withoutPieces(layout, values, batch);
        }
        // Another writer was first.
        return;
      }
      finish(name, root, batch, rows);
    } catch (EtcdFailure e) {
      // All of it may be repeated.
      throw Failures.unchanged(place, e);
    }
  }

  private void finish(String name, Root.Kept root, String batch, List<Operation> rows)
      throws EtcdFailure {
    Condition same = Condition.of(layout.root(name), root);
    for (List<Operation> each : Batches.divide(rows, same)) {
      List<Operation> some = new ArrayList<>(each);
      some.add(last());
      if (!client.transact(List.of(same), some, List.of()).done().held()) {
        return;
      }
    }
    long number = newNumber();
    Cache.Waiting waiting = cache.expect(name, number);
    try {
      EtcdClient.Transacted done =
          client.transact(
              List.of(same),
              List.of(
                  new Operation.Put(
                      layout.root(name),
                      Values.root(root.settled().withPending(Optional.empty()).withNumber(number))),
                  Parts.delete(layout.batch(batch)),
                  last()),
              List.of());
      cache.awaitOwn(waiting, done.done().header().revision());
    } finally {
      cache.unexpect(number);
    }
  }

  /**
   * Puts rows that no root tells of, as long as the root stays what they were decided on; for what
   * may be put twice.
   */
  boolean putRows(Root.Kept root, String name, List<Operation> rows) throws StoreException {
    List<Operation> all = new ArrayList<>(rows);
    all.add(last());
    try {
      return client
          .transact(List.of(Condition.of(layout.root(name), root)), all, List.of())
          .done()
          .held();
    } catch (EtcdFailure e) {
      throw translate(e);
    }
  }

  /** Brings what is pending of a tailnet to its end. */
  void finishPending(String name) throws StoreException {
    finish(name, load(name).root());
    pass();
  }

  /** Whether there are large changes that were begun, and that nobody touched for so long. */
  boolean hasLeft(Duration left) {
    return !leftFor(left).isEmpty();
  }

  /** Deletes them. */
  void sweep(Duration left) {
    leftFor(left)
        .forEach(
            (batch, seen) -> {
              // What was deleted without a mark, the watch may have passed over.
              if (!drop(batch, new Condition(layout.batch(batch), seen.modified()))) {
                cache.forgetBatch(batch, seen);
              }
            });
  }

  private Map<String, Cache.Batch> leftFor(Duration left) {
    long now = System.nanoTime();
    Map<String, Cache.Batch> batches = cache.leftBatches();
    batches.values().removeIf(each -> now - each.seen() < left.toNanos());
    return batches;
  }
}
