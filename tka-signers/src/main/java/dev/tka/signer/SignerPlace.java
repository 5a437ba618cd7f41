package dev.tka.signer;

import dev.tka.core.LockPublicKey;
import dev.tka.core.SigningException;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.security.SecureRandom;
import java.util.Optional;

/** The place of a private key, as a URL names it; it holds no secret. Immutable. */
public interface SignerPlace {
  /** Names the place in messages. It holds no secret, and nothing that may be one. */
  String url();

  /**
   * Asks for the public key, and gets ready to sign.
   *
   * @throws SigningException if the key cannot be used now
   * @throws IOException if a file does not exist or cannot be read
   */
  OpenSigner open() throws SigningException, IOException;

  /** What to know before something is signed there, as one sentence. */
  default Optional<String> warning() {
    return Optional.empty();
  }

  /** How a key comes to be there. */
  Making making();

  /** How a key comes to be there. */
  sealed interface Making {
    /** The place makes it. */
    record Here(Maker maker) implements Making {}

    /**
     * Somebody makes it by other means.
     *
     * @param how what to do, as the part of a sentence
     */
    record ByHand(String how) implements Making {}
  }

  /** Makes a key. */
  @FunctionalInterface
  interface Maker {
    /**
     * Makes one, and nothing in place of one that is there.
     *
     * @param random for keys that are made in this process
     * @return its public half
     * @throws SigningException if it cannot be made
     * @throws FileAlreadyExistsException if one is there already; its reason says so, unless it is
     *     a file
     * @throws IOException if a file cannot be written
     */
    LockPublicKey make(SecureRandom random) throws SigningException, IOException;
  }
}
