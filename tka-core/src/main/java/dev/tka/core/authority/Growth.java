package dev.tka.core.authority;

import dev.tka.core.ApplyException;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.State;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.StoreException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * The active chain after AUMs were added whose parents are stored or added, too: it is resolved
 * again from the first fork that an addition wins. Extending the head, or losing a fork, walks over
 * none of the AUMs that were there before.
 *
 * @param chain the active chain afterwards
 * @param state the state at its head
 * @param unchangedTo the height up to which it is the same as before
 * @param addedOffChain the total size of the additions that are not on it, in bytes
 */
record Growth(ActiveChain chain, State state, int unchangedTo, long addedOffChain) {
  /** The state at an AUM of the active chain. */
  @FunctionalInterface
  interface States {
    State at(AumHash hash) throws StoreException, OpenException, ApplyException;
  }

  /**
   * Resolves the forks that the additions make.
   *
   * @param before the authority without them
   * @param added all additions
   * @param children the AUMs that follow each AUM, the additions included
   * @throws ApplyException if an AUM that wins cannot be applied
   */
  static Growth of(
      Authority before,
      List<Walk.Step> added,
      Walk.Children children,
      States states,
      Walk.Applying applying)
      throws StoreException, OpenException, ApplyException {
    ActiveChain chain = before.chain();
    AumSnapshot snapshot = before.snapshot();
    // By height, so that the first fork that an addition wins is the lowest.
    TreeMap<Integer, List<Walk.Step>> forks = new TreeMap<>();
    for (Walk.Step step : added) {
      step.parent()
          .flatMap(snapshot::find)
          .filter(chain::contains)
          .ifPresent(
              parent ->
                  forks.computeIfAbsent(parent.height(), any -> new ArrayList<>(1)).add(step));
    }
    for (Map.Entry<Integer, List<Walk.Step>> fork : forks.entrySet()) {
      int height = fork.getKey();
      List<Aum> candidates = Walk.decoded(fork.getValue());
      List<AumHash> follower =
          height < chain.headHeight() ? List.of(chain.at(height + 1)) : List.of();
      for (AumHash hash : follower) {
        candidates.add(snapshot.get(hash));
      }
      State atFork = states.at(chain.at(height));
      Aum winner = ForkResolution.choose(atFork, candidates);
      if (!follower.contains(winner.hash())) {
        Walk walk = Walk.from(winner, atFork.apply(winner), children, applying);
        return new Growth(
            chain.replaceAfter(height, walk.passed(), walk.checkpoints()),
            walk.state(),
            height,
            sizeWithout(added, Set.copyOf(walk.passed())));
      }
    }
    return new Growth(chain, before.state(), chain.headHeight(), sizeWithout(added, Set.of()));
  }

  private static long sizeWithout(List<Walk.Step> steps, Set<AumHash> onChain) {
    long size = 0;
    for (Walk.Step step : steps) {
      size += onChain.contains(step.hash()) ? 0 : step.size();
    }
    return size;
  }
}
