/** AUM stores for many tailnets in etcd. */
module dev.tka.store.etcd {
  requires com.fasterxml.jackson.core;
  requires transitive dev.tka.store;
  requires static transitive org.jspecify;

  provides dev.tka.store.StoreKind with
      dev.tka.store.etcd.internal.EtcdKind;

  exports dev.tka.store.etcd;
}
