/**
 * Sync: how a node and control find common ground and exchange what the other lacks (protocol,
 * sections 5 and 10).
 *
 * <p>A node runs {@link dev.tka.sync.NodeSync}, control answers with {@link
 * dev.tka.sync.ControlEnd}; the transport between them is plugged in. To look at a single step,
 * {@link dev.tka.sync.SyncOffer} is one end's description of itself, {@link
 * dev.tka.sync.Intersection} the other's result for it, and {@link dev.tka.sync.MissingAums} the
 * AUMs that it would send.
 *
 * <p>The rules are specified in {@code docs/protocol.md}.
 */
@NullMarked
package dev.tka.sync;

import org.jspecify.annotations.NullMarked;
