package dev.tka.store.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.store.StoreException;
import dev.tka.store.records.Changes;
import dev.tka.store.records.ControlRecords;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** Records the reports of a watch of records. */
public final class Followed implements ControlRecords.Watcher {
  private static final int SECONDS = 60;

  private final List<Changes> reports = new ArrayList<>();
  private final List<StoreException> losses = new ArrayList<>();
  private final Set<Thread> callers = new HashSet<>();
  private final Set<String> named = new TreeSet<>();
  private boolean failing;
  private boolean lost;
  private boolean overlapped;
  private boolean inCall;
  private long moment = System.nanoTime() - TimeUnit.HOURS.toNanos(1);

  @Override
  public void changed(Changes changes, long upTo) {
    enter();
    synchronized (this) {
      inCall = false;
      if (failing) {
        throw new IllegalArgumentException("told to throw");
      }
      lost = false;
      moment = upTo;
      reports.add(changes);
      changes.tailnets().forEach(each -> named.add(each.tailnet()));
      notifyAll();
    }
  }

  @Override
  public void lost(StoreException why) {
    enter();
    synchronized (this) {
      inCall = false;
      lost = true;
      losses.add(why);
      notifyAll();
    }
  }

  private synchronized void enter() {
    overlapped |= inCall;
    inCall = true;
    callers.add(Thread.currentThread());
  }

  /** Has reports fail, or no longer. */
  public synchronized void fail(boolean fails) {
    failing = fails;
  }

  /** Waits until all that was committed before this call has been reported. */
  public void catchUp() throws InterruptedException {
    long now = System.nanoTime();
    await("caught up", () -> !lost && moment - now >= 0);
  }

  /** Waits until a tailnet was named. */
  public void await(String tailnet) throws InterruptedException {
    await(tailnet, () -> named.contains(tailnet));
  }

  /** Waits until the place is lost. */
  public void awaitLoss() throws InterruptedException {
    await("lost", () -> lost);
  }

  /** Waits until so many reports came. */
  public void awaitReports(int count) throws InterruptedException {
    await(count + " reports", () -> reports.size() >= count);
  }

  private synchronized void await(String what, BooleanSupplier done) throws InterruptedException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
    while (!done.getAsBoolean() && System.nanoTime() < end) {
      wait(100);
    }
    assertThat(done.getAsBoolean()).as(what + "; reported: " + reports + "; " + losses).isTrue();
  }

  public synchronized List<Changes> reports() {
    return List.copyOf(reports);
  }

  /** The tailnets that were named since this was last called. */
  public synchronized Set<String> named() {
    Set<String> now = new TreeSet<>(named);
    named.clear();
    return now;
  }

  public synchronized boolean byOneThreadAtATime() {
    return !overlapped && callers.size() == 1;
  }
}
