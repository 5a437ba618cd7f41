/** Places to keep AUMs: memory, a shipping node's directory. */
module dev.tka.store {
  requires transitive dev.tka.core;
  requires static transitive org.jspecify;

  exports dev.tka.store;
}
