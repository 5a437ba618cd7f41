package dev.tka.sync;

import dev.tka.core.AumHash;
import dev.tka.core.authority.Authority;
import dev.tka.core.store.Trail;
import java.util.List;
import java.util.Optional;

/**
 * The place where a remote's chain, as described by its offer, parts from ours (protocol, section
 * 5). The first case that holds:
 *
 * <ol>
 *   <li>the heads are equal: {@link UpToDate};
 *   <li>the remote's head is on our active chain: {@link Head};
 *   <li>one of its ancestors is, the first in the order of the offer: {@link Tail};
 *   <li>we hold one of the AUMs that it names on a branch that lost here: {@link LosingBranch}. The
 *       reference does not look there (protocol, section 10);
 *   <li>one of the AUMs that it names was purged from our active chain: {@link Remembered}
 *       (protocol, section 10);
 *   <li>otherwise {@link None}.
 * </ol>
 *
 * <p>Each name is looked up in an index, however long the chain is, and a losing branch is walked
 * once, so the cost is that of the names and of the AUMs that differ.
 */
public sealed interface Intersection {
  /** A stable identifier for programs, such as {@code losing-branch}. */
  String kind();

  /** The place where the chains part, as a sentence without its capital letter and full stop. */
  String reason();

  /** The heads are equal. */
  record UpToDate(AumHash head) implements Intersection {
    @Override
    public String kind() {
      return "up-to-date";
    }

    @Override
    public String reason() {
      return "the same head";
    }
  }

  /** Some AUM is on the chains of both ends. */
  sealed interface Found extends Intersection {
    /** The AUM after which our active chain is sent to the remote. */
    AumHash at();

    /**
     * The newest AUM of our active chain that the remote must have, judging by its offer; equal to
     * or after {@link #at}.
     */
    AumHash newestCommon();

    /**
     * The number of AUMs of our active chain after {@link #at}; the remote may have some of them.
     */
    int following();
  }

  /**
   * The remote's head is on our active chain: the remote lacks exactly the AUMs that follow.
   *
   * @param at the remote's head
   */
  record Head(AumHash at, int following) implements Found {
    @Override
    public AumHash newestCommon() {
      return at;
    }

    @Override
    public String kind() {
      return "head";
    }

    @Override
    public String reason() {
      return "the other's head " + at + ", and " + after(following);
    }
  }

  /**
   * An ancestor that the remote names is on our active chain.
   *
   * @param newestCommon above {@code at} if the remote's head, or an AUM named earlier, is on a
   *     branch that lost here
   * @param skipped the number of ancestors named before it that are not on our active chain
   */
  record Tail(AumHash at, AumHash newestCommon, int following, int skipped) implements Found {
    @Override
    public String kind() {
      return "tail";
    }

    @Override
    public String reason() {
      return "common ground at "
          + at
          + ", number "
          + (skipped + 1)
          + " of the ancestors named, and "
          + after(following)
          + (newestCommon.equals(at) ? "" : "; the newest AUM in common is " + newestCommon);
    }
  }

  /**
   * Nothing that the remote names is on our active chain, but a branch that lost here holds an AUM
   * that it names.
   *
   * @param at the AUM at which that branch leaves our active chain
   * @param named the AUM of the offer that led there
   * @param branchLength the number of AUMs from there, {@code named} included
   * @param winner the AUM that follows {@code at} on our active chain
   */
  record LosingBranch(AumHash at, int following, AumHash named, int branchLength, AumHash winner)
      implements Found {
    @Override
    public AumHash newestCommon() {
      return at;
    }

    @Override
    public String kind() {
      return "losing-branch";
    }

    @Override
    public String reason() {
      return "common ground at "
          + at
          + ", from which a branch of "
          + aums(branchLength)
          + " that lost here leads to "
          + named
          + ", and "
          + after(following);
    }
  }

  /**
   * None of the AUMs that the remote names is stored here, but one is in our trail: the remote's
   * chain left ours below our oldest ancestor, or ends there.
   *
   * @param at the newest AUM of the trail that it names
   * @param isHead true if that is the remote's head
   */
  record Remembered(AumHash at, boolean isHead) implements Intersection {
    @Override
    public String kind() {
      return "remembered";
    }

    @Override
    public String reason() {
      return (isHead ? "the other's head " : "common ground at ")
          + at
          + ", which was purged here and is remembered";
    }
  }

  /**
   * None of the AUMs that the remote names leads to our active chain.
   *
   * @param head our head
   * @param oldest our oldest ancestor
   * @param fromGenesis true if that is the genesis: then we have forgotten nothing, and the remote
   *     belongs to another authority, or has forgotten what we share
   * @param named the number of AUMs that the remote named, the head included
   * @param heldApart the number of those that we hold in a tree not joined to our active chain
   */
  record None(AumHash head, AumHash oldest, boolean fromGenesis, int named, int heldApart)
      implements Intersection {
    @Override
    public String kind() {
      return "none";
    }

    @Override
    public String reason() {
      return "no common ground: of "
          + aums(named)
          + " named, "
          + (heldApart == 0 ? "none is" : heldApart + " are")
          + " stored here"
          + (heldApart == 0 ? "" : ", apart from the active chain");
    }
  }

  /** Finds the intersection of our chain with a remote's offer. */
  static Intersection find(Authority local, SyncOffer remote) {
    if (remote.head().equals(local.head())) {
      return new UpToDate(local.head());
    }
    Optional<List<AumHash>> afterHead = local.activeAfter(remote.head());
    if (afterHead.isPresent()) {
      return new Head(remote.head(), afterHead.get().size());
    }
    LosingBranches branches = new LosingBranches(local);
    branches.follow(remote.head());
    int skipped = 0;
    for (AumHash ancestor : remote.ancestors()) {
      Optional<List<AumHash>> after = local.activeAfter(ancestor);
      if (after.isPresent()) {
        int following = after.get().size();
        AumHash newestCommon =
            branches
                .newest()
                .filter(branch -> branch.following() < following)
                .map(LosingBranch::at)
                .orElse(ancestor);
        return new Tail(ancestor, newestCommon, following, skipped);
      }
      branches.follow(ancestor);
      skipped++;
    }
    Optional<LosingBranch> branch = branches.newest();
    return branch.isPresent() ? branch.get() : branches.none(1 + remote.ancestors().size());
  }

  /**
   * Like {@link #find}, for an authority whose store remembers the AUMs purged from its active
   * chain.
   */
  static Intersection findRemembering(Authority local, SyncOffer remote) {
    Intersection intersection = find(local, remote);
    if (!(intersection instanceof None)) {
      return intersection;
    }
    Trail trail = local.snapshot().trail();
    if (trail.contains(remote.head())) {
      return new Remembered(remote.head(), true);
    }
    return remote.ancestors().stream()
        .filter(trail::contains)
        .findFirst()
        .<Intersection>map(at -> new Remembered(at, false))
        .orElse(intersection);
  }

  private static String after(int following) {
    return aums(following) + " after it";
  }

  private static String aums(int number) {
    return number == 1 ? "1 AUM" : number + " AUMs";
  }
}
