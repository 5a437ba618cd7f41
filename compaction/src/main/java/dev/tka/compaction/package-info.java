/**
 * What a node may forget of its AUMs, and why the rest stays (protocol, section 6). Control keeps
 * everything.
 *
 * <p>{@link dev.tka.compaction.CompactionPlan} decides from an authority, a {@link
 * dev.tka.compaction.CompactionPolicy} and a time; a plan that was decided applies itself to a
 * store in one commit.
 *
 * <p>The rules are specified in {@code docs/protocol.md}.
 */
@NullMarked
package dev.tka.compaction;

import org.jspecify.annotations.NullMarked;
