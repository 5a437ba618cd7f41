package dev.tka.core;

import dev.tka.core.internal.Blake2s;
import dev.tka.core.internal.CanonicalWriter;
import dev.tka.core.internal.CborReader;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * An authority update message: one link of the chain that says which keys a tailnet trusts
 * (protocol, section 2). An instance is always a value that has a canonical encoding; whether it is
 * well-formed ({@link #requireWellFormed}) and whether a state accepts it ({@link
 * dev.tka.core.authority.AumVerifier}) are questions of their own.
 *
 * <p>Encoding and hash are computed once, when the AUM is made, the sig-hash when it is first asked
 * for. Two AUMs are equal when their encodings are.
 */
public final class Aum {
  /** The length of the hash that signatures are made over, in bytes. */
  public static final int SIG_HASH_SIZE = Blake2s.SIZE;

  // Fields of the wire.
  private static final int KIND = 1;
  private static final int PARENT = 2;
  private static final int KEY = 3;
  private static final int KEY_ID = 4;
  private static final int STATE = 5;
  private static final int VOTES = 6;
  private static final int META = 7;
  private static final int SIGNATURES = 23;

  private static final int TYPICAL_SIZE = 256;

  private final AumKind kind;
  private final @Nullable AumHash parent;
  private final @Nullable Key key;
  private final @Nullable Bytes keyId;
  private final @Nullable State state;
  private final @Nullable Long votes;
  private final Map<String, String> meta;
  private final List<AumSignature> signatures;

  private final Bytes encoded;
  private final AumHash hash;
  private volatile @Nullable Bytes sigHash;

  private Aum(Builder from, @Nullable Bytes knownEncoding, @Nullable AumHash knownHash) {
    kind = from.kind;
    parent = from.parent;
    key = from.key;
    keyId = from.keyId;
    state = from.state;
    votes = from.votes;
    meta = from.meta;
    signatures = List.copyOf(from.signatures);
    requireAtMost("signatures", signatures.size(), CborReader.MAX_ELEMENTS);
    if (state != null) {
      requireAtMost("keys", state.keys().size(), CborReader.MAX_ELEMENTS);
    }
    encoded = knownEncoding != null ? knownEncoding : Bytes.copyOf(encode(true));
    hash = knownHash != null ? knownHash : AumHash.of(Blake2s.hash(encoded.toByteArray()));
  }

  private static void requireAtMost(String what, int found, int most) {
    if (found > most) {
      throw new IllegalArgumentException(
          "the wire carries at most " + most + " " + what + ", not " + found);
    }
  }

  /** Begins an AUM of a kind; all else is absent until it is set. */
  public static Builder builder(AumKind kind) {
    return new Builder(kind);
  }

  /**
   * Decodes the canonical encoding of one AUM; any other bytes are refused (protocol, section 2).
   * Takes time and memory in proportion to the input, whatever lengths it claims.
   *
   * @throws DecodeException naming the byte and the field
   */
  public static Aum decode(byte[] input) throws DecodeException {
    Builder builder;
    try (CborReader in = new CborReader(input)) {
      in.advance("AUM");
      builder = read(in);
    }
    Aum aum = new Aum(builder, null, null);
    CborReader.requireCanonical("AUM", aum.encoded.toByteArray(), input);
    return aum;
  }

  /**
   * Decodes an AUM that a store wrote after it had been decoded and hashed, without doing either
   * check again.
   *
   * @throws DecodeException if the bytes are not even an AUM, so that the store is damaged
   */
  public static Aum decodeStored(AumHash hash, Bytes encoded) throws DecodeException {
    try (CborReader in = new CborReader(encoded.toByteArray())) {
      in.advance("AUM");
      return new Aum(read(in), encoded, hash);
    }
  }

  private static Builder read(CborReader in) throws DecodeException {
    in.beginMap("AUM");
    Builder builder = new Builder(new AumKind(0));
    boolean hasKind = false;
    boolean hasParent = false;
    int field = -1;
    while (in.nextKey("AUM")) {
      field = in.intKey("AUM", field);
      switch (field) {
        case KIND -> {
          builder.kind = new AumKind(in.unsignedByte("kind"));
          hasKind = true;
        }
        case PARENT -> {
          builder.parent = readHashOrNull(in, "parent");
          hasParent = true;
        }
        case KEY -> builder.key = Key.read(in);
        case KEY_ID -> builder.keyId(in.bytes("key id"));
        case STATE -> builder.state = State.read(in);
        case VOTES -> builder.votes = in.unsigned("votes");
        case META -> builder.meta(Key.readMeta(in, "meta"));
        case SIGNATURES -> builder.signatures = readSignatures(in);
        default -> throw new DecodeException.UnknownField(in.offset(), "AUM", "" + field);
      }
    }
    if (!hasKind) {
      throw new DecodeException.MissingField(in.offset(), "AUM", KIND + " (kind)");
    }
    if (!hasParent) {
      throw new DecodeException.MissingField(in.offset(), "AUM", PARENT + " (parent)");
    }
    return builder;
  }

