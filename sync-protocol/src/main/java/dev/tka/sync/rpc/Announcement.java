package dev.tka.sync.rpc;

import dev.tka.core.AumHash;

/** What a node is told about the lock in its map (service, section 4). */
public sealed interface Announcement {
  /** The HTTP entity tag, quotes included. */
  String etag();

  /**
   * The lock is on.
   *
   * @param head control's head
   */
  record Enabled(AumHash head) implements Announcement {
    @Override
    public String etag() {
      return '"' + head.toString() + '"';
    }
  }

  /** The lock was on, and was switched off. */
  record Disabled() implements Announcement {
    @Override
    public String etag() {
      return "\"disabled\"";
    }
  }

  /** The lock was never on. */
  record Never() implements Announcement {
    @Override
    public String etag() {
      return "\"never\"";
    }
  }
}
