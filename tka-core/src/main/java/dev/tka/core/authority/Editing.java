package dev.tka.core.authority;

import dev.tka.core.AumHash;
import dev.tka.core.Signer;
import dev.tka.core.SigningException;
import dev.tka.core.store.StoreException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * An edit on its way into a store, step by step: {@link #build} it on the head, then {@link #store}
 * it; if another writer was first, build it again on the new head. {@link LiveAuthority#edit} takes
 * all steps. For one thread.
 *
 * <p>The signer is asked once for each AUM and each head, and only for an edit that makes sense
 * there. What changes the store without changing the head, such as a note of the time, asks for no
 * new signature.
 */
public final class Editing {
  /** Writers that collided try again after a random pause, up to this one. */
  private static final long LONGEST_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

  private final LiveAuthority live;
  private final Signer signer;
  private final Edit edit;
  private final long end;
  private final Authority first;
  private Authority base;
  private Optional<UpdateBuilder.Batch> built = Optional.empty();

  Editing(LiveAuthority live, Signer signer, Edit edit, Duration patience) {
    this.live = live;
    this.signer = signer;
    this.edit = edit;
    this.end = System.nanoTime() + patience.toNanos();
    this.first = live.current();
    this.base = first;
  }

  /** The authority that the edit was built on last. */
  public Authority base() {
    return base;
  }

  /**
   * Builds the edit on the current head; if it was built on that head already, the signer is not
   * asked again. An edit that requests nothing there is empty, also when a checkpoint is due.
   *
   * @throws BuildException if no peer would accept it, or what it changes was changed by another
   *     writer in the meantime ({@link BuildException.Overtaken}); no signer was asked
   * @throws SigningException if the signing key cannot be used now
   * @throws StoreException if the store cannot be read
   */
  public UpdateBuilder.Batch build() throws BuildException, SigningException, StoreException {
    Authority now = live.current();
    boolean stands = built.isPresent() && now.head().equals(base.head());
    base = now;
    if (!stands) {
      UpdateBuilder trial = UpdateBuilder.trying(first, now, signer);
      edit.on(trial);
      if (trial.isEmpty()) {
        built = Optional.of(trial.nothing());
      } else {
        UpdateBuilder builder = UpdateBuilder.following(first, now, signer);
        edit.on(builder);
        built = Optional.of(builder.build());
      }
    }
    return built.orElseThrow();
  }

  /**
   * Stores what was built last.
   *
   * @return empty if another writer was first: build it again
   * @throws StoreException.Conflict if another writer was first, and there is no more time; nothing
   *     was written
   * @throws InformException if an AUM is refused; nothing was written
   * @throws StoreException if the store cannot be read or written; it is unchanged
   * @throws OpenException if another writer left a store that cannot be opened
   */
  public Optional<EditResult> store() throws InformException, StoreException, OpenException {
    return store(Set.of());
  }

  /**
   * Like {@link #store()}, for an edit that repeats others which were set aside: those leave the
   * list.
   *
   * @param again the hashes of the edits that were set aside
   */
  public Optional<EditResult> store(Set<AumHash> again)
      throws InformException, StoreException, OpenException {
    UpdateBuilder.Batch batch = built.orElseThrow();
    try {
      InformResult informed =
          batch.updates().isEmpty()
              ? nothingIn(again.isEmpty() ? base : live.dropSetAside(base, again))
              : live.informOn(base, batch.updates(), again);
      return Optional.of(new EditResult(batch, informed));
    } catch (StoreException.Conflict e) {
      if (System.nanoTime() - end >= 0) {
        throw e;
      }
      LockSupport.parkNanos(ThreadLocalRandom.current().nextLong(LONGEST_PAUSE_NANOS));
      live.refresh();
      return Optional.empty();
    }
  }

  private InformResult nothingIn(Authority after) {
    return new InformResult(base, after, List.of(), 0, List.of(), List.of(), List.of(), List.of());
  }
}
