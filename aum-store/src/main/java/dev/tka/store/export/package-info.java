/**
 * A tailnet as a stream of bytes: {@link dev.tka.store.export.AumExport} writes it, {@link
 * dev.tka.store.export.AumImport} verifies and imports it.
 *
 * <p>The rules are specified in {@code docs/protocol.md}.
 */
@NullMarked
package dev.tka.store.export;

import org.jspecify.annotations.NullMarked;
