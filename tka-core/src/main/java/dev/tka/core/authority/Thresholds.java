package dev.tka.core.authority;

import dev.tka.core.Aum;
import dev.tka.core.AumSignature;
import dev.tka.core.Bytes;
import dev.tka.core.Key;
import dev.tka.core.State;
import dev.tka.core.internal.Votes;
import dev.tka.core.store.StoreException;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.LongStream;

/**
 * How many votes control asks of edits, by their kind (service, section 11, "Thresholds"). An AUM's
 * votes are those of the distinct keys that signed it, that the state at its parent trusts, and
 * with which only their owners can sign ({@link #votesOf}). That state never changes, so neither
 * does the answer.
 *
 * <p>An AUM counts as what it does, whatever it is called, and needs the most that any of it needs:
 *
 * <ul>
 *   <li>an add-key AUM adds a key, and a remove-key AUM removes one. Adding one needs the most that
 *       any kind needs, and not only its own threshold: new votes count for every kind, so whoever
 *       could give them for fewer could reach any other threshold alone, with votes made for it;
 *   <li>an update-key AUM that raises a key's votes counts as adding one, since it gives a say that
 *       nobody granted before; one that lowers them counts as removing one. One that changes only
 *       metadata decides nothing;
 *   <li>a checkpoint counts as a checkpoint, and also as adding or removing a key where its state
 *       has more or fewer keys or votes than the state at its parent, and as disabling where its
 *       disablement values are others: who sets these may end the authority;
 *   <li>an AUM that would displace another one may undo whatever followed there, other disablement
 *       values included, so it needs the most that any kind needs;
 *   <li>no-op and unknown kinds, and updates of metadata, decide nothing, but each moves the head,
 *       and so voids the signatures that were collected for a proposal. They need the fewest votes,
 *       but 0, that adding or removing a key or a checkpoint has as its threshold.
 * </ul>
 *
 * <p>A genesis begins an authority and edits none, so nothing is asked of it.
 *
 * @param addKey the votes for adding a key, 0 if one trusted key suffices; where another kind needs
 *     more, adding one needs as many as that
 * @param removeKey the votes for removing a key, likewise
 * @param checkpoint the votes for a checkpoint, likewise
 * @param disable the votes that must approve the end of the authority, 0 if the secret suffices
 */
public record Thresholds(long addKey, long removeKey, long checkpoint, long disable) {
  /** The most votes that all keys of a checkpoint can have together. */
  public static final long MOST = (long) State.MAX_KEYS * Key.MAX_VOTES;

  /** Nothing is asked but what the protocol asks. */
  public static final Thresholds NONE = new Thresholds(0, 0, 0, 0);

  /** What a threshold is for. */
  public enum Kind {
    /** Adding a key, or raising its votes. */
    ADD_KEY("add-key"),
    /** Removing a key, or lowering its votes. */
    REMOVE_KEY("remove-key"),
    /** A checkpoint, which may rewrite history. */
    CHECKPOINT("checkpoint"),
    /** The end of the authority. */
    DISABLE("disable");

    private final String text;

    Kind(String text) {
      this.text = text;
    }

    /** The kind with a name, as {@link #toString} gives it. */
    public static Optional<Kind> parse(String text) {
      return List.of(values()).stream().filter(kind -> kind.text.equals(text)).findFirst();
    }

    @Override
    public String toString() {
      return text;
    }
  }

  /** Where thresholds are kept. */
  @FunctionalInterface
  public interface Source {
    /** Those that are set now. */
    Thresholds read() throws StoreException;
  }

  /**
   * What is asked of a batch.
   *
   * @param source read again for each attempt to store the batch, after the store: so a threshold
   *     holds once it is set and the store has changed since ({@link LiveAuthority#renew})
   * @param whole whether nothing of the batch is stored if any AUM of it lacks votes; otherwise
   *     that AUM is left out, and what builds on it
   */
  public record Demand(Source source, boolean whole) {
    /** Nothing is asked. */
    public static final Demand NOTHING = new Demand(() -> NONE, false);
  }

  /**
   * What an AUM, or an approval, has too few of.
   *
   * @param needed the votes that it needs
   * @param has the votes that it has
   */
  public record Shortfall(long needed, long has) {
    /** Both, such as {@code needs 3 votes and has 1}. */
    public String words() {
      return "needs " + needed + (needed == 1 ? " vote" : " votes") + " and has " + has;
    }
  }

  /**
   * Checks the range.
   *
   * @throws IllegalArgumentException if a number is negative or above {@link #MOST}
   */
  public Thresholds {
    for (long each : List.of(addKey, removeKey, checkpoint, disable)) {
      if (each < 0 || each > MOST) {
        throw new IllegalArgumentException("expected 0 to " + MOST + " votes, found " + each);
      }
    }
  }

