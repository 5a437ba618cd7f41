package dev.tka.core.authority;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.State;
import dev.tka.core.authority.ForkResolution.Contender;
import dev.tka.core.store.AumEntry;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.Commit;
import dev.tka.core.store.StoreException;
import dev.tka.core.store.TrailEntry;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The third step of {@link InformPlan}: the changes to the store besides additions, which make the
 * admitted chain win when the store is opened (protocol, section 10, "A node" and "Taking in").
 *
 * @param purges AUMs that are removed and leave nothing in the trail
 * @param restored AUMs of the trail that come back, oldest first, with their original commit times;
 *     the first becomes the oldest ancestor, and the trail ends before it
 */
record Rewrite(Set<AumHash> purges, List<Commit.Addition> restored) {
  static final Rewrite NOTHING = new Rewrite(Set.of(), List.of());

  boolean isNothing() {
    return purges.isEmpty() && restored.isEmpty();
  }

  /** The rewrite that the admitted updates need. */
  static Rewrite of(
      Authority authority, History history, Verification verification, Admission admission)
      throws StoreException, OpenException {
    Optional<AumHash> forkInTrail = admission.forkInTrail();
    if (forkInTrail.isPresent()) {
      return ofTrail(authority, history, verification, forkInTrail.get());
    }
    return admission.followed().isEmpty()
        ? NOTHING
        : ofStore(authority.snapshot(), verification, admission);
  }

  /**
   * A branch off the active chain wins by protocol section 4 unless a sibling does. A tie goes to
   * control's branch: at every fork on the chain that control follows, what would prevail there by
   * kind or hash goes. What is heavier stays, since nothing was judged against it.
   */
  private static Rewrite ofStore(
      AumSnapshot snapshot, Verification verification, Admission admission)
      throws StoreException, OpenException {
    Set<AumHash> purges = new LinkedHashSet<>();
    for (Aum favoured : admission.followed()) {
      AumHash fork = favoured.parent().orElseThrow();
      if (snapshot.find(fork).isEmpty()) {
        continue;
      }
      State atFork = verification.getState(fork);
      Contender winner = Contender.of(favoured, atFork);
      for (AumEntry sibling : snapshot.children(fork)) {
        Contender other = Contender.of(snapshot.get(sibling.hash()), atFork);
        if (other.weight() == winner.weight() && other.prevailsOver(winner)) {
          purges.addAll(snapshot.tree(sibling.hash()));
        }
      }
    }
    return new Rewrite(purges, List.of());
  }

  /**
   * For a branch off the trail, the store begins again at the checkpoint at or before the fork, and
   * its previous content is removed.
   */
  private static Rewrite ofTrail(
      Authority authority, History history, Verification verification, AumHash fork)
      throws StoreException {
    List<Commit.Addition> restored = new ArrayList<>();
    Optional<AumHash> at = Optional.of(fork);
    while (at.isPresent()) {
      TrailEntry entry = history.trail().find(at.get()).orElseThrow();
      Optional<Aum> sent = verification.findReturning(entry.hash());
      Aum aum = sent.isPresent() ? sent.get() : history.getAum(entry.hash());
      restored.add(new Commit.Addition(aum, entry.committedAt(), entry.facts()));
      at = aum.kind().isCheckpoint() ? Optional.empty() : aum.parent();
    }
    Collections.reverse(restored);
    return new Rewrite(Set.copyOf(authority.snapshot().tree(authority.oldestAncestor())), restored);
  }

  /** The additions whose parents are still there afterwards. */
  List<Aum> connected(History history, List<Aum> additions) {
    Set<AumHash> present = new HashSet<>();
    restored.forEach(addition -> present.add(addition.aum().hash()));
    List<Aum> connected = new ArrayList<>(additions.size());
    for (Aum aum : additions) {
      AumHash parent = aum.parent().orElseThrow();
      boolean stays = history.isStored(parent) && !purges.contains(parent);
      if (stays || present.contains(parent)) {
        present.add(aum.hash());
        connected.add(aum);
      }
    }
    return connected;
  }
}
