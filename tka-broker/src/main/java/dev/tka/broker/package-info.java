/**
 * A broker, which signs nodes without a person. {@link dev.tka.broker.Policy} says for whom, {@link
 * dev.tka.broker.Decision} decides, and {@link dev.tka.broker.Broker} signs and keeps the log.
 *
 * <p>Specified in {@code docs/service.md} (service, section 11).
 */
@NullMarked
package dev.tka.broker;

import org.jspecify.annotations.NullMarked;
