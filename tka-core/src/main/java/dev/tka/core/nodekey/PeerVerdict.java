package dev.tka.core.nodekey;

import java.util.List;
import java.util.Optional;

/** The verdict on a peer (protocol, section 7, "Filtering peers"). */
public sealed interface PeerVerdict {
  /** A stable identifier for programs, such as {@code obsolete}. */
  String kind();

  /** The reason, as a sentence without its capital letter and full stop. */
  String reason();

  /** The reason with the layer of the signature that it is about, if that is an inner one. */
  default String detailedReason() {
    int layer = this instanceof Unauthorized unauthorized ? unauthorized.denied().layer() : 0;
    return (layer == 0 ? "" : "layer " + layer + ": ") + reason();
  }

  /**
   * The peer is kept.
   *
   * @param authorization the reason; empty for a peer that is marked as unsigned
   */
  record Kept(Optional<NodeKeyAuthorization.Authorized> authorization) implements PeerVerdict {
    @Override
    public String kind() {
      return authorization.isPresent() ? "signed" : "unsigned-peer-api-only";
    }

    @Override
    public String reason() {
      return authorization
          .map(NodeKeyAuthorization.Authorized::reason)
          .orElse("unsigned, and only its peer API can be reached");
    }
  }

  /** The peer is dropped. */
  sealed interface Dropped extends PeerVerdict {}

  /** It has no valid signature. */
  record Unauthorized(NodeKeyAuthorization.Denied denied) implements Dropped {
    @Override
    public String kind() {
      return "unauthorized";
    }

    @Override
    public String reason() {
      return denied.reason();
    }
  }

  /**
   * Its node key was rotated.
   *
   * @param by the id of a peer whose valid signature says so; the first if there are several
   */
  record Obsolete(String by) implements Dropped {
    @Override
    public String kind() {
      return "obsolete";
    }

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
    public String kind() {
      return "outrun";
    }

    @Override
    public String reason() {
      return "another machine has its rotation key, and has rotated more often: " + by;
    }
  }

  /**
   * Its node key belongs to a peer that lost to another chain: the node key loses, whichever peer
   * has it.
   *
   * @param loser the id of that peer; the first if there are several
   * @param why the verdict on that peer
   */
  record SharedKey(String loser, Dropped why) implements Dropped {
    @Override
    public String kind() {
      return "shared-key";
    }

    @Override
    public String reason() {
      return "it has the node key of " + loser + ", which is dropped: " + why.reason();
    }
  }

  /**
   * Several peers rotated equally far, from the same key: nobody can tell which is the right one.
   *
   * @param ids the ids of the peers that rotated furthest, in order
   */
  record Cloned(List<String> ids) implements Dropped {
    private static final int NAMED = 5;

    /** Copies its list. */
    public Cloned {
      ids = List.copyOf(ids);
    }

    @Override
    public String kind() {
      return "cloned";
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
