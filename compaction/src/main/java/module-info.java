/** Compaction: deciding which AUMs a store may forget, and purging them. */
module dev.tka.compaction {
  requires transitive dev.tka.core;
  requires static transitive org.jspecify;

  exports dev.tka.compaction;
}
