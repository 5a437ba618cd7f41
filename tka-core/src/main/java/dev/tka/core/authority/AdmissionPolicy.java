package dev.tka.core.authority;

/**
 * Who may rewrite history: what becomes of a valid AUM that would displace one of the active chain
 * (protocol, section 10). What is not admitted is left out with what builds on it, and the rest of
 * a batch goes on.
 */
public enum AdmissionPolicy {
  /**
   * The reference's: fork resolution alone decides (protocol, section 4), nothing is remembered of
   * what is purged, and nothing is noted about own AUMs.
   */
  REFERENCE,
  /** Control's: only a checkpoint displaces, when, recounted, it is strictly heavier. */
  CONTROL,
  /**
   * Control's after it was restored from a backup, until all nodes have synced: it takes back what
   * they still hold. Fork resolution decides, with the recounted weight.
   */
  RESTORED_CONTROL,
  /**
   * A node's: what control sends displaces when, recounted, it is not lighter; of anything else,
   * fork resolution decides, with the recounted weight.
   */
  NODE
}
