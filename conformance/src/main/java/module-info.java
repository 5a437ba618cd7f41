/** Judges data by the specification: golden data of the reference, or anybody's. */
module dev.tka.conformance {
  requires com.fasterxml.jackson.core;
  requires com.fasterxml.jackson.jr.ob;
  requires dev.tka.compaction;
  requires dev.tka.core;
  requires dev.tka.store;
  requires dev.tka.sync;
  requires static transitive org.jspecify;

  exports dev.tka.conformance;
}
