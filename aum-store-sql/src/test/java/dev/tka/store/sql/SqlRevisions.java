package dev.tka.store.sql;

import dev.tka.core.store.Revision;

/** What tests know of the revisions of a database. */
public final class SqlRevisions {
  private SqlRevisions() {}

  /** How many commits led to a revision. */
  public static long number(Revision revision) {
    return revision.value() >> SqlTailnets.CHECKSUM_BITS;
  }
}
