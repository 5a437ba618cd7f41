package dev.tka.simulation;

import java.time.Duration;
import java.util.List;

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

  /** A node adds the key of another one, which is not trusted yet, or no longer. */
  record Trust(int node, int whom) implements Event {
    @Override
    public void happen(Tailnet tailnet) {
      tailnet.trust(node, whom);
    }
  }

  /** A node gives a key of a node other votes. */
  record ChangeVotes(int node, int whose, int votes, Via via) implements Event {
    @Override
    public void happen(Tailnet tailnet) {
      tailnet.changeVotes(node, whose, votes, via);
    }
  }

  /** A node syncs, then revokes another's key, forked off so far back from its head, co-signed. */
  record RevokeAt(int node, int target, int back) implements Event {
    @Override
    public void happen(Tailnet tailnet) {
      tailnet.revokeAt(node, target, back);
    }
  }

  /** The machine of a node is switched off, until the node has its connection back. */
  record Off(int node) implements Event {
    @Override
    public void happen(Tailnet tailnet) {
      tailnet.off(node);
    }
  }

  /** Control is down for some time, while nodes go on. */
  record ControlDown(Duration time) implements Event {
    @Override
    public void happen(Tailnet tailnet) {
      tailnet.controlDown(time);
    }
  }

  /** The wall clock of control or of a node jumps while its program runs. */
  record ClockJump(int who, Duration by) implements Event {
    @Override
    public void happen(Tailnet tailnet) {
      tailnet.clockJump(who, by);
    }
  }

  /** How the wall clock is wrong when a program starts. */
  enum Wrong {
    /** Not at all: the program crashes and starts again. */
    NEVER,
    /** At every other start: a clock to and fro, or replicas on machines that disagree. */
    BY_TURNS,
    /** At every start, and right an hour later: a clock chip in local time. */
    AT_FIRST
  }

  /** Control's program or a node's starts many times in a row. */
  record Starts(int who, int times, Duration each, Wrong wrong, Duration by) implements Event {
    @Override
    public void happen(Tailnet tailnet) {
      tailnet.starts(this);
    }
  }

  /** A node syncs, then revokes another's key retroactively, co-signed until it outweighs. */
  record Revoke(int node, int target, Via via) implements Event {
    @Override
    public void happen(Tailnet tailnet) {
      tailnet.revoke(node, target, via);
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

  /** What of a node's folder is damaged. */
  enum Damaged {
    LOCK_NOTE(false),
    PEERS(false),
    AUMS(true),
    AUMS_AND_LOCK_NOTE(true),
    AUMS_LOST(true);

    private final boolean aums;

    Damaged(boolean aums) {
      this.aums = aums;
    }

    boolean isOfAums() {
      return aums;
    }
  }

  /**
   * The folder of a node is damaged while its program does not run; it starts again, and has a
   * connection.
   *
   * @param place the byte of a file, by any number
   * @param cut whether the file ends there; otherwise the byte is another one
   */
  record Damage(int node, Damaged what, int place, boolean cut) implements Event {
    @Override
    public void happen(Tailnet tailnet) {
      tailnet.damage(this);
    }
  }

  /** From now on, so many control services answer from one place, by turns. */
  record Replicas(int count) implements Event {
    @Override
    public void happen(Tailnet tailnet) {
      tailnet.replicas(count);
    }
  }

  /** Control moves to another server, with all that it keeps. */
  record MoveControl() implements Event {
    @Override
    public void happen(Tailnet tailnet) {
      tailnet.moveControl();
    }
  }

  /** A node is told what control's head is, twice. */
  record ToldTwice(int node) implements Event {
    @Override
    public void happen(Tailnet tailnet) {
      tailnet.toldTwice(node);
    }
  }

  /** A replica that lags tells a node what control's head was just before. */
  record ToldLate(int node) implements Event {
    @Override
    public void happen(Tailnet tailnet) {
      tailnet.toldLate(node);
    }
  }

  /**
   * When all have come together, the lock ends.
   *
   * @param away the nodes that are away then, a bit each
   * @param editsAway whether those make edits first that control never sees
   * @param disablesHere whether one of the others ends the lock for itself before
   * @param beginsAnew whether the lock begins again while they are away
   * @param restarts whether programs start again after all that they are told
   */
  record EndLock(
      int away, boolean editsAway, boolean disablesHere, boolean beginsAnew, boolean restarts)
      implements Event {
    @Override
    public void happen(Tailnet tailnet) {
      tailnet.endLockAtLast(this);
    }
  }

  /** A node signs the node key of another, or of itself. */
  record SignNode(int by, int whom) implements Event {
    @Override
    public void happen(Tailnet tailnet) {
      tailnet.signNode(by, whom);
    }
  }

  /** What becomes of a node in control's list. */
  enum Change {
    /** A member's own login; it rotates its signature if control hands that back. */
    MEMBERS_NEW_KEY,
    NEW_KEY,
    PEER_API_ONLY,
    SIGNED_ONLY,
    /** It has the key and the signature of another: a clone, or a copy of the list. */
    TWIN,
    REMOVE
  }

  /** Control's list of nodes changes. */
  record ChangeNode(int whom, Change change) implements Event {
    @Override
    public void happen(Tailnet tailnet) {
      tailnet.changeNode(whom, change);
    }
  }

  /** A node is told its peers, all of them or what is different, and nothing about the lock. */
  record TellPeers(int node, boolean whole) implements Event {
    @Override
    public void happen(Tailnet tailnet) {
      tailnet.tellPeers(node, whole);
    }
  }

  /** A node is told of a peer whose signature is none. */
  record LieAboutPeers(int node) implements Event {
    @Override
    public void happen(Tailnet tailnet) {
      tailnet.lieAboutPeers(node);
    }
  }

  /** What a thief's rewrite does. */
  enum Rewrite {
    /** The state there with a key of the thief's, and without all others but the signer's. */
    CHECKPOINT,
    REMOVE_KEY,
    ADD_KEY,
    UPDATE_KEY
  }

  /** How a control lies to one node, once. */
  enum Lie {
    /** It names its head and sends nothing. */
    WITHHOLD,
    /** It answers and takes in as its last backup would. */
    REPLAY,
    /** It says that it follows whatever the node sends, and forgets it. */
    FALSE_ACKNOWLEDGEMENT,
    /** Somebody on the way brings an answer again that the node had before. */
    ANSWER_AGAIN,
    /** The answers are another tailnet's. */
    FOREIGN,
    /** It says that the lock is off, and shows no secret. */
    DISABLED,
    /** It says that the lock is off, and shows some secret. */
    WRONG_SECRET;

    /** Those that engines without messages know. */
    static final List<Lie> OF_ENGINES = List.of(WITHHOLD, REPLAY, FALSE_ACKNOWLEDGEMENT);
  }

  /**
   * A key that was rotated out more than 14 days ago signs a rewrite and AUMs on it, and submits
   * them to control.
   *
   * @param key which of those keys
   * @param place which of the places where protocol section 4 would let it win
   * @param signers how many such keys sign together
   * @param more how many AUMs follow the rewrite
   */
  record OldKeyRewrites(int key, int signers, int place, Rewrite rewrite, int more)
      implements Event {
    @Override
    public void happen(Tailnet tailnet) {
      tailnet.thief().rewriteAtControl(this);
    }
  }

  /** The same, and a lying control serves it to a node instead of its own chain. */
  record OldKeyRewriteServed(OldKeyRewrites rewrite, int node) implements Event {
    @Override
    public void happen(Tailnet tailnet) {
      tailnet.thief().rewriteServed(rewrite, node);
    }
  }

  /** A node, or whoever stole its key, adds a key again that was rotated out. */
  record AddAgain(int key, int node) implements Event {
    @Override
    public void happen(Tailnet tailnet) {
      tailnet.thief().addAgain(key, node);
    }
  }

  /** The key of a node is stolen. */
  record Steal(int node) implements Event {
    @Override
    public void happen(Tailnet tailnet) {
      tailnet.thief().steal(node);
    }
  }

  /** The thief removes honest keys with the stolen one, on control's head, and adds some of his. */
  record RemoveAccusers(int most, int added) implements Event {
    @Override
    public void happen(Tailnet tailnet) {
      tailnet.thief().removeAccusers(most, added);
    }
  }

  /** The keys that were honest before the theft revoke all of the thief's, forked off there. */
  record RevokeThief() implements Event {
    @Override
    public void happen(Tailnet tailnet) {
      tailnet.thief().beRevoked();
    }
  }

  /**
   * The thief answers a revocation in kind, from a place where protocol section 4 would let him
   * win.
   */
  record CounterRewrite(int place, int more) implements Event {
    @Override
    public void happen(Tailnet tailnet) {
      tailnet.thief().counterRewrite(place, more);
    }
  }

  /** A node syncs with a control that lies. */
  record LyingSync(int node, Lie lie) implements Event {
    @Override
    public void happen(Tailnet tailnet) {
      tailnet.thief().lyingSync(node, lie);
    }
  }

  /**
   * AUMs that lose wherever they fork off, submitted to control by a key that was trusted there.
   */
  record Flood(int count, int bytes, int place) implements Event {
    @Override
    public void happen(Tailnet tailnet) {
      tailnet.thief().flood(this);
    }
  }

  /** A key is given many votes and, later, few; then that is final, and the key is stolen. */
  record Lower(int node, int high, int low) implements Event {
    @Override
    public void happen(Tailnet tailnet) {
      tailnet.thief().lower(this);
    }
  }

  /** The lowered key rewrites from before it was lowered, at control or at a node. */
  record LoweredRewrites(int place, boolean served, int node) implements Event {
    @Override
    public void happen(Tailnet tailnet) {
      tailnet.thief().loweredRewrites(this);
    }
  }

  /** A stolen key rewrites from before an old key's removal, and the old key signs, too. */
  record ShieldedRewrite(OldKeyRewrites rewrite, boolean served, int node) implements Event {
    @Override
    public void happen(Tailnet tailnet) {
      tailnet.thief().shieldedRewrite(this);
    }
  }

  /** Honest keys rewrite from below the removal of an old key, with the state there is. */
  record HonestRewrite(int key, int place) implements Event {
    @Override
    public void happen(Tailnet tailnet) {
      tailnet.thief().honestRewrite(this);
    }
  }

  /**
   * A stolen key rewrites from below the removal of an old key, with that key in the state, and
   * both remove honest keys.
   */
  record Revive(int key, int place) implements Event {
    @Override
    public void happen(Tailnet tailnet) {
      tailnet.thief().revive(this);
    }
  }

  /** Honest keys answer, where the thief forked off. */
  record AnswerRevival() implements Event {
    @Override
    public void happen(Tailnet tailnet) {
      tailnet.thief().answerRevival();
    }
  }

  /** A stolen key takes all others away, and gives them back in the same batch. */
  record Strip() implements Event {
    @Override
    public void happen(Tailnet tailnet) {
      tailnet.thief().strip();
    }
  }

  /** Honest keys answer, where the thief forked off at a node. */
  record AnswerPlanting() implements Event {
    @Override
    public void happen(Tailnet tailnet) {
      tailnet.thief().answerPlanting();
    }
  }

  /** How a node comes by AUMs that control never follows. */
  enum Planting {
    /** A lying control shows them once. */
    ONCE,
    /** It shows them for more than 14 days, in which the node meets nobody else. */
    FOR_WEEKS,
    /** Somebody gives them to the node in a file. */
    IN_FILE
  }

  /** A node that is behind is shown removals by a stolen key that control never follows. */
  record Plant(int node, Planting how) implements Event {
    @Override
    public void happen(Tailnet tailnet) {
      tailnet.thief().plant(this);
    }
  }
}
