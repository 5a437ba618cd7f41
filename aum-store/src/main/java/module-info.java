/**
 * Places to keep AUMs, a shipping node's directory, SQLite, PostgreSQL, and files to keep private
 * keys.
 */
// pgjdbc and Flyway have no module descriptors, only names.
@SuppressWarnings("requires-automatic")
module dev.tka.store {
  requires com.github.benmanes.caffeine;
  requires transitive dev.tka.core;
  requires com.zaxxer.hikari;
  requires java.sql;
  requires org.flywaydb.core;
  requires org.postgresql.jdbc;
  requires org.xerial.sqlitejdbc;
  requires static transitive org.jspecify;

  exports dev.tka.store;
}
