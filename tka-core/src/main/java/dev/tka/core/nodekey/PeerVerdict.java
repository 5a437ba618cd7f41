package dev.tka.core.nodekey;

import java.util.List;
import java.util.Optional;

/** What becomes of a peer (protocol, section 7, "Filtering peers"). */
public sealed interface PeerVerdict {
  /**
   * The peer is kept.
   *
   * @param authorization why; empty for one that is marked as unsigned
   */
  record Kept(Optional<NodeKeyAuthorization.Authorized> authorization) implements PeerVerdict {}

  /** The peer is dropped. */
  sealed interface Dropped extends PeerVerdict {
    /** Why, as a sentence without its full stop. */
    String reason();
  }

  /** It has no valid signature. */
  record Unauthorized(NodeKeyAuthorization.Denied denied) implements Dropped {
    @Override
    public String reason() {
      return denied.reason();
    }
  }

  /**
   * Its node key was rotated.
   *
   * @param by the id of a peer whose valid signature says so; of several the first
   */
  record Obsolete(String by) implements Dropped {
    @Override
    public String reason() {
      return "its node key was rotated: the signature of " + by + " makes it obsolete";
    }
  }

  /**
   * Another peer rotated further, from the same key.
   *
   * @param by the id of that peer
   */
  record Outrun(String by) implements Dropped {
    @Override
    public String reason() {
      return "another machine has its rotation key, and has rotated more often: " + by;
    }
  }

  /**
   * Its node key is that of a peer that lost to another chain: the loser is the node key, whoever
   * has it.
   *
   * @param loser the id of that peer; of several the first
   * @param why the verdict on that peer
   */
  record SharedKey(String loser, Dropped why) implements Dropped {
    @Override
    public String reason() {
      return "it has the node key of " + loser + ", which is dropped: " + why.reason();
    }
  }

  /**
   * Several peers rotated equally far, from the same key: nobody can tell which is the right one.
   *
   * @param ids of those that are furthest, in order
   */
  record Cloned(List<String> ids) implements Dropped {
    private static final int NAMED = 5;

    /** Copies its list. */
    public Cloned {
      ids = List.copyOf(ids);
    }

    /** Names the first few. */
    @Override
    public String reason() {
      int others = ids.size() - NAMED;
      return "several machines have its rotation key, and have rotated equally often: "
          + String.join(", ", ids.subList(0, Math.min(NAMED, ids.size())))
          + (others > 0 ? " and " + others + " more" : "");
    }
  }
}
