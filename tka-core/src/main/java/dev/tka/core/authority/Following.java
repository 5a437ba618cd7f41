package dev.tka.core.authority;

import dev.tka.core.ApplyException;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.State;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.StoreException;
import dev.tka.core.store.Trail;
import dev.tka.core.store.TrailEntry;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** What follows an AUM of the active chain, in the trail and in the store, as trail entries. */
final class Following {
  private Following() {}

  /**
   * The entries of all that follows an AUM, oldest first; costs their number, and replays what is
   * stored of them.
   *
   * @param hash an AUM of the active chain, stored or in the trail
   */
  static List<TrailEntry> after(Authority authority, AumHash hash)
      throws StoreException, OpenException {
    Trail trail = authority.snapshot().trail();
    if (!trail.contains(hash)) {
      return between(authority, hash, authority.head());
    }
    List<TrailEntry> following = new ArrayList<>(trail.after(hash));
    following.add(oldestAncestor(authority));
    following.addAll(between(authority, authority.oldestAncestor(), authority.head()));
    return following;
  }

  /** The oldest AUM of the active chain that is stored or remembered. */
  static AumHash oldest(Authority authority) {
    return authority.snapshot().trail().oldest().orElse(authority.oldestAncestor());
  }

  /**
   * The entries that a purge leaves of the AUMs from the oldest ancestor on.
   *
   * @param until the first that stays; on the active chain
   */
  static List<TrailEntry> before(Authority authority, AumHash until)
      throws StoreException, OpenException {
    if (until.equals(authority.oldestAncestor())) {
      return List.of();
    }
    List<TrailEntry> entries = new ArrayList<>();
    entries.add(oldestAncestor(authority));
    List<TrailEntry> following = between(authority, authority.oldestAncestor(), until);
    entries.addAll(following.subList(0, following.size() - 1));
    return entries;
  }

  /** Those after one stored AUM up to and with another, both on the active chain. */
  private static List<TrailEntry> between(Authority authority, AumHash from, AumHash to)
      throws StoreException, OpenException {
    AumSnapshot snapshot = authority.snapshot();
    List<TrailEntry> entries = new ArrayList<>();
    try {
      State state = authority.stateAt(from);
      for (AumHash hash : authority.activeAfter(from).orElseThrow()) {
        if (!entries.isEmpty() && entries.get(entries.size() - 1).hash().equals(to)) {
          break;
        }
        Aum aum = snapshot.get(hash);
        State after = state.apply(aum);
        entries.add(
            TrailEntry.of(aum, state, after, snapshot.find(hash).orElseThrow().committedAt()));
        state = after;
      }
    } catch (ApplyException e) {
      throw new OpenException.CannotApply(e);
    }
    return entries;
  }

  /** The entry of the oldest ancestor, which follows the keys that the trail ends with. */
  private static TrailEntry oldestAncestor(Authority authority)
      throws StoreException, OpenException {
    AumSnapshot snapshot = authority.snapshot();
    Aum oldest = snapshot.get(authority.oldestAncestor());
    State at;
    try {
      at = authority.stateAt(oldest.hash());
    } catch (ApplyException e) {
      throw new OpenException.CannotApply(e);
    }
    Set<Bytes> now = at.keyIds();
    return TrailEntry.of(
        oldest,
        snapshot.trail().keysAtEnd().orElse(now),
        now,
        snapshot.find(oldest.hash()).orElseThrow().committedAt());
  }
}
