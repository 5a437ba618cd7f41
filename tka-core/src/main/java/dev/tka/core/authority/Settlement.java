package dev.tka.core.authority;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.store.AumEntry;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.BodyReader;
import dev.tka.core.store.OwnAums;
import dev.tka.core.store.StoreException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The consequences of what control has shown that it has, see {@link LiveAuthority#settle}.
 *
 * @param setAside local edits that control does not follow, and that were taken out of the store
 * @param refusedRevocations local revocations that control has seen but does not follow. They stay,
 *     and the node with them, until a person decides
 * @param ownAums the notes afterwards
 * @param purges the AUMs removed from the store
 */
public record Settlement(
    List<OwnAums.SetAside> setAside,
    List<AumHash> refusedRevocations,
    OwnAums ownAums,
    Set<AumHash> purges) {
  static final Settlement NOTHING = new Settlement(List.of(), List.of(), OwnAums.NONE, Set.of());

  /** Copies its parts. */
  public Settlement {
    setAside = List.copyOf(setAside);
    refusedRevocations = List.copyOf(refusedRevocations);
    purges = Set.copyOf(purges);
  }

  static Settlement decide(
      Authority authority,
      AumHash head,
      Collection<AumHash> shown,
      Collection<AumHash> seen,
      InformPlan.Moment now)
      throws StoreException, OpenException {
    AumSnapshot snapshot = authority.snapshot();
    Set<AumHash> named = new LinkedHashSet<>(shown);
    named.add(head);
    Set<AumHash> known = had(authority, named);
    OwnAums ownAums =
        snapshot.ownAums().acknowledged(known, new OwnAums.Acknowledged(now.clock(), now.own()));
    boolean agrees = head.equals(authority.head());
    if (agrees) {
      ownAums = ownAums.agreed(now.own());
    }
    if (snapshot.find(head).isEmpty()) {
      // Control's chain is not here yet.
      return new Settlement(List.of(), List.of(), ownAums, Set.of());
    }
    Set<AumHash> unsent = ownAums.unsent();
    unsent.removeIf(hash -> snapshot.find(hash).isEmpty());
    Set<AumHash> lost = new LinkedHashSet<>(unsent);
    lost.removeIf(authority::isActive);
    List<AumHash> refusedRevocations = new ArrayList<>();
    Set<AumHash> unsentAndSeen = new LinkedHashSet<>(unsent);
    unsentAndSeen.retainAll(Set.copyOf(seen));
    if (!agrees && !unsentAndSeen.isEmpty()) {
      List<AumHash> active = unsentAndSeen.stream().filter(authority::isActive).toList();
      BodyReader reader = new BodyReader(snapshot, active);
      while (reader.hasNext()) {
        Aum aum = reader.aum();
        if (SettingAside.isRevocation(authority, aum)) {
          refusedRevocations.add(aum.hash());
        }
      }
      if (refusedRevocations.isEmpty()) {
        lost.addAll(unsentAndSeen);
      }
    } else if (!authority.isActive(head)) {
      lost = Set.of();
    }
    Set<AumHash> purges = new LinkedHashSet<>();
    for (AumHash hash : lost) {
      purges.addAll(snapshot.tree(hash));
    }
    List<OwnAums.SetAside> setAside = SettingAside.unsentOf(authority, purges, now.clock());
    return new Settlement(setAside, refusedRevocations, ownAums.aside(setAside), purges);
  }

  /**
   * The AUMs from here or from elsewhere that control turns out to have.
   *
   * @param named AUMs that it named or sent
   */
  static Set<AumHash> had(Authority authority, Collection<AumHash> named) {
    OwnAums ownAums = authority.snapshot().ownAums();
    return ownAums.hasNothingUnknown() && ownAums.setAside().isEmpty()
        ? Set.of()
        : new Had(authority, new LinkedHashSet<>(named)).ownOrAside();
  }

  /** The own AUMs that control has, judging by those it named. */
  private static final class Had {
    private final Authority authority;
    private final AumSnapshot snapshot;
    private final Set<AumHash> named;
    private final Set<AumHash> offChain = new HashSet<>();
    private int activeUpTo = Integer.MIN_VALUE;

    Had(Authority authority, Set<AumHash> named) {
      this.authority = authority;
      this.snapshot = authority.snapshot();
      this.named = named;
    }

    Set<AumHash> ownOrAside() {
      OwnAums ownAums = snapshot.ownAums();
      Set<AumHash> candidates = ownAums.unknownToControl();
      Set<AumHash> known = new LinkedHashSet<>();
      for (OwnAums.SetAside edit : ownAums.setAside()) {
        AumHash hash = edit.aum().hash();
        if (named.contains(hash)) {
          known.add(hash);
        }
      }
      if (candidates.isEmpty()) {
        return known;
      }
      named.forEach(this::follow);
      for (AumHash hash : candidates) {
        boolean onChain =
            authority.isActive(hash)
                && snapshot.find(hash).map(AumEntry::height).orElseThrow() <= activeUpTo;
        if (onChain || named.contains(hash) || offChain.contains(hash)) {
          known.add(hash);
        }
      }
      return known;
    }

    /** Walks from an AUM back to the active chain: control has all that it passes. */
    private void follow(AumHash hash) {
      Optional<? extends AumEntry> at = snapshot.find(hash);
      while (at.isPresent() && !authority.isActive(at.get().hash())) {
        if (!offChain.add(at.get().hash())) {
          return;
        }
        at = at.get().parent().flatMap(snapshot::find);
      }
      at.ifPresent(entry -> activeUpTo = Math.max(activeUpTo, entry.height()));
    }
  }
}
