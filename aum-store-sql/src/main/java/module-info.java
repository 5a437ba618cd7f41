/** AUM stores for many tailnets in a database: SQLite, PostgreSQL. */
// pgjdbc has no module descriptor, only a name.
@SuppressWarnings("requires-automatic")
module dev.tka.store.sql {
  // The library for Unix sockets, which finds its native part only in a module that is there.
  requires com.kohlschutter.junixsocket.nativecommon;
  requires com.zaxxer.hikari;
  requires transitive dev.tka.store;
  requires java.sql;
  requires org.newsclub.net.unix;
  requires org.postgresql.jdbc;
  requires org.slf4j;
  requires org.xerial.sqlitejdbc;
  requires static transitive org.jspecify;

  provides dev.tka.store.StoreKind with
      dev.tka.store.sql.internal.PostgresKind,
      dev.tka.store.sql.internal.SqliteKind;

  exports dev.tka.store.sql;
}
