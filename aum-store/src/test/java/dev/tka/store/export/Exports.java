package dev.tka.store.export;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.TkaException;
import dev.tka.core.internal.Blake2s;
import dev.tka.core.store.AumEntry;
import dev.tka.core.store.AumFacts;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.Commit;
import dev.tka.core.store.Inherited;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.core.store.Notes;
import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import dev.tka.core.store.TrailEntry;
import dev.tka.store.Progress;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Exports in memory, and their items one by one. */
public final class Exports {
  private static final Progress NO_PROGRESS = (done, of) -> {};

  private Exports() {}

  /** The parts of a snapshot that an export carries. */
  public record Content(
      Map<AumHash, List<Object>> entries,
      Map<AumHash, Bytes> bodies,
      Optional<AumHash> lastActiveAncestor,
      List<TrailEntry> trail,
      Notes notes) {
    /** What an export carries: the facts of an AUM without those that it gives back itself. */
    public static Content of(AumSnapshot snapshot) throws StoreException {
      Map<AumHash, List<Object>> entries = new TreeMap<>();
      Map<AumHash, Bytes> bodies = new TreeMap<>();
      for (AumEntry entry : snapshot.entries()) {
        entries.put(
            entry.hash(),
            List.of(
                entry.parent(),
                entry.kind(),
                entry.committedAt(),
                entry.facts().map(AumFacts::own),
                entry.facts().flatMap(AumFacts::reference)));
        bodies.put(entry.hash(), snapshot.encoded(entry.hash()));
      }
      return new Content(
          entries,
          bodies,
          snapshot.lastActiveAncestor(),
          snapshot.trail().entries(),
          notesOf(snapshot));
    }
  }

  /** The notes without those on AUMs that the snapshot does not have. */
  private static Notes notesOf(AumSnapshot snapshot) {
    Notes notes = snapshot.notes();
    Map<AumHash, List<Inherited>> inherited = new TreeMap<>(notes.inherited());
    inherited
        .keySet()
        .removeIf(hash -> snapshot.find(hash).isEmpty() && !snapshot.trail().contains(hash));
    return new Notes(notes.ownAums(), notes.time(), inherited);
  }

  public static byte[] export(AumSnapshot snapshot, String name, int following)
      throws TkaException, IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    AumExport.write(snapshot, name, following, out, NO_PROGRESS);
    return out.toByteArray();
  }

  public static byte[] export(AumSnapshot snapshot) throws TkaException, IOException {
    return export(snapshot, "example.com", 0);
  }

  /** Imports one tailnet. */
  public static AumImport.Verified take(byte[] export, AumStore target)
      throws TkaException, IOException {
    AumImport in = new AumImport(new ByteArrayInputStream(export));
    AumImport.Verified verified = in.next().orElseThrow().read(NO_PROGRESS);
    verified.commitTo(target);
    return verified;
  }

  /** The items of an export, the end item included. */
  public static List<byte[]> items(byte[] export) throws StoreException, IOException {
    ExportReader reader = new ExportReader(new ByteArrayInputStream(export));
    List<byte[]> items = new ArrayList<>();
    for (Optional<byte[]> next = reader.next(); next.isPresent(); next = reader.next()) {
      items.add(next.get());
    }
    return items;
  }

  /** An export of some items, completed by an end item. */
  public static byte[] sealed(List<byte[]> itemsBeforeTheEnd) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    itemsBeforeTheEnd.forEach(out::writeBytes);
    Bytes checksum = Bytes.copyOf(Blake2s.hash(out.toByteArray()));
    out.writeBytes(new ExportItem.End(checksum).encode());
    return out.toByteArray();
  }

  /** Begins a commit of everything in a snapshot except its trail. */
  public static Commit.Builder add(AumSnapshot snapshot, Revision base) throws StoreException {
    Commit.Builder commit = Commit.on(base).ownAums(snapshot.ownAums());
    snapshot.notes().time().ifPresent(commit::time);
    for (AumEntry entry : snapshot.entries()) {
      Aum aum = snapshot.get(entry.hash());
      commit.add(new Commit.Addition(aum, entry.committedAt(), entry.facts()));
      Optional.ofNullable(snapshot.notes().inherited().get(entry.hash()))
          .ifPresent(kept -> commit.inherits(entry.hash(), kept));
    }
    snapshot.lastActiveAncestor().ifPresent(commit::lastActiveAncestor);
    return commit;
  }

  /** A store with the content of a snapshot, but without its trail. */
  public static AumStore withoutTrail(AumSnapshot snapshot) throws StoreException {
    MemoryAumStore store = new MemoryAumStore();
    store.commit(add(snapshot, store.read().revision()).build());
    return store;
  }
}