  /** The votes for a kind; 0 if nothing is asked. */
  public long of(Kind kind) {
    return switch (kind) {
      case ADD_KEY -> addKey;
      case REMOVE_KEY -> removeKey;
      case CHECKPOINT -> checkpoint;
      case DISABLE -> disable;
    };
  }

  /**
   * With other votes for a kind.
   *
   * @throws IllegalArgumentException if the number is negative or above {@link #MOST}
   */
  public Thresholds with(Kind kind, long votes) {
    return switch (kind) {
      case ADD_KEY -> new Thresholds(votes, removeKey, checkpoint, disable);
      case REMOVE_KEY -> new Thresholds(addKey, votes, checkpoint, disable);
      case CHECKPOINT -> new Thresholds(addKey, removeKey, votes, disable);
      case DISABLE -> new Thresholds(addKey, removeKey, checkpoint, votes);
    };
  }

  /**
   * With other votes for some kinds; the others stay.
   *
   * @throws IllegalArgumentException if a number is negative or above {@link #MOST}
   */
  public Thresholds with(Map<Kind, Long> changes) {
    Thresholds changed = this;
    for (Map.Entry<Kind, Long> each : changes.entrySet()) {
      changed = changed.with(each.getKey(), each.getValue());
    }
    return changed;
  }

  /** Whether nothing is asked. */
  public boolean isNone() {
    return equals(NONE);
  }

  /** The votes that an AUM needs on the state at its parent; 0 if nothing is asked. */
  public long neededBy(Aum update, State atParent) {
    return switch (update.kind().meaning()) {
      case ADD_KEY -> highest();
      case REMOVE_KEY -> removeKey;
      case UPDATE_KEY -> {
        long before = update.keyId().map(id -> votesOf(id, atParent)).orElse(0L);
        long after = update.votes().orElse(before);
        yield after == before ? idle() : forVotes(before, after);
      }
      case CHECKPOINT -> forCheckpoint(update.state().orElse(State.NOTHING), atParent);
      case NO_OP, UNKNOWN -> idle();
    };
  }

  /**
   * The most votes that anything needs, the end of the authority included. An AUM needs them that
   * may undo any edit, and so may bring back disablement values that were replaced; and one that
   * gives votes, since these count for every kind.
   */
  public long highest() {
    return Math.max(Math.max(checkpoint, disable), Math.max(addKey, removeKey));
  }

  /**
   * What an AUM has too few of, on the state at its parent.
   *
   * @param displaces whether it would displace another one (protocol, section 10)
   */
  public Optional<Shortfall> shortfall(Aum update, State atParent, boolean displaces) {
    long needed = neededBy(update, atParent);
    if (displaces) {
      needed = Math.max(needed, highest());
    }
    return shortfall(
        needed,
        votesOf(update.signatures().stream().map(AumSignature::signerId).toList(), atParent));
  }

  /** What is missing, if anything is. */
  public static Optional<Shortfall> shortfall(long needed, long has) {
    return has < needed ? Optional.of(new Shortfall(needed, has)) : Optional.empty();
  }

  /** The fewest votes, but 0, that moving the head needs by an edit that changes something. */
  private long idle() {
    return LongStream.of(addKey, removeKey, checkpoint).filter(votes -> votes > 0).min().orElse(0);
  }

  private long forVotes(long before, long after) {
    int order = Long.compareUnsigned(after, before);
    return order == 0 ? 0 : order > 0 ? highest() : removeKey;
  }

  private long forCheckpoint(State after, State before) {
    long needed = checkpoint;
    for (Key key : after.keys()) {
      needed = Math.max(needed, forVotes(votesOf(key.id(), before), key.votes()));
    }
    for (Key key : before.keys()) {
      if (!after.trusts(key.id())) {
        needed = Math.max(needed, removeKey);
      }
    }
    return after.disablementValues().equals(before.disablementValues())
        ? needed
        : Math.max(needed, disable);
  }

  /**
   * The votes of those who signed: of the distinct trusted keys with which only their owners can
   * sign ({@link Key#canSign}). For others anybody could, so they count only where the protocol
   * weighs a fork.
   */
  public static long votesOf(Collection<Bytes> signers, State state) {
    Set<Bytes> distinct = new HashSet<>(signers);
    return state.keys().stream()
        // The curve is asked last: it costs more than all the rest.
        .filter(key -> distinct.contains(key.id()) && key.canSign())
        .mapToLong(Key::votes)
        .reduce(0, Votes::add);
  }

  private static long votesOf(Bytes keyId, State state) {
    return state.findKey(keyId).map(Key::votes).orElse(0L);
  }
}
