/**
 * The JSON exchanged between nodes, control and people (protocol, section 8): {@link
 * dev.tka.sync.rpc.RpcJson} reads and writes requests and answers, {@link
 * dev.tka.sync.rpc.OfferJson} offers alone, and {@link dev.tka.sync.rpc.AumJson} writes AUMs, keys
 * and node-key signatures.
 *
 * <p>The rules are specified in {@code docs/protocol.md}.
 */
@NullMarked
package dev.tka.sync.rpc;

import org.jspecify.annotations.NullMarked;
