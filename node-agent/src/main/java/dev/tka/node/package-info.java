/**
 * The node agent (service, section 9): it keeps a node's authority in step with control, and
 * answers which peers the node may talk to, with or without control.
 *
 * <p>{@link dev.tka.node.NodeAgent} is the state machine. An embedder gives it what control
 * announces and the peers that control lists, and asks it for each packet. It keeps everything in
 * an {@link dev.tka.node.AgentFolder} and reaches control through a {@link
 * dev.tka.node.ControlTransport}; {@link dev.tka.node.HttpTransport} is the one over HTTP. {@link
 * dev.tka.node.AgentRunner} does all of it by itself.
 *
 * <p>The rules are specified in {@code docs/service.md}.
 */
@NullMarked
package dev.tka.node;

import org.jspecify.annotations.NullMarked;
