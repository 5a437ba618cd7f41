package dev.tka.control;

/**
 * How much of an answer a client reads, by its version (protocol, section 8), less room for what is
 * not counted.
 *
 * @param list the longest answer to init/begin and to an offer, in bytes
 * @param signatures the longest answer to affected-sigs, in bytes
 */
record ClientLimits(long list, long signatures) {
  /** The version of clients that read more: 1.104. */
  static final int READS_MORE = 148;

  /** The names of fields, and a margin. */
  private static final long ROOM = 64 << 10;

  private static final ClientLimits OLD = new ClientLimits((10 << 20) - ROOM, (1 << 20) - ROOM);
  private static final ClientLimits NEW = new ClientLimits((512 << 20) - ROOM, (512 << 20) - ROOM);

  /** A hash as text, quoted, with a comma. */
  private static final long HASH_BYTES = 55;

  static ClientLimits of(int version) {
    return version >= READS_MORE ? NEW : OLD;
  }

  /**
   * The limit on the AUMs of an answer, in bytes: what they have in base64, each quoted, must fit
   * beside the hashes that the answer names.
   */
  long aumBytes(int hashes) {
    // Base64 and quotes make at most 10 bytes of 7: no AUM has less than 100.
    return Math.max(0, list - hashes * HASH_BYTES) / 10 * 7;
  }
}
