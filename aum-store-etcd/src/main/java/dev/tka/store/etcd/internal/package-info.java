/**
 * etcd as a kind of store, found by the schemes of its URLs; not for users.
 *
 * <p>The rules are specified in {@code docs/protocol.md}.
 */
@NullMarked
package dev.tka.store.etcd.internal;

import org.jspecify.annotations.NullMarked;
