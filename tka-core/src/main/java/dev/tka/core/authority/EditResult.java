package dev.tka.core.authority;

/**
 * An edit that was stored, or had nothing to store.
 *
 * @param batch the AUMs, and what another writer had done already
 * @param informed how the authority took them in
 */
public record EditResult(UpdateBuilder.Batch batch, InformResult informed) {}
