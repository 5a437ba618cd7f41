/** Places to keep AUMs, a shipping node's directory, SQLite, and files to keep private keys. */
module dev.tka.store {
  requires com.github.benmanes.caffeine;
  requires transitive dev.tka.core;
  requires java.sql;
  requires org.xerial.sqlitejdbc;
  requires static transitive org.jspecify;

  exports dev.tka.store;
}
