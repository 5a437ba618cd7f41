package dev.tka.core.internal;

import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.NoSuchAlgorithmException;
import java.security.Provider;
import java.security.PublicKey;
import java.security.Signature;
import java.security.SignatureException;
import java.security.spec.X509EncodedKeySpec;
import java.util.Arrays;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ed25519 by Amazon Corretto Crypto Provider, found by name because it is optional: it ships native
 * code for some platforms only.
 */
public final class NativeEd25519 {
  private static final Logger LOG = LoggerFactory.getLogger(NativeEd25519.class);
  private static final String PROVIDER_CLASS =
      "com.amazon.corretto.crypto.provider.AmazonCorrettoCryptoProvider";
  private static final String ALGORITHM = "Ed25519";

  /** What RFC 8410 puts before the 32 bytes of a public key. */
  private static final byte[] KEY_PREFIX = HexFormat.of().parseHex("302a300506032b6570032100");

  private static final KeyFactory KEYS = keyFactory();

  private static final @Nullable Provider PROVIDER = load();

  private NativeEd25519() {}

  /** True when the provider is there and its native code loads. */
  public static boolean isAvailable() {
    return PROVIDER != null;
  }

  /** True when the provider accepts the signature; false says nothing. */
  public static boolean accepts(byte[] publicKey, byte[] message, byte[] signature) {
    Provider provider = PROVIDER;
    if (provider == null) {
      return false;
    }
    try {
      Signature verifier = Signature.getInstance(ALGORITHM, provider);
      verifier.initVerify(publicKey(publicKey));
      verifier.update(message);
      return verifier.verify(signature);
    } catch (SignatureException e) {
      return false;
    } catch (GeneralSecurityException e) {
      // It also refuses some encodings of keys.
      return false;
    }
  }

  /** A key that any provider takes; Corretto's own offers no factory for Ed25519 keys. */
  private static PublicKey publicKey(byte[] raw) throws GeneralSecurityException {
    byte[] encoded = Arrays.copyOf(KEY_PREFIX, KEY_PREFIX.length + raw.length);
    System.arraycopy(raw, 0, encoded, KEY_PREFIX.length, raw.length);
    return KEYS.generatePublic(new X509EncodedKeySpec(encoded));
  }

  private static KeyFactory keyFactory() {
    try {
      return KeyFactory.getInstance(ALGORITHM);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java from 15 on has " + ALGORITHM, e);
    }
  }

  private static @Nullable Provider load() {
    try {
      Provider provider = (Provider) Class.forName(PROVIDER_CLASS).getField("INSTANCE").get(null);
      if (provider == null) {
        return null;
      }
      // Without its native code the provider loads all the same and offers nothing.
      Signature.getInstance(ALGORITHM, provider);
      return provider;
    } catch (ReflectiveOperationException | GeneralSecurityException | LinkageError e) {
      LOG.debug("no native Ed25519: {}", e.toString());
      return null;
    }
  }
}
