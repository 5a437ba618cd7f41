/**
 * What a place keeps of tailnets, as immutable values with pure transitions, for stores that hold
 * all of it in memory. A store adds the medium, the lock and the clock.
 */
@NullMarked
package dev.tka.store.state;

import org.jspecify.annotations.NullMarked;
