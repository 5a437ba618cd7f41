/**
 * The kind of signer, and its talk with the token.
 *
 * <p>What it signs is specified in {@code docs/protocol.md}.
 */
@NullMarked
package dev.tka.signer.pkcs11.internal;

import org.jspecify.annotations.NullMarked;
