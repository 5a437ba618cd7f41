/**
 * The shared test kit. {@link dev.tka.testkit.TestKeys} makes keys from numbers and signs with
 * them, {@link dev.tka.testkit.Chains} turns drawings into AUMs, {@link dev.tka.testkit.LegalAums}
 * and {@link dev.tka.testkit.RandomDag} generate them, and {@link dev.tka.testkit.AumStoreContract}
 * is the test suite of every store.
 */
@NullMarked
package dev.tka.testkit;

import org.jspecify.annotations.NullMarked;
