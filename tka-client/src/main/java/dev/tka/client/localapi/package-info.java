/**
 * A running tailscaled, by its LocalAPI: what it knows of its tailnet lock, and changes that it
 * makes with its own key.
 *
 * <p>What it answers is described in {@code docs/localapi.md}, as recorded from a real one; the
 * rules of what it keeps are specified in {@code docs/protocol.md}.
 */
@NullMarked
package dev.tka.client.localapi;

import org.jspecify.annotations.NullMarked;
