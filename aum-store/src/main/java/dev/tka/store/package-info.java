/**
 * Places to keep AUMs. {@link dev.tka.store.Tailnets} keeps many tailnets; {@link
 * dev.tka.store.RevisionPoll} and {@link dev.tka.store.Watches} help to implement it. {@link
 * dev.tka.store.KeyFile} keeps a private key.
 *
 * <p>The rules are specified in {@code docs/protocol.md}.
 */
@NullMarked
package dev.tka.store;

import org.jspecify.annotations.NullMarked;
