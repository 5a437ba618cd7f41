/** A client of a running control service, and the kind of store that such a service is. */
module dev.tka.client {
  requires com.fasterxml.jackson.core;
  requires transitive dev.tka.store;
  requires transitive dev.tka.sync;
  requires org.eclipse.jetty.client;
  requires static transitive org.jspecify;

  provides dev.tka.store.StoreKind with
      dev.tka.client.internal.ServerKind;

  exports dev.tka.client;
}
