/**
 * Benchmarks, and {@link dev.tka.bench.Report}, which runs them and prints their figures beside the
 * reference's. All use one chain, {@link dev.tka.bench.Chain}.
 *
 * <p>The rules are specified in {@code docs/protocol.md}.
 */
@NullMarked
package dev.tka.bench;

import org.jspecify.annotations.NullMarked;
