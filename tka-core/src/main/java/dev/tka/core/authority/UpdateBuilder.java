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
import java.util.function.Function;

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

  /** Empty if others sign later. */
  private final Optional<Signer> signer;

  private final State first;
  private final boolean signs;
  private final List<Aum> built = new ArrayList<>();
  private final List<String> already = new ArrayList<>();
  private State state;

  /** Begins a batch on an authority's head. */
  public UpdateBuilder(Authority authority, Signer signer) {
    this(authority.state(), authority, Optional.of(signer), true);
  }

  private UpdateBuilder(State first, Authority authority, Optional<Signer> signer, boolean signs) {
    this.first = first;
    this.authority = authority;
    this.signer = signer;
    this.signs = signs;
    this.state = authority.state();
  }

  /**
   * Begins a batch that its author asked for on an earlier head.
   *
   * @param first the authority that the author saw
   * @param authority the authority to build on
   */
  static UpdateBuilder following(Authority first, Authority authority, Signer signer) {
    return new UpdateBuilder(first.state(), authority, Optional.of(signer), true);
  }

  /**
   * Begins a batch that others sign later, see {@link #merged}.
   *
   * @param first the state on which its author asked for it
   * @param authority the authority to build on
   */
  public static UpdateBuilder unsigned(State first, Authority authority) {
    return new UpdateBuilder(first, authority, Optional.empty(), false);
  }

  /**
   * Like {@link #following}, but signs nothing: only to see whether every operation makes sense.
   */
  static UpdateBuilder trying(Authority first, Authority authority, Signer signer) {
    return new UpdateBuilder(first.state(), authority, Optional.of(signer), false);
  }

  /**
   * A finished batch.
   *
   * @param updates the AUMs, oldest first, each on the one before it; empty if no operation was
   *     requested and no checkpoint is due
   * @param checkpointPutOff the reason why a checkpoint that is due was not appended; empty if it
   *     was, or if none is due
   * @param already the operations that another writer has done in the meantime, in words; always
   *     empty for a builder that was made by its constructor
   */
  public record Batch(
      List<Aum> updates, Optional<BuildException> checkpointPutOff, List<String> already) {
    /** Copies its lists. */
    public Batch {
      updates = List.copyOf(updates);
      already = List.copyOf(already);
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
    if (overtaken(operation, key.id(), Function.identity(), key)) {
      return this;
    }
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
    String operation = "remove key " + nameOf(keyId);
    // Whatever another writer changed about it, it is to go.
    if (first.trusts(keyId) && !authority.state().trusts(keyId) && !state.trusts(keyId)) {
      already.add(operation);
      return this;
    }
    return append(operation, Aum.builder(AumKind.REMOVE_KEY).keyId(keyId));
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
    if (overtaken(operation, keyId, Key::votes, votes)) {
      return this;
    }
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
    if (overtaken(operation, keyId, Key::meta, Map.copyOf(meta))) {
      return this;
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
    Optional<Key> here = state.findKey(keyId);
    if (here.isPresent()) {
      Key done =
          edit.votes().isPresent() ? here.get().withVotes(edit.votes().getAsLong()) : here.get();
      done = edit.meta().isEmpty() ? done : done.withMeta(edit.meta());
      if (overtaken(operation, keyId, Function.identity(), done)) {
        return this;
      }
    }
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
        return new Batch(built, Optional.of(e), already);
      }
    }
    return new Batch(built, Optional.empty(), already);
  }

  /**
   * One AUM without signatures that does all of the batch: the operation itself if there is one,
   * and a checkpoint with the state afterwards if there are several, or one is due. An AUM names
   * the one before by a hash that covers its signatures, so of several AUMs the second cannot be
   * signed before all have signed the first; one AUM can be signed by everybody in any order.
   *
   * @return empty if no operation is left to do
   * @throws BuildException if no peer would accept it
   * @throws IllegalStateException if this builder signs
   */
  public Optional<Aum> merged() throws BuildException {
    if (signer.isPresent()) {
      throw new IllegalStateException("expected a builder of what others sign");
    }
    if (built.isEmpty()) {
      return Optional.empty();
    }
    if (built.size() == 1 && !isCheckpointDue()) {
      return Optional.of(built.get(0));
    }
    Aum checkpoint =
        Aum.builder(AumKind.CHECKPOINT)
            .parent(authority.head())
            .state(state.withoutLastAumHash())
            .build();
    try {
      checkpoint.requireWellFormed();
    } catch (IllFormedException e) {
      if (built.size() == 1) {
        // One that is due is put off.
        return Optional.of(built.get(0));
      }
      throw new BuildException.Refused("checkpoint", checkpoint, e);
    }
    return Optional.of(checkpoint);
  }

  /** The operations that another writer has done in the meantime, in words. */
  public List<String> already() {
    return List.copyOf(already);
  }

  /**
   * Whether another writer has done the operation since its author asked for it.
   *
   * @param changed what the operation changes about the key
   * @param wanted what it is to be
   * @throws BuildException.Overtaken if another writer changed it to something else
   */
  private <T> boolean overtaken(String operation, Bytes keyId, Function<Key, T> changed, T wanted)
      throws BuildException.Overtaken {
    Optional<Key> now = authority.state().findKey(keyId);
    if (now.map(changed).equals(first.findKey(keyId).map(changed))) {
      return false;
    }
    if (!state.findKey(keyId).map(changed).equals(Optional.of(wanted))) {
      throw new BuildException.Overtaken(operation, now);
    }
    already.add(operation);
    return true;
  }

  private UpdateBuilder append(String operation, Aum.Builder change)
      throws BuildException, SigningException {
    if (signer.isPresent() && !state.trusts(signer.get().publicKey().bytes())) {
      throw new BuildException.UntrustedSigner(operation, signer.get().publicKey());
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
    Aum signed = signs ? signer.orElseThrow().sign(unsigned) : unsigned;
    built.add(signed);
    state = next.standingAt(signed.hash());
    return this;
  }

  /** Whether no operation is left to do. */
  boolean isEmpty() {
    return built.isEmpty();
  }

  /** The batch that stores nothing, with what other writers have done. */
  Batch nothing() {
    return new Batch(List.of(), Optional.empty(), already);
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
