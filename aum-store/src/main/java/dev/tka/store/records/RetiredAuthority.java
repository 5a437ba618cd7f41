package dev.tka.store.records;

import dev.tka.core.DisablementSecret;
import java.time.Instant;

/**
 * An authority that was ended. It is kept for ever: a node that missed the end comes back with one
 * of its AUMs as its head, and needs the secret.
 *
 * @param name the authority
 * @param secret what ended it
 * @param at when
 * @param store the name of the store that keeps its AUMs now, for {@link
 *     dev.tka.store.Tailnets#tailnet}
 */
public record RetiredAuthority(
    AuthorityName name, DisablementSecret secret, Instant at, String store) {}
