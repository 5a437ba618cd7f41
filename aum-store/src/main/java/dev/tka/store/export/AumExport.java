package dev.tka.store.export;

import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.OpenException;
import dev.tka.core.internal.Blake2s;
import dev.tka.core.store.AumEntry;
import dev.tka.core.store.AumFacts;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.BodyReader;
import dev.tka.core.store.Damage;
import dev.tka.core.store.Inherited;
import dev.tka.core.store.Limits;
import dev.tka.core.store.OwnAums;
import dev.tka.core.store.StoreException;
import dev.tka.core.store.TrailEntry;
import dev.tka.store.Progress;
import dev.tka.store.Tailnets;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * One tailnet as a stream of bytes: the authority's AUMs with the times at which they were taken
 * in, the trail of purged AUMs, and the notes (docs/export-format.md). The same content gives the
 * same bytes, whatever store it comes from. {@link AumImport} reads it.
 *
 * <p>AUMs that do not descend from the oldest ancestor are left out: readers could not verify them
 * without the state at their parents.
 *
 * @param tailnet the tailnet's name
 * @param head the authority's head
 * @param aums the number of AUMs
 * @param remembered the number of trail entries
 * @param own the number of own AUMs
 * @param setAside the number of edits set aside
 * @param unrelated the number of AUMs left out
 */
