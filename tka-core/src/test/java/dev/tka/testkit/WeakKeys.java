package dev.tka.testkit;

import dev.tka.core.Aum;
import dev.tka.core.AumSignature;
import dev.tka.core.Bytes;
import dev.tka.core.LockPublicKey;
import dev.tka.core.Signer;
import dev.tka.core.TextException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Public keys without an owner, and what anybody can do with them (service, section 8). */
public final class WeakKeys {
  /** The eight points of small order in every encoding: the first eight are canonical. */
  public static final List<LockPublicKey> SMALL_ORDER =
      Stream.of(
              // Order 1, 2, 4 and 8; the last byte holds the sign of x.
              "01" + "00".repeat(31),
              "ec" + "ff".repeat(30) + "7f",
              "00".repeat(32),
              "00".repeat(31) + "80",
              "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
              "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
              "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
              "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
              // x = 0 with its sign set, y not reduced, or both.
              "01" + "00".repeat(30) + "80",
              "ec" + "ff".repeat(31),
              "ee" + "ff".repeat(30) + "7f",
              "ee" + "ff".repeat(31),
              "ed" + "ff".repeat(30) + "7f",
              "ed" + "ff".repeat(31))
          .map(WeakKeys::key)
          .toList();

  /** The neutral element. */
  public static final LockPublicKey IDENTITY = SMALL_ORDER.get(0);

  /** How many of the encodings are canonical: one for each point. */
  public static final int POINTS = 8;

  /** Not a point of the curve. */
  public static final LockPublicKey NO_POINT = key("02" + "00".repeat(31));

  /** The neutral element and 32 zeros: a signature that nobody made. */
  public static final Bytes CONSTANT_SIGNATURE = hex("01" + "00".repeat(63));

  private WeakKeys() {}

  /** Every key of small order, and one that is not a point. */
  public static List<LockPublicKey> all() {
    List<LockPublicKey> all = new ArrayList<>(SMALL_ORDER);
    all.add(NO_POINT);
    return all;
  }

  /** The same AUM with the constant signature of a key after those that it has. */
  public static Aum sign(Aum aum, LockPublicKey key) {
    List<AumSignature> signatures = new ArrayList<>(aum.signatures());
    signatures.add(AumSignature.of(key.bytes(), CONSTANT_SIGNATURE));
    return aum.withSignatures(signatures);
  }

  /** Signs with a key of small order, as anybody can. */
  public static Signer signer(LockPublicKey key) {
    return new Signer() {
      @Override
      public LockPublicKey publicKey() {
        return key;
      }

      @Override
      public Bytes sign(Bytes sigHash) {
        return CONSTANT_SIGNATURE;
      }
    };
  }

  private static LockPublicKey key(String hex) {
    return new LockPublicKey(hex(hex));
  }

  private static Bytes hex(String hex) {
    try {
      return Bytes.parseHex(hex);
    } catch (TextException e) {
      throw new AssertionError(e);
    }
  }
}
