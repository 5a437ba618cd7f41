package dev.tka.core.authority;

import dev.tka.core.ApplyException;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumKind;
import dev.tka.core.State;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.Commit;
import dev.tka.core.store.StoreException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;

/** AUMs of the trail whose body can still be had: every checkpoint, and all that a store keeps. */
final class Remembered {
  private Remembered() {}

  /**
   * An AUM of the trail, whole.
   *
   * @throws StoreException.Damaged if a remembered checkpoint is not what its name says
   */
  static Optional<Aum> find(AumSnapshot snapshot, AumHash hash) throws StoreException.Damaged {
    Optional<Aum> checkpoint = snapshot.trail().checkpoint(hash);
    return checkpoint.isPresent() || !snapshot.trail().contains(hash)
        ? checkpoint
        : snapshot.purged(hash).map(Commit.Addition::aum);
  }

  /**
   * The state at an AUM of the trail: at a checkpoint, or replayed from one.
   *
   * @return empty when what it takes is not to be had
   * @throws StoreException.Damaged if a remembered checkpoint is not what its name says
   * @throws OpenException if what is remembered does not apply, so that nobody verified it
   */
  static Optional<State> stateAt(AumSnapshot snapshot, AumHash hash)
      throws StoreException.Damaged, OpenException {
    Deque<Aum> replay = new ArrayDeque<>();
    Optional<Aum> at = find(snapshot, hash);
    while (at.isPresent() && !at.get().kind().equals(AumKind.CHECKPOINT)) {
      replay.push(at.get());
      Optional<AumHash> parent = at.get().parent();
      at = parent.isPresent() ? find(snapshot, parent.get()) : Optional.empty();
    }
    if (at.isEmpty()) {
      return Optional.empty();
    }
    try {
      State state = Authority.stateAtOldest(at.get());
      for (Aum next : replay) {
        state = state.apply(next);
      }
      return Optional.of(state);
    } catch (ApplyException e) {
      throw new OpenException.CannotApply(e);
    }
  }
}
