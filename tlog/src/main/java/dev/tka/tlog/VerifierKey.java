package dev.tka.tlog;

import dev.tka.core.Bytes;
import dev.tka.core.KeyDefect;
import dev.tka.core.LockPublicKey;
import dev.tka.core.SignatureVerifier;
import dev.tka.core.TextException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Optional;

/**
 * The public half of a key that signs notes, with its name (C2SP, signed-note and
 * tlog-cosignature). Its text is {@code name+hash+base64}.
 *
 * @param name as in the signature lines
 * @param kind what it signs
 * @param publicKey 32 bytes of Ed25519, and not a key that anybody can sign for (service, section
 *     8)
 */
public record VerifierKey(String name, Kind kind, Bytes publicKey) {
  private static final String WHAT = "verifier key";

  /** What a key signs. */
  public enum Kind {
    /** The text of a note. */
    NOTE(1),
    /** A checkpoint, as consistent with all that the key's owner saw before, at a time. */
    COSIGNATURE(4);

    private final int code;

    Kind(int code) {
      this.code = code;
    }

    byte code() {
      return (byte) code;
    }

    static Optional<Kind> of(byte code) {
      for (Kind each : values()) {
        if (each.code() == code) {
          return Optional.of(each);
        }
      }
      return Optional.empty();
    }
  }

  /**
   * Takes a key.
   *
   * @throws IllegalArgumentException if the name is none, or the key has not 32 bytes or is unsound
   */
  public VerifierKey {
    if (!NoteText.isKeyName(name)) {
      throw new IllegalArgumentException("no name of a key");
    }
    if (publicKey.size() != LockPublicKey.SIZE || KeyDefect.of(publicKey).isPresent()) {
      throw new IllegalArgumentException("no sound key of Ed25519");
    }
  }

  /**
   * Reads the text of a key.
   *
   * @throws TextException if it is not the text of a sound key of a known kind
   */
  public static VerifierKey parse(String text) throws TextException {
    String[] parts = text.split("\\+", 3);
    if (parts.length < 3 || !NoteText.isKeyName(parts[0])) {
      throw NoteText.bad(WHAT, "name+hash+base64", "another text");
    }
    byte[] coded = NoteText.base64(parts[2], WHAT);
    Optional<Kind> kind = coded.length == 0 ? Optional.empty() : Kind.of(coded[0]);
    if (kind.isEmpty() || coded.length != 1 + LockPublicKey.SIZE) {
      throw NoteText.bad(WHAT, "a key of Ed25519, of type 1 or 4", "another one");
    }
    Bytes publicKey = Bytes.copyOf(coded, 1, coded.length);
    Optional<KeyDefect> defect = KeyDefect.of(publicKey);
    if (defect.isPresent()) {
      throw NoteText.bad(WHAT, "a sound key", defect.get().reason());
    }
    VerifierKey key = new VerifierKey(parts[0], kind.get(), publicKey);
    if (!HexFormat.of().toHexDigits(key.keyId()).equals(parts[1])) {
      throw NoteText.bad(WHAT, "the hash of its name and key", "another hash");
    }
    return key;
  }

  /** Whether a key can have this name. */
  public static boolean isName(String name) {
    return NoteText.isKeyName(name);
  }

  /** The short hash of name and key that a signature line has. */
  public int keyId() {
    MessageDigest digest = TreeHash.sha256();
    digest.update(NoteText.utf8(name + "\n"));
    digest.update(kind.code());
    return ByteBuffer.wrap(digest.digest(publicKey.toByteArray())).getInt();
  }

  /** The same key under another name. */
  public VerifierKey named(String other) {
    return new VerifierKey(other, kind, publicKey);
  }

  /** Whether a signature says that it is this key's. */
  public boolean isNamedBy(NoteSignature signature) {
    return signature.name().equals(name) && signature.keyId() == keyId();
  }

  /**
   * Whether a signature is this key's, of a text. A verdict by ZIP-215, as everywhere here: it
   * accepts all that RFC 8032 makes, and sound keys leave nothing that others could make.
   */
  public boolean verifies(String text, NoteSignature signature) {
    if (!isNamedBy(signature)) {
      return false;
    }
    byte[] bytes = signature.signature().toByteArray();
    int from = 0;
    String signed = text;
    if (kind == Kind.COSIGNATURE) {
      Optional<Instant> time = timeOf(signature);
      if (time.isEmpty()) {
        return false;
      }
      from = Long.BYTES;
      signed = SignerKey.cosigned(time.get(), text);
    }
    return SignatureVerifier.fastest()
        .verifyZip215(
            new SignatureVerifier.Claim(
                publicKey,
                Bytes.copyOf(NoteText.utf8(signed)),
                Bytes.copyOf(bytes, from, bytes.length)));
  }

  /**
   * When a cosignature was made, as it says itself.
   *
   * @return empty if it is not as long as one, or names no time
   */
  public static Optional<Instant> timeOf(NoteSignature signature) {
    byte[] bytes = signature.signature().toByteArray();
    if (bytes.length != SignerKey.COSIGNATURE_SIZE) {
      return Optional.empty();
    }
    long seconds = ByteBuffer.wrap(bytes).getLong();
    return seconds < 0 || seconds > Instant.MAX.getEpochSecond()
        ? Optional.empty()
        : Optional.of(Instant.ofEpochSecond(seconds));
  }

  /** The text of the key. */
  @Override
  public String toString() {
    return name
        + "+"
        + HexFormat.of().toHexDigits(keyId())
        + "+"
        + NoteText.base64(
            ByteBuffer.allocate(1 + LockPublicKey.SIZE)
                .put(kind.code())
                .put(publicKey.toByteArray())
                .array());
  }
}
