/** Places to keep AUMs, a shipping node's directory, and files to keep private keys. */
module dev.tka.store {
  requires transitive dev.tka.core;
  requires static transitive org.jspecify;

  exports dev.tka.store;
}
