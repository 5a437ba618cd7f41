/**
 * The contract of a store of AUMs, and the store in memory.
 *
 * <p>{@link dev.tka.core.store.AumStore} has one write, a {@link dev.tka.core.store.Commit} against
 * the revision that was read, and shows what it holds as an {@link dev.tka.core.store.AumSnapshot}.
 * A store of one's own keeps its AUMs in an {@link dev.tka.core.store.AumIndex} and shows an {@link
 * dev.tka.core.store.IndexSnapshot} of it.
 *
 * <p>The rules are specified in {@code docs/protocol.md}.
 */
@NullMarked
package dev.tka.core.store;

import org.jspecify.annotations.NullMarked;
