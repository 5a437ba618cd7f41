/** The key authority: values, canonical encoding, verification, state machine, fork resolution. */
module dev.tka.core {
  requires cafe.cryptography.curve25519_elisabeth;
  requires com.fasterxml.jackson.core;
  requires com.fasterxml.jackson.dataformat.cbor;
  requires org.bouncycastle.provider;
  requires org.slf4j;
  requires static transitive org.jspecify;

  exports dev.tka.core;
  exports dev.tka.core.authority;
  exports dev.tka.core.nodekey;
  exports dev.tka.core.store;
  exports dev.tka.core.internal to
      dev.tka.cli,
      dev.tka.conformance,
      dev.tka.store,
      dev.tka.store.sql,
      dev.tka.tlog;
}
