/**
 * Places to keep AUMs. {@link dev.tka.store.NodeDirectory} is the directory in which a shipping
 * node keeps its own.
 */
@NullMarked
package dev.tka.store;

import org.jspecify.annotations.NullMarked;
