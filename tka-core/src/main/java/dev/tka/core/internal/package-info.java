/** Shared between the modules of this project; not for users. */
@NullMarked
package dev.tka.core.internal;

import org.jspecify.annotations.NullMarked;
