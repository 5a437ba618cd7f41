/**
 * Runs this build against golden data: {@link dev.tka.conformance.Conformance} over a folder, one
 * checker for each kind of file.
 *
 * <p>The rules are specified in {@code docs/protocol.md}.
 */
@NullMarked
package dev.tka.conformance;

import org.jspecify.annotations.NullMarked;
