/** Shared between the store modules of this project; not for users. */
@NullMarked
package dev.tka.store.internal;

import org.jspecify.annotations.NullMarked;
