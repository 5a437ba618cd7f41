/**
 * The subcommands, one class each, and what they share.
 *
 * <p>The rules are specified in {@code docs/protocol.md}.
 */
@NullMarked
package dev.tka.cli.command;

import org.jspecify.annotations.NullMarked;
