package dev.tka.store.export;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumKind;
import dev.tka.core.Bytes;
import dev.tka.core.DecodeException;
import dev.tka.core.internal.Blake2s;
import dev.tka.core.internal.CanonicalWriter;
import dev.tka.core.internal.CborReader;
import dev.tka.core.store.Inherited;
import dev.tka.core.store.KeyChange;
import dev.tka.core.store.Limits;
import dev.tka.core.store.NotesCodec;
import dev.tka.core.store.OwnAums;
import dev.tka.core.store.OwnTime;
import dev.tka.core.store.StoreException;
import dev.tka.core.store.TrailEntry;
import dev.tka.store.Tailnets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * One item of an export, as docs/export-format.md describes it. What is read of version 1 can also
 * be written again, which shows that it is as its writer wrote it.
 */
sealed interface ExportItem {
  /** The format's version. */
  int VERSION = 2;

  /** The version that older versions of this software wrote. */
  int OLD_VERSION = 1;

  /** The item's canonical encoding. */
  default byte[] encode() {
    return encode(VERSION);
  }

  /** The item's canonical encoding in a version of the format. */
  default byte[] encode(int version) {
    CanonicalWriter out = new CanonicalWriter(256);
    writeTo(out, version);
    return out.toByteArray();
  }

  /** Writes the item, in a version of the format. */
  void writeTo(CanonicalWriter out, int version);

  /**
   * The beginning of a tailnet, with its single facts and its numbers of items.
   *
   * @param version the format's version
   * @param tailnet its name; empty if the store has no names
   * @param following the number of tailnets that follow
   * @param time the store's note of its own time; empty if it has none
   * @param aums the number of {@link Stored} items
   * @param remembered the number of {@link Remembered} items
   * @param own the number of {@link Own} items
   * @param elsewhere the number of {@link Elsewhere} items
   * @param setAside the number of {@link SetAside} items
   */
  record Header(
      int version,
      String tailnet,
      long following,
      Optional<AumHash> lastActiveAncestor,
      Optional<Instant> agreedAt,
      Optional<OwnTime> time,
      long aums,
      long remembered,
      long own,
      long elsewhere,
      long setAside)
      implements ExportItem {
    private static final String MAGIC = "tka export";

    long items() {
      return remembered + aums + own + elsewhere + setAside;
    }

    @Override
    public byte[] encode() {
      return encode(version);
    }

    @Override
    public void writeTo(CanonicalWriter out, int asVersion) {
      boolean isOld = asVersion == OLD_VERSION;
      out.array(isOld ? 10 : 12).text(MAGIC).unsigned(asVersion).text(tailnet).unsigned(following);
      hash(out, lastActiveAncestor);
      text(out, agreedAt);
      if (!isOld) {
        time.ifPresentOrElse(
            note -> {
              out.array(4).text(note.own().toString()).text(note.clock().toString());
              out.text(note.latestClock().toString()).text(note.begun().toString());
            },
            out::nil);
      }
      out.unsigned(aums).unsigned(remembered).unsigned(own);
      if (!isOld) {
        out.unsigned(elsewhere);
      }
      out.unsigned(setAside);
    }
  }

  /**
   * The trail entry of a purged AUM.
   *
   * @param inherited what it keeps of a branch that it displaced, if it did
   */
  record Remembered(TrailEntry entry, Optional<List<Inherited>> inherited) implements ExportItem {
    static final int CODE = 1;

    @Override
    public void writeTo(CanonicalWriter out, int version) {
      boolean isOld = version == OLD_VERSION;
      out.array(isOld ? 9 : 11).unsigned(CODE).bytes(entry.hash().toByteArray());
      hash(out, entry.parent());
      out.unsigned(entry.kind().code()).unsigned(entry.committedAt().getEpochSecond());
      if (isOld) {
        keyIds(out, entry.signers());
        keyIds(out, entry.added());
        keyIds(out, entry.takenAway());
      } else {
        seconds(out, entry.own());
        seconds(out, entry.reference());
        keyIds(out, entry.signers());
        out.raw(NotesCodec.encodeChanges(entry.changes()).toByteArray());
        writeInherited(out, inherited);
      }
      entry.checkpoint().ifPresentOrElse(out::bytes, out::nil);
    }
  }

  /**
   * A stored AUM. The keys that it changes are not among the facts, since a reader computes the
   * states before and after it.
   *
   * @param own the store's own time when it was committed, if it was noted
   * @param reference the reference time then, if there was one
   * @param inherited what it keeps of a branch that it displaced, if it did
   * @param encoded its canonical encoding
   */
  record Stored(
      Instant committedAt,
      Optional<Instant> own,
      Optional<Instant> reference,
      Optional<List<Inherited>> inherited,
      Bytes encoded)
      implements ExportItem {
    static final int CODE = 2;

    @Override
    public void writeTo(CanonicalWriter out, int version) {
      out.array(version == OLD_VERSION ? 3 : 6).unsigned(CODE);
      out.unsigned(committedAt.getEpochSecond());
      if (version != OLD_VERSION) {
        seconds(out, own);
        seconds(out, reference);
        writeInherited(out, inherited);
      }
      out.bytes(encoded);
    }
  }

