package dev.tka.client.localapi;

import dev.tka.core.Bytes;
import dev.tka.core.DecodeException;
import dev.tka.core.NodeKey;
import dev.tka.core.nodekey.NodeKeySignature;
import java.io.IOException;
import java.util.Optional;

/**
 * Another node of the tailnet, as a daemon lists it.
 *
 * @param name its name, for people; empty if control gave none
 * @param number control's number for it; 0 if there is none
 * @param stableId control's text for it; empty if there is none
 * @param nodeKey its node key
 * @param signature its node-key signature; empty if there is none, or none that the daemon can read
 */
public record LockPeer(
    String name,
    long number,
    String stableId,
    NodeKey nodeKey,
    Optional<NodeKeySignature> signature) {
  /** The fields, which come in any order. */
  private static final class Draft {
    private String name = "";
    private long number;
    private String stableId = "";
    private NodeKey nodeKey = new NodeKey(Bytes.copyOf(new byte[NodeKey.SIZE]));
    private Optional<NodeKeySignature> signature = Optional.empty();
  }

  static LockPeer read(GoJson in) throws IOException {
    Draft draft = new Draft();
    in.object(
        field -> {
          switch (field) {
            case "name" -> draft.name = in.text().orElse("");
            case "id" -> draft.number = in.number();
            case "stableid" -> draft.stableId = in.text().orElse("");
            case "nodekey" -> draft.nodeKey = in.parsed(NodeKey::parse).orElse(draft.nodeKey);
            case "nodekeysignature" -> draft.signature = signature(in);
            default -> in.skip();
          }
        });
    return new LockPeer(draft.name, draft.number, draft.stableId, draft.nodeKey, draft.signature);
  }

  /** A signature's fields, of which none are there when it is missing or unreadable. */
  static Optional<NodeKeySignature> signature(GoJson in) throws IOException {
    return in.optional(LockPeer::layer).filter(found -> found.kind() != 0);
  }

  /** The fields of one signature. */
  private static final class Layer {
    private int kind;
    private Bytes pubkey = Bytes.empty();
    private Bytes keyId = Bytes.empty();
    private Bytes signature = Bytes.empty();
    private Optional<NodeKeySignature> nested = Optional.empty();
    private Bytes wrappingPubkey = Bytes.empty();
  }

  /** The limit on nesting bounds this recursion. */
  private static NodeKeySignature layer(GoJson in) throws IOException {
    Layer layer = new Layer();
    in.object(
        field -> {
          switch (field) {
            case "sigkind" -> layer.kind = in.unsignedByte();
            case "pubkey" -> layer.pubkey = in.base64();
            case "keyid" -> layer.keyId = in.base64();
            case "signature" -> layer.signature = in.base64();
            case "nested" -> layer.nested = in.optional(LockPeer::layer);
            case "wrappingpubkey" -> layer.wrappingPubkey = in.base64();
            default -> in.skip();
          }
        });
    try {
      return new NodeKeySignature(
          layer.kind,
          layer.pubkey,
          layer.keyId,
          layer.signature,
          layer.nested,
          layer.wrappingPubkey);
    } catch (IllegalArgumentException e) {
      throw new GoJson.Bad("a signature: " + e.getMessage());
    }
  }

  /** A signature as control keeps it. */
  static NodeKeySignature encoded(GoJson in) throws IOException {
    try {
      return NodeKeySignature.decode(in.base64().toByteArray());
    } catch (DecodeException e) {
      throw new GoJson.Bad("a signature: " + e.getMessage());
    }
  }
}
