package dev.tka.core.authority;

import dev.tka.core.SigningException;

/**
 * What an author wants to change: keys to add, to remove or to update. It does not depend on a
 * head, so it can be built again on the next one if another writer is first ({@link
 * LiveAuthority#edit}).
 */
@FunctionalInterface
public interface Edit {
  /**
   * Requests the operations. Called several times: once for each head to see whether the edit makes
   * sense there, before a signer is asked, and once for each head to build it.
   *
   * @throws BuildException if an operation is refused; then nothing is stored
   * @throws SigningException if the signing key cannot be used now
   */
  void on(UpdateBuilder builder) throws BuildException, SigningException;
}
