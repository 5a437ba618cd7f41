package dev.tka.core.store;

/**
 * Which state of a store a snapshot shows. Two revisions of one store are equal exactly when
 * nothing was committed between them.
 *
 * @param value means nothing but its equality
 */
public record Revision(long value) {}
