package dev.tka.testkit;

import dev.tka.core.Aum;
import dev.tka.core.AumSignature;
import dev.tka.core.Bytes;
import dev.tka.core.Key;
import dev.tka.core.LockPrivateKey;
import dev.tka.core.LockPublicKey;
import dev.tka.core.TextException;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.Provider;
import java.security.Signature;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.bouncycastle.math.ec.rfc8032.Ed25519;

/**
 * Ed25519 keys that are called by a number: the same number is always the same key. They sign
 * natively where that is on the class path and loads, since random trees are mostly signatures: the
 * bytes are the same.
 */
public final class TestKeys {
  private static final int SIZE = 32;

  /** What RFC 8410 puts before the 32 bytes of a private key. */
  private static final byte[] KEY_PREFIX =
      HexFormat.of().parseHex("302e020100300506032b657004220420");

  private static final Optional<Provider> NATIVE = nativeProvider();

  private static final Map<Integer, LockPublicKey> PUBLIC_KEYS = new ConcurrentHashMap<>();
  private static final Map<Integer, PrivateKey> PRIVATE_KEYS = new ConcurrentHashMap<>();

  private TestKeys() {}

  /** The 32 secret bytes of a key. */
  public static byte[] seed(int number) {
    return ByteBuffer.allocate(SIZE).putInt(number).array();
  }

  /** The public half of a key. */
  public static LockPublicKey publicKey(int number) {
    return PUBLIC_KEYS.computeIfAbsent(
        number,
        any -> {
          byte[] publicKey = new byte[SIZE];
          Ed25519.generatePublicKey(seed(number), 0, publicKey, 0);
          return new LockPublicKey(Bytes.copyOf(publicKey));
        });
  }

  /** A key whole, to sign with. */
  public static LockPrivateKey privateKey(int number) {
    try {
      return LockPrivateKey.parse(
          "nlpriv:" + HexFormat.of().formatHex(seed(number)) + id(number).toHex());
    } catch (TextException e) {
      throw new AssertionError("the public half belongs to the seed", e);
    }
  }

  /** What signatures and updates call a key by. */
  public static Bytes id(int number) {
    return publicKey(number).bytes();
  }

  /** A key that may be trusted, with votes. */
  public static Key key(int number, int votes) {
    return Key.of(publicKey(number), votes);
  }

  /** A signature over any message. */
  public static Bytes signature(int number, Bytes message) {
    byte[] bytes = message.toByteArray();
    if (NATIVE.isPresent()) {
      try {
        Signature signer = Signature.getInstance("Ed25519", NATIVE.get());
        signer.initSign(PRIVATE_KEYS.computeIfAbsent(number, TestKeys::forProvider));
        signer.update(bytes);
        return Bytes.copyOf(signer.sign());
      } catch (GeneralSecurityException e) {
        throw new IllegalStateException(e);
      }
    }
    byte[] signature = new byte[AumSignature.SIGNATURE_SIZE];
    byte[] publicKey = id(number).toByteArray();
    Ed25519.sign(seed(number), 0, publicKey, 0, bytes, 0, bytes.length, signature, 0);
    return Bytes.copyOf(signature);
  }

  private static PrivateKey forProvider(int number) {
    byte[] encoded = Arrays.copyOf(KEY_PREFIX, KEY_PREFIX.length + SIZE);
    System.arraycopy(seed(number), 0, encoded, KEY_PREFIX.length, SIZE);
    try {
      return KeyFactory.getInstance("Ed25519").generatePrivate(new PKCS8EncodedKeySpec(encoded));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Named by text, since not every class path that has this kit has the provider. */
  private static Optional<Provider> nativeProvider() {
    try {
      Provider provider =
          (Provider)
              Class.forName("com.amazon.corretto.crypto.provider.AmazonCorrettoCryptoProvider")
                  .getField("INSTANCE")
                  .get(null);
      // Without its native code the provider loads all the same and offers nothing.
      Signature.getInstance("Ed25519", provider);
      return Optional.of(provider);
    } catch (ReflectiveOperationException | GeneralSecurityException | LinkageError e) {
      return Optional.empty();
    }
  }

  /** The same AUM with the signatures of more keys after those that it has. */
  public static Aum sign(Aum aum, int... numbers) {
    List<AumSignature> signatures = new ArrayList<>(aum.signatures());
    for (int number : numbers) {
      signatures.add(AumSignature.of(id(number), signature(number, aum.sigHash())));
    }
    return aum.withSignatures(signatures);
  }

  /** The same AUM with one more signature, which names the key and does not verify. */
  public static Aum signBadly(Aum aum, int number) {
    byte[] signature = signature(number, aum.sigHash()).toByteArray();
    signature[signature.length / 2] ^= 1;
    List<AumSignature> signatures = new ArrayList<>(aum.signatures());
    signatures.add(AumSignature.of(id(number), Bytes.copyOf(signature)));
    return aum.withSignatures(signatures);
  }
}
