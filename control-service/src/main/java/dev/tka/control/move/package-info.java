/**
 * Moves tailnets from one place to another while they are in use (service, section 7). {@link
 * dev.tka.control.move.Move} moves one, and finishes or undoes a move that ended in the middle;
 * {@link dev.tka.control.move.Mirror} keeps a copy that follows; {@link
 * dev.tka.control.move.MoveException} says why one does not move.
 *
 * <p>The rules are specified in {@code docs/service.md}.
 */
@NullMarked
package dev.tka.control.move;

import org.jspecify.annotations.NullMarked;
