package dev.tka.core.authority;

import dev.tka.core.ApplyException;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumKind;
import dev.tka.core.Bytes;
import dev.tka.core.IllFormedException;
import dev.tka.core.Key;
import dev.tka.core.LockPublicKey;
import dev.tka.core.Signer;
import dev.tka.core.SigningException;
import dev.tka.core.State;
import dev.tka.core.store.AumEntry;
import dev.tka.core.store.StoreException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Builds a batch of updates on an authority's head (protocol, section 4, "Building updates"). Each
 * operation is signed on the state that it applies to. An operation that no peer would accept is
 * refused by name before anything is signed; the builder is then unchanged, and the other
 * operations of the batch stand.
 *
 * <p>{@link #build} appends a checkpoint if the last {@value #CHECKPOINT_EVERY} AUMs, including
 * those of the batch, hold neither a checkpoint nor a genesis. A checkpoint that no peer would
 * accept, because there are more than {@link State#MAX_KEYS} keys or the signer removed itself, is
 * postponed: the batch is built without it and says so, and a later batch adds it.
 *
 * <p>For one thread.
 */
public final class UpdateBuilder {
  /** The largest number of consecutive AUMs without a checkpoint. */
  public static final int CHECKPOINT_EVERY = 50;

  private final Authority authority;
  private final Signer signer;
  private final List<Aum> built = new ArrayList<>();
  private State state;

  /** Begins a batch on an authority's head. */
  public UpdateBuilder(Authority authority, Signer signer) {
    this.authority = authority;
    this.signer = signer;
    this.state = authority.state();
  }

  /**
   * A finished batch.
   *
   * @param updates the AUMs, oldest first, each on the one before it; empty if no operation was
   *     requested and no checkpoint is due
   * @param checkpointPutOff the reason why a checkpoint that is due was not appended; empty if it
   *     was, or if none is due
   */
  public record Batch(List<Aum> updates, Optional<BuildException> checkpointPutOff) {
    /** Copies its list. */
    public Batch {
      updates = List.copyOf(updates);
    }
  }

  /**
   * Adds a key.
   *
   * @throws BuildException.UnsoundKey if anybody can sign for it, or nobody ever can
   * @throws BuildException if no peer would accept it, the key could never sign, or a checkpoint
   *     has no room for it
   * @throws SigningException if the signing key cannot be used now
   */
  public UpdateBuilder addKey(Key key) throws BuildException, SigningException {
    String operation = "add key " + nameOf(key.id());
    if (key.id().size() != LockPublicKey.SIZE) {
      throw new BuildException.UnusableKey(operation, key);
    }
    BuildException.UnsoundKey.requireSound(operation, key.id());
    if (state.keys().size() >= State.MAX_KEYS) {
      throw new BuildException.TooManyKeys(operation, state.keys().size());
    }
    return append(operation, Aum.builder(AumKind.ADD_KEY).key(key));
  }

  /**
   * Removes a key. After removing the signer's own key, nothing can follow in this batch.
   *
   * @throws BuildException if no peer would accept it
   * @throws SigningException if the signing key cannot be used now
   */
  public UpdateBuilder removeKey(Bytes keyId) throws BuildException, SigningException {
    return append("remove key " + nameOf(keyId), Aum.builder(AumKind.REMOVE_KEY).keyId(keyId));
  }

  /**
   * Changes a key's votes.
   *
   * @param votes 1 to {@link Key#MAX_VOTES}
   * @throws BuildException.UnsoundKey if anybody can sign for it, or nobody ever can: remove it
   * @throws BuildException if no peer would accept it
   * @throws SigningException if the signing key cannot be used now
   */
  public UpdateBuilder setVotes(Bytes keyId, long votes) throws BuildException, SigningException {
    String operation = "set votes of key " + nameOf(keyId);
    BuildException.UnsoundKey.requireSound(operation, keyId);
    return append(operation, Aum.builder(AumKind.UPDATE_KEY).keyId(keyId).votes(votes));
  }

  /**
   * Replaces all of a key's metadata.
   *
   * @param meta at least one pair; keys and values at most {@link Key#MAX_META_BYTES} bytes of
   *     UTF-8
   * @throws BuildException if no peer would accept it
   * @throws SigningException if the signing key cannot be used now
   * @throws IllegalArgumentException if a text cannot be encoded as UTF-8, or there are more than
   *     1024 pairs
   */
  public UpdateBuilder setMeta(Bytes keyId, Map<String, String> meta)
      throws BuildException, SigningException {
    String operation = "set metadata of key " + nameOf(keyId);
    if (meta.isEmpty()) {
      throw new BuildException.EmptyMeta(operation);
    }
    return append(operation, Aum.builder(AumKind.UPDATE_KEY).keyId(keyId).meta(meta));
  }

  /**
   * Repeats an edit that was made on another head: adds, removes or changes the same key in the
   * same way (protocol, section 10, "Unsent").
   *
   * @param edit an add-key, remove-key or update-key AUM
   * @throws BuildException.NotAnEdit if it is of another kind: checkpoints are made when they are
   *     due
   * @throws BuildException if no peer would accept it on this head
   * @throws SigningException if the signing key cannot be used now
   */
  public UpdateBuilder again(Aum edit) throws BuildException, SigningException {
    return switch (edit.kind().meaning()) {
      case ADD_KEY -> addKey(require(edit, edit.key()));
      case REMOVE_KEY -> removeKey(require(edit, edit.keyId()));
      case UPDATE_KEY -> updateAgain(edit, require(edit, edit.keyId()));
      case NO_OP, CHECKPOINT, UNKNOWN -> throw new BuildException.NotAnEdit(edit);
    };
  }

  private UpdateBuilder updateAgain(Aum edit, Bytes keyId) throws BuildException, SigningException {
    String operation = "update key " + nameOf(keyId);
    Aum.Builder change = Aum.builder(AumKind.UPDATE_KEY).keyId(keyId).meta(edit.meta());
    if (edit.votes().isPresent()) {
      BuildException.UnsoundKey.requireSound(operation, keyId);
      change.votes(edit.votes().getAsLong());
    }
    return append(operation, change);
  }

  private static <T> T require(Aum edit, Optional<T> field) throws BuildException.NotAnEdit {
    if (field.isEmpty()) {
      throw new BuildException.NotAnEdit(edit);
    }
    return field.get();
  }

  /**
   * Finishes the batch, with a checkpoint at its end if one is due. The builder can be used
   * further.
   *
   * @throws StoreException if the store cannot be read
   * @throws SigningException if the signing key cannot be used now; the operations built before
   *     stand
   */
  public Batch build() throws StoreException, SigningException {
    if (isCheckpointDue()) {
      try {
        append("checkpoint", Aum.builder(AumKind.CHECKPOINT).state(state.withoutLastAumHash()));
      } catch (BuildException e) {
        return new Batch(built, Optional.of(e));
      }
    }
    return new Batch(built, Optional.empty());
  }

  private UpdateBuilder append(String operation, Aum.Builder change)
      throws BuildException, SigningException {
    if (!state.trusts(signer.publicKey().bytes())) {
      throw new BuildException.UntrustedSigner(operation, signer.publicKey());
    }
    Aum unsigned = change.parent(state.lastAumHash().orElseThrow()).build();
    State next;
    try {
      unsigned.requireWellFormed();
      AumVerifier.requireKeyLeft(unsigned, state);
      next = state.apply(unsigned);
    } catch (IllFormedException | VerificationException | ApplyException e) {
      throw new BuildException.Refused(operation, unsigned, e);
    }
    Aum signed = signer.sign(unsigned);
    built.add(signed);
    state = next.standingAt(signed.hash());
    return this;
  }

  private boolean isCheckpointDue() {
    int left = CHECKPOINT_EVERY;
    for (int i = built.size() - 1; i >= 0 && left > 0; i--) {
      if (built.get(i).kind().isCheckpoint()) {
        return false;
      }
      left--;
    }
    // A chain with fewer AUMs begins with a checkpoint or genesis, so its length need not be
    // checked.
    for (AumHash hash : authority.newestFirst(left)) {
      AumEntry entry = authority.snapshot().find(hash).orElseThrow();
      if (entry.kind().isCheckpoint() || entry.parent().isEmpty()) {
        return false;
      }
    }
    return true;
  }

  private static String nameOf(Bytes keyId) {
    return keyId.size() == LockPublicKey.SIZE
        ? new LockPublicKey(keyId).toString()
        : "of " + keyId.size() + " bytes";
  }
}
