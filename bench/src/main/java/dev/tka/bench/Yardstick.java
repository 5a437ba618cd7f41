package dev.tka.bench;

import dev.tka.core.Bytes;
import dev.tka.testkit.TestKeys;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.Provider;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;

/**
 * Measures how fast this machine is now: one Ed25519 verification by Amazon Corretto Crypto
 * Provider, called without any code of this project. It is native, and needs almost no warm-up.
 */
final class Yardstick {
  /** The time on the reference's machine, in microseconds. */
  static final double REFERENCE = 30;

  private static final String PROVIDER =
      "com.amazon.corretto.crypto.provider.AmazonCorrettoCryptoProvider";

  /** The prefix of a public key's 32 bytes in RFC 8410. */
  private static final String KEY_PREFIX = "302a300506032b6570032100";

  private static final int KEY = 1;
  private static final int ROUNDS = 41;
  private static final int VERIFICATIONS_PER_ROUND = 50;

  private final Signature verifier;
  private final PublicKey publicKey;
  private final byte[] message;
  private final byte[] signature;

  private Yardstick(Provider provider) throws GeneralSecurityException {
    Bytes text = TestKeys.id(0);
    byte[] encodedKey = HexFormat.of().parseHex(KEY_PREFIX + TestKeys.id(KEY).toHex());
    publicKey =
        KeyFactory.getInstance("Ed25519").generatePublic(new X509EncodedKeySpec(encodedKey));
    message = text.toByteArray();
    signature = TestKeys.signature(KEY, text).toByteArray();
    verifier = Signature.getInstance("Ed25519", provider);
    measure();
  }

  /** The yardstick; empty if the provider does not load. */
  static Optional<Yardstick> find() {
    try {
      return Optional.of(
          new Yardstick((Provider) Class.forName(PROVIDER).getField("INSTANCE").get(null)));
    } catch (ReflectiveOperationException | GeneralSecurityException | LinkageError e) {
      return Optional.empty();
    }
  }

  /**
   * Microseconds for one verification: the median of several rounds, a tenth of a second in all.
   */
  double measure() {
    double[] rounds = new double[ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
      long start = System.nanoTime();
      for (int i = 0; i < VERIFICATIONS_PER_ROUND; i++) {
        verify();
      }
      rounds[round] = (System.nanoTime() - start) / 1e3 / VERIFICATIONS_PER_ROUND;
    }
    Arrays.sort(rounds);
    return rounds[ROUNDS / 2];
  }

  private void verify() {
    try {
      verifier.initVerify(publicKey);
      verifier.update(message);
      if (!verifier.verify(signature)) {
        throw new AssertionError("an honest signature was refused");
      }
    } catch (GeneralSecurityException e) {
      throw new AssertionError(e);
    }
  }
}
