package dev.tka.store.sql;

import dev.tka.core.store.StoreException;
import dev.tka.store.RecordsPoll;
import dev.tka.store.records.Changes;
import java.util.List;
import java.util.Optional;

/** Reads what was committed, for a watch of records. Used by one thread. */
final class RecordsReader implements RecordsPoll.Source {
  private final OwnConnection own;
  private final SqlRecords records;

  /** The last position that was given out. */
  private Optional<Changes.Position> given = Optional.empty();

  RecordsReader(OwnConnection own, SqlRecords records) {
    this.own = own;
    this.records = records;
  }

  @Override
  public Changes.Position position() throws StoreException {
    Changes.Position found =
        own.read(records::position, true)
            .orElseThrow(() -> new IllegalStateException("the watch is closed"));
    given = Optional.of(found);
    return found;
  }

  @Override
  public Changes changesAfter(Changes.Position position, int most) throws StoreException {
    // If the last report was not taken, it is read again.
    boolean again = !given.equals(Optional.of(position));
    Changes found =
        own.read(connection -> records.changesAfter(connection, position, most), again)
            .orElseGet(() -> new Changes(position, true, List.of()));
    given = Optional.of(found.position());
    return found;
  }
}
