package dev.tka.store;

import dev.tka.core.store.StoreException;
import dev.tka.store.records.Changes;
import dev.tka.store.records.ControlRecords;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Watches what a place keeps for a control server, by asking what was committed since the last
 * report, for {@link ControlRecords#watch}.
 */
public final class RecordsPoll {
  /** The longest interval between two reports to a watcher. */
  public static final Duration INTERVAL = Duration.ofMillis(500);

  /** The most nodes of one tailnet that a report names. */
  public static final int MOST_NODES = 1000;

  private RecordsPoll() {}

  /** Reads what was committed. */
  public interface Source {
    /**
     * The position after everything that is committed now.
     *
     * @throws StoreException if the place cannot be read
     */
    Changes.Position position() throws StoreException;

    /**
     * What was committed after a position, as {@link ControlRecords#changesAfter} says.
     *
     * @throws StoreException if the place cannot be read
     */
    Changes changesAfter(Changes.Position position, int most) throws StoreException;
  }

  /**
   * Begins to watch.
   *
   * @param interval the longest wait between two looks, at most {@link #INTERVAL}
   */
  public static Poll<Changes> begin(
      Source source, Duration interval, ControlRecords.Watcher watcher) {
    Following following = new Following(source, watcher);
    return Poll.begin(following, interval, following);
  }

  /** Goes on from what the watcher was told last. Used by the poll's thread alone. */
  private static final class Following implements Poll.Source<Changes>, Poll.Receiver<Changes> {
    private final Source source;
    private final ControlRecords.Watcher watcher;
    private Optional<Changes.Position> told = Optional.empty();

    Following(Source source, ControlRecords.Watcher watcher) {
      this.source = source;
      this.watcher = watcher;
    }

    @Override
    public Optional<Changes> read() throws StoreException {
      return Optional.of(
          told.isPresent()
              ? source.changesAfter(told.get(), MOST_NODES)
              : new Changes(source.position(), true, List.of()));
    }

    @Override
    public void caughtUp(Optional<Changes> found, long moment) {
      Changes changes = found.orElseThrow();
      watcher.changed(changes, moment);
      told = Optional.of(changes.position());
    }

    @Override
    public void lost(StoreException why) {
      watcher.lost(why);
    }
  }
}