public record AumExport(
    String tailnet, AumHash head, int aums, int remembered, int own, int setAside, int unrelated) {

  /**
   * Writes a tailnet. Several can be written one after another, in the order of their names.
   *
   * @param tailnet its name, at most {@value Tailnets#LONGEST_NAME} characters; empty if it has
   *     none
   * @param following the number of tailnets that will be written after it, at most {@link
   *     Limits#MAX_EXPORT_ITEMS}
   * @param out is neither flushed nor closed
   * @throws OpenException if no authority can be opened from the store
   * @throws StoreException.Damaged if a part of the store is missing, or the export could not be
   *     read back
   * @throws StoreException if a body cannot be read
   * @throws IOException if the export cannot be written
   */
  public static AumExport write(
      AumSnapshot snapshot, String tailnet, int following, OutputStream out, Progress progress)
      throws OpenException, StoreException, IOException {
    if (!tailnet.isEmpty()) {
      Tailnets.requireName(tailnet);
    }
    if (following < 0 || following > Limits.MAX_EXPORT_ITEMS) {
      throw new IllegalArgumentException(following + " tailnets cannot follow");
    }
    Optional<Damage> damage = snapshot.damage().stream().filter(Damage::degrades).findFirst();
    if (damage.isPresent()) {
      throw new StoreException.Damaged("an export would be incomplete: " + damage.get());
    }
    Authority authority = Authority.open(snapshot);
    List<AumEntry> aums = inOrder(snapshot, authority.oldestAncestor());
    List<TrailEntry> trail = snapshot.trail().entries();
    OwnAums ownAums = snapshot.ownAums();
    Map<AumHash, List<Inherited>> inherited = snapshot.notes().inherited();
    ExportItem.Header header =
        new ExportItem.Header(
            ExportItem.VERSION,
            tailnet,
            following,
            snapshot.lastActiveAncestor(),
            ownAums.agreedAt(),
            snapshot.notes().time(),
            aums.size(),
            trail.size(),
            ownAums.own().size(),
            ownAums.elsewhere().size(),
            ownAums.setAside().size());
    if (header.items() > Limits.MAX_EXPORT_ITEMS) {
      throw tooLarge(Limits.MAX_EXPORT_ITEMS + " items");
    }
    Writer writer = new Writer(out);
    writer.write(header);
    for (TrailEntry entry : trail) {
      requireTimes(entry.hash(), entry.committedAt(), entry.own(), entry.reference());
      writer.write(
          new ExportItem.Remembered(entry, Optional.ofNullable(inherited.get(entry.hash()))));
    }
    BodyReader reader = new BodyReader(snapshot, aums.stream().map(AumEntry::hash).toList());
    for (int i = 0; i < aums.size(); i++) {
      AumEntry entry = aums.get(i);
      writer.write(
          stored(entry, reader.encoded(), Optional.ofNullable(inherited.get(entry.hash()))));
      progress.done(i + 1, aums.size());
    }
    for (Map.Entry<AumHash, OwnAums.Own> own : new TreeMap<>(ownAums.own()).entrySet()) {
      writer.write(new ExportItem.Own(own.getKey(), own.getValue()));
    }
    for (AumHash hash : new TreeSet<>(ownAums.elsewhere())) {
      writer.write(new ExportItem.Elsewhere(hash));
    }
    for (OwnAums.SetAside edit : ownAums.setAside()) {
      requireSize(edit.aum().hash(), edit.aum().encoded());
      writer.write(new ExportItem.SetAside(edit));
    }
    writer.end();
    return new AumExport(
        tailnet,
        authority.head(),
        aums.size(),
        trail.size(),
        ownAums.own().size(),
        ownAums.setAside().size(),
        snapshot.entries().size() - aums.size());
  }

  /** The AUMs from the oldest ancestor on, sorted by distance from it, then by hash. */
  private static List<AumEntry> inOrder(AumSnapshot snapshot, AumHash oldest) {
    List<AumEntry> ordered = new ArrayList<>();
    List<AumEntry> level = new ArrayList<>();
    snapshot.find(oldest).ifPresent(level::add);
    while (!level.isEmpty()) {
      ordered.addAll(level);
      List<AumEntry> next = new ArrayList<>();
      level.forEach(entry -> next.addAll(snapshot.children(entry.hash())));
      next.sort((one, other) -> one.hash().compareTo(other.hash()));
      level = next;
    }
    return ordered;
  }

  private static ExportItem stored(
      AumEntry entry, Bytes encoded, Optional<List<Inherited>> inherited)
      throws StoreException.Damaged {
    AumHash found = AumHash.ofEncoding(encoded);
    if (!found.equals(entry.hash())) {
      throw new StoreException.Damaged(
          "stored as " + entry.hash() + ", but its bytes hash to " + found);
    }
    requireSize(entry.hash(), encoded);
    Optional<Instant> own = entry.facts().map(AumFacts::own);
    Optional<Instant> reference = entry.facts().flatMap(AumFacts::reference);
    requireTimes(entry.hash(), entry.committedAt(), own, reference);
    return new ExportItem.Stored(entry.committedAt(), own, reference, inherited, encoded);
  }

  private static void requireSize(AumHash hash, Bytes encoded) throws StoreException.Damaged {
    if (!Limits.isStorable(encoded.size())) {
      throw new StoreException.Damaged(
          hash
              + " cannot be exported: expected at most "
              + Limits.MAX_AUM_BYTES
              + " bytes, found "
              + encoded.size());
    }
  }

  private static void requireTimes(
      AumHash hash, Instant committedAt, Optional<Instant> own, Optional<Instant> reference)
      throws StoreException.Damaged {
    for (Instant time :
        List.of(committedAt, own.orElse(committedAt), reference.orElse(committedAt))) {
      if (time.getEpochSecond() < 0) {
        throw new StoreException.Damaged(
            hash + " cannot be exported: expected a time after 1970, found " + time);
      }
    }
  }

  private static StoreException.Damaged tooLarge(String most) {
    return new StoreException.Damaged(
        "the tailnet cannot be exported: expected at most " + most + ", found more");
  }

  /** Writes items and computes their checksum. */
  private static final class Writer {
    private final OutputStream out;
    private final Blake2s sum = new Blake2s();
    private long size;

    Writer(OutputStream out) {
      this.out = out;
    }

    void write(ExportItem item) throws IOException, StoreException.Damaged {
      byte[] encoded = item.encode();
      size += encoded.length;
      if (encoded.length > Limits.MAX_EXPORT_ITEM_BYTES || size > Limits.MAX_EXPORT_BYTES) {
        throw tooLarge(
            Limits.MAX_EXPORT_BYTES + " bytes, " + Limits.MAX_EXPORT_ITEM_BYTES + " in an item");
      }
      sum.update(encoded);
      out.write(encoded);
    }

    void end() throws IOException {
      out.write(new ExportItem.End(Bytes.copyOf(sum.finish())).encode());
    }
  }
}
