/**
 * A second opinion on who may rewrite, deliberately slow: {@link
 * dev.tka.conformance.naive.NaiveAdmission}. Golden sequences and the simulation hold it beside the
 * engine.
 *
 * <p>The rules are specified in {@code docs/protocol.md}.
 */
@NullMarked
package dev.tka.conformance.naive;

import org.jspecify.annotations.NullMarked;
