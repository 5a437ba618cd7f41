/** The {@code tka} command: thin commands over the library, for people and for scripts. */
@NullMarked
package dev.tka.cli;

import org.jspecify.annotations.NullMarked;