  private static List<AumSignature> readSignatures(CborReader in) throws DecodeException {
    in.beginArray("signatures");
    List<AumSignature> signatures = new ArrayList<>();
    while (in.nextElement("signatures", signatures.size())) {
      signatures.add(AumSignature.read(in));
    }
    return signatures;
  }

  static @Nullable AumHash readHashOrNull(CborReader in, String field) throws DecodeException {
    return in.isNull() ? null : AumHash.of(in.bytes(field, AumHash.SIZE).toByteArray());
  }

  /** What it does. */
  public AumKind kind() {
    return kind;
  }

  /** The AUM that it follows; empty for a genesis. */
  public Optional<AumHash> parent() {
    return Optional.ofNullable(parent);
  }

  /** The key to add. */
  public Optional<Key> key() {
    return Optional.ofNullable(key);
  }

  /** The key to remove or update; never of length zero, which the wire cannot tell from absent. */
  public Optional<Bytes> keyId() {
    return Optional.ofNullable(keyId);
  }

  /** The whole state, of a checkpoint. */
  public Optional<State> state() {
    return Optional.ofNullable(state);
  }

  /** The new votes of an update-key; all 64 bits count, unsigned. */
  public OptionalLong votes() {
    return votes == null ? OptionalLong.empty() : OptionalLong.of(votes);
  }

  /** The new metadata of an update-key; empty when it does not change. */
  public Map<String, String> meta() {
    return meta;
  }

  /** The signatures, in the order of the wire. */
  public List<AumSignature> signatures() {
    return signatures;
  }

  /** The canonical encoding. */
  public Bytes encoded() {
    return encoded;
  }

  /** BLAKE2s-256 of the encoding: the AUM's name (protocol, section 1). */
  public AumHash hash() {
    return hash;
  }

  /**
   * BLAKE2s-256 of the encoding without signatures: what is signed, 32 bytes (protocol, section 1).
   */
  public Bytes sigHash() {
    Bytes known = sigHash;
    if (known == null) {
      known = signatures.isEmpty() ? hash.bytes() : Bytes.copyOf(Blake2s.hash(encode(false)));
      sigHash = known;
    }
    return known;
  }

  /** The same AUM with these signatures instead of its own. */
  public Aum withSignatures(List<AumSignature> newSignatures) {
    Builder builder = new Builder(kind);
    builder.parent = parent;
    builder.key = key;
    builder.keyId = keyId;
    builder.state = state;
    builder.votes = votes;
    builder.meta = meta;
    builder.signatures = newSignatures;
    return builder.build();
  }

  /**
   * Checks protocol section 3, which needs no state.
   *
   * @throws IllFormedException naming the first rule that is broken
   */
  public void requireWellFormed() throws IllFormedException {
    for (int i = 0; i < signatures.size(); i++) {
      try {
        signatures.get(i).requireWellFormed();
      } catch (IllFormedException e) {
        throw e.within("signature " + i + " ");
      }
    }
    requireFields();
    if (key != null) {
      key.requireWellFormed();
    }
    if (state != null) {
      state.requireWellFormed();
    }
  }

  private void requireFields() throws IllFormedException {
    EnumSet<Field> allowed =
        switch (kind.meaning()) {
          case ADD_KEY -> {
            requirePresent("key", has(Field.KEY));
            yield EnumSet.of(Field.KEY);
          }
          case REMOVE_KEY -> {
            requirePresent("key id", has(Field.KEY_ID));
            yield EnumSet.of(Field.KEY_ID);
          }
          case UPDATE_KEY -> {
            requirePresent("key id", has(Field.KEY_ID));
            requirePresent("votes or meta", has(Field.VOTES) || has(Field.META));
            yield EnumSet.of(Field.KEY_ID, Field.VOTES, Field.META);
          }
          case CHECKPOINT -> {
            requirePresent("state", has(Field.STATE));
            yield EnumSet.of(Field.STATE);
          }
          case NO_OP, UNKNOWN -> EnumSet.allOf(Field.class);
        };
    for (Field field : EnumSet.complementOf(allowed)) {
      if (has(field)) {
        throw new IllFormedException(kind.toString(), "no " + field.words, "one");
      }
    }
  }

