package dev.tka.control.move;

import dev.tka.core.store.StoreException;
import dev.tka.store.Tailnets;
import dev.tka.store.records.Changes;
import dev.tka.store.records.ControlRecords;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * Keeps a copy of a tailnet at another place that follows what happens, and compares the two
 * (service, section 7). The copy is a shadow that nobody else sees; {@link Move} takes it over.
 *
 * <p>For one thread.
 */
public final class Mirror {
  private static final int TOKEN_BYTES = 8;
  private static final Duration BETWEEN_LOOKS = Duration.ofMillis(50);

  private static final Duration POLL = Duration.ofSeconds(1);

  /** Where nothing changes, all of it is compared again after this time. */
  private static final Duration BETWEEN_COMPARISONS = Duration.ofMinutes(1);

  private final Mover mover;
  private final String random;

  private Mirror(Mover mover, String random) {
    this.mover = mover;
    this.random = random;
  }

  /**
   * A mirror; nothing happens yet.
   *
   * @throws MoveException if the places keep no records of control, or are one
   */
  public static Mirror of(
      MovePlace source,
      MovePlace target,
      String tailnet,
      Clock clock,
      SecureRandom random,
      MoveListener listener)
      throws MoveException {
    return of(source, target, tailnet, clock, Waiting.REAL, random, listener);
  }

  /** A mirror whose waits tests can see. */
  static Mirror of(
      MovePlace source,
      MovePlace target,
      String tailnet,
      Clock clock,
      Waiting waiting,
      SecureRandom random,
      MoveListener listener)
      throws MoveException {
    byte[] token = new byte[TOKEN_BYTES];
    random.nextBytes(token);
    return new Mirror(
        new Mover(source, target, tailnet, clock, waiting, listener),
        HexFormat.of().formatHex(token));
  }

  /**
   * Copies what differs and compares all of it, once.
   *
   * @return what was copied
   * @throws MoveException if there can be no copy, or the copy is not equal although it should be
   */
  public Copied once() throws MoveException, StoreException, InterruptedException {
    return attempt(true);
  }

  /**
   * Follows with several mirrors of one source until this thread is interrupted, or none is left. A
   * difference is told to the listener, and mended. A mirror that cannot go on, as when a move
   * takes its copy over, ends and tells so; one whose place is out of reach tries again.
   *
   * @throws InterruptedException when this thread is interrupted; the copies stay
   */
  public static void follow(MovePlace source, List<Mirror> mirrors)
      throws MoveException, InterruptedException {
    BlockingQueue<Optional<Changes>> news = new LinkedBlockingQueue<>();
    List<Mirror> left = new ArrayList<>(mirrors);
    Set<Mirror> due = new LinkedHashSet<>(left);
    long comparedAt = System.nanoTime();
    boolean compares = true;
    Tailnets.Watch watch = source.records().watch(new Telling(news));
    try (watch) {
      while (!left.isEmpty()) {
        for (Mirror each : List.copyOf(due)) {
          if (each.tries(compares, left)) {
            due.remove(each);
          }
        }
        Optional<Changes> changes = news.poll(POLL.toMillis(), TimeUnit.MILLISECONDS);
        for (; changes != null; changes = news.poll()) {
          Optional<Changes> told = changes;
          left.stream().filter(each -> each.isIn(told)).forEach(due::add);
        }
        compares = System.nanoTime() - comparedAt >= BETWEEN_COMPARISONS.toNanos();
        if (compares) {
          due.addAll(left);
          comparedAt = System.nanoTime();
        }
      }
    }
  }

  private boolean isIn(Optional<Changes> changes) {
    return changes.isEmpty()
        || !changes.get().complete()
        || changes.get().tailnets().stream().anyMatch(e -> e.tailnet().equals(mover.tailnet));
  }

  /** Makes a round; false if it is to be tried again. */
  private boolean tries(boolean compares, List<Mirror> left) throws InterruptedException {
    try {
      attempt(compares);
      return true;
    } catch (MoveException e) {
      mover.listener.failed(e);
      left.remove(this);
      return true;
    } catch (StoreException e) {
      mover.listener.failed(e);
      return false;
    }
  }

  private Copied attempt(boolean compares)
      throws MoveException, StoreException, InterruptedException {
    Retries retries = new Retries(mover.waiting);
    while (true) {
      try {
        hold();
        return round(compares);
      } catch (StoreException e) {
        if (!retries.pause(e, false)) {
          throw e;
        }
      }
    }
  }

  /** Has the shadow, or says why not. */
  private void hold() throws MoveException, StoreException, InterruptedException {
    Step step = Steps.mirror(mover.look(), mover.own(), random, mover.now());
    while (step.kind() != Step.Kind.FOLLOW) {
      mover.listener.step(step.kind());
      if (step.kind() == Step.Kind.WAIT) {
        mover.waiting.sleep().pass(BETWEEN_LOOKS);
      } else {
        mover.change(step);
      }
      step = Steps.mirror(mover.look(), mover.own(), random, mover.now());
    }
  }

  private Copied round(boolean compares) throws MoveException, StoreException {
    // What the last round left must be there still: nobody else writes to a shadow.
    boolean looks = compares && mover.copying().hasCopied();
    Optional<String> foreign = looks ? mover.copying().difference(true) : Optional.empty();
    if (foreign.isPresent()) {
      mover.listener.differs(foreign.get());
      mover.copying().startOver();
    }
    Copied copied = mover.copying().round(true);
    boolean isCompared = looks && foreign.isEmpty() && copied.isNothing();
    Optional<String> difference =
        compares && !isCompared ? mover.copying().difference(true) : Optional.empty();
    if (difference.isPresent()) {
      mover.listener.differs(difference.get());
      mover.copying().startOver();
      copied = copied.plus(mover.copying().round(true));
      difference = mover.copying().difference(true);
      if (difference.isPresent()) {
        throw new MoveException(
            MoveException.Reason.DIFFERS,
            mover.target.name()
                + ": the copy is not equal to what was copied, also when it is made anew: "
                + difference.get());
      }
    }
    mover.listener.copied(copied);
    return copied;
  }

  /** Queues what was committed at the source; nothing stands for what is not known. */
  private record Telling(BlockingQueue<Optional<Changes>> news) implements ControlRecords.Watcher {
    @Override
    public void changed(Changes changes, long moment) {
      if (!changes.complete() || !changes.tailnets().isEmpty()) {
        news.add(Optional.of(changes));
      }
    }

    @Override
    public void lost(StoreException why) {
      // The next round fails with it.
      news.add(Optional.empty());
    }
  }
}
