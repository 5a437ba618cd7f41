package dev.tka.tlog.heads;

import dev.tka.core.Bytes;
import dev.tka.tlog.Checkpoint;
import dev.tka.tlog.Hashes;
import dev.tka.tlog.MerkleTree;
import dev.tka.tlog.Subtree;
import dev.tka.tlog.TilePath;
import dev.tka.tlog.Tiles;
import dev.tka.tlog.TreeHash;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The log of a tailnet's heads as control keeps it. Immutable.
 *
 * <p>It stays small, so that it can lie in the tailnet's record: of entries long past only the hash
 * of each 256 is kept, one tile of theirs (C2SP, tlog-tiles, "Pruning"). At least the last 256
 * entries are here. So every tile above the lowest level can be served, every checkpoint since, and
 * proofs from every size since.
 *
 * @param origin names it
 * @param past the hashes of the first entries, 256 for each
 * @param entries those that follow
 */
public record HeadsLog(String origin, List<TreeHash> past, List<HeadEntry> entries) {
  /** So many entries are kept at least, once there are so many. */
  public static final int KEPT = TilePath.FULL;

  /** The most entries that are kept. */
  public static final int MOST = 2 * KEPT;

  /**
   * Copies the lists.
   *
   * @throws IllegalArgumentException if there is no entry, or there are more than are kept
   */
  public HeadsLog {
    past = List.copyOf(past);
    entries = List.copyOf(entries);
    if (entries.isEmpty() || entries.size() > MOST || (!past.isEmpty() && entries.size() < KEPT)) {
      throw new IllegalArgumentException("a log of heads keeps 1 to " + MOST + " entries");
    }
  }

  /** A log with its first entry. */
  public static HeadsLog begin(String origin, HeadEntry first) {
    return new HeadsLog(origin, List.of(), List.of(first));
  }

  /** The number of entries that it ever got. */
  public long size() {
    return (long) past.size() * KEPT + entries.size();
  }

  /** The last entry. */
  public HeadEntry last() {
    return entries.get(entries.size() - 1);
  }

  /** With one more entry. */
  public HeadsLog with(HeadEntry entry) {
    List<HeadEntry> more = new ArrayList<>(entries);
    more.add(entry);
    if (more.size() <= MOST) {
      return new HeadsLog(origin, past, more);
    }
    List<TreeHash> tile = more.subList(0, KEPT).stream().map(HeadEntry::hash).toList();
    List<TreeHash> earlier = new ArrayList<>(past);
    earlier.add(wholeOf(tile));
    return new HeadsLog(origin, earlier, more.subList(KEPT, more.size()));
  }

  private static TreeHash wholeOf(List<TreeHash> row) {
    List<TreeHash> hashes = row;
    while (hashes.size() > 1) {
      List<TreeHash> above = new ArrayList<>();
      for (int i = 0; i < hashes.size(); i += 2) {
        above.add(TreeHash.of(hashes.get(i), hashes.get(i + 1)));
      }
      hashes = above;
    }
    return hashes.get(0);
  }

  /** What it says of itself. */
  public Checkpoint checkpoint() {
    return new Checkpoint(origin, size(), MerkleTree.root(size(), hashes()));
  }

  /**
   * The proof that it continues itself as it was at a size.
   *
   * @return empty if that is too long ago, or there was no such size
   */
  public Optional<List<TreeHash>> proofFrom(long size) {
    boolean isKnown = size == 0 || size >= from() || size % KEPT == 0;
    return size < 0 || size > size() || !isKnown
        ? Optional.empty()
        : Optional.of(MerkleTree.consistency(size, size(), hashes()));
  }

  /** The number of entries that are no longer here. */
  private long from() {
    return (long) past.size() * KEPT;
  }

  private Hashes<RuntimeException> hashes() {
    return parts -> parts.stream().map(this::hash).toList();
  }

  private TreeHash hash(Subtree part) {
    long first = part.index() << part.level();
    if (part.level() == 0) {
      return entries.get(Math.toIntExact(first - from())).hash();
    }
    if (part.level() == 8 && part.index() < past.size()) {
      return past.get((int) part.index());
    }
    return TreeHash.of(
        hash(new Subtree(part.level() - 1, part.index() * 2)),
        hash(new Subtree(part.level() - 1, part.index() * 2 + 1)));
  }

  /**
   * The bytes of a tile, or of a bundle of entries.
   *
   * @return empty if the log does not have it, or no longer
   */
  public Optional<byte[]> tile(TilePath path) {
    boolean isLow = path.level().orElse(0) == 0;
    if (!path.isIn(size()) || (isLow && path.from() < from())) {
      return Optional.empty();
    }
    if (path.level().isEmpty()) {
      int first = Math.toIntExact(path.from() - from());
      List<Bytes> bundle =
          entries.subList(first, first + path.width()).stream().map(HeadEntry::bytes).toList();
      return Optional.of(Tiles.bundle(bundle));
    }
    List<TreeHash> hashes = new ArrayList<>();
    for (int i = 0; i < path.width(); i++) {
      hashes.add(hash(new Subtree(8 * path.level().getAsInt(), path.from() + i)));
    }
    return Optional.of(Tiles.encode(hashes));
  }
}