  private void requirePresent(String field, boolean present) throws IllFormedException {
    if (!present) {
      throw new IllFormedException(kind.toString(), "a " + field, "none");
    }
  }

  private boolean has(Field field) {
    return switch (field) {
      case KEY -> key != null;
      case KEY_ID -> keyId != null;
      case STATE -> state != null;
      case VOTES -> votes != null;
      case META -> !meta.isEmpty();
    };
  }

  /** The fields that not every kind may carry, in the order in which they are looked at. */
  private enum Field {
    KEY("key"),
    KEY_ID("key id"),
    STATE("state"),
    VOTES("votes"),
    META("meta");

    private final String words;

    Field(String words) {
      this.words = words;
    }
  }

  private byte[] encode(boolean withSignatures) {
    boolean signed = withSignatures && !signatures.isEmpty();
    int pairs =
        2
            + present(key)
            + present(keyId)
            + present(state)
            + present(votes)
            + (meta.isEmpty() ? 0 : 1)
            + (signed ? 1 : 0);
    CanonicalWriter out = new CanonicalWriter(TYPICAL_SIZE);
    out.map(pairs).unsigned(KIND).unsigned(kind.code()).unsigned(PARENT);
    if (parent == null) {
      out.nil();
    } else {
      out.bytes(parent.toByteArray());
    }
    if (key != null) {
      out.unsigned(KEY);
      key.writeTo(out);
    }
    if (keyId != null) {
      out.unsigned(KEY_ID).bytes(keyId);
    }
    if (state != null) {
      out.unsigned(STATE);
      state.writeTo(out);
    }
    if (votes != null) {
      out.unsigned(VOTES).unsigned(votes);
    }
    if (!meta.isEmpty()) {
      out.unsigned(META);
      Key.writeMeta(out, meta);
    }
    if (signed) {
      out.unsigned(SIGNATURES).array(signatures.size());
      signatures.forEach(signature -> signature.writeTo(out));
    }
    return out.toByteArray();
  }

  private static int present(@Nullable Object field) {
    return field == null ? 0 : 1;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Aum that && hash.equals(that.hash);
  }

  @Override
  public int hashCode() {
    return hash.hashCode();
  }

  /** Its effect, in a few words, on one line; keys are shortened. */
  public String summary() {
    StringBuilder out = new StringBuilder(kind.toString());
    key().ifPresent(added -> out.append(' ').append(LockPublicKey.shortTextOf(added.id())));
    keyId().ifPresent(id -> out.append(' ').append(LockPublicKey.shortTextOf(id)));
    state()
        .ifPresent(
            checkpoint ->
                out.append(" of ")
                    .append(checkpoint.keys().size())
                    .append(checkpoint.keys().size() == 1 ? " key" : " keys"));
    votes().ifPresent(given -> out.append(" votes=").append(Long.toUnsignedString(given)));
    return out.toString();
  }

  /** Kind and hash. */
  @Override
  public String toString() {
    return kind + " " + hash;
  }

  /** Collects the fields of an AUM. Any combination is legal; few are well-formed. */
  public static final class Builder {
    private AumKind kind;
    private @Nullable AumHash parent;
    private @Nullable Key key;
    private @Nullable Bytes keyId;
    private @Nullable State state;
    private @Nullable Long votes;
    private Map<String, String> meta = Map.of();
    private List<AumSignature> signatures = List.of();

    private Builder(AumKind kind) {
      this.kind = kind;
    }

    /** The AUM that this one follows. */
    public Builder parent(AumHash parent) {
      this.parent = parent;
      return this;
    }

    /** The key to add. */
    public Builder key(Key key) {
      this.key = key;
      return this;
    }

    /** The key to remove or update; an empty id is the same as none, as it is on the wire. */
    public Builder keyId(Bytes keyId) {
      this.keyId = keyId.isEmpty() ? null : keyId;
      return this;
    }

    /** The whole state. */
    public Builder state(State state) {
      this.state = state;
      return this;
    }

    /** New votes; all 64 bits count, unsigned. */
    public Builder votes(long votes) {
      this.votes = votes;
      return this;
    }

    /**
     * New metadata; empty is the same as none, as it is on the wire.
     *
     * @throws IllegalArgumentException if a text has no UTF-8
     */
    public Builder meta(Map<String, String> meta) {
      this.meta = Key.inWireOrder(meta);
      return this;
    }

    /** The signatures. */
    public Builder signatures(List<AumSignature> signatures) {
      this.signatures = List.copyOf(signatures);
      return this;
    }

    /**
     * The AUM, with its encoding and hash.
     *
     * @throws IllegalArgumentException if there are more signatures or keys than the wire carries
     */
    public Aum build() {
      return new Aum(this, null, null);
    }
  }
}
