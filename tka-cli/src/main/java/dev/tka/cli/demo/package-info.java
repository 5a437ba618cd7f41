/** The demonstration of the main job on real data. */
@NullMarked
package dev.tka.cli.demo;

import org.jspecify.annotations.NullMarked;
