/**
 * Runs this build against golden data: {@link dev.tka.cli.conformance.Conformance} over a folder,
 * one checker for each kind of file.
 */
@NullMarked
package dev.tka.cli.conformance;

import org.jspecify.annotations.NullMarked;
