package dev.tka.core.authority;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.store.AumEntry;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.Commit;
import dev.tka.core.store.Damage;
import dev.tka.core.store.Limits;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.core.store.StoreException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The work in progress of one {@link Repair#from}. */
final class FetchDecision {
  private final AumSnapshot snapshot;
  private final AumSnapshot source;
  private final Authority other;

  FetchDecision(AumSnapshot snapshot, AumSnapshot source) throws OpenException, StoreException {
    this.snapshot = snapshot;
    this.source = source;
    this.other = Authority.open(source);
  }

  Repair decide() throws OpenException, StoreException {
    if (other.isDegraded()) {
      return new Repair.SourceDamaged(source.damage().get(0).toString());
    }
    Optional<ChainAudit.Problem> problem = ChainAudit.of(source).problem();
    if (problem.isPresent()) {
      return new Repair.NotAccepted(problem.get().hash(), problem.get().cause());
    }
    List<AumHash> damaged = damaged();
    Set<AumHash> known = known(damaged);
    List<AumHash> leftDamaged = damaged.stream().filter(hash -> !isAtSource(hash)).toList();
    if (known.isEmpty()) {
      return snapshot.entries().isEmpty() && !damaged.isEmpty()
          ? new Repair.NotInSource(damaged.get(0))
          : new Repair.NothingInCommon();
    }
    AumHash oldest = oldest(known);
    List<AumHash> wanted = wanted(known, oldest);
    if (wanted.isEmpty() && opens()) {
      return leftDamaged.isEmpty()
          ? new Repair.Complete()
          : new Repair.NotInSource(leftDamaged.get(0));
    }
    List<Commit.Addition> additions = new ArrayList<>();
    for (AumHash hash : wanted) {
      additions.add(new Commit.Addition(source.get(hash), entry(hash).committedAt()));
    }
    return verified(additions, oldest, leftDamaged);
  }

  /** The AUMs that are missing because of damage. */
  private List<AumHash> damaged() {
    return snapshot.damage().stream()
        .filter(Damage::degrades)
        .flatMap(damage -> damage.hash().stream())
        .filter(hash -> snapshot.find(hash).isEmpty())
        .distinct()
        .toList();
  }

  /** The AUMs of this store that the source has: stored, damaged or recorded. */
  private Set<AumHash> known(List<AumHash> damaged) {
    Set<AumHash> known = new LinkedHashSet<>();
    damaged.stream().filter(this::isAtSource).forEach(known::add);
    snapshot.lastActiveAncestor().filter(this::isAtSource).ifPresent(known::add);
    snapshot.entries().stream().map(AumEntry::hash).filter(this::isAtSource).forEach(known::add);
    return known;
  }

  private boolean isAtSource(AumHash hash) {
    return source.find(hash).isPresent();
  }

  private AumEntry entry(AumHash hash) {
    return source.find(hash).orElseThrow();
  }

  private Optional<AumHash> parentAtSource(AumHash hash) {
    return entry(hash).parent().filter(this::isAtSource);
  }

  /** The recorded oldest ancestor, or the newest checkpoint at or before what is known. */
  private AumHash oldest(Set<AumHash> known) {
    Optional<AumHash> recorded = snapshot.lastActiveAncestor().filter(other::isActive);
    if (recorded.isPresent()) {
      return recorded.get();
    }
    Comparator<AumHash> byHeight = Comparator.comparing(hash -> entry(hash).height());
    AumHash at = known.stream().map(this::onActiveChain).min(byHeight).orElseThrow();
    Optional<AumHash> parent = parentAtSource(at);
    while (!entry(at).kind().isCheckpoint() && parent.isPresent()) {
      at = parent.get();
      parent = parentAtSource(at);
    }
    return at;
  }

  private AumHash onActiveChain(AumHash hash) {
    AumHash at = hash;
    while (!other.isActive(at)) {
      Optional<AumHash> parent = parentAtSource(at);
      if (parent.isEmpty()) {
        return other.oldestAncestor();
      }
      at = parent.get();
    }
    return at;
  }

  /**
   * What the store should hold and does not: the active chain of the source from the oldest
   * ancestor to the newest AUM that is known, and what connects the others to it. Parents first.
   */
  private List<AumHash> wanted(Set<AumHash> known, AumHash oldest) {
    Set<AumHash> whole = new HashSet<>(List.of(oldest));
    List<AumHash> after = other.activeAfter(oldest).orElse(List.of());
    int newest = 0;
    for (int i = 0; i < after.size(); i++) {
      newest = known.contains(after.get(i)) ? i + 1 : newest;
    }
    whole.addAll(after.subList(0, newest));
    for (AumHash hash : known) {
      Optional<AumHash> at = Optional.of(hash);
      while (at.isPresent() && !other.isActive(at.get()) && whole.add(at.get())) {
        at = parentAtSource(at.get());
      }
    }
    return whole.stream()
        .filter(hash -> snapshot.find(hash).isEmpty())
        .sorted(Comparator.comparing((AumHash hash) -> entry(hash).height()))
        .toList();
  }

  private boolean opens() throws StoreException {
    try {
      Authority.open(snapshot);
      return true;
    } catch (OpenException e) {
      return false;
    }
  }

  /** Tries the result in memory: it has to open, and every AUM in it has to verify. */
  private Repair verified(
      List<Commit.Addition> additions, AumHash oldest, List<AumHash> leftDamaged)
      throws StoreException {
    Map<AumHash, Commit.Addition> all = new LinkedHashMap<>();
    additions.forEach(addition -> all.put(addition.aum().hash(), addition));
    for (AumEntry entry : snapshot.entries()) {
      Aum aum = snapshot.get(entry.hash());
      all.putIfAbsent(
          entry.hash(), new Commit.Addition(aum, Limits.nearestCommitTime(entry.committedAt())));
    }
    MemoryAumStore trial = new MemoryAumStore();
    Commit.Builder commit = Commit.on(trial.read().revision()).lastActiveAncestor(oldest);
    Set<AumHash> added = new HashSet<>();
    for (AumHash hash : all.keySet()) {
      Deque<Commit.Addition> path = new ArrayDeque<>();
      Optional<AumHash> at = Optional.of(hash);
      while (at.isPresent() && all.containsKey(at.get()) && added.add(at.get())) {
        path.push(all.get(at.get()));
        at = all.get(at.get()).aum().parent();
      }
      path.forEach(commit::add);
    }
    AumSnapshot after = trial.commit(commit.build());
    try {
      Optional<ChainAudit.Problem> problem = ChainAudit.of(after).problem();
      if (problem.isPresent()) {
        return new Repair.NotAccepted(problem.get().hash(), problem.get().cause());
      }
      Authority opened = Authority.open(after);
      return new Repair.Fetch(
          snapshot, additions, opened.oldestAncestor(), opened.head(), leftDamaged);
    } catch (OpenException e) {
      return new Repair.StillUnopenable(e);
    }
  }
}
