package dev.tka.sync;

import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.authority.Authority;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.BodyReader;
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
    return bounded(local, intersection, Long.MAX_VALUE);
  }

  /**
   * The AUMs that the remote lacks, as far as they fit in a number of bytes (protocol, section 10).
   * The limit applies from the newest common AUM on: AUMs that the remote already has are sent in
   * full with the rest, followed by at least one more. If the limit applied from the intersection
   * on, a remote could be sent the same AUMs forever.
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
    List<AumHash> following = following(local, found.at());
    int common = following.size() - following(local, found.newestCommon()).size();
    BodyReader reader = new BodyReader(local.snapshot(), following);
    List<Bytes> encoded = new ArrayList<>();
    long beyondCommon = 0;
    while (reader.hasNext()) {
      Bytes next = reader.encoded();
      if (encoded.size() >= common) {
        beyondCommon += next.size();
        if (beyondCommon > maxBytes && encoded.size() > common) {
          break;
        }
      }
      encoded.add(next);
    }
    return new MissingAums(
        following.subList(0, encoded.size()), encoded, following.size() - encoded.size());
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
    return new MissingAums(hashes, snapshot.encodedAll(hashes), 0);
  }

  private static List<AumHash> following(Authority local, AumHash hash) {
    return local
        .activeAfter(hash)
        .orElseThrow(
            () ->
                new IllegalArgumentException("the intersection is of another authority: " + hash));
  }
}
