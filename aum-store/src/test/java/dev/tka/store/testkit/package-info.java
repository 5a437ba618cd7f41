/** Shared by the tests of stores: contracts, processes that write and are killed, checkers. */
package dev.tka.store.testkit;
