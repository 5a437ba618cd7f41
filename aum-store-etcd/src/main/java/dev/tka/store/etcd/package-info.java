/**
 * The AUMs of many tailnets in etcd, for several replicas: {@link dev.tka.store.etcd.EtcdTailnets},
 * at the place that {@link dev.tka.store.etcd.EtcdSettings} names.
 *
 * <p>The rules are specified in {@code docs/protocol.md}.
 */
@NullMarked
package dev.tka.store.etcd;

import org.jspecify.annotations.NullMarked;
