/**
 * Places to keep AUMs. {@link dev.tka.store.NodeDirectory} is the directory in which a shipping
 * node keeps its own; {@link dev.tka.store.SqliteFile} and {@link dev.tka.store.PostgresDatabase}
 * keep those of many tailnets; {@link dev.tka.store.AuthorityCache} holds open authorities in front
 * of any of them; {@link dev.tka.store.KeyFile} is where a private key is kept.
 */
@NullMarked
package dev.tka.store;

import org.jspecify.annotations.NullMarked;
