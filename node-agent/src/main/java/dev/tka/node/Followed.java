package dev.tka.node;

import dev.tka.core.AumHash;
import dev.tka.sync.SyncOutcome;

/** How a node stands after it followed what control announced (service, section 9). */
public sealed interface Followed {
  /** A stable identifier for programs, such as {@code agrees}. */
  String kind();

  /** How the node stands, as a sentence without its capital letter and full stop. */
  String reason();

  /** Whether there is nothing left to do until control announces something else. */
  boolean isSettled();

  /** The lock is off, here and at control: every peer is let in. */
  record LockOff() implements Followed {
    @Override
    public String kind() {
      return "lock-off";
    }

    @Override
    public String reason() {
      return "tailnet lock is off";
    }

    @Override
    public boolean isSettled() {
      return true;
    }
  }

  /** The lock was on here, and was ended with a secret that this node verified. */
  record Ended(AumHash head) implements Followed {
    @Override
    public String kind() {
      return "ended";
    }

    @Override
    public String reason() {
      return "tailnet lock was disabled with its secret; its last head here was " + head;
    }

    @Override
    public boolean isSettled() {
      return true;
    }
  }

  /**
   * The lock is on, and the node's head is control's.
   *
   * @param joined whether the node has begun this authority only now
   * @param forgotten how many AUMs it has compacted away
   */
  record Agrees(AumHash head, boolean joined, int forgotten) implements Followed {
    @Override
    public String kind() {
      return "agrees";
    }

    @Override
    public String reason() {
      return (joined ? "joined the authority of control; " : "") + "the heads agree: " + head;
    }

    @Override
    public boolean isSettled() {
      return true;
    }
  }

  /** The lock is on, and rounds did not bring the heads together. The node keeps to its own. */
  record Apart(SyncOutcome outcome) implements Followed {
    @Override
    public String kind() {
      return outcome.kind();
    }

    @Override
    public String reason() {
      return outcome.reason();
    }

    @Override
    public boolean isSettled() {
      return false;
    }
  }

  /**
   * Control says that the lock is off, and has not shown the secret that ends it. It stays on.
   *
   * @param what control showed instead
   */
  record Unproven(String what) implements Followed {
    @Override
    public String kind() {
      return "unproven";
    }

    @Override
    public String reason() {
      return "control says that tailnet lock is off, but " + what + ": it stays on here";
    }

    @Override
    public boolean isSettled() {
      return false;
    }
  }

  /** The AUMs that are kept here turned out to be damaged: nobody is let in. */
  record Damaged() implements Followed {
    @Override
    public String kind() {
      return "damaged";
    }

    @Override
    public String reason() {
      return "the AUMs that are kept here are damaged: nobody is let in until control answers again";
    }

    @Override
    public boolean isSettled() {
      return false;
    }
  }

  /** The lock is on at control with an authority that this node does not join. It stays off. */
  record Disallowed(StateIds ids) implements Followed {
    @Override
    public String kind() {
      return "disallowed";
    }

    @Override
    public String reason() {
      return "control's authority " + ids + " was disabled on this node: it is not joined again";
    }

    @Override
    public boolean isSettled() {
      return true;
    }
  }

  /**
   * Control's authority is not one that this node can begin with. Nothing changed.
   *
   * @param why as a phrase
   */
  record NotJoined(String why) implements Followed {
    @Override
    public String kind() {
      return "not-joined";
    }

    @Override
    public String reason() {
      return "control's authority is not joined: " + why;
    }

    @Override
    public boolean isSettled() {
      return false;
    }
  }
}
