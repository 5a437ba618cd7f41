/**
 * The AUMs of many tailnets in etcd, for several replicas.
 *
 * <p>The rules are specified in {@code docs/protocol.md}.
 */
@NullMarked
package dev.tka.store.etcd;

import org.jspecify.annotations.NullMarked;
