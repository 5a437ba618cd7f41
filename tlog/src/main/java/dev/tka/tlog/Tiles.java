package dev.tka.tlog;

import dev.tka.core.Bytes;
import dev.tka.core.TextException;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What is in the tiles of a log (C2SP, tlog-tiles). */
public final class Tiles {
  /** The most bytes of an entry. */
  public static final int LARGEST_ENTRY = 0xffff;

  private static final String TILE = "tile";
  private static final String BUNDLE = "bundle of entries";

  private Tiles() {}

  /**
   * Reads a tile of hashes.
   *
   * @throws TextException if it has not as many hashes as its path says
   */
  public static List<TreeHash> hashes(TilePath path, byte[] tile) throws TextException {
    if (tile.length != path.width() * TreeHash.SIZE) {
      throw NoteText.bad(TILE, path.width() + " hashes", tile.length + " bytes");
    }
    List<TreeHash> hashes = new ArrayList<>();
    for (int at = 0; at < tile.length; at += TreeHash.SIZE) {
      hashes.add(new TreeHash(Bytes.copyOf(tile, at, at + TreeHash.SIZE)));
    }
    return hashes;
  }

  /** The bytes of a tile of hashes. */
  public static byte[] encode(List<TreeHash> hashes) {
    byte[] tile = new byte[hashes.size() * TreeHash.SIZE];
    for (int i = 0; i < hashes.size(); i++) {
      hashes.get(i).bytes().copyTo(tile, i * TreeHash.SIZE);
    }
    return tile;
  }

  /**
   * Reads a bundle of entries.
   *
   * @throws TextException if it has not as many entries as its path says
   */
  public static List<Bytes> entries(TilePath path, byte[] bundle) throws TextException {
    List<Bytes> entries = new ArrayList<>();
    int at = 0;
    while (at < bundle.length) {
      int from = at + 2;
      int to = from > bundle.length ? from : from + length(bundle, at);
      if (to > bundle.length) {
        throw NoteText.bad(BUNDLE, "entries with their lengths", "one that is cut off");
      }
      entries.add(Bytes.copyOf(bundle, from, to));
      at = to;
    }
    if (entries.size() != path.width()) {
      throw NoteText.bad(BUNDLE, path.width() + " entries", entries.size() + " entries");
    }
    return entries;
  }

  private static int length(byte[] bundle, int at) {
    return ((bundle[at] & 0xff) << 8) | (bundle[at + 1] & 0xff);
  }

  /**
   * The bytes of a bundle of entries.
   *
   * @throws IllegalArgumentException if one is longer than {@link #LARGEST_ENTRY}
   */
  public static byte[] bundle(List<Bytes> entries) {
    ByteArrayOutputStream bundle = new ByteArrayOutputStream();
    for (Bytes each : entries) {
      if (each.size() > LARGEST_ENTRY) {
        throw new IllegalArgumentException("an entry has at most " + LARGEST_ENTRY + " bytes");
      }
      bundle.write(each.size() >> 8);
      bundle.write(each.size());
      bundle.writeBytes(each.toByteArray());
    }
    return bundle.toByteArray();
  }

  /**
   * The hashes of a tree from its tiles, each of which is fetched once for a call.
   *
   * @param size the number of entries of the tree
   */
  public static <E extends Exception> Hashes<E> of(long size, ReadingTile<E> tiles) {
    return parts -> {
      Map<TilePath, List<TreeHash>> read = new LinkedHashMap<>();
      List<TreeHash> hashes = new ArrayList<>();
      for (Subtree each : parts) {
        // A tile is a tree of height 8; a part above its lowest level is hashed from a few of it.
        int level = each.level() / 8;
        int height = each.level() % 8;
        long first = each.index() << height;
        TilePath path = TilePath.ofHash(level, first, size);
        List<TreeHash> tile = read.get(path);
        if (tile == null) {
          tile = tiles.read(path);
          read.put(path, tile);
        }
        int from = (int) (first - path.from());
        hashes.add(wholeOf(tile.subList(from, from + (1 << height))));
      }
      return hashes;
    };
  }

  /**
   * Reads tiles of hashes.
   *
   * @param <E> thrown if one cannot be read
   */
  @FunctionalInterface
  public interface ReadingTile<E extends Exception> {
    /** As many hashes as the path says. */
    List<TreeHash> read(TilePath path) throws E;
  }

  /** The hash of a part whose entries' number is a power of two. */
  private static TreeHash wholeOf(List<TreeHash> hashes) {
    List<TreeHash> row = hashes;
    while (row.size() > 1) {
      List<TreeHash> above = new ArrayList<>();
      for (int i = 0; i < row.size(); i += 2) {
        above.add(TreeHash.of(row.get(i), row.get(i + 1)));
      }
      row = above;
    }
    return row.get(0);
  }
}
