package dev.tka.core.authority;

import dev.tka.core.ApplyException;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.IllFormedException;
import dev.tka.core.State;
import dev.tka.core.store.StoreException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The first step of {@link InformPlan}: every update that is not stored is verified against the
 * state at its parent, anywhere in the stored tree or earlier in the batch; many signatures are
 * checked together. The first update that fails refuses the batch. An update that the trail
 * remembers was verified before, and only <i>returns</i> (protocol, section 10, "Taking in"). The
 * others are <i>fresh</i>.
 */
final class Verification {
  /**
   * The number of AUMs whose signatures are checked together: enough for all cores, few enough that
   * a stranger's batch is refused before it costs the states of all its AUMs.
   */
  private static final int SIGNATURE_CHUNK = 256;

  private final History history;
  private final AumVerifier verifier;

  private final List<Aum> fresh = new ArrayList<>();
  private final List<Integer> freshIndexes = new ArrayList<>();
  private final Map<AumHash, Aum> returning = new HashMap<>();

  /** The states at AUMs of the batch, and those requested at AUMs that were known before. */
  private final Map<AumHash, State> batchStates = new HashMap<>();

  private final Map<AumHash, State> knownStates = new HashMap<>();

  private Verification(History history, AumVerifier verifier) {
    this.history = history;
    this.verifier = verifier;
  }

  /**
   * Verifies a batch.
   *
   * @param updates oldest first
   * @throws InformException.Refused naming the first update that is not accepted
   */
  static Verification of(History history, List<Aum> updates, AumVerifier verifier)
      throws InformException, StoreException, OpenException {
    Verification verification = new Verification(history, verifier);
    verification.verify(updates);
    return verification;
  }

  /** The updates that were verified, in the order of the batch. */
  List<Aum> fresh() {
    return fresh;
  }

  /** True for a fresh update. */
  boolean isFresh(AumHash hash) {
    return isOfBatch(hash) && !returning.containsKey(hash);
  }

  /** True for an update that is not stored. */
  boolean isOfBatch(AumHash hash) {
    return batchStates.containsKey(hash);
  }

  /** An AUM of the trail whose body came with the batch. */
  Optional<Aum> findReturning(AumHash hash) {
    return Optional.ofNullable(returning.get(hash));
  }

  /** The state at an AUM of the batch, or at one that is stored or remembered. */
  Optional<State> findState(AumHash hash) throws StoreException, OpenException {
    State state = batchStates.get(hash);
    if (state == null) {
      state = knownStates.get(hash);
    }
    if (state != null) {
      return Optional.of(state);
    }
    Optional<State> found = history.findState(hash);
    if (found.isPresent()) {
      knownStates.put(hash, found.get());
    }
    return found;
  }

  /** Like {@link #findState}, for an AUM that must exist. */
  State getState(AumHash hash) throws StoreException, OpenException {
    return findState(hash).orElseThrow();
  }

  private void verify(List<Aum> updates) throws InformException, StoreException, OpenException {
    int unchecked = 0;
    for (int i = 0; i < updates.size(); i++) {
      Aum update = updates.get(i);
      if (isOfBatch(update.hash()) || history.isStored(update.hash())) {
        continue;
      }
      if (returns(update)) {
        recall(update);
        continue;
      }
      try {
        verifyButSignatures(i, update);
      } catch (InformException.Refused e) {
        // A bad signature earlier in the batch is the first problem: it is the one to report.
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

  /** True for an AUM of the trail, whose parent is then not stored. */
  private boolean returns(Aum update) {
    Optional<AumHash> parent = update.parent();
    boolean followsWhatIsHere =
        parent.isPresent() && (history.isStored(parent.get()) || isFresh(parent.get()));
    return !followsWhatIsHere && history.trail().contains(update.hash());
  }

  /** An AUM whose hash the trail knows is genuine: only its state is missing. */
  private void recall(Aum update) throws StoreException, OpenException {
    Optional<State> state = recalledState(update);
    if (state.isPresent()) {
      batchStates.put(update.hash(), state.get());
      returning.put(update.hash(), update);
    }
  }

  private Optional<State> recalledState(Aum update) throws StoreException, OpenException {
    try {
      if (update.kind().isCheckpoint()) {
        return Optional.of(Authority.stateAtOldest(update));
      }
      Optional<State> atParent =
          update.parent().isPresent() ? findState(update.parent().get()) : Optional.empty();
      return atParent.isPresent() ? Optional.of(atParent.get().apply(update)) : Optional.empty();
    } catch (ApplyException e) {
      throw new OpenException.CannotApply(e);
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
      batchStates.put(update.hash(), atParent.get().apply(update));
      fresh.add(update);
      freshIndexes.add(index);
    } catch (IllFormedException | VerificationException | ApplyException e) {
      throw new InformException.Invalid(index, e);
    }
  }

  private void requireSignatures(int from) throws InformException.Invalid {
    Optional<AumVerifier.Unverified> unverified =
        verifier.findUnverified(fresh.subList(from, fresh.size()));
    if (unverified.isPresent()) {
      int index = freshIndexes.get(from + unverified.get().index());
      throw new InformException.Invalid(index, unverified.get().cause());
    }
  }
}
