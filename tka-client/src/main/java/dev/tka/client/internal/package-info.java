/**
 * The store kinds of a running server and of tailscaled, and what their clients share; not for
 * users.
 *
 * <p>The rules are specified in {@code docs/service.md}.
 */
@NullMarked
package dev.tka.client.internal;

import org.jspecify.annotations.NullMarked;
