/**
 * What a node may forget of its AUMs, and why the rest stays (section 6). Control keeps everything.
 *
 * <p>{@link dev.tka.compaction.CompactionPlan} decides from an authority, a {@link
 * dev.tka.compaction.CompactionPolicy} and a time; a plan that was decided applies itself to a
 * store in one commit.
 */
@NullMarked
package dev.tka.compaction;

import org.jspecify.annotations.NullMarked;
