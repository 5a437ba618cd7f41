/**
 * What a place keeps for a control server beside the AUMs of its tailnets (service, section 2):
 * {@link dev.tka.store.records.ControlRecords} reads and writes it, {@link
 * dev.tka.store.records.TailnetRecord} is what there is of a tailnet, {@link
 * dev.tka.store.records.NodeRecord} what there is of a node.
 *
 * <p>The rules are specified in {@code docs/service.md}.
 */
@NullMarked
package dev.tka.store.records;

import org.jspecify.annotations.NullMarked;
