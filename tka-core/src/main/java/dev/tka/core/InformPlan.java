package dev.tka.core;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * What a batch of updates does to an authority (section 4, "Inform"), decided without writing
 * anything:
 *
 * <ol>
 *   <li>every update that is not stored is verified against the state at its parent, wherever in
 *       the stored tree or earlier in the batch that is; signatures of all of them at once. One
 *       that fails refuses the batch, and it is always the first of the batch that does;
 *   <li>those that would displace an AUM of the active chain are put before the admission policy;
 *   <li>the active chain is resolved again, from the first fork that an addition wins. Extending
 *       the head, or losing a fork, walks over nothing that was there before.
 * </ol>
 *
 * @param additions what to store, parents first
 * @param known how many updates were not new
 * @param refusals what was not admitted
 * @param chain the active chain afterwards
 * @param state the state at its head
 */
record InformPlan(
    List<Aum> additions,
    int known,
    List<InformResult.Refusal> refusals,
    ActiveChain chain,
    State state) {

  static InformPlan decide(
      Authority authority, List<Aum> updates, AdmissionPolicy policy, AumVerifier verifier)
      throws InformException, StoreException, OpenException {
    return new Planner(authority, verifier).decide(updates, policy);
  }

  /**
   * AUMs whose signatures are checked in one go: enough for all cores, few enough that a stranger's
   * batch is refused before it costs the states of all its AUMs.
   */
  private static final int SIGNATURE_CHUNK = 256;

  /** The work in progress of one decision. */
  private static final class Planner {
    private final Authority authority;
    private final AumVerifier verifier;

    private final List<Aum> fresh = new ArrayList<>();
    private final List<Integer> freshIndexes = new ArrayList<>();
    private final Map<AumHash, State> freshStates = new HashMap<>();
    private final Map<AumHash, State> storedStates = new HashMap<>();
    private final List<InformResult.Refusal> refusals = new ArrayList<>();

    Planner(Authority authority, AumVerifier verifier) {
      this.authority = authority;
      this.verifier = verifier;
    }

    InformPlan decide(List<Aum> updates, AdmissionPolicy policy)
        throws InformException, StoreException, OpenException {
      if (updates.isEmpty()) {
        throw new InformException.Empty();
      }
      verifyAll(updates);
      int known = updates.size() - fresh.size();
      try {
        List<Aum> admitted = admit(policy);
        return resolve(admitted, known);
      } catch (ApplyException e) {
        // What is stored was verified, and what is new was applied above.
        throw new OpenException.CannotApply(e);
      }
    }

    private void verifyAll(List<Aum> updates)
        throws InformException, StoreException, OpenException {
      int unchecked = 0;
      for (int i = 0; i < updates.size(); i++) {
        Aum update = updates.get(i);
        if (freshStates.containsKey(update.hash())
            || authority.snapshot().find(update.hash()).isPresent()) {
          continue;
        }
        try {
          verifyButSignatures(i, update);
        } catch (InformException.Refused e) {
          // A bad signature further up in the batch is the first thing wrong: it is the one to
          // tell.
          requireSignatures(unchecked);
          throw e;
        }
        if (fresh.size() - unchecked == SIGNATURE_CHUNK) {
          requireSignatures(unchecked);
          unchecked = fresh.size();
        }
      }
      requireSignatures(unchecked);
    }

    private void requireSignatures(int from) throws InformException.Invalid {
      Optional<AumVerifier.Unverified> unverified =
          verifier.findUnverified(fresh.subList(from, fresh.size()));
      if (unverified.isPresent()) {
        int index = freshIndexes.get(from + unverified.get().index());
        throw new InformException.Invalid(index, unverified.get().cause());
      }
    }

    private void verifyButSignatures(int index, Aum update)
        throws InformException.Refused, StoreException, OpenException {
      Optional<AumHash> parent = update.parent();
      if (parent.isEmpty()) {
        throw new InformException.UnknownGenesis(index, update.hash());
      }
      Optional<State> atParent = findState(parent.get());
      if (atParent.isEmpty()) {
        throw new InformException.UnknownParent(index, update.hash(), parent.get());
      }
      try {
        AumVerifier.requireAcceptable(update, atParent.get());
        freshStates.put(update.hash(), atParent.get().change(update));
        fresh.add(update);
        freshIndexes.add(index);
      } catch (IllFormedException | VerificationException | ApplyException e) {
        throw new InformException.Invalid(index, e);
      }
    }

    private Optional<State> findState(AumHash hash) throws StoreException, OpenException {
      State known = freshStates.get(hash);
      if (known == null) {
        known = storedStates.get(hash);
      }
      if (known == null && authority.snapshot().find(hash).isPresent()) {
        try {
          known = authority.stateAt(hash);
        } catch (ApplyException e) {
          throw new OpenException.CannotApply(e);
        }
        storedStates.put(hash, known);
      }
      return Optional.ofNullable(known);
    }

    private List<Aum> admit(AdmissionPolicy policy) throws StoreException, OpenException {
      List<Aum> admitted = new ArrayList<>(fresh.size());
      Set<AumHash> refused = new HashSet<>();
      for (Aum update : fresh) {
        AumHash parent = update.parent().orElseThrow();
        Optional<String> reason =
            refused.contains(parent)
                ? Optional.of("builds on " + parent + ", which was refused")
                : findDisplacement(update, parent).flatMap(policy::refusal);
        if (reason.isPresent()) {
          refused.add(update.hash());
          refusals.add(new InformResult.Refusal(update.hash(), reason.get()));
        } else {
          admitted.add(update);
        }
      }
      return admitted;
    }

    private Optional<AdmissionPolicy.Displacement> findDisplacement(Aum update, AumHash parent)
        throws StoreException, OpenException {
      Optional<AumHash> follower = activeFollower(parent);
      if (follower.isEmpty()) {
        return Optional.empty();
      }
      State atFork = findState(parent).orElseThrow();
      Aum displaced = authority.snapshot().get(follower.get());
      return ForkResolution.choose(atFork, List.of(displaced, update)).equals(update)
          ? Optional.of(new AdmissionPolicy.Displacement(parent, atFork, displaced, update))
          : Optional.empty();
    }

    /** What follows an AUM of the active chain; empty for the head and for any other AUM. */
    private Optional<AumHash> activeFollower(AumHash hash) {
      ActiveChain chain = authority.chain();
      return authority
          .snapshot()
          .find(hash)
          .filter(chain::contains)
          .filter(entry -> entry.height() < chain.headHeight())
          .map(entry -> chain.at(entry.height() + 1));
    }

    private InformPlan resolve(List<Aum> admitted, int known)
        throws StoreException, OpenException, ApplyException {
      Map<AumHash, List<Aum>> additions = new HashMap<>();
      // By height, so that the first fork that an addition wins is the lowest.
      TreeMap<Integer, AumHash> forks = new TreeMap<>();
      for (Aum aum : admitted) {
        AumHash parent = aum.parent().orElseThrow();
        additions.computeIfAbsent(parent, any -> new ArrayList<>(1)).add(aum);
        authority
            .snapshot()
            .find(parent)
            .filter(authority.chain()::contains)
            .ifPresent(entry -> forks.put(entry.height(), entry.hash()));
      }
      Authority.Children stored = Authority.storedChildren(authority.snapshot());
      Authority.Children all =
          parent -> {
            List<Aum> added = additions.getOrDefault(parent, List.of());
            // An AUM of this batch has no stored children: they would have been orphans.
            if (freshStates.containsKey(parent)
                && authority.snapshot().children(parent).isEmpty()) {
              return added;
            }
            List<Aum> children = new ArrayList<>(stored.of(parent));
            children.addAll(added);
            return children;
          };
      for (Map.Entry<Integer, AumHash> fork : forks.entrySet()) {
        List<Aum> candidates = new ArrayList<>(additions.getOrDefault(fork.getValue(), List.of()));
        Optional<AumHash> follower = activeFollower(fork.getValue());
        if (follower.isPresent()) {
          candidates.add(authority.snapshot().get(follower.get()));
        }
        State atFork = findState(fork.getValue()).orElseThrow();
        Aum winner = ForkResolution.choose(atFork, candidates);
        if (!follower.equals(Optional.of(winner.hash()))) {
          Authority.Walk walk =
              Authority.Walk.from(winner, findState(winner.hash()).orElseThrow(), all);
          ActiveChain chain =
              authority.chain().replaceAfter(fork.getKey(), walk.passed(), walk.checkpoints());
          return new InformPlan(admitted, known, refusals, chain, walk.state());
        }
      }
      return new InformPlan(admitted, known, refusals, authority.chain(), authority.state());
    }
  }
}
