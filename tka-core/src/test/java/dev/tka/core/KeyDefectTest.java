package dev.tka.core;

import static dev.tka.core.KeyDefect.ANYBODY_CAN_SIGN;
import static dev.tka.core.KeyDefect.CAN_NEVER_SIGN;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.SignatureVerifier.Claim;
import dev.tka.core.SignatureVerifier.Path;
import dev.tka.testkit.WeakKeys;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;
import org.bouncycastle.math.ec.rfc8032.Ed25519;
import org.junit.jupiter.api.Test;

/** Service, section 8: which keys anybody can sign for, which never can, and that this is real. */
class KeyDefectTest {
  private static final BigInteger PRIME = BigInteger.TWO.pow(255).subtract(BigInteger.valueOf(19));

  /** The constant of the curve equation −x² + y² = 1 + d·x²·y². */
  private static final BigInteger D =
      BigInteger.valueOf(-121665).multiply(BigInteger.valueOf(121666).modInverse(PRIME));

  private static final int MOST_TRIES = 64;

  @Test
  void everyEncodingOfEveryPointOfSmallOrderIsNamed() {
    assertThat(WeakKeys.SMALL_ORDER)
        .hasSize(14)
        .doesNotHaveDuplicates()
        .allSatisfy(
            key -> assertThat(KeyDefect.of(key.bytes())).as("%s", key).hasValue(ANYBODY_CAN_SIGN));
  }

  @Test
  void noOtherEncodingThatIsNotReducedIsOfSmallOrder() {
    for (int y = 0; y < 19; y++) {
      for (BigInteger encoded : List.of(BigInteger.valueOf(y), PRIME.add(BigInteger.valueOf(y)))) {
        assertDefect(littleEndian(encoded));
        assertDefect(littleEndian(encoded.setBit(255)));
      }
    }
  }

  @Property
  void anyBytesAreAPointOrNot(@ForAll @Size(32) byte[] bytes) {
    assertDefect(Bytes.copyOf(bytes));
  }

  /** Against the curve equation and the list. */
  private static void assertDefect(Bytes key) {
    byte[] bigEndian = key.toByteArray();
    for (int i = 0; i < bigEndian.length / 2; i++) {
      byte swapped = bigEndian[i];
      bigEndian[i] = bigEndian[bigEndian.length - 1 - i];
      bigEndian[bigEndian.length - 1 - i] = swapped;
    }
    BigInteger square = new BigInteger(1, bigEndian).clearBit(255).pow(2).mod(PRIME);
    BigInteger x2 =
        square
            .subtract(BigInteger.ONE)
            .multiply(square.multiply(D).add(BigInteger.ONE).modInverse(PRIME))
            .mod(PRIME);
    boolean point =
        x2.signum() == 0 || x2.modPow(PRIME.shiftRight(1), PRIME).equals(BigInteger.ONE);
    Optional<KeyDefect> expected =
        !point
            ? Optional.of(CAN_NEVER_SIGN)
            : WeakKeys.SMALL_ORDER.contains(new LockPublicKey(key))
                ? Optional.of(ANYBODY_CAN_SIGN)
                : Optional.empty();
    assertThat(KeyDefect.of(key)).as("%s", key).isEqualTo(expected);
  }

  @Property
  void anHonestKeyIsSound(@ForAll @Size(32) byte[] seed) {
    byte[] publicKey = new byte[LockPublicKey.SIZE];
    Ed25519.generatePublicKey(seed, 0, publicKey, 0);
    LockPublicKey key = new LockPublicKey(Bytes.copyOf(publicKey));

    assertThat(KeyDefect.of(key.bytes())).isEmpty();
    assertThat(Key.of(key, 1).canSign()).isTrue();
  }

  @Test
  void aNewKeyIsSound() {
    assertThat(KeyDefect.of(LockPrivateKey.generate(new SecureRandom()).publicKey().bytes()))
        .isEmpty();
  }

  @Test
  void bytesOfAnotherLengthAreNoKeyAndHaveNoDefect() {
    for (int size : new int[] {0, 1, 31, 33, 64}) {
      Bytes zeros = Bytes.copyOf(new byte[size]);
      assertThat(KeyDefect.of(zeros)).as("%s bytes", size).isEmpty();
      assertThat(new Key(Key.KIND_25519, 1, Optional.of(zeros), Map.of()).canSign()).isFalse();
    }
  }

  @Test
  void aTrustedKeyWithADefectCannotSign() {
    for (LockPublicKey key : WeakKeys.all()) {
      assertThat(Key.of(key, 1).canSign()).as("%s", key).isFalse();
      assertThat(Key.of(key, 1).defect()).as("%s", key).isPresent();
      // Kinds without a meaning have no curve.
      assertThat(new Key(9, 1, Optional.of(key.bytes()), Map.of()).defect()).isEmpty();
    }
  }

  @Test
  void theConstantSignatureVerifiesByEveryKeyOfSmallOrder() {
    for (Path path : Path.values()) {
      SignatureVerifier.on(path)
          .ifPresent(
              verifier -> {
                for (int i = 0; i < 4; i++) {
                  Bytes message = message(i);
                  assertThat(WeakKeys.SMALL_ORDER)
                      .as("%s", path)
                      .allMatch(key -> verifier.verifyZip215(constant(key, message)));
                  assertThat(verifier.verifyZip215(constant(WeakKeys.NO_POINT, message))).isFalse();
                }
              });
    }
  }

  /** The rule of rotations compares R, so that the forger has to try some node keys. */
  @Test
  void aRotationUnderAnyKeyOfSmallOrderIsForgedInAFewTries() {
    SignatureVerifier verifier = SignatureVerifier.fastest();
    for (LockPublicKey key : WeakKeys.SMALL_ORDER) {
      boolean forged =
          IntStream.range(0, MOST_TRIES)
              .mapToObj(KeyDefectTest::message)
              .anyMatch(
                  message ->
                      WeakKeys.SMALL_ORDER.stream()
                          .limit(WeakKeys.POINTS)
                          .map(r -> Arrays.copyOf(r.bytes().toByteArray(), 64))
                          .map(r -> new Claim(key.bytes(), message, Bytes.copyOf(r)))
                          .anyMatch(verifier::verifyCofactorless));
      assertThat(forged).as("%s", key).isTrue();
    }
  }

  private static Claim constant(LockPublicKey key, Bytes message) {
    return new Claim(key.bytes(), message, WeakKeys.CONSTANT_SIGNATURE);
  }

  private static Bytes message(int number) {
    return Bytes.copyOf(ByteBuffer.allocate(32).putInt(number).array());
  }

  private static Bytes littleEndian(BigInteger value) {
    byte[] bytes = new byte[LockPublicKey.SIZE];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = value.shiftRight(8 * i).byteValue();
    }
    return Bytes.copyOf(bytes);
  }
}
