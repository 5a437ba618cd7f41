/**
 * The values of the tailnet key authority, their canonical encoding, and the one verdict on
 * signatures.
 *
 * <p>{@link dev.tka.core.Aum} is one update, {@link dev.tka.core.State} the keys that are trusted
 * at one place of the chain, {@link dev.tka.core.Signer} whatever holds a private key. {@link
 * dev.tka.core.TkaException} is everything that can be wrong with data. What is done with the
 * values is in {@link dev.tka.core.authority}, {@link dev.tka.core.nodekey} and {@link
 * dev.tka.core.store}.
 *
 * <p>The rules are specified in {@code docs/protocol.md}.
 */
@NullMarked
package dev.tka.core;

import org.jspecify.annotations.NullMarked;
