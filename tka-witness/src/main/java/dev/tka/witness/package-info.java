/**
 * A witness of transparency logs (C2SP, tlog-witness): it cosigns checkpoints of the logs that it
 * knows, and never two trees of one size, nor a smaller one than before.
 *
 * <p>{@link dev.tka.witness.Witness} decides, over what {@link dev.tka.witness.LastCheckpoints}
 * keeps; {@link dev.tka.witness.WitnessServer} lets it be asked over HTTP.
 *
 * <p>Specified in {@code docs/service.md} (service, section 11).
 */
@NullMarked
package dev.tka.witness;

import org.jspecify.annotations.NullMarked;
