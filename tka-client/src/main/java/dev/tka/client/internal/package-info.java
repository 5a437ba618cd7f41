/** The store kind that reads from a running server; not for users. */
@NullMarked
package dev.tka.client.internal;

import org.jspecify.annotations.NullMarked;
