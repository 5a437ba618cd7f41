/** What tests of stores share: contracts, processes that write and are killed, checkers. */
package dev.tka.store.testkit;
