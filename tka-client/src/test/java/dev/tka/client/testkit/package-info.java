/** Servers for tests. */
package dev.tka.client.testkit;
