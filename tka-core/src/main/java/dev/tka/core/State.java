package dev.tka.core;

import dev.tka.core.internal.CanonicalWriter;
import dev.tka.core.internal.CborReader;
import dev.tka.core.internal.Votes;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a tailnet trusts at one AUM: its keys in order, its disablement values, and the ids that
 * tell this authority from any other (protocol, sections 2 and 4). Immutable; {@link #apply}
 * returns the next one.
 *
 * <p>A state that was decoded from a checkpoint may be ill-formed; {@link #requireWellFormed}
 * tells.
 */
public final class State {
  /** The most keys of a well-formed checkpoint (protocol, section 3). */
  public static final int MAX_KEYS = 512;

  /** The most disablement values of a well-formed checkpoint (protocol, section 3). */
  public static final int MAX_DISABLEMENT_VALUES = 32;

  /** The length of a well-formed disablement value in bytes (protocol, section 3). */
  public static final int DISABLEMENT_VALUE_SIZE = 32;

  /** The state before a genesis: nothing is trusted yet. */
  public static final State NOTHING = new State(null, null, null, 0, 0);

  // Fields of the wire.
  private static final int LAST_AUM_HASH = 1;
  private static final int DISABLEMENT_VALUES = 2;
  private static final int KEYS = 3;
  private static final int STATE_ID_1 = 4;
  private static final int STATE_ID_2 = 5;

  private final @Nullable AumHash lastAumHash;
  // Null and empty lists, and null and empty values in a list, differ on the wire.
  private final @Nullable List<Optional<Bytes>> disablementValues;
  private final @Nullable List<Key> keys;
  private final long stateId1;
  private final long stateId2;

  private State(
      @Nullable AumHash lastAumHash,
      @Nullable List<Optional<Bytes>> disablementValues,
      @Nullable List<Key> keys,
      long stateId1,
      long stateId2) {
    this.lastAumHash = lastAumHash;
    this.disablementValues = disablementValues;
    this.keys = keys;
    this.stateId1 = stateId1;
    this.stateId2 = stateId2;
  }

  /**
   * A state as a checkpoint carries it, without a last hash.
   *
   * @param disablementValues Argon2i values, 32 bytes each when well-formed
   * @param keys in the order in which they are trusted
   * @param stateId1 random at genesis; all 64 bits count, unsigned
   * @param stateId2 random at genesis; all 64 bits count, unsigned
   * @throws IllegalArgumentException if there are more values than the wire carries
   */
  public static State of(
      List<Bytes> disablementValues, List<Key> keys, long stateId1, long stateId2) {
    if (disablementValues.size() > CborReader.MAX_ELEMENTS) {
      throw new IllegalArgumentException(
          "the wire carries at most " + CborReader.MAX_ELEMENTS + " disablement values");
    }
    return new State(
        null,
        disablementValues.stream().map(Optional::of).toList(),
        List.copyOf(keys),
        stateId1,
        stateId2);
  }

  /** The AUM that this state stands at; empty in a checkpoint's body. */
  public Optional<AumHash> lastAumHash() {
    return Optional.ofNullable(lastAumHash);
  }

  /** The trusted keys, in order. */
  public List<Key> keys() {
    return keys == null ? List.of() : keys;
  }

  /** The disablement values, in order; one that is null on the wire has no bytes. */
  public List<Bytes> disablementValues() {
    return disablementValues == null
        ? List.of()
        : disablementValues.stream().map(value -> value.orElse(Bytes.empty())).toList();
  }

  /** True when a secret ends this authority, as {@link DisablementSecret#isListedIn} tells. */
  public boolean isDisabledBy(DisablementSecret secret) {
    return secret.isListedIn(disablementValues());
  }

  /** The first state id; all 64 bits count, unsigned. */
  public long stateId1() {
    return stateId1;
  }

  /** The second state id; all 64 bits count, unsigned. */
  public long stateId2() {
    return stateId2;
  }

  /** The trusted key of an id, if there is one. */
  public Optional<Key> findKey(Bytes id) {
    // A scan: an index would outweigh the keys, and every state of a long batch would have one.
    for (Key key : keys()) {
      if (key.id().equals(id)) {
        return Optional.of(key);
      }
    }
    return Optional.empty();
  }

  /** The ids of the trusted keys, in order. */
  public Set<Bytes> keyIds() {
    Set<Bytes> ids = new LinkedHashSet<>();
    keys().forEach(key -> ids.add(key.id()));
    return ids;
  }

  /** True when a key of this id is trusted. */
  public boolean trusts(Bytes keyId) {
    return findKey(keyId).isPresent();
  }

  /**
   * The weight of an AUM here: the votes of the distinct trusted keys that signed it, whether or
   * not the signatures verify; unknown keys count 0 (protocol, section 4).
   *
   * @return votes, at most {@link Long#MAX_VALUE} (no verified state comes near)
   */
  public long weightOf(Aum aum) {
    return weightOf(aum.signatures().stream().map(AumSignature::signerId).distinct().toList());
  }

  /** The sum of the votes of distinct keys; unknown ones count 0. */
  public long weightOf(Collection<Bytes> distinctKeyIds) {
    long weight = 0;
    for (Bytes id : distinctKeyIds) {
      weight = Votes.add(weight, findKey(id).map(Key::votes).orElse(0L));
    }
    return weight;
  }

  /**
   * Checks protocol section 3's rules for the body of a checkpoint.
   *
   * @throws IllFormedException naming the first that is broken
   */
  public void requireWellFormed() throws IllFormedException {
    if (lastAumHash != null) {
      throw new IllFormedException("last hash", "null", lastAumHash.toString());
    }
    requireCount("disablement values", disablementValues().size(), MAX_DISABLEMENT_VALUES);
    Set<Bytes> values = new HashSet<>();
    for (Bytes value : disablementValues()) {
      if (value.size() != DISABLEMENT_VALUE_SIZE) {
        throw new IllFormedException(
            "disablement value", DISABLEMENT_VALUE_SIZE + " bytes", value.size() + " bytes");
      }
      if (!values.add(value)) {
        throw new IllFormedException("disablement values", "no two equal", value + " twice");
      }
    }
    requireCount("keys", keys().size(), MAX_KEYS);
    Set<Bytes> ids = new HashSet<>();
    for (Key key : keys()) {
      key.requireWellFormed();
      if (!ids.add(key.id())) {
        throw new IllFormedException("keys", "no two with one id", key.id() + " twice");
      }
    }
  }

  /**
   * The state after an AUM (protocol, section 4, "Applying"). Checks what the change itself needs,
   * not who signed it.
   *
   * @throws ApplyException if the AUM does not fit this state
   */
  public State apply(Aum aum) throws ApplyException {
    if (!Objects.equals(aum.parent().orElse(null), lastAumHash)) {
      throw new ApplyException.ParentMismatch(
          aum.hash(), describe(lastAumHash), describe(aum.parent().orElse(null)));
    }
    return switch (aum.kind().meaning()) {
      case ADD_KEY -> addKey(aum, require(aum, aum.key(), "key"));
      case REMOVE_KEY -> removeKey(aum, require(aum, aum.keyId(), "key id"));
      case UPDATE_KEY -> updateKey(aum, require(aum, aum.keyId(), "key id"));
      case CHECKPOINT -> checkpoint(aum, require(aum, aum.state(), "state"));
      case NO_OP, UNKNOWN -> new State(aum.hash(), disablementValues, keys, stateId1, stateId2);
    };
  }

  /**
   * The state at a checkpoint, which carries it whole.
   *
   * @throws ApplyException.FieldAbsent if it carries none
   */
  public static State ofCheckpoint(Aum checkpoint) throws ApplyException.FieldAbsent {
    return require(checkpoint, checkpoint.state(), "state").standingAt(checkpoint.hash());
  }

  /** This state as the body of a checkpoint: without a last hash. */
  public State withoutLastAumHash() {
    return new State(null, disablementValues, keys, stateId1, stateId2);
  }

  /** This state, a checkpoint's body, as the one that stands at that checkpoint. */
  public State standingAt(AumHash hash) {
    return new State(hash, disablementValues, keys, stateId1, stateId2);
  }

  private State checkpoint(Aum aum, State body) throws ApplyException {
    if (body.stateId1 != stateId1 || body.stateId2 != stateId2) {
      throw new ApplyException.StateIdMismatch(aum.hash(), stateIds(), body.stateIds());
    }
    return body.standingAt(aum.hash());
  }

  private State addKey(Aum aum, Key key) throws ApplyException {
    if (trusts(key.id())) {
      throw new ApplyException.KeyPresent(aum.hash(), key.id());
    }
    List<Key> next = new ArrayList<>(keys().size() + 1);
    next.addAll(keys());
    next.add(key);
    return withKeys(aum, next);
  }

  private State removeKey(Aum aum, Bytes keyId) throws ApplyException {
    List<Key> next = new ArrayList<>(keys());
    next.remove(indexOf(aum, keyId));
    return withKeys(aum, next);
  }

  private State updateKey(Aum aum, Bytes keyId) throws ApplyException {
    int index = indexOf(aum, keyId);
    Key key = keys().get(index);
    if (aum.votes().isPresent()) {
      key = key.withVotes(aum.votes().getAsLong());
    }
    if (!aum.meta().isEmpty()) {
      key = key.withMeta(aum.meta());
    }
    try {
      key.requireWellFormed();
    } catch (IllFormedException e) {
      throw new ApplyException.IllFormedResult(aum.hash(), e);
    }
    List<Key> next = new ArrayList<>(keys());
    next.set(index, key);
    return withKeys(aum, next);
  }

  private State withKeys(Aum aum, List<Key> next) {
    return new State(aum.hash(), disablementValues, List.copyOf(next), stateId1, stateId2);
  }

  private int indexOf(Aum aum, Bytes keyId) throws ApplyException {
    List<Key> list = keys();
    for (int i = 0; i < list.size(); i++) {
      if (list.get(i).id().equals(keyId)) {
        return i;
      }
    }
    throw new ApplyException.KeyAbsent(aum.hash(), aum.kind(), keyId);
  }

  private String stateIds() {
    return Long.toUnsignedString(stateId1) + ":" + Long.toUnsignedString(stateId2);
  }

  private static <T> T require(Aum aum, Optional<T> value, String field)
      throws ApplyException.FieldAbsent {
    if (value.isEmpty()) {
      throw new ApplyException.FieldAbsent(aum.hash(), aum.kind(), field);
    }
    return value.get();
  }

  private static void requireCount(String field, int found, int most) throws IllFormedException {
    if (found < 1 || found > most) {
      throw new IllFormedException(field, "1 to " + most, Integer.toString(found));
    }
  }

  private static String describe(@Nullable AumHash hash) {
    return hash == null ? "none" : hash.toString();
  }

  void writeTo(CanonicalWriter out) {
    out.map(3 + (stateId1 == 0 ? 0 : 1) + (stateId2 == 0 ? 0 : 1));
    out.unsigned(LAST_AUM_HASH);
    if (lastAumHash == null) {
      out.nil();
    } else {
      out.bytes(lastAumHash.toByteArray());
    }
    out.unsigned(DISABLEMENT_VALUES);
    if (disablementValues == null) {
      out.nil();
    } else {
      out.array(disablementValues.size());
      disablementValues.forEach(value -> value.ifPresentOrElse(out::bytes, out::nil));
    }
    out.unsigned(KEYS);
    if (keys == null) {
      out.nil();
    } else {
      out.array(keys.size());
      keys.forEach(key -> key.writeTo(out));
    }
    if (stateId1 != 0) {
      out.unsigned(STATE_ID_1).unsigned(stateId1);
    }
    if (stateId2 != 0) {
      out.unsigned(STATE_ID_2).unsigned(stateId2);
    }
  }

  static State read(CborReader in) throws DecodeException {
    in.beginMap("state");
    AumHash lastAumHash = null;
    List<Optional<Bytes>> disablementValues = null;
    List<Key> keys = null;
    long stateId1 = 0;
    long stateId2 = 0;
    int field = -1;
    while (in.nextKey("state")) {
      field = in.intKey("state", field);
      switch (field) {
        case LAST_AUM_HASH -> lastAumHash = Aum.readHashOrNull(in, "state last hash");
        case DISABLEMENT_VALUES -> disablementValues = readDisablementValues(in);
        case KEYS -> keys = readKeys(in);
        case STATE_ID_1 -> stateId1 = in.unsigned("state id 1");
        case STATE_ID_2 -> stateId2 = in.unsigned("state id 2");
        default -> throw new DecodeException.UnknownField(in.offset(), "state", "" + field);
      }
    }
    return new State(lastAumHash, disablementValues, keys, stateId1, stateId2);
  }

  private static @Nullable List<Optional<Bytes>> readDisablementValues(CborReader in)
      throws DecodeException {
    if (in.isNull()) {
      return null;
    }
    in.beginArray("disablement values");
    List<Optional<Bytes>> values = new ArrayList<>();
    while (in.nextElement("disablement values", values.size())) {
      values.add(in.bytesOrNull("disablement value"));
    }
    return List.copyOf(values);
  }

  private static @Nullable List<Key> readKeys(CborReader in) throws DecodeException {
    if (in.isNull()) {
      return null;
    }
    in.beginArray("state keys");
    List<Key> keys = new ArrayList<>();
    while (in.nextElement("state keys", keys.size())) {
      keys.add(Key.read(in));
    }
    return List.copyOf(keys);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof State that
        && Objects.equals(lastAumHash, that.lastAumHash)
        && Objects.equals(disablementValues, that.disablementValues)
        && (keys == null) == (that.keys == null)
        && keys().equals(that.keys())
        && stateId1 == that.stateId1
        && stateId2 == that.stateId2;
  }

  @Override
  public int hashCode() {
    return Objects.hash(lastAumHash, keys(), stateId1, stateId2);
  }

  @Override
  public String toString() {
    return "State(at " + describe(lastAumHash) + ", " + keys().size() + " keys)";
  }
}
