package dev.tka.client;

import dev.tka.core.AumHash;
import dev.tka.store.records.Fence;
import java.time.Instant;
import java.util.Optional;

/**
 * How a server says that a tailnet stands. Nothing of it is verified.
 *
 * @param name its name
 * @param lock {@code on}, {@code pending} or {@code off}; {@code unknown} if it does not live there
 * @param head control's head, while the lock is on
 * @param length the number of AUMs on its active chain
 * @param nodes the number of its nodes
 * @param restored since when it counts as restored from a backup, if it does
 * @param problem why its authority cannot be opened, on one line
 * @param standing whether it lives in the server's place
 */
public record ServedTailnet(
    String name,
    String lock,
    Optional<AumHash> head,
    long length,
    long nodes,
    Optional<Instant> restored,
    Optional<String> problem,
    Fence.Standing standing) {}
