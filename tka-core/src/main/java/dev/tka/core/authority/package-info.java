/**
 * The authority: which keys a tailnet trusts, and the signed chain that says so.
 *
 * <p>Start with {@link dev.tka.core.authority.LiveAuthority}, the current {@link
 * dev.tka.core.authority.Authority} over an {@link dev.tka.core.store.AumStore}: open it, ask it
 * for its head and trusted keys, inform it of updates.
 *
 * <p>To write, have a {@link dev.tka.core.Signer}: {@link dev.tka.core.authority.Genesis} begins an
 * authority, {@link dev.tka.core.authority.UpdateBuilder} changes it, {@link
 * dev.tka.core.authority.Revocation} undoes what a stolen key did, and {@link
 * dev.tka.core.authority.KeyBudget} tells how much depends on each key. The AUMs that they make are
 * informed like any update.
 *
 * <p>The rules are specified in {@code docs/protocol.md}.
 */
@NullMarked
package dev.tka.core.authority;

import org.jspecify.annotations.NullMarked;
