/** Formats of transparency logs: signed notes, checkpoints, tiles, proofs, cosignatures. */
module dev.tka.tlog {
  requires transitive dev.tka.core;
  requires org.bouncycastle.provider;
  requires static transitive org.jspecify;

  exports dev.tka.tlog;
  exports dev.tka.tlog.heads;
}
