package dev.tka.core;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.bouncycastle.math.ec.rfc8032.Ed25519;

/**
 * A private tailnet-lock key: an Ed25519 seed and the public key that belongs to it (section 1).
 * Nothing but {@link #exposeText} shows the seed.
 */
public final class LockPrivateKey {
  private static final int SEED_SIZE = 32;
  private static final String PREFIX = "nlpriv:";

  private final SecretBytes seed;
  private final LockPublicKey publicKey;

  private LockPrivateKey(SecretBytes seed, LockPublicKey publicKey) {
    this.seed = seed;
    this.publicKey = publicKey;
  }

  /**
   * Parses {@code nlpriv:} and the 128 hexadecimal digits of seed and public key.
   *
   * @throws TextException.WrongPublicHalf if the public half does not belong to the seed (the
   *     reference does not look)
   * @throws TextException if the form is wrong
   */
  public static LockPrivateKey parse(String text) throws TextException {
    byte[] both =
        KeyText.parse("private key", List.of(PREFIX), SEED_SIZE + LockPublicKey.SIZE, text);
    byte[] seed = Arrays.copyOf(both, SEED_SIZE);
    try {
      LockPublicKey found = new LockPublicKey(Bytes.copyOf(both, SEED_SIZE, both.length));
      byte[] derived = new byte[LockPublicKey.SIZE];
      Ed25519.generatePublicKey(seed, 0, derived, 0);
      LockPublicKey expected = new LockPublicKey(Bytes.copyOf(derived));
      if (!expected.equals(found)) {
        throw new TextException.WrongPublicHalf(expected, found);
      }
      return new LockPrivateKey(SecretBytes.copyOf(seed), expected);
    } finally {
      Arrays.fill(both, (byte) 0);
      Arrays.fill(seed, (byte) 0);
    }
  }

  /** The public half. */
  public LockPublicKey publicKey() {
    return publicKey;
  }

  /** The text form, secret included: for the one file that keeps it. */
  public String exposeText() {
    byte[] bytes = seed.exposeToByteArray();
    try {
      return PREFIX + HexFormat.of().formatHex(bytes) + publicKey.bytes().toHex();
    } finally {
      Arrays.fill(bytes, (byte) 0);
    }
  }

  /** Names the public half only. */
  @Override
  public String toString() {
    return "private key of " + publicKey;
  }
}
