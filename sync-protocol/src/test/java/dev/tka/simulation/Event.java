package dev.tka.simulation;

import java.time.Duration;

/**
 * One thing that happens to a tailnet. Nodes, keys and places on the chain are named by numbers
 * that are folded into the range there is at that moment, and what cannot happen then does not: so
 * any part of a list of events is a scenario, too, and a failing one can be shrunk.
 */
sealed interface Event {
  /** Lets it happen. */
  void happen(Tailnet tailnet);

  /** Where an edit goes first. */
  enum Via {
    /** Straight to control, as shipping commands do; the node sees it when it syncs. */
    CONTROL,
    /** Into the node's own store, connected or not. */
    OWN_STORE
  }

  /** Which message of a round is lost. */
  enum Loss {
    NONE,
    OFFER,
    ANSWER,
    SEND,
    ACKNOWLEDGEMENT
  }

  /** Time passes. */
  record Pass(Duration time) implements Event {
    @Override
    public void happen(Tailnet tailnet) {
      tailnet.pass(time);
    }
  }

  /** A node makes edits on its head. */
  record Edits(int node, int count, Via via) implements Event {
    @Override
    public void happen(Tailnet tailnet) {
      tailnet.edits(node, count, via);
    }
  }

  /** A node submits one edit to control that it made on the AUM this far back from its head. */
  record StaleEdit(int node, int back) implements Event {
    @Override
    public void happen(Tailnet tailnet) {
      tailnet.staleEdit(node, back);
    }
  }

  /** A node makes an edit on its head and keeps it to itself. */
  record Draft(int node) implements Event {
    @Override
    public void happen(Tailnet tailnet) {
      tailnet.draft(node);
    }
  }

  /** A node submits what it drafted to control, as it was. */
  record Submit(int node) implements Event {
    @Override
    public void happen(Tailnet tailnet) {
      tailnet.submit(node);
    }
  }

  /** A node adds a new key for itself and removes the old one. */
  record Rotate(int node, boolean signedByNew, Via via) implements Event {
    @Override
    public void happen(Tailnet tailnet) {
      tailnet.rotate(node, signedByNew, via);
    }
  }

  /** A node adds the key of another one, which is not trusted yet, or not any more. */
  record Trust(int node, int whom) implements Event {
    @Override
    public void happen(Tailnet tailnet) {
      tailnet.trust(node, whom);
    }
  }

  /** A node syncs, then revokes another's key retroactively, co-signed until it outweighs. */
  record Revoke(int node, int target) implements Event {
    @Override
    public void happen(Tailnet tailnet) {
      tailnet.revoke(node, target);
    }
  }

  /** A node loses its connection. */
  record Offline(int node) implements Event {
    @Override
    public void happen(Tailnet tailnet) {
      tailnet.offline(node);
    }
  }

  /** A node has its connection back. */
  record Online(int node) implements Event {
    @Override
    public void happen(Tailnet tailnet) {
      tailnet.online(node);
    }
  }

  /** A node that is online syncs, then compacts when that went well. */
  record Sync(int node, Loss loss) implements Event {
    @Override
    public void happen(Tailnet tailnet) {
      tailnet.sync(node, loss);
    }
  }

  /** Every node that is online syncs: control has told them of its head. */
  record SyncAll() implements Event {
    @Override
    public void happen(Tailnet tailnet) {
      tailnet.syncAll();
    }
  }

  /** A node starts again from its store. */
  record Restart(int node) implements Event {
    @Override
    public void happen(Tailnet tailnet) {
      tailnet.restart(node);
    }
  }

  /** Control starts again from its store. */
  record RestartControl() implements Event {
    @Override
    public void happen(Tailnet tailnet) {
      tailnet.restartControl();
    }
  }

  /** A new node begins with the genesis. Nobody trusts its key yet. */
  record Join(int votes, Duration skew) implements Event {
    @Override
    public void happen(Tailnet tailnet) {
      tailnet.join(votes, skew);
    }
  }

  /** Control's store is copied. */
  record Backup() implements Event {
    @Override
    public void happen(Tailnet tailnet) {
      tailnet.backup();
    }
  }

  /** Control goes on from the last copy of its store, or from the genesis when there is none. */
  record Restore() implements Event {
    @Override
    public void happen(Tailnet tailnet) {
      tailnet.restore();
    }
  }
}
