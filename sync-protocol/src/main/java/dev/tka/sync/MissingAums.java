package dev.tka.sync;

import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.authority.Authority;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.StoreException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * The AUMs that one end sends the other (protocol, section 5): those of its active chain after the
 * intersection, oldest first, as the bytes that are stored.
 *
 * @param hashes their hashes
 * @param encoded their canonical encodings, in the same order
 * @param withheld the number of AUMs left, up to the head, for the next round
 */
public record MissingAums(List<AumHash> hashes, List<Bytes> encoded, int withheld) {
  private static final MissingAums NOTHING = new MissingAums(List.of(), List.of(), 0);

  /** Copies the lists. */
  public MissingAums {
    hashes = List.copyOf(hashes);
    encoded = List.copyOf(encoded);
  }

  /**
   * All AUMs that the remote lacks; none if there is no intersection.
   *
   * @param intersection the intersection of the same authority with the remote's offer
   * @throws StoreException if a body cannot be read
   */
  public static MissingAums of(Authority local, Intersection intersection) throws StoreException {
    return intersection instanceof Intersection.Found found
        ? read(local, following(local, found.at()), 0)
        : NOTHING;
  }

  /**
   * The AUMs that the remote lacks, as far as they fit in a number of bytes, and at least one that
   * follows the newest common AUM (protocol, section 10). Only if that one is longer than the limit
   * by itself does the answer exceed it.
   *
   * <p>They begin after the intersection if one that is new to the remote fits, too: a node that
   * remembers the newest common AUM without storing it needs the way there from a checkpoint.
   * Otherwise they begin after the newest common AUM itself. A node that stores that one needs no
   * more, and an offer that names old AUMs beside new ones fetches no history.
   *
   * @param intersection the intersection of the same authority with the remote's offer
   * @param maxBytes the limit on the total length of the encodings
   * @throws StoreException if a body cannot be read
   */
  public static MissingAums bounded(Authority local, Intersection intersection, long maxBytes)
      throws StoreException {
    if (!(intersection instanceof Intersection.Found found)) {
      return NOTHING;
    }
    AumSnapshot snapshot = local.snapshot();
    List<AumHash> following = following(local, found.at());
    List<AumHash> beyondCommon = following(local, found.newestCommon());
    int common = following.size() - beyondCommon.size();
    int fitting = fitting(snapshot, following, maxBytes);
    if (fitting > common || beyondCommon.isEmpty()) {
      return read(local, following.subList(0, fitting), following.size() - fitting);
    }
    int sent = common == 0 ? 1 : Math.max(1, fitting(snapshot, beyondCommon, maxBytes));
    return read(local, beyondCommon.subList(0, sent), beyondCommon.size() - sent);
  }

  /** The number of AUMs, from the first on, that fit in a number of bytes. */
  private static int fitting(AumSnapshot snapshot, List<AumHash> hashes, long maxBytes) {
    long bytes = 0;
    for (int i = 0; i < hashes.size(); i++) {
      bytes += snapshot.find(hashes.get(i)).orElseThrow().size();
      if (bytes > maxBytes) {
        return i;
      }
    }
    return hashes.size();
  }

  private static MissingAums read(Authority local, List<AumHash> hashes, int withheld)
      throws StoreException {
    return new MissingAums(hashes, local.snapshot().encodedAll(hashes), withheld);
  }

  /**
   * The unsent AUMs of our active chain: all that a remote can lack if its chain left ours below
   * our oldest ancestor (protocol, section 10).
   *
   * @throws StoreException if a body cannot be read
   */
  static MissingAums unsent(Authority local) throws StoreException {
    AumSnapshot snapshot = local.snapshot();
    List<AumHash> hashes = new ArrayList<>(snapshot.ownAums().unsent());
    hashes.removeIf(hash -> !local.isActive(hash));
    hashes.sort(Comparator.comparing(hash -> snapshot.find(hash).orElseThrow().height()));
    return read(local, hashes, 0);
  }

  private static List<AumHash> following(Authority local, AumHash hash) {
    return local
        .activeAfter(hash)
        .orElseThrow(
            () ->
                new IllegalArgumentException("the intersection is of another authority: " + hash));
  }
}
