package dev.tka.core.nodekey;

import dev.tka.core.Bytes;
import dev.tka.core.DecodeException;
import dev.tka.core.LockPublicKey;
import dev.tka.core.NodeKey;
import dev.tka.core.SignatureVerifier;
import dev.tka.core.internal.Blake2s;
import dev.tka.core.internal.CanonicalWriter;
import dev.tka.core.internal.CborReader;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A node-key signature as it stands on the wire (protocol, section 7): who says that a node key, or
 * a key that may sign node keys, belongs to the tailnet. Decoding judges nothing.
 *
 * @param kind 0 to 255; 1 direct, 2 rotation, 3 credential
 * @param pubkey the node key, as two letters and 32 bytes; empty when absent
 * @param keyId the trusted key that signed; empty when absent
 * @param signature empty when absent
 * @param nested what a rotation rotates
 * @param wrappingPubkey the key that may sign a rotation of this one; empty when absent
 */
public record NodeKeySignature(
    int kind,
    Bytes pubkey,
    Bytes keyId,
    Bytes signature,
    Optional<NodeKeySignature> nested,
    Bytes wrappingPubkey) {
  /** Signed by a trusted key over a node key. */
  public static final int DIRECT = 1;

  /** Signed by the wrapping key of the signature that it nests. */
  public static final int ROTATION = 2;

  /** Signed by a trusted key over a wrapping key. */
  public static final int CREDENTIAL = 3;

  /** The most signatures that one encoding nests, itself included; no end reads more. */
  public static final int MAX_LAYERS = CborReader.MAX_DEPTH;

  // Fields of the wire.
  private static final int KIND = 1;
  private static final int PUBKEY = 2;
  private static final int KEY_ID = 3;
  private static final int SIGNATURE = 4;
  private static final int NESTED = 5;
  private static final int WRAPPING_PUBKEY = 6;

  private static final byte[] NODE_KEY_PREFIX = {'n', 'p'};
  private static final int TYPICAL_SIZE = 256;
  private static final int LONGEST_SHOWN = 64;

  /**
   * Checks the range of the kind, and how deep it nests.
   *
   * @throws IllegalArgumentException if the kind is not one byte, or there are more than {@link
   *     #MAX_LAYERS}
   */
  public NodeKeySignature {
    if (kind < 0 || kind > 255) {
      throw new IllegalArgumentException("a signature kind is 0 to 255, not " + kind);
    }
    if (nested.isPresent() && nested.get().layers().size() >= MAX_LAYERS) {
      throw new IllegalArgumentException("at most " + MAX_LAYERS + " signatures nest");
    }
  }

  /** It and what it nests, from outside in. */
  public List<NodeKeySignature> layers() {
    List<NodeKeySignature> layers = new ArrayList<>(List.of(this));
    Optional<NodeKeySignature> next = nested;
    while (next.isPresent()) {
      layers.add(next.get());
      next = next.get().nested;
    }
    return layers;
  }

  /** The {@code pubkey} of a node key: two letters and its bytes. */
  static Bytes pubkeyOf(NodeKey nodeKey) {
    byte[] pubkey = Arrays.copyOf(NODE_KEY_PREFIX, NODE_KEY_PREFIX.length + NodeKey.SIZE);
    System.arraycopy(
        nodeKey.bytes().toByteArray(), 0, pubkey, NODE_KEY_PREFIX.length, NodeKey.SIZE);
    return Bytes.copyOf(pubkey);
  }

  NodeKeySignature withSignature(Bytes made) {
    return new NodeKeySignature(kind, pubkey, keyId, made, nested, wrappingPubkey);
  }

  /**
   * Decodes the canonical encoding of one signature; any other bytes are refused, as for an AUM
   * (protocol, sections 2 and 7).
   *
   * @throws DecodeException naming the byte and the field
   */
  public static NodeKeySignature decode(byte[] input) throws DecodeException {
    NodeKeySignature decoded;
    try (CborReader in = new CborReader(input)) {
      in.advance("signature");
      decoded = read(in);
    }
    CborReader.requireCanonical("signature", decoded.encode(true), input);
    return decoded;
  }

  private static NodeKeySignature read(CborReader in) throws DecodeException {
    in.beginMap("signature");
    int kind = 0;
    Bytes pubkey = Bytes.empty();
    Bytes keyId = Bytes.empty();
    Bytes signature = Bytes.empty();
    @Nullable NodeKeySignature nested = null;
    Bytes wrappingPubkey = Bytes.empty();
    int field = -1;
    while (in.nextKey("signature")) {
      field = in.intKey("signature", field);
      switch (field) {
        case KIND -> kind = in.unsignedByte("kind");
        case PUBKEY -> pubkey = in.bytes("pubkey");
        case KEY_ID -> keyId = in.bytes("key id");
        case SIGNATURE -> signature = in.bytes("signature");
        // The reader's limit on nesting bounds this recursion.
        case NESTED -> nested = read(in);
        case WRAPPING_PUBKEY -> wrappingPubkey = in.bytes("wrapping pubkey");
        default -> throw new DecodeException.UnknownField(in.offset(), "signature", "" + field);
      }
    }
    return new NodeKeySignature(
        kind, pubkey, keyId, signature, Optional.ofNullable(nested), wrappingPubkey);
  }

  /** The canonical encoding. */
  public Bytes encoded() {
    return Bytes.copyOf(encode(true));
  }

  /** BLAKE2s-256 of the encoding without the outer signature: what is signed, 32 bytes. */
  public Bytes sigHash() {
    return Bytes.copyOf(Blake2s.hash(encode(false)));
  }

  /** The node key, when {@link #pubkey} has its form. */
  public Optional<NodeKey> nodeKey() {
    return hasNodeKeyForm()
        ? Optional.of(
            new NodeKey(Bytes.copyOf(pubkey.toByteArray(), NODE_KEY_PREFIX.length, pubkey.size())))
        : Optional.empty();
  }

  /**
   * The id of the trusted key that all of it rests on: that of the innermost signature under the
   * rotations. Empty when there is none.
   */
  public Optional<Bytes> authorizingKeyId() {
    if (kind == ROTATION) {
      return nested.flatMap(NodeKeySignature::authorizingKeyId);
    }
    return (kind == DIRECT || kind == CREDENTIAL) && !keyId.isEmpty()
        ? Optional.of(keyId)
        : Optional.empty();
  }

  /**
   * The key that may sign a rotation of this: its own, or else, of a rotation, the nested one's.
   */
  public Optional<Bytes> wrappingPublic() {
    if (!wrappingPubkey.isEmpty()) {
      return Optional.of(wrappingPubkey);
    }
    return kind == ROTATION ? nested.flatMap(NodeKeySignature::wrappingPublic) : Optional.empty();
  }

  /**
   * The key that has to have signed it: of a rotation, the one that what it nests names for that;
   * of a direct signature or a credential, the trusted key. Of any length; empty when none is
   * named.
   */
  public Optional<Bytes> signingKey() {
    return kind == ROTATION ? nested.flatMap(NodeKeySignature::wrappingPublic) : authorizingKeyId();
  }

  /**
   * Whether {@link #signingKey} signed it, by the rule for its kind (protocol, section 1). What it
   * nests is not looked at, nor who trusts that key.
   */
  public boolean isSigned() {
    return isSigned(SignatureVerifier.fastest());
  }

  boolean isSigned(SignatureVerifier verifier) {
    Optional<Bytes> key = signingKey();
    if (key.isEmpty()) {
      return false;
    }
    SignatureVerifier.Claim claim = new SignatureVerifier.Claim(key.get(), sigHash(), signature);
    // For kind 25519 the id of a key is the key, and no other kind is trusted.
    return kind == ROTATION ? verifier.verifyCofactorless(claim) : verifier.verifyZip215(claim);
  }

  /** The name of the kind, as people see it. */
  public String kindName() {
    return switch (kind) {
      case 0 -> "invalid";
      case DIRECT -> "direct";
      case ROTATION -> "rotation";
      case CREDENTIAL -> "credential";
      default -> "Sig?<" + kind + ">";
    };
  }

  /** A field as messages show it: what is there may be megabytes. */
  static String brief(Bytes field) {
    if (field.isEmpty()) {
      return "none";
    }
    return field.size() <= LONGEST_SHOWN ? field.toHex() : field.size() + " bytes";
  }

  /** A lock key as messages show it: as text, if it has the length of one. */
  static String lockKey(Bytes key) {
    return key.size() == LockPublicKey.SIZE ? LockPublicKey.textOf(key) : brief(key);
  }

  /** The field of a node key as messages show it: as text, if it has the form of one. */
  static String nodeKeyText(Bytes field) {
    return hasNodeKeyForm(field)
        ? new NodeKey(
                Bytes.copyOf(
                    Arrays.copyOfRange(field.toByteArray(), NODE_KEY_PREFIX.length, field.size())))
            .toString()
        : brief(field);
  }

  private boolean hasNodeKeyForm() {
    return hasNodeKeyForm(pubkey);
  }

  private static boolean hasNodeKeyForm(Bytes pubkey) {
    return pubkey.size() == NODE_KEY_PREFIX.length + NodeKey.SIZE
        && Arrays.equals(
            pubkey.toByteArray(),
            0,
            NODE_KEY_PREFIX.length,
            NODE_KEY_PREFIX,
            0,
            NODE_KEY_PREFIX.length);
  }

  private byte[] encode(boolean withSignature) {
    CanonicalWriter out = new CanonicalWriter(TYPICAL_SIZE);
    write(out, withSignature);
    return out.toByteArray();
  }

  private void write(CanonicalWriter out, boolean withSignature) {
    boolean signed = withSignature && !signature.isEmpty();
    out.map(
        1
            + (pubkey.isEmpty() ? 0 : 1)
            + (keyId.isEmpty() ? 0 : 1)
            + (signed ? 1 : 0)
            + (nested.isEmpty() ? 0 : 1)
            + (wrappingPubkey.isEmpty() ? 0 : 1));
    out.unsigned(KIND).unsigned(kind);
    writeUnlessEmpty(out, PUBKEY, pubkey);
    writeUnlessEmpty(out, KEY_ID, keyId);
    if (signed) {
      out.unsigned(SIGNATURE).bytes(signature);
    }
    nested.ifPresent(
        inner -> {
          out.unsigned(NESTED);
          // Only the outer signature is left out of what it signs.
          inner.write(out, true);
        });
    writeUnlessEmpty(out, WRAPPING_PUBKEY, wrappingPubkey);
  }

  private static void writeUnlessEmpty(CanonicalWriter out, int field, Bytes value) {
    if (!value.isEmpty()) {
      out.unsigned(field).bytes(value);
    }
  }

  /** The reference's text form: one line a field, nested signatures indented. */
  @Override
  public String toString() {
    StringBuilder out = new StringBuilder();
    describe(out, "");
    return out.toString();
  }

  private void describe(StringBuilder out, String indent) {
    out.append(indent).append("SigKind: ").append(kindName());
    if (!pubkey.isEmpty()) {
      out.append('\n').append(indent).append("Pubkey: ");
      out.append(nodeKey().map(NodeKey::toShortText).orElse("<error: not a node key>"));
    }
    describeKey(out, indent, "KeyID", keyId);
    describeKey(out, indent, "WrappingPubkey", wrappingPubkey);
    nested.ifPresent(
        inner -> {
          out.append('\n').append(indent).append("Nested:\n");
          inner.describe(out, indent + "  ");
        });
  }

  private static void describeKey(StringBuilder out, String indent, String name, Bytes key) {
    if (!key.isEmpty()) {
      // The reference prints ids of any length as if they were keys: cut, or filled with zeros.
      Bytes sized = Bytes.copyOf(Arrays.copyOf(key.toByteArray(), LockPublicKey.SIZE));
      out.append('\n').append(indent).append(name).append(": ").append(new LockPublicKey(sized));
    }
  }
}
