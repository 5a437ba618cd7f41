/**
 * The {@code tka} command: thin commands over the library, for people and for scripts.
 *
 * <p>The rules are specified in {@code docs/protocol.md}.
 */
@NullMarked
package dev.tka.cli;

import org.jspecify.annotations.NullMarked;
