package dev.tka.core.authority;

import dev.tka.core.Aum;
import dev.tka.core.AumKind;
import dev.tka.core.Bytes;
import dev.tka.core.IllFormedException;
import dev.tka.core.Key;
import dev.tka.core.LockPublicKey;
import dev.tka.core.Signer;
import dev.tka.core.SigningException;
import dev.tka.core.State;
import java.security.SecureRandom;
import java.util.List;

/**
 * Makes the first AUM of a new authority: a checkpoint that its own state accepts (protocol,
 * section 4).
 */
public final class Genesis {
  private static final String OPERATION = "create authority";

  private Genesis() {}

  /**
   * Makes a genesis with its own state ids, drawn at random.
   *
   * @param disablementValues 1 to 32 distinct Argon2i values of 32 bytes
   * @param keys 1 to 512 distinct keys of 32 bytes, including the signer's
   * @param signer the key that signs it
   * @param random the source of the two state ids
   * @throws BuildException.UnsoundKey if anybody can sign for a key, or nobody ever can
   * @throws BuildException if no node would accept it as a beginning, or a key could never sign
   * @throws SigningException if the signing key cannot be used now
   */
  public static Aum create(
      List<Bytes> disablementValues, List<Key> keys, Signer signer, SecureRandom random)
      throws BuildException, SigningException {
    return create(State.of(disablementValues, keys, random.nextLong(), random.nextLong()), signer);
  }

  /**
   * Makes a genesis from a given state, including its state ids.
   *
   * @param state the state; its last hash, if any, is ignored
   * @param signer one of the state's keys
   * @throws BuildException.UnsoundKey if anybody can sign for a key, or nobody ever can
   * @throws BuildException if no node would accept it as a beginning, or a key could never sign
   * @throws SigningException if the signing key cannot be used now
   */
  public static Aum create(State state, Signer signer) throws BuildException, SigningException {
    for (Key key : state.keys()) {
      if (key.id().size() != LockPublicKey.SIZE) {
        throw new BuildException.UnusableKey(OPERATION, key);
      }
      BuildException.UnsoundKey.requireSound(OPERATION, key.id());
    }
    State body = state.withoutLastAumHash();
    Aum unsigned = Aum.builder(AumKind.CHECKPOINT).state(body).build();
    try {
      unsigned.requireWellFormed();
    } catch (IllFormedException e) {
      throw new BuildException.Refused(OPERATION, unsigned, e);
    }
    if (!body.trusts(signer.publicKey().bytes())) {
      throw new BuildException.UntrustedSigner(OPERATION, signer.publicKey());
    }
    return signer.sign(unsigned);
  }
}
