package dev.tka.store.sql;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumKind;
import dev.tka.core.Bytes;
import dev.tka.core.DecodeException;
import dev.tka.core.internal.CanonicalWriter;
import dev.tka.core.internal.CborReader;
import dev.tka.core.store.AumIndex;
import dev.tka.core.store.OwnAums;
import dev.tka.core.store.StoreException;
import dev.tka.core.store.TrailEntry;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Converts values to rows of the tables described in {@code sqlite-1.sql}, and back. */
final class Rows {
  private static final int MAX_KIND = 255;

  /** The size of a typical key id with its length, in bytes. */
  private static final int TYPICAL_KEY_ID = 34;

  private Rows() {}

  static Row aum(long tailnet, AumIndex.Item<Long> item) {
    return Row.of(
        "aum",
        tailnet,
        item.body(),
        item.hash(),
        item.parent(),
        (long) item.kind().code(),
        item.committedAt());
  }

  static AumIndex.Item<Long> parseAum(Row row) throws StoreException.Damaged {
    return new AumIndex.Item<>(
        row.hash(2),
        row.optionalHash(3),
        new AumKind(row.number(4, 0, MAX_KIND)),
        seconds(row, 5).getEpochSecond(),
        row.number(1));
  }

  static Row trail(long tailnet, long position, TrailEntry entry) {
    return Row.of(
        "trail",
        tailnet,
        position,
        entry.hash(),
        entry.parent(),
        (long) entry.kind().code(),
        entry.committedAt().getEpochSecond(),
        keyIds(entry.signers()),
        keyIds(entry.added()),
        keyIds(entry.takenAway()),
        entry.checkpoint());
  }

  static TrailEntry parseTrail(Row row) throws StoreException.Damaged {
    return new TrailEntry(
        row.hash(2),
        row.optionalHash(3),
        new AumKind(row.number(4, 0, MAX_KIND)),
        seconds(row, 5),
        parseKeyIds(row, 6),
        parseKeyIds(row, 7),
        parseKeyIds(row, 8),
        row.optionalBytes(9));
  }

  static Row own(long tailnet, AumHash hash, Optional<Instant> acknowledgedAt) {
    return Row.of("own_aum", tailnet, hash, acknowledgedAt.map(Instant::toString));
  }

  static Optional<Instant> parseAcknowledgedAt(Row row) throws StoreException.Damaged {
    return parseTime(row, 2);
  }

  static Row aside(long tailnet, long position, OwnAums.SetAside edit) {
    return Row.of(
        "set_aside",
        tailnet,
        position,
        edit.aum().encoded(),
        edit.at().toString(),
        edit.revocation() ? 1L : 0L);
  }

  static OwnAums.SetAside parseAside(Row row) throws StoreException.Damaged {
    Instant at = parseTime(row, 3).orElseThrow(() -> row.damaged(3, "a time", "nothing"));
    try {
      return new OwnAums.SetAside(
          Aum.decode(row.bytes(2).toByteArray()), at, row.number(4, 0, 1) == 1);
    } catch (DecodeException e) {
      throw row.damaged(2, "an AUM", e.getMessage());
    }
  }

  /** An optional time, in ISO 8601. */
  static Optional<Instant> parseTime(Row row, int column) throws StoreException.Damaged {
    Optional<String> text = row.optionalText(column);
    try {
      return text.map(Instant::parse);
    } catch (DateTimeException e) {
      throw row.damaged(column, "a time", "\"" + text.orElse("") + "\"");
    }
  }

  private static Instant seconds(Row row, int column) throws StoreException.Damaged {
    try {
      return Instant.ofEpochSecond(row.number(column));
    } catch (DateTimeException e) {
      throw row.damaged(column, "a time", Long.toString(row.number(column)));
    }
  }

  private static Bytes keyIds(List<Bytes> ids) {
    CanonicalWriter out = new CanonicalWriter(1 + ids.size() * TYPICAL_KEY_ID).array(ids.size());
    ids.forEach(out::bytes);
    return Bytes.copyOf(out.toByteArray());
  }

  private static List<Bytes> parseKeyIds(Row row, int column) throws StoreException.Damaged {
    List<Bytes> ids = new ArrayList<>();
    try (CborReader in = new CborReader(row.bytes(column).toByteArray())) {
      in.advance("key ids");
      in.beginArray("key ids");
      // Keys are added one by one, so there may be more than an array of an AUM has.
      while (in.nextElement("key ids", 0)) {
        ids.add(in.bytes("key id"));
      }
    } catch (DecodeException e) {
      throw row.damaged(column, "key ids", e.getMessage());
    }
    return ids;
  }
}
