/** AUM stores for many tailnets in a database: SQLite, PostgreSQL. */
// pgjdbc has no module descriptor, only a name.
@SuppressWarnings("requires-automatic")
module dev.tka.store.sql {
  requires com.zaxxer.hikari;
  requires transitive dev.tka.store;
  requires java.sql;
  requires org.postgresql.jdbc;
  requires org.slf4j;
  requires org.xerial.sqlitejdbc;
  requires static transitive org.jspecify;

  provides dev.tka.store.StoreKind with
      dev.tka.store.sql.internal.PostgresKind,
      dev.tka.store.sql.internal.SqliteKind;

  exports dev.tka.store.sql;
}
