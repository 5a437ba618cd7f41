package dev.tka.store.etcd;

import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.store.Revision;
import dev.tka.store.Tailnets;
import dev.tka.store.records.Fence;
import dev.tka.store.records.TailnetRecord;
import java.util.Optional;

/**
 * The one value on which each change of a tailnet is decided, and which each of them replaces: so a
 * tailnet's changes have one order. The store of an authority that was ended has a root, too.
 *
 * @param aums its AUMs; empty if nothing was ever committed to them
 * @param owner the tailnet that the ended authority ruled; empty for a tailnet
 * @param nodes the number of its nodes
 * @param changed the position of the last change that others are told; {@link #NOW} if it is this
 * @param switched the position of the last change after which any signature may count or no longer
 *     count, likewise
 * @param looked the position of the last change of a node's looks, likewise
 * @param pending the name of a large change that is a part of this, and whose rows are not all in
 *     their places
 * @param number a random number of the change that put this
 */
record Root(
    Optional<Aums> aums,
    TailnetRecord record,
    Fence fence,
    Optional<String> owner,
    long nodes,
    long changed,
    long switched,
    long looked,
    Optional<String> pending,
    long number) {
  /** Stands for the revision of the change that puts a value, which it does not know. */
  static final long NOW = 0;

  /** Stands for a change that never was. */
  static final long NEVER = -1;

  /** A tailnet of which nothing was ever kept. */
  static final Root NONE =
      new Root(
          Optional.empty(),
          TailnetRecord.NONE,
          Fence.NONE,
          Optional.empty(),
          0,
          NEVER,
          NEVER,
          NEVER,
          Optional.empty(),
          0);

  /**
   * The AUMs of a store.
   *
   * @param store the random name that its rows are under
   * @param revision a random number
   * @param next the place of the next AUM in the order of their additions
   * @param count the number of AUMs
   * @param trail the number of entries of the trail
   */
  record Aums(
      String store,
      Revision revision,
      long next,
      long count,
      long trail,
      Optional<AumHash> ancestor) {}

  /** Whether it has AUMs. */
  boolean isOn() {
    return aums.filter(each -> each.count() > 0).isPresent();
  }

  /** Whether there is anything of it: AUMs, a record, a node, or a fence that is not open. */
  boolean isKnown() {
    return isOn() || !record.equals(TailnetRecord.NONE) || nodes > 0 || !fence.isOpen();
  }

  /** The revision of its AUMs. */
  Revision revision() {
    return aums.map(Aums::revision).orElse(Tailnets.NO_COMMIT);
  }

  /** As the change with a number puts it. */
  Root withNumber(long other) {
    return new Root(aums, record, fence, owner, nodes, changed, switched, looked, pending, other);
  }

  /** With a large change whose rows are not all in their places, or without. */
  Root withPending(Optional<String> batch) {
    return new Root(aums, record, fence, owner, nodes, changed, switched, looked, batch, number);
  }

  /**
   * A root that is kept, with all positions.
   *
   * @param modified the revision of the change that put it; 0 if it is not kept
   * @param value what is kept
   */
  record Kept(Root root, long modified, Bytes value) {
    /** Of a tailnet of which there is none. */
    static final Kept NONE = new Kept(Root.NONE, 0, Bytes.empty());

    private long position(long of) {
      return of == NOW ? modified : of;
    }

    /** The root with the positions that stand for its revision. */
    Root settled() {
      return new Root(
          root.aums,
          root.record,
          root.fence,
          root.owner,
          root.nodes,
          changed(),
          switched(),
          looked(),
          root.pending,
          root.number);
    }

    long changed() {
      return position(root.changed);
    }

    long switched() {
      return position(root.switched);
    }

    long looked() {
      return position(root.looked);
    }
  }
}
