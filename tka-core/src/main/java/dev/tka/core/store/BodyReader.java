package dev.tka.core.store;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.DecodeException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/**
 * Reads the bodies of a list of AUMs in its order, however long it is: where they are not in
 * memory, {@value AumSnapshot#BODIES_AT_ONCE} at a time or a mebibyte, so that at most so many are
 * read in vain if the reader is not used to its end. For one thread.
 */
public final class BodyReader {
  /** The most bytes that are read at once, unless a single body is larger. */
  private static final long MOST_BYTES_AT_ONCE = 1 << 20;

  private final AumSnapshot snapshot;
  private final List<AumHash> hashes;
  private final int atOnce;
  private final Deque<Bytes> ahead = new ArrayDeque<>();
  private int next;
  private int oneByOneUntil;

  /**
   * A reader at the beginning of a list.
   *
   * @param hashes the hashes of stored AUMs
   */
  public BodyReader(AumSnapshot snapshot, List<AumHash> hashes) {
    this.snapshot = snapshot;
    this.hashes = hashes;
    this.atOnce = snapshot.hasBodiesInMemory() ? 1 : AumSnapshot.BODIES_AT_ONCE;
  }

  /** True if the list goes on. */
  public boolean hasNext() {
    return next < hashes.size();
  }

  /**
   * The canonical encoding of the next AUM.
   *
   * @throws StoreException as {@link AumSnapshot#encoded} throws it for this AUM
   */
  public Bytes encoded() throws StoreException {
    if (ahead.isEmpty() && atOnce > 1 && next >= oneByOneUntil) {
      readAhead();
    }
    AumHash hash = hashes.get(next);
    Bytes encoded = ahead.isEmpty() ? snapshot.encoded(hash) : ahead.remove();
    next++;
    return encoded;
  }

  /**
   * The next AUM.
   *
   * @throws StoreException as {@link AumSnapshot#get} throws it for this AUM
   */
  public Aum aum() throws StoreException {
    AumHash hash = hashes.get(next);
    return decode(hash, encoded());
  }

  static Aum decode(AumHash hash, Bytes encoded) throws StoreException.Damaged {
    try {
      return Aum.decodeStored(hash, encoded);
    } catch (DecodeException e) {
      throw new StoreException.Damaged("stored AUM " + hash + ": " + e.getMessage());
    }
  }

  private long size(int index) {
    return snapshot.find(hashes.get(index)).map(AumEntry::size).orElse(0);
  }

  private void readAhead() throws StoreException {
    int to = next + 1;
    long bytes = size(next);
    while (to < Math.min(hashes.size(), next + atOnce) && bytes <= MOST_BYTES_AT_ONCE) {
      bytes += size(to);
      to++;
    }
    try {
      ahead.addAll(snapshot.encodedAll(hashes.subList(next, to)));
    } catch (StoreException.Damaged | StoreException.NoSuchAum e) {
      // Not the next one's error, perhaps.
      oneByOneUntil = to;
    }
  }
}
