/**
 * The directory in which a shipping node keeps its AUMs (protocol, section 9): {@link
 * dev.tka.store.directory.NodeDirectory} reads and writes it.
 *
 * <p>The rules are specified in {@code docs/protocol.md}.
 */
@NullMarked
package dev.tka.store.directory;

import org.jspecify.annotations.NullMarked;
