/**
 * The values of the tailnet key authority, their canonical encoding, and the one verdict on
 * signatures.
 *
 * <p>{@link dev.tka.core.Aum} is one update, {@link dev.tka.core.State} the keys that are trusted
 * at one place of the chain, {@link dev.tka.core.Signer} the holder of a private key. {@link
 * dev.tka.core.TkaException} covers everything that can be wrong with data. The operations on these
 * values are in {@link dev.tka.core.authority}, {@link dev.tka.core.nodekey} and {@link
 * dev.tka.core.store}.
 *
 * <p>The rules are specified in {@code docs/protocol.md}.
 */
@NullMarked
package dev.tka.core;

import org.jspecify.annotations.NullMarked;
