package dev.tka.compaction;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumKind;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A second implementation of protocol section 6, sentence by sentence over a plain list of AUMs: no
 * index, no heights, no snapshot. Every rule is applied until nothing changes. Slow on purpose.
 *
 * @param aums all stored AUMs, in any order
 * @param committedAt the commit time of each
 * @param active the active chain, oldest first
 */
record NaiveCompaction(
    List<Aum> aums,
    Map<AumHash, Instant> committedAt,
    List<AumHash> active,
    int minChain,
    Duration minAge,
    Instant now) {
  /** The AUMs that stay, and the last-active ancestor to record. */
  record Result(Map<AumHash, KeepReason> kept, AumHash oldestAncestor) {}

  /** Empty if the reference fails as a whole. */
  Optional<Result> run() {
    Map<AumHash, KeepReason> kept = new LinkedHashMap<>();
    // 1. Keep every young AUM, wherever it is.
    for (Aum aum : aums) {
      if (young(aum)) {
        kept.put(aum.hash(), KeepReason.YOUNG);
      }
    }
    // 2. Keep the last ones, then continue to the first checkpoint that is not young. A chain that
    // ends
    // within the last ones is left whole; a genesis checkpoint ends the search whatever its age.
    int oldest = active.size();
    for (boolean found = false; !found; ) {
      oldest--;
      if (oldest < 0) {
        return Optional.empty();
      }
      Aum aum = find(active.get(oldest)).orElseThrow();
      int fromHead = active.size() - oldest;
      kept.putIfAbsent(
          aum.hash(),
          fromHead <= minChain ? KeepReason.MINIMUM_CHAIN : KeepReason.UP_TO_CHECKPOINT);
      boolean endsWithinTheLastOnes = oldest == 0 && fromHead <= minChain;
      boolean oldCheckpoint = isCheckpoint(aum) && (!young(aum) || aum.parent().isEmpty());
      found = endsWithinTheLastOnes || (fromHead > minChain && oldCheckpoint);
    }
    // 3. Keep every descendant of what 1 and 2 keep, once.
    for (boolean more = true; more; ) {
      more = false;
      for (Aum aum : aums) {
        boolean follows = aum.parent().filter(kept::containsKey).isPresent();
        more |= follows && kept.putIfAbsent(aum.hash(), KeepReason.DESCENDANT) == null;
      }
    }
    // 4. From an AUM without a kept parent, walk back to a kept one, or move the oldest ancestor
    // back.
    for (Optional<Aum> loose = loose(kept, oldest);
        loose.isPresent();
        loose = loose(kept, oldest)) {
      Optional<Aum> parent = loose.get().parent().flatMap(this::find);
      if (parent.isEmpty()) {
        return Optional.empty();
      }
      int meeting = active.indexOf(parent.get().hash());
      if (meeting < 0) {
        kept.put(parent.get().hash(), KeepReason.PATH);
        continue;
      }
      int next = meeting;
      while (next >= 0 && !isCheckpoint(find(active.get(next)).orElseThrow())) {
        next--;
      }
      if (next < 0) {
        return Optional.empty();
      }
      for (AumHash hash : active.subList(next, oldest)) {
        kept.putIfAbsent(hash, KeepReason.STRETCH);
      }
      oldest = next;
    }
    return Optional.of(new Result(kept, active.get(oldest)));
  }

  /** An AUM that stays although its parent does not; the oldest ancestor is an exception. */
  private Optional<Aum> loose(Map<AumHash, KeepReason> kept, int oldest) {
    for (Aum aum : new ArrayList<>(aums)) {
      boolean connected = aum.parent().filter(kept::containsKey).isPresent();
      if (kept.containsKey(aum.hash()) && !connected && !aum.hash().equals(active.get(oldest))) {
        return Optional.of(aum);
      }
    }
    return Optional.empty();
  }

  private boolean young(Aum aum) {
    Instant committed = committedAt.get(aum.hash());
    return committed.getEpochSecond() + minAge.toSeconds() > now.getEpochSecond();
  }

  private static boolean isCheckpoint(Aum aum) {
    return aum.kind().equals(AumKind.CHECKPOINT);
  }

  private Optional<Aum> find(AumHash hash) {
    return aums.stream().filter(aum -> aum.hash().equals(hash)).findFirst();
  }
}
