/** Signs nodes without a person, by a policy. */
// jose4j has no module descriptor, only a name.
@SuppressWarnings("requires-automatic")
module dev.tka.broker {
  requires com.fasterxml.jackson.core;
  requires transitive dev.tka.client;
  requires transitive dev.tka.core;
  requires transitive dev.tka.signer;
  requires dev.tka.store;
  requires java.net.http;
  requires org.eclipse.jetty.server;
  requires org.eclipse.jetty.unixdomain.server;
  requires org.jose4j;
  requires transitive org.pcollections;
  requires static transitive org.jspecify;

  exports dev.tka.broker;
}
