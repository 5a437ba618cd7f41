package dev.tka.core.store;

/**
 * The revision of a store. Two revisions of one store are equal exactly if nothing was committed
 * between them.
 *
 * @param value comparable for equality only
 */
public record Revision(long value) {}
