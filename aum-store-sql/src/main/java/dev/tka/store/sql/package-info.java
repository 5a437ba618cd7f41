/**
 * The AUMs of many tailnets in a database: {@link dev.tka.store.sql.SqliteFile} in one SQLite file,
 * {@link dev.tka.store.sql.PostgresDatabase} in a PostgreSQL database that several replicas share.
 *
 * <p>The rules are specified in {@code docs/protocol.md}.
 */
@NullMarked
package dev.tka.store.sql;

import org.jspecify.annotations.NullMarked;