  /** An own AUM. */
  record Own(AumHash hash, OwnAums.Own made) implements ExportItem {
    static final int CODE = 3;

    @Override
    public void writeTo(CanonicalWriter out, int version) {
      boolean isOld = version == OLD_VERSION;
      out.array(isOld ? 3 : 5).unsigned(CODE).bytes(hash.toByteArray());
      if (!isOld) {
        out.unsigned(made.revocation() ? 1 : 0);
      }
      text(out, made.acknowledged().map(OwnAums.Acknowledged::clock));
      if (!isOld) {
        text(out, made.acknowledged().map(OwnAums.Acknowledged::own));
      }
    }
  }

  /** An edit that control did not accept. */
  record SetAside(OwnAums.SetAside edit) implements ExportItem {
    static final int CODE = 4;

    @Override
    public void writeTo(CanonicalWriter out, int version) {
      out.array(4).unsigned(CODE).text(edit.at().toString()).unsigned(edit.revocation() ? 1 : 0);
      out.bytes(edit.aum().encoded());
    }
  }

  /**
   * The end of a tailnet.
   *
   * @param checksum BLAKE2s-256 of everything from its header up to here
   */
  record End(Bytes checksum) implements ExportItem {
    static final int CODE = 5;

    @Override
    public void writeTo(CanonicalWriter out, int version) {
      out.array(2).unsigned(CODE).bytes(checksum);
    }
  }

  /** An AUM that came neither from here nor from control, and that control may not have. */
  record Elsewhere(AumHash hash) implements ExportItem {
    static final int CODE = 6;

    @Override
    public void writeTo(CanonicalWriter out, int version) {
      out.array(2).unsigned(CODE).bytes(hash.toByteArray());
    }
  }

  private static void hash(CanonicalWriter out, Optional<AumHash> hash) {
    hash.ifPresentOrElse(present -> out.bytes(present.toByteArray()), out::nil);
  }

  private static void writeInherited(CanonicalWriter out, Optional<List<Inherited>> inherited) {
    inherited.ifPresentOrElse(
        kept -> out.raw(NotesCodec.encodeInherited(kept).toByteArray()), out::nil);
  }

  private static void text(CanonicalWriter out, Optional<Instant> time) {
    time.ifPresentOrElse(present -> out.text(present.toString()), out::nil);
  }

  private static void seconds(CanonicalWriter out, Optional<Instant> time) {
    time.ifPresentOrElse(present -> out.unsigned(present.getEpochSecond()), out::nil);
  }

  private static void keyIds(CanonicalWriter out, List<Bytes> ids) {
    out.array(ids.size());
    ids.forEach(out::bytes);
  }

  /**
   * Parses a header.
   *
   * @throws StoreException.Newer if its version is newer than this one
   * @throws DecodeException if it is not a header
   */
  static Header parseHeader(byte[] item) throws DecodeException, StoreException.Newer {
    try (CborReader in = new CborReader(item)) {
      in.advance("header");
      in.beginArray("header");
      in.advance("magic text");
      if (!in.text("magic text").equals(Header.MAGIC)) {
        throw new DecodeException.OutOfRange(
            in.offset(), "magic text", '"' + Header.MAGIC + '"', "another");
      }
      in.advance("version");
      long version = in.unsigned("version");
      if (version == 0) {
        throw new DecodeException.OutOfRange(in.offset(), "version", "1 or more", "0");
      }
      if (version < 0 || version > VERSION) {
        throw new StoreException.Newer("export", VERSION, version);
      }
      boolean isOld = version == OLD_VERSION;
      Header header =
          new Header(
              (int) version,
              name(in),
              number(in, "tailnets that follow"),
              hashOrNull(in, "last active ancestor"),
              timeOrNull(in, "time of agreement"),
              isOld ? Optional.empty() : ownTime(in),
              number(in, "AUMs"),
              number(in, "trail entries"),
              number(in, "own AUMs"),
              isOld ? 0 : number(in, "AUMs from elsewhere"),
              number(in, "edits set aside"));
      if (header.items() > Limits.MAX_EXPORT_ITEMS) {
        throw new DecodeException.LimitExceeded(in.offset(), "items", Limits.MAX_EXPORT_ITEMS);
      }
      return requireCanonical(header, (int) version, in, item);
    }
  }

