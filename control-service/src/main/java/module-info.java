/** A control server's work with the authorities of many tailnets. */
module dev.tka.control {
  requires com.github.benmanes.caffeine;
  requires transitive dev.tka.store;
  requires transitive dev.tka.sync;
  requires static transitive org.jspecify;

  exports dev.tka.control;
  exports dev.tka.control.move;
}
