/**
 * Talks to a running control service as its operator does (service, section 10), over TCP, TLS and
 * Unix sockets. {@link dev.tka.client.ServerClient} asks; {@link dev.tka.client.ServerAccess} says
 * whom and how; {@link dev.tka.client.ServerPlace} is the store that a command reads.
 *
 * <p>The rules are specified in {@code docs/service.md}.
 */
@NullMarked
package dev.tka.client;

import org.jspecify.annotations.NullMarked;
