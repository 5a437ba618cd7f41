/**
 * Compaction: which AUMs a node may forget, and why the others stay (protocol, section 6). Control
 * keeps everything.
 *
 * <p>{@link dev.tka.compaction.CompactionPlan} decides from an authority, a {@link
 * dev.tka.compaction.CompactionPolicy} and a time; a decided plan applies itself to a store in one
 * commit.
 *
 * <p>The rules are specified in {@code docs/protocol.md}.
 */
@NullMarked
package dev.tka.compaction;

import org.jspecify.annotations.NullMarked;
