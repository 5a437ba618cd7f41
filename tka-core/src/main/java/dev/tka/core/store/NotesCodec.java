package dev.tka.core.store;

import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.DecodeException;
import dev.tka.core.internal.CanonicalWriter;
import dev.tka.core.internal.CborReader;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * The one encoding of notes that have no natural columns or lines, for stores and files. It is
 * canonical CBOR: there is one encoding of the same value, and any other is refused. An unknown
 * number of votes is null, and times are in whole seconds since the epoch.
 *
 * <p>Lists may be longer than those of an AUM, because keys are added one by one; decoding needs
 * memory in proportion to the encoding.
 */
public final class NotesCodec {
  private static final Bytes EMPTY_LIST =
      Bytes.copyOf(new CanonicalWriter(1).array(0).toByteArray());
  private static final int TYPICAL_CHANGE = 40;
  private static final int TYPICAL_INHERITED = 150;

  private NotesCodec() {}

  /** Encodes key changes: an array of [key, votes before, votes after]. */
  public static Bytes encodeChanges(List<KeyChange> changes) {
    CanonicalWriter out =
        new CanonicalWriter(1 + changes.size() * TYPICAL_CHANGE).array(changes.size());
    for (KeyChange change : changes) {
      out.array(3).bytes(change.key());
      votes(out, change.before());
      votes(out, change.after());
    }
    return Bytes.copyOf(out.toByteArray());
  }

  /**
   * Decodes key changes.
   *
   * @throws DecodeException if they are not encoded as {@link #encodeChanges} does
   */
  public static List<KeyChange> decodeChanges(Bytes encoded) throws DecodeException {
    if (encoded.equals(EMPTY_LIST)) {
      return List.of();
    }
    List<KeyChange> changes = new ArrayList<>();
    try (CborReader in = new CborReader(encoded.toByteArray())) {
      beginArray(in, "key changes");
      while (in.nextElement("key changes", 0)) {
        in.beginArray("key change");
        Bytes key = next(in, "key").bytes("key");
        changes.add(new KeyChange(key, votes(in, "votes before"), votes(in, "votes after")));
        end(in, "key change");
      }
    }
    return canonical(List.copyOf(changes), encodeChanges(changes), encoded);
  }

  /** Encodes key ids: an array of byte strings. */
  public static Bytes encodeKeys(List<Bytes> keys) {
    CanonicalWriter out = new CanonicalWriter(1 + keys.size() * TYPICAL_CHANGE);
    keys(out, keys);
    return Bytes.copyOf(out.toByteArray());
  }

  /**
   * Decodes key ids.
   *
   * @throws DecodeException if they are not encoded as {@link #encodeKeys} does
   */
  public static List<Bytes> decodeKeys(Bytes encoded) throws DecodeException {
    if (encoded.equals(EMPTY_LIST)) {
      return List.of();
    }
    List<Bytes> keys;
    try (CborReader in = new CborReader(encoded.toByteArray())) {
      in.advance("keys");
      keys = keys(in);
    }
    return canonical(List.copyOf(keys), encodeKeys(keys), encoded);
  }

  /**
   * Encodes what a rewrite inherits: an array of all keys in it, sorted, then an array of [key,
   * time of admission, brought back, lasting, lapsing, removal, lowering], where keys are places in
   * the first array. The AUM that was displaced comes last where there is one.
   */
  public static Bytes encodeInherited(List<Inherited> inherited) {
    List<Bytes> keys = List.copyOf(keysOf(inherited));
    Map<Bytes, Integer> places = new HashMap<>();
    keys.forEach(key -> places.put(key, places.size()));
    CanonicalWriter out =
        new CanonicalWriter(keys.size() * TYPICAL_CHANGE + inherited.size() * TYPICAL_INHERITED);
    out.array(2);
    keys(out, keys);
    out.array(inherited.size());
    for (Inherited each : inherited) {
      out.array(each.displaced().isPresent() ? 8 : 7);
      out.unsigned(places.getOrDefault(each.key(), 0));
      out.unsigned(each.admittedAt().getEpochSecond());
      out.unsigned(each.isBroughtBack() ? 1 : 0);
      takenFinally(out, each.lasting());
      takenFinally(out, each.lapsing());
      standing(out, each.removal(), places);
      standing(out, each.lowering(), places);
      each.displaced().ifPresent(hash -> out.bytes(hash.bytes()));
    }
    return Bytes.copyOf(out.toByteArray());
  }

  /**
   * Decodes what a rewrite inherits.
   *
   * @throws DecodeException if it is not encoded as {@link #encodeInherited} does
   */
  public static List<Inherited> decodeInherited(Bytes encoded) throws DecodeException {
    List<Inherited> inherited = new ArrayList<>();
    try (CborReader in = new CborReader(encoded.toByteArray())) {
      beginArray(in, "inherited");
      List<Bytes> keys = keys(next(in, "keys"));
      beginArray(in, "inherited");
      while (in.nextElement("inherited", 0)) {
        in.beginArray("inherited");
        inherited.add(
            new Inherited(
                key(next(in, "key"), keys),
                time(next(in, "admitted"), "admitted"),
                flag(next(in, "brought back")),
                takenFinally(next(in, "lasting")),
                takenFinally(next(in, "lapsing")),
                standing(next(in, "removal"), keys),
                standing(next(in, "lowering"), keys),
                displaced(in)));
      }
      end(in, "inherited");
    }
    return canonical(List.copyOf(inherited), encodeInherited(inherited), encoded);
  }

