/**
 * The tailnet key authority: which keys a tailnet trusts, and the signed chain that says so.
 *
 * <p>Start with {@link dev.tka.core.LiveAuthority}, the current {@link dev.tka.core.Authority} over
 * an {@link dev.tka.core.AumStore}: open it, ask it for its head and trusted keys, inform it of
 * updates. {@link dev.tka.core.Aum} is one update; {@link dev.tka.core.TkaException} is everything
 * that can be wrong with data.
 *
 * <p>To write, have a {@link dev.tka.core.Signer}: {@link dev.tka.core.Genesis} begins an
 * authority, {@link dev.tka.core.UpdateBuilder} changes it, {@link dev.tka.core.Revocation} takes
 * back what a stolen key did, and {@link dev.tka.core.KeyBudget} tells how much depends on each
 * key. What they make is informed like any update.
 *
 * <p>Section numbers in this package are those of the protocol specification.
 */
@NullMarked
package dev.tka.core;

import org.jspecify.annotations.NullMarked;
