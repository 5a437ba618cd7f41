package dev.tka.store.etcd;

import dev.tka.core.Bytes;
import java.io.ByteArrayOutputStream;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The pieces of large changes that are under way, as the watch shows them. With them, a commit of
 * any size costs those who follow what it changes: they need not read the tailnet again. Not of
 * changes whose begin was not seen, nor of more bytes than may be kept.
 */
final class Pieces {
  private final long most;
  private final Map<String, SortedMap<String, Bytes>> seen = new HashMap<>();
  private long bytes;

  /**
   * None.
   *
   * @param most the most bytes of all of them together
   */
  Pieces(long most) {
    this.most = most;
  }

  /** A large change begins. */
  void begin(String batch) {
    seen.put(batch, new TreeMap<>());
  }

  /**
   * Adds a piece.
   *
   * @param row the rest of its key; the order of the keys is that of the pieces
   */
  void add(String batch, String row, Bytes piece) {
    SortedMap<String, Bytes> pieces = seen.get(batch);
    if (pieces == null) {
      return;
    }
    Bytes before = pieces.put(row, piece);
    bytes += piece.size() - (before == null ? 0 : before.size());
    if (bytes > most) {
      forget(batch);
    }
  }

  /** Gives all pieces of a change, joined, and forgets them; empty if they were not all seen. */
  Optional<Bytes> take(String batch) {
    SortedMap<String, Bytes> pieces = seen.get(batch);
    if (pieces == null) {
      return Optional.empty();
    }
    ByteArrayOutputStream whole = new ByteArrayOutputStream();
    pieces.values().forEach(each -> whole.writeBytes(each.toByteArray()));
    forget(batch);
    return Optional.of(Bytes.copyOf(whole.toByteArray()));
  }

  /** A large change that has ended, or is not to be followed. */
  void forget(String batch) {
    SortedMap<String, Bytes> pieces = seen.remove(batch);
    if (pieces != null) {
      bytes -= pieces.values().stream().mapToLong(Bytes::size).sum();
    }
  }

  /** What was not seen may be missing in all of them. */
  void clear() {
    seen.clear();
    bytes = 0;
  }
}
