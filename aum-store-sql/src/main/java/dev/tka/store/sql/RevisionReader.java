package dev.tka.store.sql;

import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import dev.tka.store.RevisionPoll;
import java.util.Map;
import java.util.Optional;

/**
 * Reads the revisions for a watch.
 *
 * @param schema what stands before the name of a table
 */
record RevisionReader(OwnConnection own, String schema) implements RevisionPoll.Revisions {
  @Override
  public Optional<Map<String, Revision>> read() throws StoreException {
    return own.read(connection -> SqlTailnets.revisions(connection, schema), false);
  }
}
