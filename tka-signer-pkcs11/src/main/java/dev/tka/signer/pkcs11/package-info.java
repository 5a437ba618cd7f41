/**
 * Signers whose private key is in a PKCS #11 token, and never leaves it. {@link
 * dev.tka.signer.pkcs11.Pkcs11Uri} reads their URLs; {@link dev.tka.signer.SignerKinds} finds the
 * kind where this module is installed.
 *
 * <p>What they sign is specified in {@code docs/protocol.md}.
 */
@NullMarked
package dev.tka.signer.pkcs11;

import org.jspecify.annotations.NullMarked;
