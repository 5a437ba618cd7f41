package dev.tka.core.internal;

import java.util.Arrays;

/**
 * BLAKE2s-256 without a key (RFC 7693), the one hash of the protocol (protocol, section 1). The
 * cryptographic library has it too, but sets up a log before its first hash, which would take a
 * short command longer than its work.
 */
public final class Blake2s {
  /** The length of a digest in bytes. */
  public static final int SIZE = 32;

  private static final int BLOCK = 64;
  private static final int WORDS = 16;

  /** What the state begins with: fractional parts of the square roots of the first eight primes. */
  private static final int[] INITIAL = {
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19
  };

  /** The parameters, in their first word: a digest of 32 bytes, no key, one leaf. */
  private static final int PARAMETERS = 0x0101_0000 | SIZE;

  /** For each of the ten rounds, the order in which it mixes the words of a block. */
  private static final byte[][] ROUNDS = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
    {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
    {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
    {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
    {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
  };

  private final int[] state = INITIAL.clone();
  private final byte[] block = new byte[BLOCK];
  private final int[] words = new int[WORDS];
  private final int[] mixed = new int[WORDS];
  private int filled;
  private long compressed;

  /** A digest over no data yet. */
  public Blake2s() {
    state[0] ^= PARAMETERS;
  }

  /** Adds data. */
  public void update(byte[] data) {
    int from = 0;
    while (from < data.length) {
      // The last block, which may be a full one, is kept for the end.
      if (filled == BLOCK) {
        compress(0);
      }
      int length = Math.min(BLOCK - filled, data.length - from);
      System.arraycopy(data, from, block, filled, length);
      filled += length;
      from += length;
    }
  }

  /** The digest of all data so far; ends the work. */
  public byte[] finish() {
    Arrays.fill(block, filled, BLOCK, (byte) 0);
    compress(-1);
    byte[] out = new byte[SIZE];
    for (int i = 0; i < SIZE; i++) {
      out[i] = (byte) (state[i / Integer.BYTES] >>> (Byte.SIZE * (i % Integer.BYTES)));
    }
    return out;
  }

  /** The digest of {@code data}. */
  public static byte[] hash(byte[] data) {
    Blake2s whole = new Blake2s();
    whole.update(data);
    return whole.finish();
  }

  /**
   * Takes the block into the state.
   *
   * @param last all ones for the last block, else 0
   */
  private void compress(int last) {
    compressed += filled;
    filled = 0;
    for (int i = 0; i < WORDS; i++) {
      int at = Integer.BYTES * i;
      words[i] =
          (block[at] & 0xff)
              | ((block[at + 1] & 0xff) << 8)
              | ((block[at + 2] & 0xff) << 16)
              | (block[at + 3] << 24);
    }
    System.arraycopy(state, 0, mixed, 0, state.length);
    System.arraycopy(INITIAL, 0, mixed, state.length, INITIAL.length);
    mixed[12] ^= (int) compressed;
    mixed[13] ^= (int) (compressed >>> Integer.SIZE);
    mixed[14] ^= last;
    for (byte[] order : ROUNDS) {
      // The columns of a square of words, then its diagonals.
      mix(0, 4, 8, 12, words[order[0]], words[order[1]]);
      mix(1, 5, 9, 13, words[order[2]], words[order[3]]);
      mix(2, 6, 10, 14, words[order[4]], words[order[5]]);
      mix(3, 7, 11, 15, words[order[6]], words[order[7]]);
      mix(0, 5, 10, 15, words[order[8]], words[order[9]]);
      mix(1, 6, 11, 12, words[order[10]], words[order[11]]);
      mix(2, 7, 8, 13, words[order[12]], words[order[13]]);
      mix(3, 4, 9, 14, words[order[14]], words[order[15]]);
    }
    for (int i = 0; i < state.length; i++) {
      state[i] ^= mixed[i] ^ mixed[i + state.length];
    }
  }

  private void mix(int a, int b, int c, int d, int x, int y) {
    int[] v = mixed;
    v[a] += v[b] + x;
    v[d] = Integer.rotateRight(v[d] ^ v[a], 16);
    v[c] += v[d];
    v[b] = Integer.rotateRight(v[b] ^ v[c], 12);
    v[a] += v[b] + y;
    v[d] = Integer.rotateRight(v[d] ^ v[a], 8);
    v[c] += v[d];
    v[b] = Integer.rotateRight(v[b] ^ v[c], 7);
  }
}
