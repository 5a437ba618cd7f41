package dev.tka.core;

import dev.tka.core.internal.SecretBytes;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.bouncycastle.math.ec.rfc8032.Ed25519;

/**
 * A private tailnet-lock key: an Ed25519 seed and the public key that belongs to it (protocol,
 * section 1). Only {@link #exposeText} and {@link #exposeToByteArray} reveal the seed. It is the
 * {@link Signer} for a key held in memory.
 */
public final class LockPrivateKey implements Signer {
  /** The length of a seed and the public key that belongs to it, in bytes. */
  public static final int SIZE = 64;

  private static final int SEED_SIZE = 32;
  private static final String PREFIX = "nlpriv:";

  private final SecretBytes seed;
  private final LockPublicKey publicKey;

  private LockPrivateKey(SecretBytes seed, LockPublicKey publicKey) {
    this.seed = seed;
    this.publicKey = publicKey;
  }

  /** Generates a key. */
  public static LockPrivateKey generate(SecureRandom random) {
    byte[] seed = new byte[SEED_SIZE];
    random.nextBytes(seed);
    try {
      return new LockPrivateKey(SecretBytes.copyOf(seed), publicKeyOf(seed));
    } finally {
      Arrays.fill(seed, (byte) 0);
    }
  }

  /**
   * Parses {@code nlpriv:} and the 128 hexadecimal digits of seed and public key.
   *
   * @throws TextException.WrongPublicHalf if the public half does not belong to the seed (the
   *     reference does not check this)
   * @throws TextException if the form is wrong
   */
  public static LockPrivateKey parse(String text) throws TextException {
    byte[] both = KeyText.parse("private key", List.of(PREFIX), SIZE, text);
    try {
      return of(both);
    } finally {
      Arrays.fill(both, (byte) 0);
    }
  }

  /**
   * Makes a key from its seed and public half, 64 bytes; wiping the original is up to the caller.
   *
   * @throws TextException.WrongPublicHalf if the public half does not belong to the seed
   */
  public static LockPrivateKey of(byte[] both) throws TextException.WrongPublicHalf {
    byte[] seed = Arrays.copyOf(both, SEED_SIZE);
    try {
      LockPublicKey found = new LockPublicKey(Bytes.copyOf(both, SEED_SIZE, both.length));
      LockPublicKey expected = publicKeyOf(seed);
      if (!expected.equals(found)) {
        throw new TextException.WrongPublicHalf(expected);
      }
      return new LockPrivateKey(SecretBytes.copyOf(seed), expected);
    } finally {
      Arrays.fill(seed, (byte) 0);
    }
  }

  private static LockPublicKey publicKeyOf(byte[] seed) {
    byte[] derived = new byte[LockPublicKey.SIZE];
    Ed25519.generatePublicKey(seed, 0, derived, 0);
    return new LockPublicKey(Bytes.copyOf(derived));
  }

  /** The public half. */
  @Override
  public LockPublicKey publicKey() {
    return publicKey;
  }

  /**
   * {@inheritDoc}
   *
   * @throws IllegalArgumentException if there are not 32 bytes to sign: no other message is ever
   *     signed with a lock key
   */
  @Override
  public Bytes sign(Bytes sigHash) {
    if (sigHash.size() != Aum.SIG_HASH_SIZE) {
      throw new IllegalArgumentException(
          "a sig-hash has " + Aum.SIG_HASH_SIZE + " bytes, not " + sigHash.size());
    }
    byte[] secret = seed.exposeToByteArray();
    byte[] message = sigHash.toByteArray();
    byte[] signature = new byte[AumSignature.SIGNATURE_SIZE];
    try {
      Ed25519.sign(
          secret, 0, publicKey.bytes().toByteArray(), 0, message, 0, message.length, signature, 0);
    } finally {
      Arrays.fill(secret, (byte) 0);
    }
    return Bytes.copyOf(signature);
  }

  /** The text form, secret included: for the one file that keeps it. */
  public String exposeText() {
    byte[] both = exposeToByteArray();
    try {
      return PREFIX + HexFormat.of().formatHex(both);
    } finally {
      Arrays.fill(both, (byte) 0);
    }
  }

  /** Seed and public half, 64 bytes. The caller wipes them. */
  public byte[] exposeToByteArray() {
    byte[] bytes = seed.exposeToByteArray();
    try {
      byte[] both = Arrays.copyOf(bytes, SIZE);
      publicKey.bytes().copyTo(both, SEED_SIZE);
      return both;
    } finally {
      Arrays.fill(bytes, (byte) 0);
    }
  }

  /** Shows only the public half. */
  @Override
  public String toString() {
    return "private key of " + publicKey;
  }
}
