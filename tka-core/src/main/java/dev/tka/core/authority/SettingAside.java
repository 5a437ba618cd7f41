package dev.tka.core.authority;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.State;
import dev.tka.core.store.AumEntry;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.OwnAums;
import dev.tka.core.store.StoreException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Takes unsent AUMs out of the store, to be kept apart (protocol, section 10, "Unsent"). */
final class SettingAside {
  private SettingAside() {}

  /**
   * The unsent AUMs among stored ones, and the AUMs that build on them, parents first, as edits
   * that are set aside. An AUM that builds on an unsent one cannot be at control, whoever made it.
   */
  static List<OwnAums.SetAside> unsentOf(
      Authority authority, Collection<AumHash> hashes, Instant now)
      throws StoreException, OpenException {
    AumSnapshot snapshot = authority.snapshot();
    List<AumHash> parentsFirst = new ArrayList<>(hashes);
    parentsFirst.sort(
        Comparator.comparing(hash -> snapshot.find(hash).map(AumEntry::height).orElseThrow()));
    Set<AumHash> unsent = new LinkedHashSet<>();
    for (AumHash hash : parentsFirst) {
      if (snapshot.ownAums().isUnsent(hash)
          || snapshot.parentOf(hash).filter(unsent::contains).isPresent()) {
        unsent.add(hash);
      }
    }
    List<OwnAums.SetAside> edits = new ArrayList<>();
    for (Aum aum : snapshot.getAll(List.copyOf(unsent))) {
      edits.add(new OwnAums.SetAside(aum, now, isRevocation(authority, aum)));
    }
    return edits;
  }

  /**
   * True for a checkpoint that was meant as a rewrite: one that was noted to be when it was made,
   * or that changes the state, which a builder's never does. Times prove nothing: AUMs that control
   * put after the same parent may be older or younger.
   */
  static boolean isRevocation(Authority authority, Aum aum) throws StoreException, OpenException {
    if (aum.state().isEmpty() || !aum.kind().isCheckpoint()) {
      return false;
    }
    return authority.snapshot().ownAums().isRevocation(aum.hash())
        || changesState(aum, History.of(authority).getState(aum.parent().orElseThrow()));
  }

  private static boolean changesState(Aum checkpoint, State atParent) {
    return !atParent.withoutLastAumHash().equals(checkpoint.state().orElse(State.NOTHING));
  }

  /** True for a checkpoint that is about to be taken in and is meant as a rewrite. */
  static boolean isRewrite(Authority before, Aum made) throws StoreException, OpenException {
    if (made.state().isEmpty() || !made.kind().isCheckpoint()) {
      return false;
    }
    AumHash parent = made.parent().orElseThrow();
    History history = History.of(before);
    boolean forksOff = history.isOnChain(parent) && !parent.equals(before.head());
    Optional<State> atParent = history.findState(parent);
    return forksOff || atParent.filter(state -> changesState(made, state)).isPresent();
  }
}
