package dev.tka.core.authority;

import dev.tka.core.ApplyException;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.DecodeException;
import dev.tka.core.IllFormedException;
import dev.tka.core.State;
import dev.tka.core.TkaException;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.BodyReader;
import dev.tka.core.store.StoreException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

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
      List<AumHash> order = inOrder(oldest);
      BodyReader reader = new BodyReader(snapshot, order);
      Map<AumHash, State> atParent = new HashMap<>();
      for (AumHash hash : order) {
        State after;
        try {
          after = check(decode(hash, reader.encoded()), Optional.ofNullable(atParent.remove(hash)));
        } catch (StoreException.Damaged e) {
          return checkPending().orElseGet(() -> report(hash, e));
        } catch (StoreException e) {
          throw e;
        } catch (TkaException e) {
          return checkPending().orElseGet(() -> report(hash, e));
        }
        snapshot.children(hash).forEach(child -> atParent.put(child.hash(), after));
        if (pending.size() >= BATCH) {
          Optional<ChainAudit> failed = checkPending();
          if (failed.isPresent()) {
            return failed.get();
          }
        }
      }
      return checkPending()
          .orElseGet(
              () ->
                  new ChainAudit(verified, snapshot.entries().size() - verified, Optional.empty()));
    }

    /** Height by height, so that the first problem is the oldest; those of one by hash. */
    private List<AumHash> inOrder(AumHash oldest) {
      List<AumHash> ordered = new ArrayList<>();
      List<AumHash> level = List.of(oldest);
      while (!level.isEmpty()) {
        ordered.addAll(level);
        List<AumHash> next = new ArrayList<>();
        level.forEach(hash -> snapshot.children(hash).forEach(child -> next.add(child.hash())));
        next.sort(Comparator.naturalOrder());
        level = next;
      }
      return ordered;
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

    private static Aum decode(AumHash hash, Bytes encoded) throws StoreException, DecodeException {
      Aum aum = Aum.decode(encoded.toByteArray());
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
