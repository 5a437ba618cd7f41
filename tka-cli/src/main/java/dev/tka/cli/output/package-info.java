/**
 * The command's output: text, JSON, graphs, progress, exit statuses.
 *
 * <p>The rules are specified in {@code docs/protocol.md}.
 */
@NullMarked
package dev.tka.cli.output;

import org.jspecify.annotations.NullMarked;
