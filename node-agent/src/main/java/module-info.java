/** A node's agent: it follows control's chain, and knows which peers are signed without control. */
module dev.tka.node {
  requires com.fasterxml.jackson.core;
  requires dev.tka.compaction;
  requires transitive dev.tka.core;
  requires transitive dev.tka.store;
  requires transitive dev.tka.sync;
  requires java.net.http;
  requires static transitive org.jspecify;

  exports dev.tka.node;
}
