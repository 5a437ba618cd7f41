/**
 * Code shared by the store modules of this project; not for users.
 *
 * <p>The rules are specified in {@code docs/protocol.md}.
 */
@NullMarked
package dev.tka.store.internal;

import org.jspecify.annotations.NullMarked;
