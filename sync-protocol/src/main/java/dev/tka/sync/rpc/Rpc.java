package dev.tka.sync.rpc;

import java.util.Arrays;
import java.util.Optional;

/** The requests that nodes send to control (protocol, section 8). */
public enum Rpc {
  /** Begins an authority: the answer names the nodes to sign. */
  INIT_BEGIN("init/begin"),
  /** Brings those signatures, and switches the lock on. */
  INIT_FINISH("init/finish"),
  /** Asks how an authority begins, or what ended it. */
  BOOTSTRAP("bootstrap"),
  /** The first half of a round. */
  SYNC_OFFER("sync/offer"),
  /** The second half of a round, and how edits come to control. */
  SYNC_SEND("sync/send"),
  /** Ends the authority. */
  DISABLE("disable"),
  /** Brings a node-key signature. */
  SIGN("sign"),
  /** Asks for the signatures that rest on a key. */
  AFFECTED_SIGS("affected-sigs");

  private final String path;

  Rpc(String path) {
    this.path = path;
  }

  /** The path below {@code /machine/tka/}. */
  public String path() {
    return path;
  }

  /** The request with a path below {@code /machine/tka/}; empty if there is none. */
  public static Optional<Rpc> of(String path) {
    return Arrays.stream(values()).filter(each -> each.path.equals(path)).findFirst();
  }

  @Override
  public String toString() {
    return path;
  }
}
