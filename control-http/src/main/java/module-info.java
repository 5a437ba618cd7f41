/** A control service over HTTP: the server, its settings, its metrics. */
// The metrics library has no module descriptors, only names.
@SuppressWarnings("requires-automatic")
module dev.tka.control.http {
  requires com.fasterxml.jackson.core;
  requires transitive dev.tka.control;
  requires dev.tka.sync;
  requires io.prometheus.metrics.config;
  requires io.prometheus.metrics.core;
  requires io.prometheus.metrics.model;
  requires io.prometheus.writer.text;
  requires org.eclipse.jetty.alpn.server;
  requires org.eclipse.jetty.client;
  requires org.eclipse.jetty.http2.server;
  requires org.eclipse.jetty.server;
  requires org.eclipse.jetty.unixdomain.server;
  requires org.slf4j;
  requires static transitive org.jspecify;

  exports dev.tka.control.http;
}
