package dev.tka.core;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Verifies again, from the stored bytes, every AUM from the oldest ancestor on, losing branches and
 * signatures included: what opening takes on trust.
 *
 * @param verified how many AUMs were found good
 * @param unrelated how many are stored beside the authority's tree and were not looked at
 * @param problem the first thing wrong, by height and then by hash
 */
public record ChainAudit(int verified, int unrelated, Optional<Problem> problem) {
  /** AUMs whose signatures are checked in one go. */
  private static final int BATCH = 1024;

  /**
   * What is wrong.
   *
   * @param hash with which AUM
   * @param cause the rule that it breaks
   */
  public record Problem(AumHash hash, TkaException cause) {}

  /**
   * Verifies the tree of an authority.
   *
   * @throws StoreException if a body cannot be read
   */
  public static ChainAudit of(Authority authority, AumVerifier verifier) throws StoreException {
    return new Auditor(authority.snapshot(), verifier).audit(authority.oldestAncestor());
  }

  /** The work in progress of one audit. */
  private static final class Auditor {
    private final AumSnapshot snapshot;
    private final AumVerifier verifier;
    private final List<Aum> pending = new ArrayList<>();
    private int verified;
    private int reached;

    Auditor(AumSnapshot snapshot, AumVerifier verifier) {
      this.snapshot = snapshot;
      this.verifier = verifier;
    }

    ChainAudit audit(AumHash oldest) throws StoreException {
      record Step(AumHash hash, @Nullable State atParent) {}
      Deque<Step> steps = new ArrayDeque<>();
      steps.add(new Step(oldest, null));
      while (!steps.isEmpty()) {
        // Breadth first, so that the first problem is the oldest.
        Step step = steps.remove();
        reached++;
        State after;
        try {
          Aum aum = decode(step.hash());
          State atParent = step.atParent();
          if (atParent == null) {
            after = verifier.verifyBootstrap(aum);
            verified++;
          } else {
            AumVerifier.requireAcceptable(aum, atParent);
            after = atParent.change(aum);
            pending.add(aum);
          }
        } catch (StoreException e) {
          throw e;
        } catch (TkaException e) {
          Optional<Problem> earlier = checkPending();
          return report(earlier.orElse(new Problem(step.hash(), e)));
        }
        if (pending.size() == BATCH) {
          Optional<Problem> problem = checkPending();
          if (problem.isPresent()) {
            return report(problem.get());
          }
        }
        snapshot.children(step.hash()).stream()
            .map(AumEntry::hash)
            .sorted(Comparator.naturalOrder())
            .forEach(child -> steps.add(new Step(child, after)));
      }
      return checkPending()
          .map(this::report)
          .orElseGet(
              () ->
                  new ChainAudit(verified, snapshot.entries().size() - reached, Optional.empty()));
    }

    private Aum decode(AumHash hash) throws StoreException, DecodeException {
      Aum aum = Aum.decode(snapshot.encoded(hash).toByteArray());
      if (!aum.hash().equals(hash)) {
        throw new StoreException.Damaged(
            "stored as " + hash + ", but its bytes hash to " + aum.hash());
      }
      return aum;
    }

    private Optional<Problem> checkPending() {
      Optional<AumVerifier.Unverified> unverified = verifier.findUnverified(pending);
      verified += unverified.map(AumVerifier.Unverified::index).orElse(pending.size());
      Optional<Problem> problem =
          unverified.map(found -> new Problem(pending.get(found.index()).hash(), found.cause()));
      pending.clear();
      return problem;
    }

    private ChainAudit report(Problem problem) {
      return new ChainAudit(verified, 0, Optional.of(problem));
    }
  }
}
