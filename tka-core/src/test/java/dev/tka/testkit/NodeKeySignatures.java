package dev.tka.testkit;

import dev.tka.core.Bytes;
import dev.tka.core.NodeKey;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.OpenException;
import dev.tka.core.nodekey.NodeKeySignature;
import dev.tka.core.store.StoreException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Node-key signatures, right and wrong ones, put together by hand from node keys and {@link
 * TestKeys} that are called by numbers.
 */
public final class NodeKeySignatures {
  private static final int NODE = 0x6e6f6465;

  private NodeKeySignatures() {}

  /** The node key of a number. */
  public static NodeKey nodeKey(int number) {
    return new NodeKey(
        Bytes.copyOf(ByteBuffer.allocate(NodeKey.SIZE).putInt(NODE).putInt(number).array()));
  }

  /** Field 2 of a signature for a node key. */
  public static Bytes pubkey(int nodeKey) {
    return Bytes.copyOf(
        ByteBuffer.allocate(2 + NodeKey.SIZE)
            .put((byte) 'n')
            .put((byte) 'p')
            .put(nodeKey(nodeKey).bytes().toByteArray())
            .array());
  }

  /** A trusted key's signature of a node key, which nobody may rotate. */
  public static NodeKeySignature direct(int nodeKey, int signer) {
    return sign(
        unsigned(NodeKeySignature.DIRECT, pubkey(nodeKey), TestKeys.id(signer), Bytes.empty()),
        signer);
  }

  /** A trusted key's signature of a node key, which the wrapping key may rotate. */
  public static NodeKeySignature direct(int nodeKey, int signer, int wrapping) {
    return sign(
        unsigned(
            NodeKeySignature.DIRECT, pubkey(nodeKey), TestKeys.id(signer), TestKeys.id(wrapping)),
        signer);
  }

  /** A trusted key's word that the wrapping key may sign node keys. */
  public static NodeKeySignature credential(int signer, int wrapping) {
    return sign(
        unsigned(
            NodeKeySignature.CREDENTIAL, Bytes.empty(), TestKeys.id(signer), TestKeys.id(wrapping)),
        signer);
  }

  /** A rotation, signed by any key, right or wrong. */
  public static NodeKeySignature rotation(NodeKeySignature nested, int nodeKey, int signer) {
    return sign(
        nesting(
            unsigned(NodeKeySignature.ROTATION, pubkey(nodeKey), Bytes.empty(), Bytes.empty()),
            nested),
        signer);
  }

  /** A rotation that says who may sign the next one. */
  public static NodeKeySignature rotationTo(
      NodeKeySignature nested, int nodeKey, int signer, int nextWrapping) {
    return sign(
        nesting(
            unsigned(
                NodeKeySignature.ROTATION,
                pubkey(nodeKey),
                Bytes.empty(),
                TestKeys.id(nextWrapping)),
            nested),
        signer);
  }

  /** A signature that nests nothing and is not signed yet. */
  public static NodeKeySignature unsigned(int kind, Bytes pubkey, Bytes keyId, Bytes wrapping) {
    return new NodeKeySignature(kind, pubkey, keyId, Bytes.empty(), Optional.empty(), wrapping);
  }

  /** The same around another, its signature left as it was. */
  public static NodeKeySignature nesting(NodeKeySignature outer, NodeKeySignature nested) {
    return new NodeKeySignature(
        outer.kind(),
        outer.pubkey(),
        outer.keyId(),
        outer.signature(),
        Optional.of(nested),
        outer.wrappingPubkey());
  }

  /** The same, signed by a key. */
  public static NodeKeySignature sign(NodeKeySignature unsigned, int signer) {
    return withSignature(unsigned, TestKeys.signature(signer, unsigned.sigHash()));
  }

  /** The same with any bytes in the place of its signature. */
  public static NodeKeySignature withSignature(NodeKeySignature old, Bytes signature) {
    return new NodeKeySignature(
        old.kind(), old.pubkey(), old.keyId(), signature, old.nested(), old.wrappingPubkey());
  }

  /** The same with one bit of the signature of one layer changed, and nothing signed again. */
  public static NodeKeySignature spoil(NodeKeySignature chain, int layer) {
    if (layer > 0) {
      return nesting(chain, spoil(chain.nested().orElseThrow(), layer - 1));
    }
    byte[] signature = chain.signature().toByteArray();
    signature[signature.length / 2] ^= 1;
    return withSignature(chain, Bytes.copyOf(signature));
  }

  /** An authority that trusts some keys. */
  public static Authority trusting(int... keys) {
    try {
      return Authority.open(
          TestStores.holding(
              List.of(
                  Chains.genesis(
                      Arrays.stream(keys).mapToObj(key -> TestKeys.key(key, 1)).toList(),
                      keys[0]))));
    } catch (OpenException | StoreException e) {
      throw new AssertionError("a genesis alone opens", e);
    }
  }
}
