/** AUM stores that need no database, exports, and key files. */
module dev.tka.store {
  requires transitive dev.tka.core;
  requires transitive dev.tka.tlog;
  requires com.fasterxml.jackson.core;
  requires org.pcollections;
  requires org.slf4j;
  requires static transitive org.jspecify;

  uses dev.tka.store.StoreKind;

  provides dev.tka.store.StoreKind with
      dev.tka.store.internal.DirectoryKind,
      dev.tka.store.json.JsonKind;

  exports dev.tka.store;
  exports dev.tka.store.directory;
  exports dev.tka.store.export;
  exports dev.tka.store.records;
  exports dev.tka.store.internal to
      dev.tka.broker,
      dev.tka.cli,
      dev.tka.node,
      dev.tka.store.etcd,
      dev.tka.store.sql,
      dev.tka.witness;
  exports dev.tka.store.state to
      dev.tka.store.etcd,
      dev.tka.store.sql;
}
