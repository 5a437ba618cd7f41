package dev.tka.tlog;

import dev.tka.core.Bytes;
import dev.tka.core.TextException;
import dev.tka.core.internal.SecretBytes;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;
import org.bouncycastle.math.ec.rfc8032.Ed25519;

/**
 * A key that signs notes. Its text is {@code PRIVATE+KEY+name+hash+base64}, where the base64 is of
 * the kind's byte and the seed.
 */
public final class SignerKey {
  static final int COSIGNATURE_SIZE = Long.BYTES + Ed25519.SIGNATURE_SIZE;

  private static final String PREFIX = "PRIVATE+KEY+";
  private static final String WHAT = "signer key";

  private final SecretBytes seed;
  private final VerifierKey verifier;

  private SignerKey(String name, VerifierKey.Kind kind, byte[] seed) {
    byte[] publicKey = new byte[Ed25519.PUBLIC_KEY_SIZE];
    Ed25519.generatePublicKey(seed, 0, publicKey, 0);
    this.seed = SecretBytes.copyOf(seed);
    this.verifier = new VerifierKey(name, kind, Bytes.copyOf(publicKey));
  }

  /**
   * Makes a key.
   *
   * @throws IllegalArgumentException if a key cannot have this name
   */
  public static SignerKey generate(String name, VerifierKey.Kind kind, SecureRandom random) {
    byte[] seed = new byte[Ed25519.SECRET_KEY_SIZE];
    random.nextBytes(seed);
    try {
      return new SignerKey(name, kind, seed);
    } finally {
      Arrays.fill(seed, (byte) 0);
    }
  }

  /**
   * Reads the text of a key.
   *
   * @throws TextException if it is not one
   */
  public static SignerKey parse(String text) throws TextException {
    String[] parts =
        text.startsWith(PREFIX) ? text.substring(PREFIX.length()).split("\\+", 3) : new String[0];
    if (parts.length < 3 || !NoteText.isKeyName(parts[0])) {
      throw NoteText.bad(WHAT, PREFIX + "name+hash+base64", "another text");
    }
    byte[] coded = NoteText.base64(parts[2], WHAT);
    byte[] seed = coded.length == 0 ? coded : Arrays.copyOfRange(coded, 1, coded.length);
    try {
      if (seed.length != Ed25519.SECRET_KEY_SIZE || VerifierKey.Kind.of(coded[0]).isEmpty()) {
        throw NoteText.bad(WHAT, "a seed of Ed25519, of type 1 or 4", "another one");
      }
      SignerKey key = new SignerKey(parts[0], VerifierKey.Kind.of(coded[0]).orElseThrow(), seed);
      if (!HexFormat.of().toHexDigits(key.verifier.keyId()).equals(parts[1])) {
        throw NoteText.bad(WHAT, "the hash of its name and key", "another hash");
      }
      return key;
    } finally {
      Arrays.fill(coded, (byte) 0);
      Arrays.fill(seed, (byte) 0);
    }
  }

  /** The public half. */
  public VerifierKey verifier() {
    return verifier;
  }

  /**
   * Signs the text of a note.
   *
   * @param name the name under which it signs, for a log whose origin that is
   * @throws IllegalStateException if this is a key for cosignatures
   */
  public NoteSignature sign(String name, String text) {
    requireKind(VerifierKey.Kind.NOTE);
    return new NoteSignature(name, verifier.named(name).keyId(), signed(text));
  }

  /**
   * Signs that a checkpoint is consistent with all that was seen before.
   *
   * @param at the time, in whole seconds
   * @throws IllegalStateException if this is no key for cosignatures
   */
  public NoteSignature cosign(String text, Instant at) {
    requireKind(VerifierKey.Kind.COSIGNATURE);
    return new NoteSignature(
        verifier.name(),
        verifier.keyId(),
        Bytes.copyOf(
            ByteBuffer.allocate(COSIGNATURE_SIZE)
                .putLong(at.getEpochSecond())
                .put(signed(cosigned(at, text)).toByteArray())
                .array()));
  }

  private void requireKind(VerifierKey.Kind kind) {
    if (verifier.kind() != kind) {
      throw new IllegalStateException("a key of another kind");
    }
  }

  /** What a cosignature signs (C2SP, tlog-cosignature). */
  static String cosigned(Instant at, String text) {
    return "cosignature/v1\ntime " + at.getEpochSecond() + "\n" + text;
  }

  private Bytes signed(String text) {
    byte[] message = NoteText.utf8(text);
    byte[] signature = new byte[Ed25519.SIGNATURE_SIZE];
    byte[] secret = seed.exposeToByteArray();
    try {
      Ed25519.sign(secret, 0, message, 0, message.length, signature, 0);
    } finally {
      Arrays.fill(secret, (byte) 0);
    }
    return Bytes.copyOf(signature);
  }

  /** The text form, secret included: for the one file that keeps it. */
  public String exposeText() {
    byte[] secret = seed.exposeToByteArray();
    byte[] coded =
        ByteBuffer.allocate(1 + secret.length).put(verifier.kind().code()).put(secret).array();
    try {
      return PREFIX
          + verifier.name()
          + "+"
          + HexFormat.of().toHexDigits(verifier.keyId())
          + "+"
          + NoteText.base64(coded);
    } finally {
      Arrays.fill(secret, (byte) 0);
      Arrays.fill(coded, (byte) 0);
    }
  }

  /** Shows only the public half. */
  @Override
  public String toString() {
    return "signer key of " + verifier;
  }
}
