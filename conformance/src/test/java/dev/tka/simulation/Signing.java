package dev.tka.simulation;

import com.amazon.corretto.crypto.provider.AmazonCorrettoCryptoProvider;
import dev.tka.core.Aum;
import dev.tka.core.AumSignature;
import dev.tka.core.Bytes;
import dev.tka.core.LockPublicKey;
import dev.tka.core.SignatureVerifier;
import dev.tka.core.Signer;
import dev.tka.testkit.TestKeys;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Real signatures of numbered test keys, at the least cost: natively where that loads (the bytes
 * are the same), and the maker does not verify what it made, as every reader will.
 */
final class Signing {
  /** What RFC 8410 puts before the 32 bytes of a private key. */
  private static final byte[] KEY_PREFIX =
      HexFormat.of().parseHex("302e020100300506032b657004220420");

  private static final boolean NATIVE =
      SignatureVerifier.fastest().path() == SignatureVerifier.Path.CORRETTO;

  private static final Map<Integer, PrivateKey> KEYS = new ConcurrentHashMap<>();

  private Signing() {}

  /** A signer of a test key. */
  static Signer signer(int key) {
    return new Signer() {
      @Override
      public LockPublicKey publicKey() {
        return TestKeys.publicKey(key);
      }

      @Override
      public Bytes sign(Bytes sigHash) {
        return signature(key, sigHash);
      }

      @Override
      public Aum sign(Aum aum) {
        return Signing.sign(aum, List.of(key));
      }
    };
  }

  /** The same AUM with the signatures of more keys after those that it has. */
  static Aum sign(Aum aum, List<Integer> keys) {
    List<AumSignature> signatures = new ArrayList<>(aum.signatures());
    for (int key : keys) {
      signatures.add(AumSignature.of(TestKeys.id(key), signature(key, aum.sigHash())));
    }
    return aum.withSignatures(signatures);
  }

  private static Bytes signature(int key, Bytes message) {
    if (!NATIVE) {
      return TestKeys.signature(key, message);
    }
    try {
      Signature signer = Signature.getInstance("Ed25519", AmazonCorrettoCryptoProvider.INSTANCE);
      signer.initSign(KEYS.computeIfAbsent(key, Signing::privateKey));
      signer.update(message.toByteArray());
      return Bytes.copyOf(signer.sign());
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static PrivateKey privateKey(int key) {
    byte[] seed = TestKeys.seed(key);
    byte[] encoded = Arrays.copyOf(KEY_PREFIX, KEY_PREFIX.length + seed.length);
    System.arraycopy(seed, 0, encoded, KEY_PREFIX.length, seed.length);
    try {
      return KeyFactory.getInstance("Ed25519").generatePrivate(new PKCS8EncodedKeySpec(encoded));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }
}
