package dev.tka.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tka.core.SignatureVerifier.Claim;
import dev.tka.core.SignatureVerifier.Path;
import dev.tka.core.internal.NativeEd25519;
import dev.tka.testkit.TestKeys;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Protocol, section 1: the two verdicts on Ed25519 signatures, the same on every path. */
class SignatureVerifierTest {
  private static final BigInteger ORDER =
      BigInteger.TWO.pow(252).add(new BigInteger("27742317777372353535851937790883648493"));
  private static final Bytes MESSAGE = bytes("message");

  /** The neutral element, which every multiple of 8 of a small-order point is. */
  private static final byte[] IDENTITY = hex("01" + "00".repeat(31));

  /** A point of order 8. */
  private static final byte[] ORDER_EIGHT =
      hex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a");

  static Stream<SignatureVerifier> paths() {
    return Arrays.stream(Path.values()).flatMap(path -> SignatureVerifier.on(path).stream());
  }

  private static byte[] hex(String hex) {
    return HexFormat.of().parseHex(hex);
  }

  private static Bytes bytes(String text) {
    return Bytes.copyOf(text.getBytes(StandardCharsets.UTF_8));
  }

  private static Bytes join(byte[]... parts) {
    byte[] whole = new byte[0];
    for (byte[] part : parts) {
      int length = whole.length;
      whole = Arrays.copyOf(whole, length + part.length);
      System.arraycopy(part, 0, whole, length, part.length);
    }
    return Bytes.copyOf(whole);
  }

  private static Claim good() {
    return new Claim(TestKeys.id(1), MESSAGE, TestKeys.signature(1, MESSAGE));
  }

  private static void assertVerdicts(
      SignatureVerifier verifier, Claim claim, boolean zip215, boolean cofactorless) {
    assertThat(verifier.verifyZip215(claim)).as("ZIP-215").isEqualTo(zip215);
    assertThat(verifier.verifyCofactorless(claim)).as("cofactorless").isEqualTo(cofactorless);
  }

  @ParameterizedTest
  @MethodSource("paths")
  void anOrdinarySignatureVerifies(SignatureVerifier verifier) {
    assertVerdicts(verifier, good(), true, true);
    Claim empty = new Claim(TestKeys.id(2), Bytes.empty(), TestKeys.signature(2, Bytes.empty()));
    assertVerdicts(verifier, empty, true, true);
  }

  @ParameterizedTest
  @MethodSource("paths")
  void anotherKeyMessageOrSignatureDoesNot(SignatureVerifier verifier) {
    Claim good = good();
    assertVerdicts(verifier, new Claim(TestKeys.id(2), MESSAGE, good.signature()), false, false);
    assertVerdicts(
        verifier, new Claim(TestKeys.id(1), bytes("other"), good.signature()), false, false);
    for (int bit = 0; bit < 8 * 64; bit += 37) {
      byte[] flipped = good.signature().toByteArray();
      flipped[bit / 8] ^= (byte) (1 << bit % 8);
      assertVerdicts(
          verifier, new Claim(TestKeys.id(1), MESSAGE, Bytes.copyOf(flipped)), false, false);
    }
  }

  @ParameterizedTest
  @MethodSource("paths")
  void wrongSizesNeverVerify(SignatureVerifier verifier) {
    Bytes signature = good().signature();
    for (int size : new int[] {0, 1, 32, 63, 65, 128}) {
      Bytes cut = Bytes.copyOf(Arrays.copyOf(signature.toByteArray(), size));
      assertVerdicts(verifier, new Claim(TestKeys.id(1), MESSAGE, cut), false, false);
    }
    for (int size : new int[] {0, 3, 31, 33, 64}) {
      Bytes cut = Bytes.copyOf(Arrays.copyOf(TestKeys.id(1).toByteArray(), size));
      assertVerdicts(verifier, new Claim(cut, MESSAGE, signature), false, false);
    }
  }

  @ParameterizedTest
  @MethodSource("paths")
  void theScalarIsBelowTheOrder(SignatureVerifier verifier) {
    byte[] signature = good().signature().toByteArray();
    BigInteger s = littleEndian(Arrays.copyOfRange(signature, 32, 64));
    byte[] malleable = signature.clone();
    System.arraycopy(littleEndian(s.add(ORDER)), 0, malleable, 32, 32);

    assertVerdicts(
        verifier, new Claim(TestKeys.id(1), MESSAGE, Bytes.copyOf(malleable)), false, false);
    // Without a key behind it, S = L would verify if it were reduced.
    assertVerdicts(
        verifier,
        new Claim(Bytes.copyOf(IDENTITY), MESSAGE, join(IDENTITY, littleEndian(ORDER))),
        false,
        false);
  }

