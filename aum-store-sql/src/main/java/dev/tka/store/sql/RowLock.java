package dev.tka.store.sql;

/** How strongly a row is locked, for databases that lock rows. */
enum RowLock {
  /** It is not deleted in the meantime. */
  KEY_SHARE(" for key share"),
  /** It does not change in the meantime. */
  SHARE(" for share"),
  /** Only this transaction changes it; it is not deleted. */
  NO_KEY_UPDATE(" for no key update"),
  /** Only this transaction changes or deletes it. */
  UPDATE(" for update");

  /** The end of a select of PostgreSQL. */
  final String clause;

  RowLock(String clause) {
    this.clause = clause;
  }
}
