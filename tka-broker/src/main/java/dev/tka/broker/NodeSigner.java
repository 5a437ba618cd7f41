package dev.tka.broker;

import dev.tka.broker.Policy.Signing;
import dev.tka.core.Bytes;
import dev.tka.core.LockPrivateKey;
import dev.tka.core.LockPublicKey;
import dev.tka.core.SigningException;
import dev.tka.core.TkaException;
import dev.tka.core.nodekey.AuthKey;
import dev.tka.core.nodekey.AuthKeyException;
import dev.tka.core.nodekey.NodeKeySignature;
import dev.tka.core.nodekey.NodeKeySigning;
import dev.tka.signer.OpenSigner;
import dev.tka.signer.SignerPlace;
import dev.tka.store.KeyFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;

/** Signs what a rule allows, with what the rule names. */
interface NodeSigner extends AutoCloseable {
  /**
   * Signs.
   *
   * @return the encoded node-key signature, or the signature of an agreement
   * @throws TkaException if the key cannot be used now, or the result does not verify
   */
  Bytes sign(SigningRequest request) throws TkaException;

  /** The public half of the key that signs here; of a credential, that of its own key. */
  LockPublicKey publicKey();

  @Override
  void close();

  /**
   * Opens what a rule signs with.
   *
   * @throws SigningException if it cannot be used now; the message holds no secret
   * @throws IOException if a file does not exist or cannot be read
   */
  static NodeSigner open(Signing signing) throws SigningException, IOException {
    if (signing instanceof Signing.AuthKey file) {
      return new OfCredential(authKey(file.file()));
    }
    boolean agrees = signing instanceof Signing.Agreement;
    SignerPlace place =
        signing instanceof Signing.TrustedKey key
            ? key.signer()
            : ((Signing.Agreement) signing).signer();
    return new OfKey(place.open(), agrees);
  }

  private static AuthKey.Wrapped authKey(Path file) throws SigningException, IOException {
    KeyFile.requirePrivate(file, "auth key");
    byte[] content;
    try (InputStream in = Files.newInputStream(file)) {
      content = in.readNBytes(2 * AuthKey.MAX_LENGTH);
    }
    try {
      AuthKey key = AuthKey.parse(new String(content, StandardCharsets.UTF_8).strip());
      if (!(key instanceof AuthKey.Wrapped wrapped)) {
        throw new SigningException(
            "auth key " + file + ": expected a wrapped auth key, found one without a credential");
      }
      LockPrivateKey wrapping = wrapped.wrappingKey();
      if (!wrapped.credential().isSigned()
          || !wrapped
              .credential()
              .wrappingPublic()
              .equals(Optional.of(wrapping.publicKey().bytes()))) {
        throw new SigningException(
            "auth key " + file + ": its credential does not verify, or names another key");
      }
      return wrapped;
    } catch (AuthKeyException e) {
      throw new SigningException("auth key " + file + ": " + e.getMessage());
    } finally {
      Arrays.fill(content, (byte) 0);
    }
  }

  /** Signs as a node does that joins with the auth key. */
  record OfCredential(AuthKey.Wrapped authKey) implements NodeSigner {
    @Override
    public Bytes sign(SigningRequest request) throws TkaException {
      return NodeKeySigning.fromCredential(
              authKey.credential(), request.nodeKey(), authKey.wrappingKey())
          .encoded();
    }

    @Override
    public LockPublicKey publicKey() {
      return authKey.wrappingKey().publicKey();
    }

    @Override
    public void close() {
      // It holds nothing open.
    }
  }

  /** Signs with a key, wherever it is. */
  record OfKey(OpenSigner signer, boolean agrees) implements NodeSigner {
    @Override
    public Bytes sign(SigningRequest request) throws TkaException {
      if (agrees) {
        return signer.signVerified(request.agreementHash());
      }
      NodeKeySignature made =
          NodeKeySigning.direct(request.nodeKey(), request.rotationKey(), signer);
      return made.encoded();
    }

    @Override
    public LockPublicKey publicKey() {
      return signer.publicKey();
    }

    @Override
    public void close() {
      signer.close();
    }
  }
}
