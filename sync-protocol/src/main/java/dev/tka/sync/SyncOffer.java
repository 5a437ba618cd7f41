package dev.tka.sync;

import dev.tka.core.AumHash;
import dev.tka.core.TextException;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.Authority;
import dev.tka.core.store.AumEntry;
import java.util.ArrayList;
import java.util.List;

/**
 * One end's description of its chain in a round (protocol, section 5): the head, and AUMs that it
 * holds, newest first. Nothing in it is trusted: it is a list of names to look up.
 *
 * @param head the last AUM of the active chain
 * @param ancestors at most {@link #MAX_ANCESTORS}; those of an offer from elsewhere may be unknown,
 *     unrelated, out of order or listed twice
 */
public record SyncOffer(AumHash head, List<AumHash> ancestors) {
  /**
   * The largest number of ancestors in an offer: as many as the checkpoints of a chain of six
   * million AUMs, and no more than 7 MB of text.
   */
  public static final int MAX_ANCESTORS = 1 << 17;

  private static final int LEGACY_FIRST_STEP = 4;
  private static final int LEGACY_FACTOR = 4;
  private static final int LEGACY_MOST_STEPS = 400;

  /**
   * Copies the list.
   *
   * @throws IllegalArgumentException if there are too many ancestors; {@link #parse} is for data
   *     from outside
   */
  public SyncOffer {
    ancestors = List.copyOf(ancestors);
    if (ancestors.size() > MAX_ANCESTORS) {
      throw new IllegalArgumentException(
          "an offer has at most " + MAX_ANCESTORS + " ancestors, not " + ancestors.size());
    }
  }

  /**
   * The offer of an authority: every checkpoint of the active chain, then the oldest ancestor if it
   * is not a checkpoint. The cost is proportional to the number of checkpoints. If there are too
   * many, the newest are named.
   */
  public static SyncOffer of(Authority authority) {
    return of(authority, MAX_ANCESTORS);
  }

  /**
   * The offer of an authority whose store remembers (protocol, section 10): after the oldest
   * ancestor, the checkpoints of the trail, newest first. Reference peers understand it.
   */
  public static SyncOffer withTrail(Authority authority) {
    SyncOffer held = of(authority);
    List<AumHash> remembered = authority.snapshot().trail().checkpoints();
    int room = MAX_ANCESTORS - held.ancestors.size();
    if (remembered.isEmpty() || room == 0) {
      return held;
    }
    List<AumHash> ancestors = new ArrayList<>(held.ancestors);
    ancestors.addAll(remembered.subList(0, Math.min(room, remembered.size())));
    return new SyncOffer(held.head, ancestors);
  }

  /** The offer of an authority under a policy. */
  static SyncOffer of(Authority authority, AdmissionPolicy policy) {
    return policy.remembers() ? withTrail(authority) : of(authority);
  }

  static SyncOffer of(Authority authority, int most) {
    List<AumHash> checkpoints = authority.checkpoints();
    AumHash oldest = authority.oldestAncestor();
    boolean endsInOldest =
        !checkpoints.isEmpty() && checkpoints.get(checkpoints.size() - 1).equals(oldest);
    if (endsInOldest && checkpoints.size() <= most) {
      return new SyncOffer(authority.head(), checkpoints);
    }
    int fitting = Math.min(checkpoints.size(), most - 1);
    List<AumHash> ancestors = new ArrayList<>(fitting + 1);
    ancestors.addAll(checkpoints.subList(0, fitting));
    ancestors.add(oldest);
    return new SyncOffer(authority.head(), ancestors);
  }

  /**
   * The offer format used before 2026-05, for tests against old peers: the ancestors 4, 16, 64, 256
   * steps back from the head, then the oldest ancestor, which is listed twice if a sample fell on
   * it. A compacted peer may hold none of them.
   */
  public static SyncOffer legacy(Authority authority) {
    List<AumHash> newestFirst = authority.newestFirst(LEGACY_MOST_STEPS + 1);
    List<AumHash> ancestors = new ArrayList<>();
    for (int back = LEGACY_FIRST_STEP; back < newestFirst.size(); back *= LEGACY_FACTOR) {
      ancestors.add(newestFirst.get(back));
    }
    ancestors.add(authority.oldestAncestor());
    return new SyncOffer(authority.head(), ancestors);
  }

  /**
   * Parses the text form used on the wire.
   *
   * @param head base32, 52 characters
   * @param ancestors base32, 52 characters each
   * @throws TextException.TooMany if there are more than {@link #MAX_ANCESTORS}; none is parsed
   *     then
   * @throws TextException if the head is not a hash
   * @throws TextException.Element if an ancestor is not a hash, naming its index
   */
  public static SyncOffer parse(String head, List<String> ancestors) throws TextException {
    if (ancestors.size() > MAX_ANCESTORS) {
      throw new TextException.TooMany("ancestors", MAX_ANCESTORS, ancestors.size());
    }
    AumHash parsedHead = AumHash.parse(head);
    List<AumHash> parsed = new ArrayList<>(ancestors.size());
    for (String text : ancestors) {
      try {
        parsed.add(AumHash.parse(text));
      } catch (TextException e) {
        throw new TextException.Element("ancestor", parsed.size(), e);
      }
    }
    return new SyncOffer(parsedHead, parsed);
  }

  /** The head in the text form of the wire. */
  public String headText() {
    return head.toString();
  }

  /** The ancestors in the text form of the wire. */
  public List<String> ancestorTexts() {
    return ancestors.stream().map(AumHash::toString).toList();
  }

  /**
   * This offer of an authority with one more AUM named: in its place if it is on the active chain,
   * otherwise first. If the offer is full, the last ancestor but the oldest makes room.
   *
   * @param shared an AUM that both the authority's store and the other end hold
   */
  SyncOffer naming(AumHash shared, Authority authority) {
    return naming(shared, authority, MAX_ANCESTORS);
  }

  SyncOffer naming(AumHash shared, Authority authority, int most) {
    int at = authority.isActive(shared) ? firstNotAbove(shared, authority) : 0;
    boolean named =
        shared.equals(head) || (at < ancestors.size() && ancestors.get(at).equals(shared));
    if (named) {
      return this;
    }
    List<AumHash> more = new ArrayList<>(ancestors);
    more.add(at, shared);
    if (more.size() > most) {
      more.remove(at == most - 1 ? most - 2 : most - 1);
    }
    return new SyncOffer(head, more);
  }

  /** The index of the first ancestor that is not newer than an AUM of the active chain. */
  private int firstNotAbove(AumHash active, Authority authority) {
    int height = height(active, authority);
    int from = 0;
    int to = ancestors.size();
    while (from < to) {
      int middle = (from + to) >>> 1;
      if (height(ancestors.get(middle), authority) > height) {
        from = middle + 1;
      } else {
        to = middle;
      }
    }
    return from;
  }

  /** AUMs that are only remembered are below all stored ones. */
  private static int height(AumHash active, Authority authority) {
    return authority.snapshot().find(active).map(AumEntry::height).orElse(Integer.MIN_VALUE);
  }

  @Override
  public String toString() {
    return "SyncOffer(head " + head + ", " + ancestors.size() + " ancestors)";
  }
}
