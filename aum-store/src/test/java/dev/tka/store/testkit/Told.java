package dev.tka.store.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import dev.tka.store.Tailnets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;

/** Records the reports of a watch. */
public final class Told implements Tailnets.Watcher {
  private static final int SECONDS = 60;

  private final Map<String, Long> revisions = new HashMap<>();
  private final List<StoreException> losses = new ArrayList<>();
  private boolean inOrder = true;
  private boolean caughtUp;
  private long moment;
  private long calls;

  @Override
  public synchronized void found(Map<String, Revision> all) {
    all.forEach(
        (tailnet, revision) -> {
          Long before = revisions.get(tailnet);
          inOrder &= before == null || before <= revision.value();
        });
    revisions.clear();
    all.forEach((tailnet, revision) -> revisions.put(tailnet, revision.value()));
    called();
  }

  @Override
  public synchronized void caughtUp(long upTo) {
    caughtUp = true;
    moment = upTo;
    called();
  }

  @Override
  public synchronized void lost(StoreException why) {
    caughtUp = false;
    losses.add(why);
    called();
  }

  private void called() {
    calls++;
    notifyAll();
  }

  /** Waits until a tailnet's revision has been reported, and the watch has caught up. */
  public void await(String tailnet, Revision revision) throws InterruptedException {
    await(tailnet, revision::equals, revision.toString());
  }

  /**
   * Waits until the newest reported revision matches, and the watch has caught up.
   *
   * @param what describes the revision
   */
  public void await(String tailnet, Predicate<Revision> revision, String what)
      throws InterruptedException {
    await(
        tailnet + " at " + what,
        () ->
            caughtUp
                && revisions.containsKey(tailnet)
                && revision.test(new Revision(revisions.get(tailnet))));
  }

  /** Waits until everything before a moment has been reported. */
  public void awaitCaughtUp(long upTo) throws InterruptedException {
    await("caught up", () -> caughtUp && moment - upTo >= 0);
  }

  /** Waits until the watch is lost and has not caught up again. */
  public void awaitLoss() throws InterruptedException {
    await("lost", () -> !caughtUp && !losses.isEmpty());
  }

  private synchronized void await(String what, BooleanSupplier done) throws InterruptedException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
    while (!done.getAsBoolean() && System.nanoTime() < end) {
      wait(100);
    }
    assertThat(done.getAsBoolean())
        .as(what + "; told: " + revisions + "; lost: " + losses)
        .isTrue();
  }

  /**
   * Waits until a report says that there are exactly these tailnets, and the watch has caught up.
   */
  public void awaitExactly(Map<String, Revision> expected) throws InterruptedException {
    Map<String, Long> values = new HashMap<>();
    expected.forEach((tailnet, revision) -> values.put(tailnet, revision.value()));
    await("exactly " + values, () -> caughtUp && revisions.equals(values));
  }

  public synchronized boolean inOrder() {
    return inOrder;
  }

  public synchronized List<StoreException> losses() {
    return List.copyOf(losses);
  }

  public synchronized long calls() {
    return calls;
  }
}
