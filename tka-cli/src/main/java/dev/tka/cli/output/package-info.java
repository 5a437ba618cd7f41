/** How the command shows things: text, JSON, graphs, progress, exit statuses. */
@NullMarked
package dev.tka.cli.output;

import org.jspecify.annotations.NullMarked;
