package dev.tka.sync;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Protocol, section 5 over a plain map of AUMs: every question is answered by walking from the head
 * back.
 */
final class NaiveSync {
  private final Map<AumHash, Aum> aums = new HashMap<>();

  /** The active chain, newest first. */
  final List<AumHash> chain;

  NaiveSync(Collection<Aum> stored, AumHash head) {
    stored.forEach(aum -> aums.put(aum.hash(), aum));
    chain = backFrom(head);
  }

  /** An AUM and its stored ancestors, newest first. */
  private List<AumHash> backFrom(AumHash hash) {
    List<AumHash> back = new ArrayList<>();
    Optional<Aum> at = Optional.ofNullable(aums.get(hash));
    while (at.isPresent()) {
      back.add(at.get().hash());
      at = at.get().parent().map(aums::get);
    }
    return back;
  }

  List<AumHash> ancestorsToOffer() {
    List<AumHash> ancestors = new ArrayList<>();
    for (AumHash hash : chain) {
      boolean last = hash.equals(chain.get(chain.size() - 1));
      if (aums.get(hash).kind().code() == 5 || last) {
        ancestors.add(hash);
      }
    }
    return ancestors;
  }

  /** Where the reference would begin; empty for equal heads and for no intersection. */
  Optional<AumHash> intersection(SyncOffer remote) {
    if (remote.head().equals(chain.get(0))) {
      return Optional.empty();
    }
    if (chain.contains(remote.head())) {
      return Optional.of(remote.head());
    }
    return remote.ancestors().stream().filter(chain::contains).findFirst();
  }

  /** Where the branch that an AUM is on leaves the active chain, if it does. */
  Optional<AumHash> forkPoint(AumHash named) {
    return backFrom(named).stream().filter(chain::contains).findFirst();
  }

  /** The newest AUM of the active chain that any of these leads to. */
  Optional<AumHash> newestCommon(Collection<AumHash> named) {
    List<AumHash> points = named.stream().flatMap(hash -> forkPoint(hash).stream()).toList();
    return chain.stream().filter(points::contains).findFirst();
  }

  boolean holds(AumHash hash) {
    return aums.containsKey(hash);
  }

  /** What follows an AUM of the active chain, oldest first. */
  List<AumHash> after(AumHash hash) {
    List<AumHash> after = new ArrayList<>();
    for (AumHash next : chain) {
      if (next.equals(hash)) {
        break;
      }
      after.add(0, next);
    }
    return after;
  }
}