  @ParameterizedTest
  @MethodSource("paths")
  void aKeyOfSmallOrderIsAKey(SignatureVerifier verifier) {
    Bytes signature = join(IDENTITY, new byte[32]);
    assertVerdicts(verifier, new Claim(Bytes.copyOf(IDENTITY), MESSAGE, signature), true, true);

    boolean differs = false;
    for (int i = 0; i < 32; i++) {
      Bytes message = bytes("message " + i);
      // S = 0 and R = 0, so the cofactorless equation is k·A = 0, which holds when 8 divides k.
      boolean divides =
          challenge(IDENTITY, ORDER_EIGHT, message).mod(BigInteger.valueOf(8)).signum() == 0;
      differs |= !divides;
      assertVerdicts(
          verifier, new Claim(Bytes.copyOf(ORDER_EIGHT), message, signature), true, divides);
    }
    assertThat(differs).isTrue();
  }

  @ParameterizedTest
  @MethodSource("paths")
  void encodingsThatAreNotCanonicalAreTakenLeniently(SignatureVerifier verifier) {
    // y = p + 1, another encoding of the neutral element; and its sign bit set although x = 0.
    byte[] above = hex("ee" + "ff".repeat(30) + "7f");
    byte[] negative = hex("01" + "00".repeat(30) + "80");
    for (byte[] key : List.of(above, negative)) {
      assertVerdicts(
          verifier,
          new Claim(Bytes.copyOf(key), MESSAGE, join(IDENTITY, new byte[32])),
          true,
          true);
    }
    // R is compared byte for byte by the cofactorless rule.
    for (byte[] r : List.of(above, negative, ORDER_EIGHT)) {
      assertVerdicts(
          verifier, new Claim(Bytes.copyOf(IDENTITY), MESSAGE, join(r, new byte[32])), true, false);
    }
  }

  @ParameterizedTest
  @MethodSource("paths")
  void aKeyThatIsNotAPointDoesNotVerify(SignatureVerifier verifier) {
    byte[] noPoint = hex("02" + "00".repeat(31));
    assertVerdicts(
        verifier,
        new Claim(Bytes.copyOf(noPoint), MESSAGE, join(IDENTITY, new byte[32])),
        false,
        false);
    assertVerdicts(
        verifier,
        new Claim(Bytes.copyOf(IDENTITY), MESSAGE, join(noPoint, new byte[32])),
        false,
        false);
  }

  @ParameterizedTest
  @MethodSource("paths")
  void ofManyTheFirstThatDoesNotVerifyIsFound(SignatureVerifier verifier) {
    Claim bad = new Claim(TestKeys.id(2), MESSAGE, good().signature());
    for (int size : new int[] {0, 1, 3, 4, 5, 64}) {
      List<Claim> claims = new ArrayList<>(Collections.nCopies(size, good()));
      assertThat(verifier.firstInvalidZip215(claims)).isEmpty();
      for (int i = size - 1; i >= 0; i -= 7) {
        claims.set(i, bad);
        assertThat(verifier.firstInvalidZip215(claims)).hasValue(i);
      }
    }
  }

  @Test
  void theNativeProviderAcceptsByItselfWhereItLoads() {
    // Its no would go unnoticed: the exact equations decide what it refuses.
    assumeTrue(NativeEd25519.isAvailable());
    Claim good = good();

    assertThat(
            NativeEd25519.accepts(
                good.publicKey().toByteArray(),
                good.message().toByteArray(),
                good.signature().toByteArray()))
        .isTrue();
  }

  @Test
  void thePathInUseIsVisible() {
    assertThat(SignatureVerifier.on(Path.EXACT))
        .get()
        .extracting(SignatureVerifier::path)
        .isEqualTo(Path.EXACT);
    assertThat(SignatureVerifier.on(Path.BOUNCY_CASTLE)).isPresent();
    assertThat(SignatureVerifier.fastest().path())
        .isEqualTo(
            SignatureVerifier.on(Path.CORRETTO).isPresent() ? Path.CORRETTO : Path.BOUNCY_CASTLE);
    assertThat(Path.EXACT).hasToString("exact equations");
  }

  private static BigInteger challenge(byte[] r, byte[] key, Bytes message) {
    try {
      MessageDigest sha512 = MessageDigest.getInstance("SHA-512");
      sha512.update(r);
      sha512.update(key);
      return littleEndian(sha512.digest(message.toByteArray())).mod(ORDER);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  private static BigInteger littleEndian(byte[] bytes) {
    return new BigInteger(1, reversed(bytes));
  }

  private static byte[] littleEndian(BigInteger value) {
    byte[] bigEndian = value.toByteArray();
    return Arrays.copyOf(reversed(bigEndian), 32);
  }

  private static byte[] reversed(byte[] bytes) {
    byte[] reversed = new byte[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      reversed[i] = bytes[bytes.length - 1 - i];
    }
    return reversed;
  }
}
