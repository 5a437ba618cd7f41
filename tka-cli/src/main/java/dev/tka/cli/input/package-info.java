/** What the command is told: arguments, stores, files, secrets, answers. */
@NullMarked
package dev.tka.cli.input;

import org.jspecify.annotations.NullMarked;
