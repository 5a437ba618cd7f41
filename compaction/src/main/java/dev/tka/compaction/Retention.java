package dev.tka.compaction;

import dev.tka.compaction.CompactionPlan.Decided;
import dev.tka.compaction.CompactionPlan.Degraded;
import dev.tka.compaction.CompactionPlan.NoCheckpoint;
import dev.tka.compaction.CompactionPlan.NothingToPurge;
import dev.tka.compaction.CompactionPlan.Unconnected;
import dev.tka.core.AumHash;
import dev.tka.core.authority.Authority;
import dev.tka.core.store.AumEntry;
import dev.tka.core.store.AumSnapshot;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * The rules of protocol section 6, one method each. The active chain is a list from the head back,
 * and a <i>place</i> is an index in it; the candidate is the place of the future oldest ancestor.
 * Every AUM is kept once and visited once.
 *
 * <pre>
 *   oldest              candidate                     head
 *     o----o----C----o----o----C----o----o----o----o----o     rules 1 and 2
 *               |    |                   '----f                rule 3: f follows a kept AUM
 *               |    '----p----y                              rule 4: y is young, p its path
 *               '----' stretch: the candidate moves to the left C
 * </pre>
 */
final class Retention {
  private final AumSnapshot snapshot;
  private final Authority authority;
  private final CompactionPolicy policy;
  private final Instant now;
  private final Collection<? extends AumEntry> entries;
  private final List<AumHash> chain;
  private final Map<AumHash, KeepReason> kept = new HashMap<>();
  private int candidate;

  private Retention(Authority authority, CompactionPolicy policy, Instant now) {
    this.authority = authority;
    this.snapshot = authority.snapshot();
    this.policy = policy;
    this.now = now;
    this.entries = snapshot.entries();
    this.chain = authority.newestFirst(authority.length());
  }

  static CompactionPlan decide(Authority authority, CompactionPolicy policy, Instant now) {
    if (authority.isDegraded()) {
      return new Degraded();
    }
    Retention retention = new Retention(authority, policy, now);
    retention.keepYoung();
    Optional<NothingToPurge> obstacle =
        retention.keepChain().or(retention::keepDescendantsAndConnect);
    return obstacle.isPresent() ? obstacle.get() : retention.decided();
  }

  private CompactionPlan decided() {
    AumHash[] purged =
        entries.stream()
            .map(AumEntry::hash)
            .filter(hash -> !kept.containsKey(hash))
            .toArray(AumHash[]::new);
    // An immutable set from the start: most of a long chain is purged, and copying the set is
    // costly.
    return new Decided(authority, chain.get(candidate), kept, Set.of(purged));
  }

  /** Rule 1. */
  private void keepYoung() {
    for (AumEntry entry : entries) {
      if (isYoung(entry)) {
        kept.put(entry.hash(), KeepReason.YOUNG);
      }
    }
  }

  /** Rule 2. */
  private Optional<NothingToPurge> keepChain() {
    int last = chain.size() - 1;
    candidate = last;
    if (chain.size() > policy.minChain()) {
      OptionalInt found = findCheckpoint(policy.minChain());
      if (found.isEmpty()) {
        return Optional.of(new NoCheckpoint(chain.get(policy.minChain())));
      }
      candidate = found.getAsInt();
    }
    for (int place = 0; place <= candidate; place++) {
      kept.putIfAbsent(
          chain.get(place),
          place < policy.minChain() ? KeepReason.MINIMUM_CHAIN : KeepReason.UP_TO_CHECKPOINT);
    }
    return Optional.empty();
  }

  private Optional<NothingToPurge> keepDescendantsAndConnect() {
    keepDescendants();
    for (AumHash hash : new ArrayList<>(kept.keySet())) {
      Optional<NothingToPurge> obstacle = connect(hash);
      if (obstacle.isPresent()) {
        return obstacle;
      }
    }
    return Optional.empty();
  }

  /** Rule 3. */
  private void keepDescendants() {
    Deque<AumHash> waiting = new ArrayDeque<>(kept.keySet());
    while (!waiting.isEmpty()) {
      for (AumEntry child : snapshot.children(waiting.remove())) {
        if (kept.putIfAbsent(child.hash(), KeepReason.DESCENDANT) == null) {
          waiting.add(child.hash());
        }
      }
    }
  }

  /** Rule 4, for one AUM. */
  private Optional<NothingToPurge> connect(AumHash from) {
    AumHash at = from;
    while (!at.equals(chain.get(candidate))) {
      Optional<AumHash> parent = entry(at).parent().filter(this::isStored);
      if (parent.isEmpty()) {
        return Optional.of(new Unconnected(from, at));
      }
      at = parent.get();
      if (kept.containsKey(at)) {
        return Optional.empty();
      }
      if (authority.isActive(at)) {
        return moveCandidate(place(at));
      }
      kept.put(at, KeepReason.PATH);
    }
    return Optional.empty();
  }

  /** Rule 4, if a walk back meets the active chain below the candidate. */
  private Optional<NothingToPurge> moveCandidate(int meeting) {
    // Age does not matter here: a young AUM below the candidate would keep the meeting point.
    OptionalInt found = findCheckpoint(meeting);
    if (found.isEmpty()) {
      return Optional.of(new NoCheckpoint(chain.get(meeting)));
    }
    for (int place = candidate + 1; place <= found.getAsInt(); place++) {
      kept.putIfAbsent(chain.get(place), KeepReason.STRETCH);
    }
    candidate = found.getAsInt();
    return Optional.empty();
  }

  /** The first checkpoint from a place back that is not young, or is the genesis. */
  private OptionalInt findCheckpoint(int from) {
    for (int place = from; place < chain.size(); place++) {
      AumEntry entry = entry(chain.get(place));
      boolean oldEnough = entry.parent().isEmpty() || !isYoung(entry);
      if (entry.kind().isCheckpoint() && oldEnough) {
        return OptionalInt.of(place);
      }
    }
    return OptionalInt.empty();
  }

  private int place(AumHash active) {
    return entry(chain.get(0)).height() - entry(active).height();
  }

  /** An unsent AUM does not age; an own AUM ages since control has it (protocol, section 10). */
  private boolean isYoung(AumEntry entry) {
    return snapshot.ownAums().agesFrom(entry).map(since -> policy.isYoung(since, now)).orElse(true);
  }

  private boolean isStored(AumHash hash) {
    return snapshot.find(hash).isPresent();
  }

  private AumEntry entry(AumHash stored) {
    return snapshot.find(stored).orElseThrow();
  }
}
