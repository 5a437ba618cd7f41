/**
 * Places to keep AUMs. {@link dev.tka.store.Tailnets} is one for many tailnets; {@link
 * dev.tka.store.RevisionPoll} and {@link dev.tka.store.Watches} help to write one. {@link
 * dev.tka.store.KeyFile} is where a private key is kept.
 *
 * <p>The rules are specified in {@code docs/protocol.md}.
 */
@NullMarked
package dev.tka.store;

import org.jspecify.annotations.NullMarked;
