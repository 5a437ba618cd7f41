/** Clients of a running control service and of tailscaled, and the kinds of stores they are. */
module dev.tka.client {
  requires com.fasterxml.jackson.core;
  requires transitive dev.tka.store;
  requires transitive dev.tka.sync;
  requires org.eclipse.jetty.client;
  requires static transitive org.jspecify;

  provides dev.tka.store.StoreKind with
      dev.tka.client.internal.ServerKind,
      dev.tka.client.internal.TailscaledKind;

  exports dev.tka.client;
  exports dev.tka.client.localapi;
}
