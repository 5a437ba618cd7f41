package dev.tka.core;

import dev.tka.core.internal.CanonicalWriter;
import dev.tka.core.internal.CborReader;
import java.util.Optional;

/**
 * One signature on an AUM (protocol, section 2). Both parts may be null or of any length on the
 * wire; only 32 and 64 bytes are well-formed.
 *
 * @param keyId which key signed; empty when it is null on the wire
 * @param signature Ed25519 over the AUM's sig-hash; empty when it is null on the wire
 */
public record AumSignature(Optional<Bytes> keyId, Optional<Bytes> signature) {
  /** The length of a well-formed key id in bytes. */
  public static final int KEY_ID_SIZE = 32;

  /** The length of a well-formed signature in bytes. */
  public static final int SIGNATURE_SIZE = 64;

  // Fields of the wire.
  private static final int KEY_ID = 1;
  private static final int SIGNATURE = 2;

  /** A signature with both parts. */
  public static AumSignature of(Bytes keyId, Bytes signature) {
    return new AumSignature(Optional.of(keyId), Optional.of(signature));
  }

  /** The id of the signing key; no bytes when it is null. */
  public Bytes signerId() {
    return keyId.orElse(Bytes.empty());
  }

  /** The signature's bytes; none when it is null. */
  public Bytes signatureBytes() {
    return signature.orElse(Bytes.empty());
  }

  /**
   * Checks the two lengths (protocol, section 3).
   *
   * @throws IllFormedException if one is wrong
   */
  public void requireWellFormed() throws IllFormedException {
    requireSize("key id", signerId(), KEY_ID_SIZE);
    requireSize("signature", signatureBytes(), SIGNATURE_SIZE);
  }

  void writeTo(CanonicalWriter out) {
    out.map(2).unsigned(KEY_ID);
    keyId.ifPresentOrElse(out::bytes, out::nil);
    out.unsigned(SIGNATURE);
    signature.ifPresentOrElse(out::bytes, out::nil);
  }

  static AumSignature read(CborReader in) throws DecodeException {
    in.beginMap("signature");
    Optional<Bytes> keyId = Optional.empty();
    Optional<Bytes> signature = Optional.empty();
    int field = -1;
    while (in.nextKey("signature")) {
      field = in.intKey("signature", field);
      switch (field) {
        case KEY_ID -> keyId = in.bytesOrNull("signature key id");
        case SIGNATURE -> signature = in.bytesOrNull("signature");
        default -> throw new DecodeException.UnknownField(in.offset(), "signature", "" + field);
      }
    }
    return new AumSignature(keyId, signature);
  }

  private static void requireSize(String field, Bytes value, int size) throws IllFormedException {
    if (value.size() != size) {
      throw new IllFormedException(field, size + " bytes", value.size() + " bytes");
    }
  }
}
