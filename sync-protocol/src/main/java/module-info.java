/** Sync: offers, intersections, missing AUMs, and the two ends of a round. */
module dev.tka.sync {
  requires transitive dev.tka.core;
  requires static transitive org.jspecify;

  exports dev.tka.sync;
}
