/**
 * A control server's work with the authorities of many tailnets. {@link
 * dev.tka.control.AuthorityCache} holds open authorities in front of any store.
 *
 * <p>The rules are specified in {@code docs/service.md}.
 */
@NullMarked
package dev.tka.control;

import org.jspecify.annotations.NullMarked;
