/** Sync: offers, intersections, missing AUMs, the two ends of a round, and their JSON. */
module dev.tka.sync {
  requires transitive com.fasterxml.jackson.core;
  requires transitive dev.tka.core;
  requires static transitive org.jspecify;

  exports dev.tka.sync;
  exports dev.tka.sync.rpc;
}
