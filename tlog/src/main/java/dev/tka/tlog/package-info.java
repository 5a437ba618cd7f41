/**
 * Formats of transparency logs, as pure functions: notes and checkpoints ({@link
 * dev.tka.tlog.SignedNote}, {@link dev.tka.tlog.Checkpoint}), keys ({@link
 * dev.tka.tlog.VerifierKey}, {@link dev.tka.tlog.SignerKey}), the tree and its proofs ({@link
 * dev.tka.tlog.MerkleTree}), tiles ({@link dev.tka.tlog.Tiles}), and what a log asks a witness
 * ({@link dev.tka.tlog.AddCheckpoint}).
 *
 * <p>They follow the specifications of C2SP (signed-note, tlog-checkpoint, tlog-tiles,
 * tlog-cosignature, tlog-witness, tlog-policy) and RFC 6962. What is parsed may be any bytes; what
 * is wrong is a {@link dev.tka.core.TextException}, which never quotes them.
 *
 * <p>Specified in {@code docs/service.md} (service, section 11).
 */
@NullMarked
package dev.tka.tlog;

import org.jspecify.annotations.NullMarked;
