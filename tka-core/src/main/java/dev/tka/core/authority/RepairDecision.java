package dev.tka.core.authority;

import dev.tka.core.ApplyException;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.IllFormedException;
import dev.tka.core.State;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.Commit;
import dev.tka.core.store.StoreException;
import dev.tka.core.store.TrailEntry;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/** The work in progress of one {@link Repair}. */
final class RepairDecision {
  private final Authority authority;
  private final AumSnapshot snapshot;
  private final AumVerifier verifier = new AumVerifier();
  private final List<TrailEntry> entries;

  RepairDecision(Authority authority) {
    this.authority = authority;
    this.snapshot = authority.snapshot();
    this.entries = snapshot.trail().entries();
  }

  Repair decide(Repair.Reach reach) throws StoreException {
    Optional<AumHash> reached = alreadyThere(reach);
    if (reached.isPresent()) {
      return new Repair.NotNeeded(reached.get());
    }
    if (entries.isEmpty()) {
      return new Repair.NothingRemembered(authority.oldestAncestor());
    }
    OptionalInt wanted = wanted(reach);
    if (wanted.isEmpty()) {
      int asked = reach instanceof Repair.Offer offer ? offer.named().size() : 1;
      return new Repair.NotRemembered(asked, entries.get(0).hash());
    }
    int from = wanted.getAsInt();
    while (from >= 0 && !isCheckpoint(from)) {
      from--;
    }
    if (from < 0) {
      return new Repair.NoCheckpoint(entries.get(wanted.getAsInt()).hash());
    }
    return restore(entries.subList(from, entries.size()));
  }

  private Optional<AumHash> alreadyThere(Repair.Reach reach) {
    if (reach instanceof Repair.To to && snapshot.find(to.hash()).isPresent()) {
      return Optional.of(to.hash());
    }
    if (reach instanceof Repair.Offer offer) {
      return offer.named().stream().filter(authority::isActive).findFirst();
    }
    return Optional.empty();
  }

  /** The index of the entry to go back to. */
  private OptionalInt wanted(Repair.Reach reach) {
    if (reach instanceof Repair.To to) {
      return newestOf(Set.of(to.hash()));
    }
    if (reach instanceof Repair.Offer offer) {
      return newestOf(new HashSet<>(offer.named()));
    }
    // AUMs before the oldest checkpoint cannot come back, so a number does not ask for them.
    int oldest = 0;
    while (oldest < entries.size() - 1 && !isCheckpoint(oldest)) {
      oldest++;
    }
    return OptionalInt.of(
        reach instanceof Repair.AtLeast count
            ? Math.max(oldest, entries.size() - count.aums())
            : oldest);
  }

  private OptionalInt newestOf(Set<AumHash> hashes) {
    for (int i = entries.size() - 1; i >= 0; i--) {
      if (hashes.contains(entries.get(i).hash())) {
        return OptionalInt.of(i);
      }
    }
    return OptionalInt.empty();
  }

  private boolean isCheckpoint(int index) {
    return entries.get(index).kind().isCheckpoint();
  }

  private Repair restore(List<TrailEntry> back) throws StoreException {
    Set<AumHash> aside = new HashSet<>();
    snapshot.ownAums().setAside().forEach(edit -> aside.add(edit.aum().hash()));
    List<Commit.Addition> additions = new ArrayList<>();
    for (TrailEntry entry : back) {
      Optional<Commit.Addition> addition = snapshot.purged(entry.hash());
      if (aside.contains(entry.hash())) {
        return new Repair.SetAside(entry.hash());
      }
      if (addition.isEmpty()) {
        return new Repair.BodyLost(entry.hash());
      }
      additions.add(addition.get());
    }
    Optional<Repair.Nothing> problem = verify(additions);
    return problem.isPresent() ? problem.get() : new Repair.Restore(snapshot, additions);
  }

  /**
   * Verifies the AUMs to restore and, on top of them, the oldest ancestor. That is a checkpoint, so
   * if it is accepted there, the state at it is the same as before.
   */
  private Optional<Repair.Nothing> verify(List<Commit.Addition> additions) throws StoreException {
    List<Aum> chain = new ArrayList<>();
    additions.forEach(addition -> chain.add(addition.aum()));
    chain.add(snapshot.get(authority.oldestAncestor()));
    Optional<Repair.Nothing> otherHead = Optional.empty();
    Aum at = chain.get(0);
    try {
      State state = verifier.verifyBootstrap(at);
      for (Aum next : chain.subList(1, chain.size())) {
        if (otherHead.isEmpty()) {
          otherHead = otherHead(at, next, state);
        }
        at = next;
        AumVerifier.requireAcceptable(next, state);
        state = state.apply(next);
      }
    } catch (IllFormedException | VerificationException | ApplyException e) {
      return Optional.of(new Repair.NotAccepted(at.hash(), e));
    }
    Optional<AumVerifier.Unverified> unverified = verifier.findUnverified(chain);
    if (unverified.isPresent()) {
      AumHash hash = chain.get(unverified.get().index()).hash();
      return Optional.of(new Repair.NotAccepted(hash, unverified.get().cause()));
    }
    return otherHead;
  }

  /** The fork that opens if an AUM of another tree is stored after one that comes back. */
  private Optional<Repair.Nothing> otherHead(Aum at, Aum next, State state) throws StoreException {
    List<Aum> children = new ArrayList<>(List.of(next));
    for (Aum child : Walk.decoded(Walk.Children.in(snapshot).of(at.hash()))) {
      if (!child.equals(next)) {
        children.add(child);
      }
    }
    Aum winner = ForkResolution.choose(state, children);
    return winner.equals(next)
        ? Optional.empty()
        : Optional.of(new Repair.OtherHead(at.hash(), winner.hash()));
  }
}
