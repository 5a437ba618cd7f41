/**
 * A control server's work with the locks of many tailnets, without a transport. {@link
 * dev.tka.control.ControlService} answers nodes and operators, {@link
 * dev.tka.control.AuthorityCache} holds open authorities in front of any store.
 *
 * <p>The rules are specified in {@code docs/service.md}.
 */
@NullMarked
package dev.tka.control;

import org.jspecify.annotations.NullMarked;
