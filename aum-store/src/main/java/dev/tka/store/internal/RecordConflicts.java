package dev.tka.store.internal;

import dev.tka.core.store.StoreException;
import dev.tka.store.records.Fence;
import dev.tka.store.records.NodeRecord;
import dev.tka.store.records.RecordsChange;
import dev.tka.store.records.TailnetRecord;
import java.util.Optional;

/** Refuses changes of records that are based on something else than what there is. */
public final class RecordConflicts {
  private RecordConflicts() {}

  private static StoreException.Conflict conflict(String tailnet, String what) {
    return new StoreException.Conflict("tailnet \"" + tailnet + "\": expected " + what);
  }

  /**
   * Compares a tailnet's record with what it must be.
   *
   * @throws StoreException.Conflict if it is another; its message holds no secret
   */
  public static void requireRecord(String tailnet, TailnetRecord expected, TailnetRecord found)
      throws StoreException.Conflict {
    if (!expected.equals(found)) {
      throw conflict(tailnet, "its record as it was read, found another");
    }
  }

  /**
   * Compares a node with what it must be.
   *
   * @throws StoreException.Conflict if it is not so
   */
  public static void requireNode(
      String tailnet, RecordsChange.OfNode expected, Optional<NodeRecord> found)
      throws StoreException.Conflict {
    if (expected.before().equals(found)) {
      return;
    }
    if (expected.before().isEmpty()) {
      throw conflict(tailnet, "no node " + expected.id() + ", found one");
    }
    throw conflict(
        tailnet,
        "node "
            + expected.id()
            + " as it was read, found "
            + (found.isEmpty() ? "none" : "it changed"));
  }

  /** There is no such node. */
  public static StoreException.Conflict noNode(String tailnet, long id) {
    return conflict(tailnet, "node " + id + ", found none");
  }

  /** There is nothing to retire. */
  public static StoreException.Conflict noAums(String tailnet) {
    return conflict(tailnet, "an authority, found no AUMs");
  }

  /** The fence is another one. */
  public static StoreException.Conflict fence(String tailnet, Fence expected, Fence found) {
    return conflict(
        tailnet,
        "its fence as it was read, at epoch "
            + expected.epoch()
            + ", found "
            + (found.epoch() == expected.epoch() ? "another" : "epoch " + found.epoch()));
  }

  /** Something of the tailnet lives where a copy of it would begin. */
  public static StoreException.Conflict livesHere(String tailnet) {
    return conflict(tailnet, "nothing of it where a copy begins, found what lives there");
  }

  /** There is such a token already. */
  public static StoreException.Conflict tokenExists() {
    return new StoreException.Conflict("expected a new token, found it already");
  }
}
