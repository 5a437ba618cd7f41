package dev.tka.store.directory;

import dev.tka.core.Aum;
import dev.tka.core.Bytes;
import dev.tka.core.DecodeException;
import dev.tka.core.internal.CanonicalWriter;
import dev.tka.core.internal.CborReader;
import dev.tka.core.store.Commit;
import dev.tka.core.store.Limits;
import java.time.Instant;
import java.util.HashSet;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * One file of a shipping node's directory (protocol, section 9): a CBOR map around an AUM. The
 * map's encoding may be lax (unknown fields, any order, long integers, trailing bytes), but has no
 * duplicate keys, tags or indefinite lengths; the AUM in it is canonical.
 *
 * @param aum field 2
 * @param committedAt field 3, or the file's modification time; seconds since the epoch
 * @param purgedAt field 4: when the AUM was deleted; empty while it is held
 */
record AumFile(Aum aum, long committedAt, Optional<Long> purgedAt) {
  private static final long LAST_SECOND = Instant.MAX.getEpochSecond();

  /** A file from before it would have no time in its map if it was written again. */
  private static final long FIRST_SECOND = Limits.EARLIEST_COMMIT.getEpochSecond();

  private static final int AUM_FIELD = 2;
  private static final int COMMITTED_FIELD = 3;
  private static final int PURGED_FIELD = 4;

  /** The bytes around an AUM, at most: the map's header, three keys, two times. */
  static final int ENVELOPE_SIZE = 1 + 3 + 2 * 9;

  private static final int MAJOR_TYPE_SHIFT = 5;
  private static final int INDEFINITE = 0x1f;

  /**
   * Parses a file.
   *
   * @param modified when the file was last changed, in seconds since the epoch
   * @return empty if the file holds no AUM, which the reference treats as a missing file
   * @throws DecodeException if the content is not such a map
   */
  static Optional<AumFile> parse(byte[] content, long modified) throws DecodeException {
    Optional<byte[]> aum = Optional.empty();
    long committedAt = 0;
    long purgedAt = 0;
    try (CborReader in = new CborReader(content)) {
      in.advance("file");
      requireDefinite(in);
      if (in.isNull()) {
        return Optional.empty();
      }
      in.beginMap("file");
      Set<String> keys = new HashSet<>();
      while (in.nextKey("file")) {
        // A text key that spells a number is not that number's key.
        boolean integer = in.initialByte() >> MAJOR_TYPE_SHIFT <= 1;
        String key = (integer ? "" : "text ") + in.key("file");
        requireDefinite(in);
        if (!keys.add(key)) {
          throw new DecodeException.FieldOrder(in.offset(), "file", key, key);
        }
        in.advance("file field " + key);
        requireDefinite(in);
        switch (key) {
          case "" + AUM_FIELD ->
              aum = in.isNull() ? Optional.empty() : Optional.of(in.skipRaw("AUM"));
          case "" + COMMITTED_FIELD -> committedAt = in.isNull() ? 0 : in.signed("commit time");
          case "" + PURGED_FIELD -> purgedAt = in.isNull() ? 0 : in.signed("purge time");
          default -> in.skipRaw("file field " + key);
        }
      }
    }
    if (aum.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        new AumFile(
            Aum.decode(aum.get()),
            // A time beyond the calendar's end still sorts after all others.
            committedAt > 0 ? Math.min(committedAt, LAST_SECOND) : Math.max(FIRST_SECOND, modified),
            purgedAt > 0 ? Optional.of(purgedAt) : Optional.empty()));
  }

  /** The file for an AUM that a commit adds. */
  static AumFile of(Commit.Addition addition) {
    return new AumFile(addition.aum(), addition.committedAt().getEpochSecond(), Optional.empty());
  }

  /** The file's content, byte for byte as the reference writes it. */
  byte[] encode() {
    Bytes encoded = aum.encoded();
    CanonicalWriter out = new CanonicalWriter(encoded.size() + ENVELOPE_SIZE);
    out.map(purgedAt.isPresent() ? 3 : 2).unsigned(AUM_FIELD).raw(encoded.toByteArray());
    out.unsigned(COMMITTED_FIELD).unsigned(committedAt);
    purgedAt.ifPresent(time -> out.unsigned(PURGED_FIELD).unsigned(time));
    return out.toByteArray();
  }

  /** This file, deleted at a time in seconds since the epoch. */
  AumFile purged(long time) {
    return new AumFile(aum, committedAt, Optional.of(time));
  }

  /** This file, not deleted. */
  AumFile restored() {
    return new AumFile(aum, committedAt, Optional.empty());
  }

  /** True unless the AUM was deleted. */
  boolean isHeld() {
    return purgedAt.isEmpty();
  }

  /** The AUM as a commit adds it, with its recorded time and without facts. */
  Commit.Addition toAddition() {
    return new Commit.Addition(aum, Instant.ofEpochSecond(committedAt));
  }

  // What a record has of its own is generated when it is first called, in every run anew, and takes
  // longer than all else that a short command does in a directory.
  @Override
  public boolean equals(Object other) {
    return other instanceof AumFile file
        && aum.equals(file.aum)
        && committedAt == file.committedAt
        && purgedAt.equals(file.purgedAt);
  }

  @Override
  public int hashCode() {
    return Objects.hash(aum, committedAt, purgedAt);
  }

  private static void requireDefinite(CborReader in) throws DecodeException {
    if ((in.initialByte() & INDEFINITE) == INDEFINITE) {
      throw new DecodeException.Malformed(in.offset(), "file: an indefinite length");
    }
  }
}
