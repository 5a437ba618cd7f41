/** A second opinion on who may rewrite (protocol, section 10), written from the page alone. */
@NullMarked
package dev.tka.conformance.naive;

import org.jspecify.annotations.NullMarked;
