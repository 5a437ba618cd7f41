package dev.tka.store.sql;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumKind;
import dev.tka.core.Bytes;
import dev.tka.core.DecodeException;
import dev.tka.core.store.AumEntry;
import dev.tka.core.store.AumFacts;
import dev.tka.core.store.AumIndex;
import dev.tka.core.store.Inherited;
import dev.tka.core.store.KeyChange;
import dev.tka.core.store.NotesCodec;
import dev.tka.core.store.OwnAums;
import dev.tka.core.store.OwnTime;
import dev.tka.core.store.StoreException;
import dev.tka.core.store.TrailEntry;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Converts values to rows of the tables described in {@code sqlite-1.sql} and {@code
 * sqlite-1-facts.sql}, and back.
 */
final class Rows {
  private static final int MAX_KIND = 255;

  private static final int MAX_SIZE = Integer.MAX_VALUE;

  /** How many columns of an AUM, and of an entry of the trail, enter the tailnet's checksum. */
  static final int AUM_COLUMNS = 6;

  static final int TRAIL_COLUMNS = 10;
  static final int OWN_COLUMNS = 3;

  private static final int AUM_CHECKSUM = 11;
  private static final int BODY_SIZE = 12;

  private Rows() {}

  /** The columns of an AUM that enter the tailnet's checksum. */
  static Row aum(long tailnet, long number, AumEntry entry) {
    return Row.of(
        "aum",
        tailnet,
        number,
        entry.hash(),
        entry.parent(),
        (long) entry.kind().code(),
        entry.committedAt().getEpochSecond());
  }

  /** The columns of {@link #aum}. */
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

  /** The other columns of an AUM. */
  static Row aumFacts(long tailnet, AumIndex.Item<Long> item) {
    Row facts =
        Row.of(
            "aum",
            (long) item.size(),
            item.facts().map(each -> each.own().getEpochSecond()),
            item.facts().flatMap(AumFacts::reference).map(Instant::getEpochSecond),
            item.facts().map(each -> NotesCodec.encodeChanges(each.changes())),
            item.facts().map(each -> NotesCodec.encodeKeys(each.signers())));
    return facts.with(checksumOfFacts(aum(tailnet, item), facts));
  }

  private static long checksumOfFacts(Row aum, Row facts) {
    return Row.joined(List.of(aum, facts)).checksum();
  }

  /**
   * Parses a row of an AUM.
   *
   * @param row the columns of {@link #aum}, those of {@link #aumFacts}, and the size of the body if
   *     there are none of the latter
   */
  static AumIndex.Item<Long> parseAum(Row row) throws StoreException.Damaged {
    boolean noted = row.columns().get(AUM_CHECKSUM).isPresent();
    if (noted) {
      Row facts = row.part(AUM_COLUMNS, AUM_CHECKSUM);
      row.requireChecksum(AUM_CHECKSUM, checksumOfFacts(row.part(0, AUM_COLUMNS), facts));
    }
    Optional<Instant> own = noted ? optionalSeconds(row, 7) : Optional.empty();
    return new AumIndex.Item<>(
        row.hash(2),
        row.optionalHash(3),
        new AumKind(row.number(4, 0, MAX_KIND)),
        seconds(row, 5).getEpochSecond(),
        own.isEmpty()
            ? Optional.empty()
            : Optional.of(
                new AumFacts(
                    own.get(), optionalSeconds(row, 8), parseChanges(row, 9), parseKeys(row, 10))),
        noted
            ? row.number(6, 0, MAX_SIZE)
            // Without a body, reading it tells what is wrong.
            : row.columns().get(BODY_SIZE).isEmpty() ? 0 : row.number(BODY_SIZE, 0, MAX_SIZE),
        row.number(1));
  }

  /** The columns of an entry that enter the tailnet's checksum. */
  static Row trail(long tailnet, long position, TrailEntry entry) {
    return Row.of(
        "trail",
        tailnet,
        position,
        entry.hash(),
        entry.parent(),
        (long) entry.kind().code(),
        entry.committedAt().getEpochSecond(),
        NotesCodec.encodeKeys(entry.signers()),
        NotesCodec.encodeKeys(entry.added()),
        NotesCodec.encodeKeys(entry.takenAway()),
        entry.checkpoint());
  }

  static Row trailFacts(long tailnet, long position, TrailEntry entry) {
    return Row.of(
            "trail_facts",
            tailnet,
            position,
            entry.hash(),
            entry.own().map(Instant::getEpochSecond),
            entry.reference().map(Instant::getEpochSecond),
            NotesCodec.encodeChanges(entry.changes()))
        .withChecksum();
  }

