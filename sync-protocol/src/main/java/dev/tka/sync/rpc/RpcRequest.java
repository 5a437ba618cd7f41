package dev.tka.sync.rpc;

import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.DisablementSecret;
import dev.tka.core.NodeKey;
import dev.tka.sync.SyncOffer;
import dev.tka.sync.SyncSend;
import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A request to control (protocol, section 8). AUMs and signatures in it are bytes that nobody has
 * checked.
 */
public sealed interface RpcRequest {
  /** Which request it is. */
  Rpc rpc();

  /** The version of the client, as it numbers them itself; 0 if it names none. */
  int version();

  /** The key of the node that asks; an operator's own request has none. */
  Optional<NodeKey> nodeKey();

  /**
   * Begins an authority.
   *
   * @param genesis the encoding of its first AUM
   */
  record InitBegin(int version, Optional<NodeKey> nodeKey, Bytes genesis) implements RpcRequest {
    @Override
    public Rpc rpc() {
      return Rpc.INIT_BEGIN;
    }
  }

  /**
   * Brings the signatures that an init needs.
   *
   * @param signatures encoded node-key signatures, by the number of the node
   * @param support a secret for the operator's support, if the node gives one
   */
  record InitFinish(
      int version,
      Optional<NodeKey> nodeKey,
      SortedMap<Long, Bytes> signatures,
      Optional<DisablementSecret> support)
      implements RpcRequest {
    /** Copies the map. */
    public InitFinish(
        int version,
        Optional<NodeKey> nodeKey,
        Map<Long, Bytes> signatures,
        Optional<DisablementSecret> support) {
      this(version, nodeKey, Collections.unmodifiableSortedMap(new TreeMap<>(signatures)), support);
    }

    @Override
    public Rpc rpc() {
      return Rpc.INIT_FINISH;
    }
  }

  /**
   * Asks how the authority begins, or what ended the one that the node has.
   *
   * @param head the node's head; empty if the lock is not enabled there
   */
  record Bootstrap(int version, Optional<NodeKey> nodeKey, Optional<AumHash> head)
      implements RpcRequest {
    @Override
    public Rpc rpc() {
      return Rpc.BOOTSTRAP;
    }
  }

  /** Asks for what the node lacks. */
  record Offer(int version, Optional<NodeKey> nodeKey, SyncOffer offer) implements RpcRequest {
    @Override
    public Rpc rpc() {
      return Rpc.SYNC_OFFER;
    }
  }

  /**
   * Brings what control lacks, or an edit.
   *
   * @param interactive whether a person waits for it
   * @param wantRefused whether the client reads what was refused, and wants it in place of an error
   */
  record Send(
      int version,
      Optional<NodeKey> nodeKey,
      SyncSend send,
      boolean interactive,
      boolean wantRefused)
      implements RpcRequest {
    @Override
    public Rpc rpc() {
      return Rpc.SYNC_SEND;
    }
  }

  /**
   * Ends the authority.
   *
   * @param head the node's head, if it names one
   */
  record Disable(
      int version, Optional<NodeKey> nodeKey, Optional<AumHash> head, DisablementSecret secret)
      implements RpcRequest {
    @Override
    public Rpc rpc() {
      return Rpc.DISABLE;
    }
  }

  /**
   * Brings a node-key signature.
   *
   * @param signature its encoding
   */
  record Sign(int version, Optional<NodeKey> nodeKey, Bytes signature) implements RpcRequest {
    @Override
    public Rpc rpc() {
      return Rpc.SIGN;
    }
  }

  /**
   * Asks for the signatures that rest on a key.
   *
   * @param keyId the id of the key
   */
  record AffectedSigs(int version, Optional<NodeKey> nodeKey, Bytes keyId) implements RpcRequest {
    @Override
    public Rpc rpc() {
      return Rpc.AFFECTED_SIGS;
    }
  }
}
