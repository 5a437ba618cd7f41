/** What a store may forget: policy, plan, and its application. */
module dev.tka.compaction {
  requires transitive dev.tka.core;
  requires static transitive org.jspecify;

  exports dev.tka.compaction;
}