  /** The last element of an array, if it has that one. */
  private static Optional<AumHash> displaced(CborReader in) throws DecodeException {
    if (!in.nextElement("displaced", 0)) {
      return Optional.empty();
    }
    AumHash displaced = AumHash.of(in.bytes("displaced", AumHash.SIZE).toByteArray());
    end(in, "inherited");
    return Optional.of(displaced);
  }

  private static Set<Bytes> keysOf(List<Inherited> inherited) {
    Set<Bytes> keys = new TreeSet<>();
    for (Inherited each : inherited) {
      keys.add(each.key());
      each.removal().ifPresent(standing -> keys.addAll(standing.heaviest()));
      each.lowering().ifPresent(standing -> keys.addAll(standing.heaviest()));
    }
    return keys;
  }

  private static void keys(CanonicalWriter out, List<Bytes> keys) {
    out.array(keys.size());
    keys.forEach(out::bytes);
  }

  private static List<Bytes> keys(CborReader in) throws DecodeException {
    List<Bytes> keys = new ArrayList<>();
    in.beginArray("keys");
    while (in.nextElement("keys", 0)) {
      keys.add(in.bytes("key"));
    }
    return keys;
  }

  private static void takenFinally(CanonicalWriter out, Optional<Inherited.Final> taken) {
    if (taken.isEmpty()) {
      out.nil();
      return;
    }
    out.array(3).bytes(taken.get().by().bytes());
    votes(out, taken.get().left());
    votes(out, taken.get().votes());
  }

  private static Optional<Inherited.Final> takenFinally(CborReader in) throws DecodeException {
    if (in.isNull()) {
      return Optional.empty();
    }
    in.beginArray("final");
    Inherited.Final taken =
        new Inherited.Final(hash(in), votes(in, "votes left"), votes(in, "votes"));
    end(in, "final");
    return Optional.of(taken);
  }

  private static void standing(
      CanonicalWriter out, Optional<Inherited.Standing> taken, Map<Bytes, Integer> places) {
    if (taken.isEmpty()) {
      out.nil();
      return;
    }
    Inherited.Standing standing = taken.get();
    out.array(5).bytes(standing.by().bytes());
    votes(out, standing.votes());
    out.unsigned(standing.away().toSeconds());
    out.unsigned(standing.since().getEpochSecond());
    out.array(standing.heaviest().size());
    standing.heaviest().stream()
        .map(key -> places.getOrDefault(key, 0))
        .sorted()
        .forEach(out::unsigned);
  }

  private static Optional<Inherited.Standing> standing(CborReader in, List<Bytes> keys)
      throws DecodeException {
    if (in.isNull()) {
      return Optional.empty();
    }
    in.beginArray("standing");
    AumHash by = hash(in);
    long votes = votes(in, "votes");
    // A time since the epoch has the bounds of a duration that can be added to one.
    Duration away = Duration.between(Instant.EPOCH, time(next(in, "away"), "away"));
    Instant since = time(next(in, "since"), "since");
    Set<Bytes> heaviest = new HashSet<>();
    beginArray(in, "heaviest");
    while (in.nextElement("heaviest", 0)) {
      heaviest.add(key(in, keys));
    }
    end(in, "standing");
    return Optional.of(new Inherited.Standing(by, votes, away, since, heaviest));
  }

  private static Bytes key(CborReader in, List<Bytes> keys) throws DecodeException {
    long place = in.unsigned("key");
    if (place < 0 || place >= keys.size()) {
      throw outOfRange(in, "key", "less than " + keys.size(), Long.toUnsignedString(place));
    }
    return keys.get((int) place);
  }

  private static boolean flag(CborReader in) throws DecodeException {
    long value = in.unsigned("brought back");
    if (value < 0 || value > 1) {
      throw outOfRange(in, "brought back", "0 or 1", Long.toUnsignedString(value));
    }
    return value == 1;
  }

  private static AumHash hash(CborReader in) throws DecodeException {
    return AumHash.of(next(in, "AUM").bytes("AUM", AumHash.SIZE).toByteArray());
  }

  private static Instant time(CborReader in, String field) throws DecodeException {
    long seconds = in.unsigned(field);
    if (seconds < 0 || seconds > Limits.LATEST_COMMIT.getEpochSecond()) {
      throw outOfRange(
          in, field, "at most " + Limits.LATEST_COMMIT, Long.toUnsignedString(seconds));
    }
    return Instant.ofEpochSecond(seconds);
  }

  private static void votes(CanonicalWriter out, long votes) {
    if (votes == KeyChange.UNKNOWN) {
      out.nil();
    } else {
      out.unsigned(votes);
    }
  }

  private static long votes(CborReader in, String field) throws DecodeException {
    if (next(in, field).isNull()) {
      return KeyChange.UNKNOWN;
    }
    long votes = in.unsigned(field);
    if (votes < 0) {
      throw outOfRange(in, field, "less than 2^63", Long.toUnsignedString(votes));
    }
    return votes;
  }

  private static CborReader next(CborReader in, String field) throws DecodeException {
    in.advance(field);
    return in;
  }

  private static void beginArray(CborReader in, String field) throws DecodeException {
    next(in, field).beginArray(field);
  }

  private static void end(CborReader in, String field) throws DecodeException {
    if (in.nextElement(field, 0)) {
      throw outOfRange(in, field, "the end of the array", "another element");
    }
  }

  private static DecodeException outOfRange(
      CborReader in, String field, String expected, String found) {
    return new DecodeException.OutOfRange(in.offset(), field, expected, found);
  }

  /** Lets only the one encoding of a value pass. */
  private static <T> T canonical(T value, Bytes canonical, Bytes found) throws DecodeException {
    CborReader.requireCanonical("note", canonical.toByteArray(), found.toByteArray());
    return value;
  }
}