  /**
   * Parses an item that is not a header.
   *
   * @param version the version that the header names
   * @throws DecodeException if it is not an item that this version knows
   */
  static ExportItem parse(byte[] item, int version) throws DecodeException {
    try (CborReader in = new CborReader(item)) {
      in.advance("item");
      in.beginArray("item");
      in.advance("kind of item");
      int code = in.unsignedByte("kind of item");
      ExportItem parsed =
          switch (code) {
            case Remembered.CODE -> version == OLD_VERSION ? oldEntry(in) : entry(in);
            case Stored.CODE -> version == OLD_VERSION ? oldAum(in) : aum(in);
            case Own.CODE -> version == OLD_VERSION ? oldOwn(in) : own(in);
            case SetAside.CODE -> new SetAside(edit(in));
            case End.CODE -> new End(next(in, "checksum").bytes("checksum", Blake2s.SIZE));
            case Elsewhere.CODE -> new Elsewhere(hash(in, "AUM from elsewhere"));
            default ->
                throw new DecodeException.OutOfRange(
                    in.offset(), "kind of item", "1 to 6", Integer.toString(code));
          };
      return requireCanonical(parsed, version, in, item);
    }
  }

  private static <T extends ExportItem> T requireCanonical(
      T parsed, int version, CborReader in, byte[] item) throws DecodeException {
    if (in.nextElement("item", 0)) {
      throw new DecodeException.OutOfRange(in.offset(), "item", "its end", "another element");
    }
    CborReader.requireCanonical("item", parsed.encode(version), item);
    return parsed;
  }

  private static Optional<OwnTime> ownTime(CborReader in) throws DecodeException {
    if (next(in, "own time").isNull()) {
      return Optional.empty();
    }
    in.beginArray("own time");
    OwnTime time =
        new OwnTime(
            time(next(in, "own time"), "own time"),
            time(next(in, "clock"), "clock"),
            time(next(in, "latest clock"), "latest clock"),
            time(next(in, "beginning"), "beginning"));
    end(in, "own time");
    return Optional.of(time);
  }

  private static Remembered entry(CborReader in) throws DecodeException {
    AumHash hash = hash(in, "trail entry");
    Optional<AumHash> parent = hashOrNull(in, "parent");
    AumKind kind = new AumKind(next(in, "kind").unsignedByte("kind"));
    Instant committedAt = seconds(in, "commit time");
    Optional<Instant> own = secondsOrNull(in, "own time");
    Optional<Instant> reference = secondsOrNull(in, "reference time");
    List<Bytes> signers = keyIds(in, "signers");
    List<KeyChange> changes = changes(in);
    Optional<List<Inherited>> inherited = inherited(in);
    Optional<Bytes> checkpoint = next(in, "checkpoint").bytesOrNull("checkpoint");
    return new Remembered(
        new TrailEntry(
            hash, parent, kind, committedAt, own, reference, signers, changes, checkpoint),
        inherited);
  }

  /** Version 1 did not note votes. */
  private static Remembered oldEntry(CborReader in) throws DecodeException {
    return new Remembered(
        new TrailEntry(
            hash(in, "trail entry"),
            hashOrNull(in, "parent"),
            new AumKind(next(in, "kind").unsignedByte("kind")),
            seconds(in, "commit time"),
            Optional.empty(),
            Optional.empty(),
            keyIds(in, "signers"),
            changes(keyIds(in, "keys added"), keyIds(in, "keys taken away")),
            next(in, "checkpoint").bytesOrNull("checkpoint")),
        Optional.empty());
  }

  private static Stored aum(CborReader in) throws DecodeException {
    return new Stored(
        seconds(in, "commit time"),
        secondsOrNull(in, "own time"),
        secondsOrNull(in, "reference time"),
        inherited(in),
        encoded(in));
  }

  private static Stored oldAum(CborReader in) throws DecodeException {
    return new Stored(
        seconds(in, "commit time"),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        encoded(in));
  }

  private static Own own(CborReader in) throws DecodeException {
    AumHash hash = hash(in, "own AUM");
    boolean revocation = flag(in, "revocation");
    Optional<Instant> clock = timeOrNull(in, "time of acknowledgement");
    Optional<Instant> own = timeOrNull(in, "own time of acknowledgement");
    if (clock.isPresent() != own.isPresent()) {
      throw new DecodeException.OutOfRange(
          in.offset(), "acknowledgement", "a time by both clocks", "one by one of them");
    }
    return new Own(
        hash,
        new OwnAums.Own(
            revocation, clock.map(time -> new OwnAums.Acknowledged(time, own.orElseThrow()))));
  }

  /** Version 1 knew only the wall clock, with which own time begins. */
  private static Own oldOwn(CborReader in) throws DecodeException {
    AumHash hash = hash(in, "own AUM");
    Optional<Instant> clock = timeOrNull(in, "time of acknowledgement");
    return new Own(
        hash, new OwnAums.Own(false, clock.map(time -> new OwnAums.Acknowledged(time, time))));
  }

