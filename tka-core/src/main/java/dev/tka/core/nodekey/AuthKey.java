package dev.tka.core.nodekey;

import dev.tka.core.DecodeException;
import dev.tka.core.LockPrivateKey;
import dev.tka.core.Signer;
import dev.tka.core.SigningException;
import dev.tka.core.TextException;
import dev.tka.core.internal.SecretBytes;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;

/**
 * An auth key, with which a node joins a tailnet without a person: either as control made it
 * ({@link Plain}), or with a credential and the key that it names ({@link Wrapped}), so that the
 * node can sign itself (protocol, section 7). All of it is secret except the credential, and only
 * methods named for it expose the rest.
 *
 * <p>A text that holds the mark of a wrapping is a wrapped auth key or an error, whereas the
 * reference hands a broken one to control as if it were plain, secrets and all.
 */
public sealed interface AuthKey {
  /**
   * The largest length of a text in characters, wrapping included; shipping ones have a few
   * hundred.
   */
  int MAX_LENGTH = 16 * 1024;

  /**
   * Parses the text given to a node. It is split at the first {@code --TL}, then at the first
   * {@code -}. Whether the credential verifies and names the private key is checked when it is
   * used.
   *
   * @throws AuthKeyException if the text is too long or not Unicode, or is wrapped but not in
   *     canonical form; no message quotes any of it
   */
  static AuthKey parse(String text) throws AuthKeyException {
    requireLength(text.length());
    int mark = text.indexOf(Wrapped.MARK);
    return mark < 0
        ? new Plain(secret(text))
        : Wrapped.parse(
            secret(text.substring(0, mark)), text.substring(mark + Wrapped.MARK.length()));
  }

  /** The auth key alone, in the form that control knows. */
  String exposeAuthKey();

  /** The whole text, in the form given to a node. */
  String exposeText();

  private static void requireLength(int found) throws AuthKeyException {
    if (found > MAX_LENGTH) {
      throw new AuthKeyException.TooLong(MAX_LENGTH, found);
    }
  }

  private static SecretBytes secret(String text) throws AuthKeyException {
    if (!StandardCharsets.UTF_8.newEncoder().canEncode(text)) {
      throw new AuthKeyException.NotUnicode();
    }
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    try {
      return SecretBytes.copyOf(bytes);
    } finally {
      Arrays.fill(bytes, (byte) 0);
    }
  }

  private static String expose(SecretBytes secret) {
    byte[] bytes = secret.exposeToByteArray();
    try {
      return new String(bytes, StandardCharsets.UTF_8);
    } finally {
      Arrays.fill(bytes, (byte) 0);
    }
  }

  /** An auth key without a credential: a node that uses it waits for somebody to sign it. */
  final class Plain implements AuthKey {
    private final SecretBytes authKey;

    private Plain(SecretBytes authKey) {
      this.authKey = authKey;
    }

    /**
     * Wraps the auth key: makes a key, and signs a credential for it.
     *
     * @param signer a trusted key
     * @throws AuthKeyException.TooLong if there is no room for the wrapping
     * @throws SigningException if the signer cannot be used now, or its signature does not verify
     */
    public Wrapped wrap(Signer signer, SecureRandom random)
        throws AuthKeyException, SigningException {
      LockPrivateKey wrappingKey = LockPrivateKey.generate(random);
      NodeKeySignature credential;
      try {
        credential = NodeKeySigning.credential(wrappingKey.publicKey(), signer);
      } catch (UnsoundKeyException e) {
        throw new IllegalStateException("a key made from a seed is sound", e);
      }
      Wrapped wrapped = new Wrapped(authKey, credential, wrappingKey);
      requireLength(wrapped.exposeText().length());
      return wrapped;
    }

    @Override
    public String exposeAuthKey() {
      return expose(authKey);
    }

    @Override
    public String exposeText() {
      return expose(authKey);
    }

    /** A fixed text that reveals nothing. */
    @Override
    public String toString() {
      return "auth key, not wrapped";
    }
  }

  /**
   * An auth key with a credential. A node signs its node key with {@link
   * NodeKeySigning#fromCredential}.
   */
  final class Wrapped implements AuthKey {
    private static final String MARK = "--TL";
    private static final char DELIMITER = '-';

    private final SecretBytes authKey;
    private final NodeKeySignature credential;
    private final LockPrivateKey wrappingKey;

    private Wrapped(SecretBytes authKey, NodeKeySignature credential, LockPrivateKey wrappingKey) {
      this.authKey = authKey;
      this.credential = credential;
      this.wrappingKey = wrappingKey;
    }

    private static Wrapped parse(SecretBytes authKey, String wrapping) throws AuthKeyException {
      int delimiter = wrapping.indexOf(DELIMITER);
      if (delimiter < 0) {
        throw new AuthKeyException.NoDelimiter();
      }
      NodeKeySignature credential =
          decodeCredential(decode("credential", wrapping.substring(0, delimiter)));
      byte[] seedAndPublic = decode("private key", wrapping.substring(delimiter + 1));
      try {
        return new Wrapped(authKey, credential, privateKey(seedAndPublic));
      } finally {
        Arrays.fill(seedAndPublic, (byte) 0);
      }
    }

    private static NodeKeySignature decodeCredential(byte[] encoded) throws AuthKeyException {
      try {
        NodeKeySignature credential = NodeKeySignature.decode(encoded);
        if (credential.kind() != NodeKeySignature.CREDENTIAL) {
          throw new AuthKeyException.NotACredential(credential.kindName());
        }
        return credential;
      } catch (DecodeException e) {
        throw new AuthKeyException.BadSignature(e);
      }
    }

    private static LockPrivateKey privateKey(byte[] seedAndPublic) throws AuthKeyException {
      if (seedAndPublic.length != LockPrivateKey.SIZE) {
        throw new AuthKeyException.WrongKeyLength(LockPrivateKey.SIZE, seedAndPublic.length);
      }
      try {
        return LockPrivateKey.of(seedAndPublic);
      } catch (TextException.WrongPublicHalf e) {
        throw new AuthKeyException.WrongPublicHalf();
      }
    }

    /** Base64 without padding, line breaks and spare bits, so that a value has only one text. */
    private static byte[] decode(String part, String base64) throws AuthKeyException {
      byte[] decoded;
      try {
        decoded = Base64.getDecoder().decode(base64);
      } catch (IllegalArgumentException e) {
        throw new AuthKeyException.NotBase64(part);
      }
      if (!encode(decoded).equals(base64)) {
        Arrays.fill(decoded, (byte) 0);
        throw new AuthKeyException.NotBase64(part);
      }
      return decoded;
    }

    private static String encode(byte[] bytes) {
      return Base64.getEncoder().withoutPadding().encodeToString(bytes);
    }

    /** The signature of a trusted key over {@link #wrappingKey}; not secret. */
    public NodeKeySignature credential() {
      return credential;
    }

    /** The key that signs node keys under the credential, provided that the credential names it. */
    public LockPrivateKey wrappingKey() {
      return wrappingKey;
    }

    @Override
    public String exposeAuthKey() {
      return expose(authKey);
    }

    @Override
    public String exposeText() {
      byte[] seedAndPublic = wrappingKey.exposeToByteArray();
      try {
        return exposeAuthKey()
            + MARK
            + encode(credential.encoded().toByteArray())
            + DELIMITER
            + encode(seedAndPublic);
      } finally {
        Arrays.fill(seedAndPublic, (byte) 0);
      }
    }

    /** Shows only the public half of the wrapping key. */
    @Override
    public String toString() {
      return "auth key, wrapped with " + wrappingKey;
    }
  }
}
