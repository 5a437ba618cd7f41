/** The {@code tka} command. */
module dev.tka.cli {
  requires com.fasterxml.jackson.core;
  requires com.fasterxml.jackson.jr.ob;
  requires dev.tka.broker;
  requires dev.tka.client;
  requires dev.tka.compaction;
  requires dev.tka.conformance;
  requires dev.tka.control;
  requires dev.tka.control.http;
  requires dev.tka.core;
  requires dev.tka.node;
  requires dev.tka.signer;
  requires dev.tka.store;
  requires dev.tka.store.etcd;
  requires dev.tka.store.sql;
  requires dev.tka.sync;
  requires dev.tka.tlog;
  requires dev.tka.witness;
  requires info.picocli;
  requires org.eclipse.jetty.client;
  requires org.newsclub.net.unix;
  requires static transitive org.jspecify;

  // picocli sets the fields of the commands by reflection.
  opens dev.tka.cli.command to
      info.picocli;
  opens dev.tka.cli.demo to
      info.picocli;
  opens dev.tka.cli.input to
      info.picocli;
}
