/**
 * The demonstration of the main job on real data.
 *
 * <p>The rules are specified in {@code docs/protocol.md}.
 */
@NullMarked
package dev.tka.cli.demo;

import org.jspecify.annotations.NullMarked;
