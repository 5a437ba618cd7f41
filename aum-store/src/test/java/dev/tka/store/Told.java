package dev.tka.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** Keeps what a watch tells. */
final class Told implements Tailnets.Watcher {
  private static final int SECONDS = 60;

  private final Map<String, Long> revisions = new HashMap<>();
  private final List<StoreException> losses = new ArrayList<>();
  private boolean inOrder = true;
  private boolean caughtUp;
  private long moment;
  private long calls;

  @Override
  public synchronized void changed(String tailnet, Revision revision) {
    Long before = revisions.put(tailnet, revision.value());
    inOrder &= before == null || before < revision.value();
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

  /** Waits until a tailnet's revision was told, and caught up with. */
  void await(String tailnet, Revision revision) throws InterruptedException {
    await(
        tailnet + " at " + revision,
        () -> caughtUp && revisions.getOrDefault(tailnet, 0L) == revision.value());
  }

  /** Waits until so many commits to a tailnet were told, and caught up with. */
  void await(String tailnet, int commits) throws InterruptedException {
    await(
        tailnet + " at commit " + commits,
        () ->
            caughtUp
                && revisions.getOrDefault(tailnet, 0L) >> SqlTailnets.CHECKSUM_BITS == commits);
  }

  /** Waits until all up to a moment was told. */
  void awaitCaughtUp(long upTo) throws InterruptedException {
    await("caught up", () -> caughtUp && moment - upTo >= 0);
  }

  /** Waits until a loss was told that nothing was caught up from yet. */
  void awaitLoss() throws InterruptedException {
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

  synchronized boolean inOrder() {
    return inOrder;
  }

  synchronized List<StoreException> losses() {
    return List.copyOf(losses);
  }

  synchronized long calls() {
    return calls;
  }
}
