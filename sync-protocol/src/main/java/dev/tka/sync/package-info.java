/**
 * Sync: how a node and control find common ground and exchange what the other lacks (protocol,
 * sections 5 and 10).
 *
 * <p>A node runs {@link dev.tka.sync.NodeSync}, control answers with {@link
 * dev.tka.sync.ControlEnd}; what is between them is plugged in. To look at one step alone, {@link
 * dev.tka.sync.SyncOffer} is what an end says of itself, {@link dev.tka.sync.Intersection} what the
 * other makes of it, and {@link dev.tka.sync.MissingAums} what it would send.
 *
 * <p>The rules are specified in {@code docs/protocol.md}.
 */
@NullMarked
package dev.tka.sync;

import org.jspecify.annotations.NullMarked;