  /**
   * Parses an entry.
   *
   * @param row the columns of {@link #trail}, then the last four of {@link #trailFacts}, if there
   *     are any
   */
  static TrailEntry parseTrail(Row row) throws StoreException.Damaged {
    boolean noted = row.columns().get(13).isPresent();
    if (noted) {
      Row key = Row.joined("trail_facts", List.of(row.part(0, 3), row.part(TRAIL_COLUMNS, 13)));
      row.requireChecksum(13, key.checksum());
    }
    List<KeyChange> changes = new ArrayList<>();
    if (noted) {
      changes.addAll(parseChanges(row, 12));
    } else {
      parseKeys(row, 8).forEach(key -> changes.add(new KeyChange(key, KeyChange.UNKNOWN, 0)));
      parseKeys(row, 7).forEach(key -> changes.add(new KeyChange(key, 0, KeyChange.UNKNOWN)));
    }
    return new TrailEntry(
        row.hash(2),
        row.optionalHash(3),
        new AumKind(row.number(4, 0, MAX_KIND)),
        seconds(row, 5),
        optionalSeconds(row, 10),
        optionalSeconds(row, 11),
        parseKeys(row, 6),
        changes,
        row.optionalBytes(9));
  }

  /** The columns of an own AUM that enter the tailnet's checksum. */
  static Row own(long tailnet, AumHash hash, OwnAums.Own made) {
    return Row.of(
        "own_aum",
        tailnet,
        hash,
        made.acknowledged().map(OwnAums.Acknowledged::clock).map(Instant::toString));
  }

  /** True if an own AUM has more to it than {@link #own} tells. */
  static boolean hasFacts(OwnAums.Own made) {
    return made.revocation() || made.acknowledged().isPresent();
  }

  static Row ownFacts(long tailnet, AumHash hash, OwnAums.Own made) {
    return Row.of(
            "own_aum_facts",
            tailnet,
            hash,
            made.revocation() ? 1L : 0L,
            made.acknowledged().map(OwnAums.Acknowledged::own).map(Instant::toString))
        .withChecksum();
  }

  /**
   * Parses the note on an own AUM.
   *
   * @param row the columns of {@link #own}, then the last three of {@link #ownFacts}, if there are
   *     any
   */
  static OwnAums.Own parseOwn(Row row) throws StoreException.Damaged {
    Optional<Instant> clock = parseTime(row, 2);
    boolean noted = row.columns().get(5).isPresent();
    if (noted) {
      Row key = Row.joined("own_aum_facts", List.of(row.part(0, 2), row.part(3, 5)));
      row.requireChecksum(5, key.checksum());
    }
    // A store from before begins with its wall-clock times.
    Optional<Instant> own = noted ? parseTime(row, 4).or(() -> clock) : clock;
    return new OwnAums.Own(
        noted && row.number(3, 0, 1) == 1,
        clock.map(time -> new OwnAums.Acknowledged(time, own.orElse(time))));
  }

  static Row elsewhere(long tailnet, AumHash hash) {
    return Row.of("elsewhere_aum", tailnet, hash).withChecksum();
  }

  static AumHash parseElsewhere(Row row) throws StoreException.Damaged {
    row.requireChecksum(2, row.part(0, 2).checksum());
    return row.hash(1);
  }

  static Row inherited(long tailnet, AumHash hash, List<Inherited> kept) {
    return Row.of("inherited", tailnet, hash, NotesCodec.encodeInherited(kept)).withChecksum();
  }

  static List<Inherited> parseInherited(Row row) throws StoreException.Damaged {
    row.requireChecksum(3, row.part(0, 3).checksum());
    try {
      return NotesCodec.decodeInherited(row.bytes(2));
    } catch (DecodeException e) {
      throw row.damaged(2, "what a rewrite keeps", e.getMessage());
    }
  }

  /** The columns of a tailnet for its own time. */
  static Row time(long tailnet, Optional<OwnTime> time) {
    Row row =
        Row.of(
            "tailnet",
            time.map(each -> each.own().getEpochSecond()),
            time.map(each -> each.clock().getEpochSecond()),
            time.map(each -> each.latestClock().getEpochSecond()),
            time.map(each -> each.begun().getEpochSecond()));
    return row.with(time.map(each -> checksumOfTime(tailnet, row)));
  }

  private static long checksumOfTime(long tailnet, Row time) {
    return Row.joined(List.of(Row.of("tailnet", tailnet), time)).checksum();
  }

  /**
   * Parses a note on own time.
   *
   * @param row a tailnet's row
   * @param from the first of the columns of {@link #time}
   */
  static Optional<OwnTime> parseOwnTime(Row row, int from) throws StoreException.Damaged {
    if (row.columns().get(from + 4).isEmpty()) {
      return Optional.empty();
    }
    row.requireChecksum(from + 4, checksumOfTime(row.number(0), row.part(from, from + 4)));
    return Optional.of(
        new OwnTime(
            seconds(row, from),
            seconds(row, from + 1),
            seconds(row, from + 2),
            seconds(row, from + 3)));
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

  private static Optional<Instant> optionalSeconds(Row row, int column)
      throws StoreException.Damaged {
    return row.columns().get(column).isPresent()
        ? Optional.of(seconds(row, column))
        : Optional.empty();
  }

  private static List<KeyChange> parseChanges(Row row, int column) throws StoreException.Damaged {
    try {
      return NotesCodec.decodeChanges(row.bytes(column));
    } catch (DecodeException e) {
      throw row.damaged(column, "key changes", e.getMessage());
    }
  }

  private static List<Bytes> parseKeys(Row row, int column) throws StoreException.Damaged {
    try {
      return NotesCodec.decodeKeys(row.bytes(column));
    } catch (DecodeException e) {
      throw row.damaged(column, "key ids", e.getMessage());
    }
  }
}
