package dev.tka.core.internal;

import cafe.cryptography.curve25519.CompressedEdwardsY;
import cafe.cryptography.curve25519.EdwardsPoint;
import cafe.cryptography.curve25519.InvalidEncodingException;
import cafe.cryptography.curve25519.Scalar;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The two verification equations of protocol section 1, spelled out over a library's group
 * arithmetic. Slow, and the last word: no provider has exactly these verdicts.
 *
 * <p>Both rules decode A leniently (any encoding of a point, canonical or not, of any order) and
 * demand S &lt; L. They differ in the equation, with k = SHA-512(R ‖ A ‖ M) mod L:
 *
 * <ul>
 *   <li>ZIP-215: [8](S·B − k·A − R) = 0, R decoded leniently too;
 *   <li>Go's: the encoding of S·B − k·A is R, byte for byte.
 * </ul>
 */
public final class ExactEd25519 {
  /** The order of A. */
  public enum Order {
    /** L or a multiple of it: a signature needs the private key. */
    LARGE,
    /** At most 8: [8]A = 0, so that R and S alone decide under ZIP-215. */
    SMALL,
    /** The bytes are not a point, and no signature verifies. */
    NO_POINT
  }

  private static final int POINT_SIZE = 32;

  /** The order of the base point, L = 2^252 + 27742317777372353535851937790883648493. */
  private static final byte[] ORDER_BIG_ENDIAN =
      java.util.HexFormat.of()
          .parseHex("1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed");

  private ExactEd25519() {}

  /** The cofactored rule of ZIP-215. */
  public static boolean verifyZip215(byte[] publicKey, byte[] message, byte[] signature) {
    EdwardsPoint point = decode(Arrays.copyOf(signature, POINT_SIZE));
    EdwardsPoint candidate = candidate(publicKey, message, signature);
    return point != null
        && candidate != null
        && candidate.subtract(point).multiplyByCofactor().isIdentity();
  }

  /** The cofactorless rule of Go's standard library. */
  public static boolean verifyCofactorless(byte[] publicKey, byte[] message, byte[] signature) {
    EdwardsPoint candidate = candidate(publicKey, message, signature);
    return candidate != null
        && Arrays.equals(
            candidate.compress().toByteArray(), 0, POINT_SIZE, signature, 0, POINT_SIZE);
  }

  /** The order of the point that 32 bytes encode, canonically or not. */
  public static Order orderOf(byte[] publicKey) {
    EdwardsPoint point = decode(publicKey);
    if (point == null) {
      return Order.NO_POINT;
    }
    return point.isSmallOrder() ? Order.SMALL : Order.LARGE;
  }

  /** S·B − k·A, or null when A is not a point or S is not below the order. */
  private static @Nullable EdwardsPoint candidate(
      byte[] publicKey, byte[] message, byte[] signature) {
    byte[] s = Arrays.copyOfRange(signature, POINT_SIZE, signature.length);
    EdwardsPoint a = decode(publicKey);
    if (a == null || !isBelowOrder(s)) {
      return null;
    }
    MessageDigest sha512 = sha512();
    sha512.update(signature, 0, POINT_SIZE);
    sha512.update(publicKey);
    Scalar k = Scalar.fromBytesModOrderWide(sha512.digest(message));
    return EdwardsPoint.vartimeDoubleScalarMultiplyBasepoint(
        k, a.negate(), Scalar.fromCanonicalBytes(s));
  }

  private static @Nullable EdwardsPoint decode(byte[] encoded) {
    try {
      return new CompressedEdwardsY(encoded).decompress();
    } catch (InvalidEncodingException e) {
      return null;
    }
  }

  private static boolean isBelowOrder(byte[] littleEndian) {
    byte[] bigEndian = new byte[littleEndian.length];
    for (int i = 0; i < bigEndian.length; i++) {
      bigEndian[i] = littleEndian[littleEndian.length - 1 - i];
    }
    return Arrays.compareUnsigned(bigEndian, ORDER_BIG_ENDIAN) < 0;
  }

  private static MessageDigest sha512() {
    try {
      return MessageDigest.getInstance("SHA-512");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every JDK has SHA-512", e);
    }
  }
}
