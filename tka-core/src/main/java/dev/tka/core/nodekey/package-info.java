/**
 * Node keys: which peers of a node are signed, and how signatures, auth keys and links are made.
 *
 * <p>{@link dev.tka.core.nodekey.PeerFilter} decides which peers are kept and which are dropped,
 * and why, {@link dev.tka.core.nodekey.NodeKeyAuthorization} whether one node key is signed, and
 * {@link dev.tka.core.nodekey.NodeKeySigning} signs and rotates.
 *
 * <p>The rules are specified in {@code docs/protocol.md}.
 */
@NullMarked
package dev.tka.core.nodekey;

import org.jspecify.annotations.NullMarked;
