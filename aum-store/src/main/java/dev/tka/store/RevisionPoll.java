package dev.tka.store;

import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/** Watches a place by polling its revisions, for {@link Tailnets#watch}. */
public final class RevisionPoll {
  /** The polling interval for places where a poll is cheap. */
  public static final Duration INTERVAL = Duration.ofMillis(100);

  private RevisionPoll() {}

  /** Reads the revisions of a place. */
  @FunctionalInterface
  public interface Revisions extends Poll.Source<Map<String, Revision>> {
    /**
     * All revisions by the tailnet's name; empty if nothing whatever was committed since this last
     * returned. Revisions that are equal again do not show that: a backup may have been put back.
     *
     * @throws StoreException if they cannot be read; they are read again after the interval
     */
    @Override
    Optional<Map<String, Revision>> read() throws StoreException;
  }

  /**
   * Begins to watch.
   *
   * @param interval the longest wait between two reads
   */
  public static Poll<Map<String, Revision>> begin(
      Revisions revisions, Duration interval, Tailnets.Watcher watcher) {
    return Poll.begin(revisions, interval, new Reporting(watcher));
  }

  /** Tells a watcher what was read. */
  private record Reporting(Tailnets.Watcher watcher)
      implements Poll.Receiver<Map<String, Revision>> {
    @Override
    public void caughtUp(Optional<Map<String, Revision>> found, long moment) {
      found.ifPresent(watcher::found);
      watcher.caughtUp(moment);
    }

    @Override
    public void lost(StoreException why) {
      watcher.lost(why);
    }
  }
}
