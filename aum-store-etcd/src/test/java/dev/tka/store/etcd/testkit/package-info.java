/** A real etcd for tests. */
package dev.tka.store.etcd.testkit;
