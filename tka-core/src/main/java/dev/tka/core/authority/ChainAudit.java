package dev.tka.core.authority;

import dev.tka.core.ApplyException;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.DecodeException;
import dev.tka.core.IllFormedException;
import dev.tka.core.State;
import dev.tka.core.TkaException;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.StoreException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A complete new verification, from the stored bytes, of every AUM from the oldest ancestor on,
 * including losing branches and signatures, which opening takes on trust.
 *
 * @param verified the number of AUMs found good
 * @param unrelated the number of AUMs stored outside the authority's tree, which were not examined;
 *     0 if there is a problem, because others were not examined then either
 * @param problem the first problem, by height and then by hash
 */
public record ChainAudit(int verified, int unrelated, Optional<Problem> problem) {
  /** The number of AUMs whose signatures are checked together. */
  private static final int BATCH = 1024;

  /**
   * A problem with an AUM.
   *
   * @param hash the AUM's hash
   * @param cause the rule that it breaks
   */
  public record Problem(AumHash hash, TkaException cause) {}

  /**
   * Verifies the tree that grows from the oldest ancestor. No fork is resolved, so that for a chain
   * that cannot be opened the audit still names the problem.
   *
   * @throws OpenException if there is no oldest ancestor
   * @throws StoreException if a body cannot be read
   */
  public static ChainAudit of(AumSnapshot snapshot) throws OpenException, StoreException {
    return new Auditor(snapshot).audit(Authority.oldestAncestor(snapshot).hash());
  }

  /** The work in progress of one audit. */
  private static final class Auditor {
    private final AumSnapshot snapshot;
    private final AumVerifier verifier = new AumVerifier();
    private final List<Aum> pending = new ArrayList<>();
    private int verified;

    Auditor(AumSnapshot snapshot) {
      this.snapshot = snapshot;
    }

    ChainAudit audit(AumHash oldest) throws StoreException {
      // Height by height, so that the first problem is the oldest.
      SortedMap<AumHash, Optional<State>> level = new TreeMap<>(Map.of(oldest, Optional.empty()));
      while (!level.isEmpty()) {
        SortedMap<AumHash, Optional<State>> next = new TreeMap<>();
        for (Map.Entry<AumHash, Optional<State>> entry : level.entrySet()) {
          AumHash hash = entry.getKey();
          State after;
          try {
            after = check(decode(hash), entry.getValue());
          } catch (StoreException.Damaged e) {
            return checkPending().orElseGet(() -> report(hash, e));
          } catch (StoreException e) {
            throw e;
          } catch (TkaException e) {
            return checkPending().orElseGet(() -> report(hash, e));
          }
          snapshot.children(hash).forEach(child -> next.put(child.hash(), Optional.of(after)));
        }
        if (pending.size() >= BATCH) {
          Optional<ChainAudit> failed = checkPending();
          if (failed.isPresent()) {
            return failed.get();
          }
        }
        level = next;
      }
      return checkPending()
          .orElseGet(
              () ->
                  new ChainAudit(verified, snapshot.entries().size() - verified, Optional.empty()));
    }

    /**
     * Checks everything but signatures, which stay pending; those of the first AUM are checked,
     * too.
     */
    private State check(Aum aum, Optional<State> atParent)
        throws IllFormedException, VerificationException, ApplyException {
      if (atParent.isEmpty()) {
        State state = verifier.verifyBootstrap(aum);
        verified++;
        return state;
      }
      AumVerifier.requireAcceptable(aum, atParent.get());
      State after = atParent.get().apply(aum);
      pending.add(aum);
      return after;
    }

    private Aum decode(AumHash hash) throws StoreException, DecodeException {
      Aum aum = Aum.decode(snapshot.encoded(hash).toByteArray());
      if (!aum.hash().equals(hash)) {
        throw new StoreException.Damaged(
            "stored as " + hash + ", but its bytes hash to " + aum.hash());
      }
      return aum;
    }

    private Optional<ChainAudit> checkPending() {
      Optional<AumVerifier.Unverified> unverified = verifier.findUnverified(pending);
      verified += unverified.map(AumVerifier.Unverified::index).orElse(pending.size());
      Optional<ChainAudit> failed =
          unverified.map(found -> report(pending.get(found.index()).hash(), found.cause()));
      pending.clear();
      return failed;
    }

    private ChainAudit report(AumHash hash, TkaException cause) {
      return new ChainAudit(verified, 0, Optional.of(new Problem(hash, cause)));
    }
  }
}
