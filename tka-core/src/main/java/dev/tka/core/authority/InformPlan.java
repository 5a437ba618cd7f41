package dev.tka.core.authority;

import dev.tka.core.ApplyException;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.store.AumEntry;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.Commit;
import dev.tka.core.store.Inherited;
import dev.tka.core.store.StoreException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The effect of a batch of updates on an authority (protocol, section 4, "Inform"), decided without
 * writing anything, in three steps, each of which is a class:
 *
 * <ol>
 *   <li>{@link Verification} finds the new updates, and refuses the batch if any of them is not
 *       valid;
 *   <li>{@link Admission} leaves out the updates that the policy does not admit;
 *   <li>the active chain is resolved again, from the first fork that an addition wins ({@link
 *       Growth}). If AUMs have to be removed for the admitted chain to win, the {@link Rewrite}
 *       names them instead.
 * </ol>
 *
 * @param additions the AUMs to store, parents first
 * @param known the number of updates that were not new
 * @param refusals the updates that were not admitted
 * @param outweighed those of the additions that can never win
 * @param resolved the active chain afterwards; empty if there is a rewrite, after which the store
 *     is opened again
 * @param rewrite the AUMs to remove and to bring back
 * @param inherited what the update that displaces keeps of the displaced branch
 */
record InformPlan(
    List<Commit.Addition> additions,
    int known,
    List<Refusal> refusals,
    List<Refusal.Outweighed> outweighed,
    Optional<Growth> resolved,
    Rewrite rewrite,
    Map<AumHash, List<Inherited>> inherited) {
  /**
   * The time at which a batch is decided.
   *
   * @param clock the wall clock
   * @param own the store's own time
   */
  record Moment(Instant clock, Instant own) {}

  /**
   * A batch to take in.
   *
   * @param updates the updates, oldest first
   * @param policy the policy on displacement
   * @param favoured a chain, oldest first, that control follows; its AUMs may be stored already.
   *     Empty if no chain is favoured
   * @param byHand AUMs that a person admits, whatever the policy says
   * @param thresholds the votes that are asked of the updates
   */
  record Batch(
      List<Aum> updates,
      AdmissionPolicy policy,
      List<AumHash> favoured,
      Set<AumHash> byHand,
      Thresholds thresholds) {
    /** A batch of which no votes are asked. */
    Batch(List<Aum> updates, AdmissionPolicy policy, List<AumHash> favoured, Set<AumHash> byHand) {
      this(updates, policy, favoured, byHand, Thresholds.NONE);
    }

    /** With other thresholds. */
    Batch under(Thresholds other) {
      return new Batch(updates, policy, favoured, byHand, other);
    }
  }

  static InformPlan decide(Authority authority, Batch batch, Moment now, AumVerifier verifier)
      throws InformException, StoreException, OpenException {
    if (batch.updates().isEmpty() && batch.favoured().isEmpty()) {
      throw new InformException.Empty();
    }
    History history =
        batch.policy().remembers() ? History.of(authority) : History.ofStored(authority);
    Verification verification = Verification.of(history, batch.updates(), verifier);
    Judge judge = new Judge(authority, batch.policy(), now.own());
    Admission admission = Admission.of(authority, history, batch, judge, verification);
    Rewrite rewrite = Rewrite.of(authority, history, verification, admission);
    List<Aum> admitted = admission.admitted();
    return new InformPlan(
        additions(
            authority.snapshot(),
            verification,
            rewrite.isNothing() ? admitted : rewrite.connected(history, admitted),
            now,
            judge),
        batch.updates().size() - verification.fresh().size(),
        admission.refusals(),
        admission.outweighed(),
        rewrite.isNothing()
            ? Optional.of(resolve(authority, verification, admitted))
            : Optional.empty(),
        rewrite,
        inherited(judge, verification, admission));
  }

  private static List<Commit.Addition> additions(
      AumSnapshot snapshot, Verification verification, List<Aum> aums, Moment now, Judge judge)
      throws StoreException, OpenException {
    List<Commit.Addition> additions = new ArrayList<>(aums.size());
    Map<AumHash, Instant> later = new HashMap<>();
    for (Aum aum : aums) {
      AumHash parent = aum.parent().orElseThrow();
      Instant parentAt = later.get(parent);
      if (parentAt == null && !verification.isFresh(parent)) {
        parentAt = snapshot.find(parent).map(AumEntry::committedAt).orElse(now.clock());
      }
      Instant at = now.clock();
      // A wall clock that went back does not make a child older than its parent.
      if (parentAt != null && at.isBefore(parentAt)) {
        at = parentAt;
        later.put(aum.hash(), at);
      }
      additions.add(new Commit.Addition(aum, at, judge.facts(aum, verification)));
    }
    return additions;
  }

  private static Map<AumHash, List<Inherited>> inherited(
      Judge judge, Verification verification, Admission admission)
      throws StoreException, OpenException {
    Optional<Displacement> displacement = admission.displacement();
    if (displacement.isEmpty()) {
      return Map.of();
    }
    AumHash rewrite = displacement.get().update().hash();
    List<Inherited> kept = judge.keptBy(displacement.get(), verification.getState(rewrite));
    return kept.isEmpty() ? Map.of() : Map.of(rewrite, kept);
  }

  private static Growth resolve(Authority authority, Verification verification, List<Aum> admitted)
      throws StoreException, OpenException {
    AumSnapshot snapshot = authority.snapshot();
    Map<AumHash, List<Walk.Step>> additions = new HashMap<>();
    List<Walk.Step> steps = new ArrayList<>(admitted.size());
    for (Aum aum : admitted) {
      Walk.Step step = Walk.Step.of(aum);
      steps.add(step);
      additions.computeIfAbsent(aum.parent().orElseThrow(), any -> new ArrayList<>(1)).add(step);
    }
    Walk.Children stored = Walk.Children.in(snapshot);
    Walk.Children all =
        parent -> {
          List<Walk.Step> added = additions.getOrDefault(parent, List.of());
          // An AUM of this batch has no stored children: they would have been orphans.
          if (verification.isOfBatch(parent) && snapshot.children(parent).isEmpty()) {
            return added;
          }
          List<Walk.Step> children = new ArrayList<>(stored.of(parent));
          children.addAll(added);
          return children;
        };
    try {
      return Growth.of(authority, steps, all, verification::getState, Walk.Applying.EVERY_AUM);
    } catch (ApplyException e) {
      // What is stored was verified, and what is new was applied by the verification.
      throw new OpenException.CannotApply(e);
    }
  }
}
