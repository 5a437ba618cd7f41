/**
 * Signers by URL, wherever the private key is kept. {@link dev.tka.signer.SignerKinds} finds one by
 * its URL, {@link dev.tka.signer.SignerPlace} opens it. To write your own, begin at {@link
 * dev.tka.signer.SignerKind}.
 *
 * <p>What they sign is specified in {@code docs/protocol.md}.
 */
@NullMarked
package dev.tka.signer;

import org.jspecify.annotations.NullMarked;
