package dev.tka.store.sql;

import dev.tka.core.store.Revision;

/** Lets tests look into a database's revisions. */
public final class SqlRevisions {
  private SqlRevisions() {}

  /** The number of commits that led to a revision. */
  public static long number(Revision revision) {
    return revision.value() >> SqlTailnets.CHECKSUM_BITS;
  }
}
