package dev.tka.client.localapi;

import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.LockPublicKey;
import dev.tka.core.NodeKey;
import dev.tka.core.nodekey.NodeKeySignature;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/**
 * What a daemon says of its tailnet lock. The trusted keys are left out: the chain tells them, and
 * that can be verified.
 *
 * @param enabled whether the daemon has an authority
 * @param head the head of its active chain; empty if it has none
 * @param publicKey its own lock key; empty before it has logged in
 * @param nodeKey its node key; empty before it has logged in
 * @param nodeKeySigned whether it takes itself to be signed
 * @param signature its own node-key signature
 * @param visible the nodes that it speaks to
 * @param filtered the nodes that it drops, in any order
 * @param stateId the first state id of the authority, as the bits of a long; 0 if there is none
 */
public record LockStatus(
    boolean enabled,
    Optional<AumHash> head,
    Optional<LockPublicKey> publicKey,
    Optional<NodeKey> nodeKey,
    boolean nodeKeySigned,
    Optional<NodeKeySignature> signature,
    List<LockPeer> visible,
    List<LockPeer> filtered,
    long stateId) {
  /** More than a tailnet has. */
  private static final int MOST_PEERS = 200_000;

  /** Copies the lists. */
  public LockStatus {
    visible = List.copyOf(visible);
    filtered = List.copyOf(filtered);
  }

  /**
   * Whether it may be that the daemon has not heard from control since it started. Then it knows
   * nothing of its own signature and of its peers, which looks like being locked out and alone.
   */
  public boolean mayLackMap() {
    return enabled && signature.isEmpty() && visible.isEmpty() && filtered.isEmpty();
  }

  /** The fields, which come in any order. */
  private static final class Draft {
    private boolean enabled;
    private Optional<AumHash> head = Optional.empty();
    private Optional<LockPublicKey> publicKey = Optional.empty();
    private Optional<NodeKey> nodeKey = Optional.empty();
    private boolean nodeKeySigned;
    private Optional<NodeKeySignature> signature = Optional.empty();
    private List<LockPeer> visible = List.of();
    private List<LockPeer> filtered = List.of();
    private long stateId;
  }

  static LockStatus read(GoJson in) throws IOException {
    Draft draft = new Draft();
    in.object(
        field -> {
          switch (field) {
            case "enabled" -> draft.enabled = in.flag();
            case "head" -> draft.head = in.hash();
            case "publickey" -> draft.publicKey = in.parsed(LockPublicKey::parse);
            case "nodekey" -> draft.nodeKey = in.parsed(NodeKey::parse);
            case "nodekeysigned" -> draft.nodeKeySigned = in.flag();
            case "nodekeysignature" -> draft.signature = LockPeer.signature(in);
            case "visiblepeers" -> draft.visible = in.list(MOST_PEERS, LockPeer::read);
            case "filteredpeers" -> draft.filtered = in.list(MOST_PEERS, LockPeer::read);
            case "stateid" -> draft.stateId = in.unsigned();
            default -> in.skip();
          }
        });
    Bytes none = Bytes.copyOf(new byte[LockPublicKey.SIZE]);
    return new LockStatus(
        draft.enabled,
        draft.head,
        draft.publicKey.filter(key -> !key.bytes().equals(none)),
        draft.nodeKey.filter(key -> !key.isZero()),
        draft.nodeKeySigned,
        draft.signature,
        draft.visible,
        draft.filtered,
        draft.stateId);
  }
}
