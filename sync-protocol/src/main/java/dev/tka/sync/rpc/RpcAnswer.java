package dev.tka.sync.rpc;

import dev.tka.core.Bytes;
import dev.tka.core.DisablementSecret;
import dev.tka.core.LockPublicKey;
import dev.tka.core.NodeKey;
import dev.tka.sync.SyncAnswer;
import dev.tka.sync.SyncReceipt;
import java.util.List;
import java.util.Optional;

/** Control's answer to a request that succeeded (protocol, section 8). */
public sealed interface RpcAnswer {
  /** Which request it answers. */
  Rpc rpc();

  /**
   * Names the nodes to sign.
   *
   * @param nodes all nodes of the tailnet
   */
  record InitBegin(List<NodeToSign> nodes) implements RpcAnswer {
    /** Copies the list. */
    public InitBegin {
      nodes = List.copyOf(nodes);
    }

    @Override
    public Rpc rpc() {
      return Rpc.INIT_BEGIN;
    }
  }

  /**
   * A node to sign.
   *
   * @param node control's number for it
   * @param rotationKey the key with which it may rotate its node key, if control knows one
   */
  record NodeToSign(long node, NodeKey nodeKey, Optional<LockPublicKey> rotationKey) {}

  /** The lock is on. */
  record InitFinish() implements RpcAnswer {
    @Override
    public Rpc rpc() {
      return Rpc.INIT_FINISH;
    }
  }

  /**
   * How the authority begins, and what ended the one that the node has.
   *
   * @param genesis the encoding of its first AUM, if the lock is on
   * @param secret the secret that ended the authority of the node's head, if it was ended
   */
  record Bootstrap(Optional<Bytes> genesis, Optional<DisablementSecret> secret)
      implements RpcAnswer {
    @Override
    public Rpc rpc() {
      return Rpc.BOOTSTRAP;
    }
  }

  /** What the node lacks. */
  record Offer(SyncAnswer answer) implements RpcAnswer {
    @Override
    public Rpc rpc() {
      return Rpc.SYNC_OFFER;
    }
  }

  /**
   * Control's head after a send.
   *
   * @param showsRefused whether the message says what was refused, also if that is nothing; always
   *     true if something was
   */
  record Send(SyncReceipt receipt, boolean showsRefused) implements RpcAnswer {
    /** What was refused is always said. */
    public Send {
      showsRefused = showsRefused || !receipt.refused().isEmpty();
    }

    @Override
    public Rpc rpc() {
      return Rpc.SYNC_SEND;
    }
  }

  /** The authority has ended. */
  record Disable() implements RpcAnswer {
    @Override
    public Rpc rpc() {
      return Rpc.DISABLE;
    }
  }

  /** The signature is kept. */
  record Sign() implements RpcAnswer {
    @Override
    public Rpc rpc() {
      return Rpc.SIGN;
    }
  }

  /**
   * The signatures that rest on a key.
   *
   * @param signatures their encodings, by the numbers of their nodes
   */
  record AffectedSigs(List<Bytes> signatures) implements RpcAnswer {
    /** Copies the list. */
    public AffectedSigs {
      signatures = List.copyOf(signatures);
    }

    @Override
    public Rpc rpc() {
      return Rpc.AFFECTED_SIGS;
    }
  }
}
