package dev.tka.store.sql;

import dev.tka.core.store.StoreException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;

/**
 * What a database writes into a row to tell later what changed after a moment. All texts are parts
 * of statements.
 */
abstract class Marks {
  /** Begins a change within {@link SqlTailnets#write}, before the first mark. */
  abstract void advance(Connection connection) throws SQLException;

  /** The mark of this change. */
  abstract String now();

  /** Tells this place from others, and from itself before it was put back; of the table place. */
  abstract String identity() throws StoreException;

  /** The moment of a statement, as text; of the table place. */
  abstract String moment();

  /**
   * Whether a mark is of after a moment.
   *
   * @return with {@code %s} for the mark; empty if the text is no moment
   */
  abstract Optional<String> after(String moment);

  /** Whether a moment is one that this place has not come to; of the table place. */
  abstract String cannotTell(String moment);
}
