package dev.tka.store.records;

import dev.tka.core.Aum;
import java.time.Instant;
import java.util.Optional;

/**
 * An init that was begun. It stays after it was finished, so that a repeated finish gets the same
 * answer.
 *
 * @param genesis a checkpoint without a parent
 * @param by the node that began; empty for the operator
 * @param at when it began
 */
public record PendingInit(Aum genesis, Optional<Long> by, Instant at) {}
