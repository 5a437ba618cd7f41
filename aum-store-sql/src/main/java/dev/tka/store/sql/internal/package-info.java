/**
 * SQLite and PostgreSQL as kinds of stores, found by the schemes of their URLs; not for users.
 *
 * <p>The rules are specified in {@code docs/protocol.md}.
 */
@NullMarked
package dev.tka.store.sql.internal;

import org.jspecify.annotations.NullMarked;