  private static List<KeyChange> changes(CborReader in) throws DecodeException {
    return NotesCodec.decodeChanges(Bytes.copyOf(next(in, "changes").skipRaw("changes")));
  }

  private static Optional<List<Inherited>> inherited(CborReader in) throws DecodeException {
    return next(in, "inherited").isNull()
        ? Optional.empty()
        : Optional.of(NotesCodec.decodeInherited(Bytes.copyOf(in.skipRaw("inherited"))));
  }

  private static boolean flag(CborReader in, String field) throws DecodeException {
    // Another number is not canonical.
    return next(in, field).unsigned(field) != 0;
  }

  private static void end(CborReader in, String field) throws DecodeException {
    if (in.nextElement(field, 0)) {
      throw new DecodeException.OutOfRange(in.offset(), field, "its end", "another element");
    }
  }

  private static List<KeyChange> changes(List<Bytes> added, List<Bytes> takenAway) {
    List<KeyChange> changes = new ArrayList<>();
    added.forEach(key -> changes.add(new KeyChange(key, 0, KeyChange.UNKNOWN)));
    takenAway.forEach(key -> changes.add(new KeyChange(key, KeyChange.UNKNOWN, 0)));
    return changes;
  }

  private static OwnAums.SetAside edit(CborReader in) throws DecodeException {
    Instant at = time(next(in, "time"), "time");
    boolean revocation = flag(in, "revocation");
    return new OwnAums.SetAside(Aum.decode(encoded(in).toByteArray()), at, revocation);
  }

  private static CborReader next(CborReader in, String field) throws DecodeException {
    in.advance(field);
    return in;
  }

  private static String name(CborReader in) throws DecodeException {
    String name = next(in, "name").text("name");
    if (!name.isEmpty() && !Tailnets.isName(name)) {
      throw new DecodeException.OutOfRange(
          in.offset(), "name", Tailnets.NAME, name.length() + " characters");
    }
    return name;
  }

  private static long number(CborReader in, String field) throws DecodeException {
    long number = next(in, field).unsigned(field);
    if (number < 0 || number > Limits.MAX_EXPORT_ITEMS) {
      throw new DecodeException.LimitExceeded(in.offset(), field, Limits.MAX_EXPORT_ITEMS);
    }
    return number;
  }

  private static AumHash hash(CborReader in, String field) throws DecodeException {
    return AumHash.of(next(in, field).bytes(field, AumHash.SIZE).toByteArray());
  }

  private static Optional<AumHash> hashOrNull(CborReader in, String field) throws DecodeException {
    return next(in, field).isNull()
        ? Optional.empty()
        : Optional.of(AumHash.of(in.bytes(field, AumHash.SIZE).toByteArray()));
  }

  private static Bytes encoded(CborReader in) throws DecodeException {
    Bytes encoded = next(in, "AUM").bytes("AUM");
    if (!Limits.isStorable(encoded.size())) {
      throw new DecodeException.LimitExceeded(in.offset(), "bytes of an AUM", Limits.MAX_AUM_BYTES);
    }
    return encoded;
  }

  private static List<Bytes> keyIds(CborReader in, String field) throws DecodeException {
    next(in, field).beginArray(field);
    List<Bytes> ids = new ArrayList<>();
    // Keys are added one by one, so there may be more than an array of an AUM has. The item's size
    // bounds them.
    while (in.nextElement(field, 0)) {
      ids.add(in.bytes(field));
    }
    return ids;
  }

  private static Instant seconds(CborReader in, String field) throws DecodeException {
    return currentSeconds(next(in, field), field);
  }

  private static Optional<Instant> secondsOrNull(CborReader in, String field)
      throws DecodeException {
    return next(in, field).isNull() ? Optional.empty() : Optional.of(currentSeconds(in, field));
  }

  private static Instant currentSeconds(CborReader in, String field) throws DecodeException {
    long seconds = in.signed(field);
    if (seconds < 0 || seconds > Instant.MAX.getEpochSecond()) {
      throw new DecodeException.OutOfRange(
          in.offset(), field, "seconds since the epoch", Long.toString(seconds));
    }
    return Instant.ofEpochSecond(seconds);
  }

  private static Optional<Instant> timeOrNull(CborReader in, String field) throws DecodeException {
    return next(in, field).isNull() ? Optional.empty() : Optional.of(time(in, field));
  }

  private static Instant time(CborReader in, String field) throws DecodeException {
    try {
      return Instant.parse(in.text(field));
    } catch (DateTimeException e) {
      throw new DecodeException.OutOfRange(in.offset(), field, "a time in ISO 8601", "another");
    }
  }
}
