/**
 * The command's input: arguments, stores, files, secrets, answers.
 *
 * <p>The rules are specified in {@code docs/protocol.md}.
 */
@NullMarked
package dev.tka.cli.input;

import org.jspecify.annotations.NullMarked;
