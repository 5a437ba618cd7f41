/**
 * What a place keeps of tailnets, as immutable values with pure transitions, for stores that hold
 * all of it in memory. A store adds the medium, the lock and the clock.
 *
 * <p>What control keeps is specified in {@code docs/service.md}.
 */
@NullMarked
package dev.tka.store.state;

import org.jspecify.annotations.NullMarked;
