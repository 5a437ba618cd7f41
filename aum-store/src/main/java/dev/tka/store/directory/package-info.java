/**
 * The directory in which a shipping node keeps its AUMs (section 9): {@link
 * dev.tka.store.directory.NodeDirectory} reads and writes it.
 */
@NullMarked
package dev.tka.store.directory;

import org.jspecify.annotations.NullMarked;
