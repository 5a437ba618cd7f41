/**
 * The kinds of signers that need no library.
 *
 * <p>What they sign is specified in {@code docs/protocol.md}.
 */
@NullMarked
package dev.tka.signer.internal;

import org.jspecify.annotations.NullMarked;
