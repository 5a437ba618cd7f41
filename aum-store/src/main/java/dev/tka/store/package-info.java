/**
 * Places to keep AUMs. {@link dev.tka.store.StoreKinds} finds one by its URL; {@link
 * dev.tka.store.Tailnets} keeps many tailnets. To write your own, begin at {@link
 * dev.tka.store.StoreKind}; {@link dev.tka.store.RevisionPoll}, {@link dev.tka.store.RecordsPoll}
 * and {@link dev.tka.store.Watches} help. {@link dev.tka.store.MemoryTailnets} keeps them in
 * memory. {@link dev.tka.store.KeyFile} keeps a private key.
 *
 * <p>The rules are specified in {@code docs/protocol.md}.
 */
@NullMarked
package dev.tka.store;

import org.jspecify.annotations.NullMarked;
