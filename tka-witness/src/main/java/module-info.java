/** Cosigns the checkpoints of transparency logs. */
module dev.tka.witness {
  requires dev.tka.store;
  requires transitive dev.tka.tlog;
  requires org.eclipse.jetty.server;
  requires org.eclipse.jetty.unixdomain.server;
  requires static transitive org.jspecify;

  exports dev.tka.witness;
}
