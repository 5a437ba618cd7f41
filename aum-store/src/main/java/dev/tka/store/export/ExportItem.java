package dev.tka.store.export;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumKind;
import dev.tka.core.Bytes;
import dev.tka.core.DecodeException;
import dev.tka.core.internal.Blake2s;
import dev.tka.core.internal.CanonicalWriter;
import dev.tka.core.internal.CborReader;
import dev.tka.core.store.KeyChange;
import dev.tka.core.store.Limits;
import dev.tka.core.store.OwnAums;
import dev.tka.core.store.StoreException;
import dev.tka.core.store.TrailEntry;
import dev.tka.store.Tailnets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** One item of an export, as docs/export-format.md describes it. */
sealed interface ExportItem {
  /** The format's version. */
  int VERSION = 1;

  /** The item's canonical encoding. */
  default byte[] encode() {
    CanonicalWriter out = new CanonicalWriter(256);
    writeTo(out);
    return out.toByteArray();
  }

  /** Writes the item. */
  void writeTo(CanonicalWriter out);

  /**
   * The beginning of a tailnet, with its single facts and its numbers of items.
   *
   * @param tailnet its name; empty if the store has no names
   * @param following the number of tailnets that follow
   * @param aums the number of {@link Stored} items
   * @param remembered the number of {@link Remembered} items
   * @param own the number of {@link Own} items
   * @param setAside the number of {@link SetAside} items
   */
  record Header(
      String tailnet,
      long following,
      Optional<AumHash> lastActiveAncestor,
      Optional<Instant> agreedAt,
      long aums,
      long remembered,
      long own,
      long setAside)
      implements ExportItem {
    private static final String MAGIC = "tka export";

    long items() {
      return remembered + aums + own + setAside;
    }

    @Override
    public void writeTo(CanonicalWriter out) {
      out.array(10).text(MAGIC).unsigned(VERSION).text(tailnet).unsigned(following);
      lastActiveAncestor.ifPresentOrElse(hash -> out.bytes(hash.toByteArray()), out::nil);
      agreedAt.ifPresentOrElse(time -> out.text(time.toString()), out::nil);
      out.unsigned(aums).unsigned(remembered).unsigned(own).unsigned(setAside);
    }
  }

  /** The trail entry of a purged AUM. */
  record Remembered(TrailEntry entry) implements ExportItem {
    static final int CODE = 1;

    @Override
    public void writeTo(CanonicalWriter out) {
      out.array(9).unsigned(CODE).bytes(entry.hash().toByteArray());
      entry.parent().ifPresentOrElse(parent -> out.bytes(parent.toByteArray()), out::nil);
      out.unsigned(entry.kind().code()).unsigned(entry.committedAt().getEpochSecond());
      for (List<Bytes> ids : List.of(entry.signers(), entry.added(), entry.takenAway())) {
        out.array(ids.size());
        ids.forEach(out::bytes);
      }
      entry.checkpoint().ifPresentOrElse(out::bytes, out::nil);
    }
  }

  /**
   * A stored AUM.
   *
   * @param encoded its canonical encoding
   */
  record Stored(Instant committedAt, Bytes encoded) implements ExportItem {
    static final int CODE = 2;

    @Override
    public void writeTo(CanonicalWriter out) {
      out.array(3).unsigned(CODE).unsigned(committedAt.getEpochSecond()).bytes(encoded);
    }
  }

  /** An own AUM; without a time, it is unsent. */
  record Own(AumHash hash, Optional<Instant> acknowledgedAt) implements ExportItem {
    static final int CODE = 3;

    @Override
    public void writeTo(CanonicalWriter out) {
      out.array(3).unsigned(CODE).bytes(hash.toByteArray());
      acknowledgedAt.ifPresentOrElse(time -> out.text(time.toString()), out::nil);
    }
  }

  /** An edit that control did not accept. */
  record SetAside(OwnAums.SetAside edit) implements ExportItem {
    static final int CODE = 4;

    @Override
    public void writeTo(CanonicalWriter out) {
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
    public void writeTo(CanonicalWriter out) {
      out.array(2).unsigned(CODE).bytes(checksum);
    }
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
      if (version < 0 || version > VERSION) {
        throw new StoreException.Newer("export", VERSION, version);
      }
      Header header =
          new Header(
              name(in),
              number(in, "tailnets that follow"),
              hashOrNull(in, "last active ancestor"),
              timeOrNull(in, "time of agreement"),
              number(in, "AUMs"),
              number(in, "trail entries"),
              number(in, "own AUMs"),
              number(in, "edits set aside"));
      if (header.items() > Limits.MAX_EXPORT_ITEMS) {
        throw new DecodeException.LimitExceeded(in.offset(), "items", Limits.MAX_EXPORT_ITEMS);
      }
      return requireCanonical(header, in, item);
    }
  }

  /**
   * Parses an item that is not a header.
   *
   * @throws DecodeException if it is not an item that this version knows
   */
  static ExportItem parse(byte[] item) throws DecodeException {
    try (CborReader in = new CborReader(item)) {
      in.advance("item");
      in.beginArray("item");
      in.advance("kind of item");
      int code = in.unsignedByte("kind of item");
      ExportItem parsed =
          switch (code) {
            case Remembered.CODE -> new Remembered(entry(in));
            case Stored.CODE -> new Stored(seconds(in), encoded(in));
            case Own.CODE ->
                new Own(hash(in, "own AUM"), timeOrNull(in, "time of acknowledgement"));
            case SetAside.CODE -> new SetAside(edit(in));
            case End.CODE -> new End(next(in, "checksum").bytes("checksum", Blake2s.SIZE));
            default ->
                throw new DecodeException.OutOfRange(
                    in.offset(), "kind of item", "1 to 5", Integer.toString(code));
          };
      return requireCanonical(parsed, in, item);
    }
  }

  private static <T extends ExportItem> T requireCanonical(T parsed, CborReader in, byte[] item)
      throws DecodeException {
    if (in.nextElement("item", 0)) {
      throw new DecodeException.OutOfRange(in.offset(), "item", "its end", "another element");
    }
    CborReader.requireCanonical("item", parsed.encode(), item);
    return parsed;
  }

  private static TrailEntry entry(CborReader in) throws DecodeException {
    return new TrailEntry(
        hash(in, "trail entry"),
        hashOrNull(in, "parent"),
        new AumKind(next(in, "kind").unsignedByte("kind")),
        seconds(in),
        Optional.empty(),
        Optional.empty(),
        keyIds(in, "signers"),
        changes(keyIds(in, "keys added"), keyIds(in, "keys taken away")),
        next(in, "checkpoint").bytesOrNull("checkpoint"));
  }

  private static List<KeyChange> changes(List<Bytes> added, List<Bytes> takenAway) {
    List<KeyChange> changes = new ArrayList<>();
    added.forEach(key -> changes.add(new KeyChange(key, 0, KeyChange.UNKNOWN)));
    takenAway.forEach(key -> changes.add(new KeyChange(key, KeyChange.UNKNOWN, 0)));
    return changes;
  }

  private static OwnAums.SetAside edit(CborReader in) throws DecodeException {
    Instant at = time(next(in, "time"), "time");
    boolean revocation = next(in, "revocation").unsigned("revocation") != 0;
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

  private static Instant seconds(CborReader in) throws DecodeException {
    long seconds = next(in, "commit time").signed("commit time");
    if (seconds < 0 || seconds > Instant.MAX.getEpochSecond()) {
      throw new DecodeException.OutOfRange(
          in.offset(), "commit time", "seconds since the epoch", Long.toString(seconds));
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
