package dev.tka.node;

/** What a node may exchange with the holder of a node key. */
public enum PeerAccess {
  /** Nothing: no peer has this key, or those that have it are dropped. */
  NONE,
  /** Its peer API alone: control marks it as unsigned (protocol, section 7). */
  PEER_API,
  /** Everything that other rules allow. */
  FULL
}
