package dev.tka.store.export;

import dev.tka.core.ApplyException;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.DecodeException;
import dev.tka.core.IllFormedException;
import dev.tka.core.Key;
import dev.tka.core.LockPublicKey;
import dev.tka.core.State;
import dev.tka.core.TkaException;
import dev.tka.core.authority.AumVerifier;
import dev.tka.core.authority.VerificationException;
import dev.tka.core.store.AumFacts;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.Commit;
import dev.tka.core.store.Damage;
import dev.tka.core.store.Inherited;
import dev.tka.core.store.KeyChange;
import dev.tka.core.store.Limits;
import dev.tka.core.store.Notes;
import dev.tka.core.store.OwnAums;
import dev.tka.core.store.StoreException;
import dev.tka.core.store.Trail;
import dev.tka.core.store.TrailEntry;
import dev.tka.store.Progress;
import java.io.IOException;
import java.io.InputStream;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Reads an export written by {@link AumExport}, one tailnet after another (docs/export-format.md).
 *
 * <p>Every AUM is verified as it is read, signatures included. The oldest ancestor, the trail and
 * the notes are not covered by a signature: they are trusted as the export's source is, like the
 * checkpoint of a bootstrap. Nothing is written until a tailnet has been read to its end and its
 * checksum is right; then it is stored in one commit. Its AUMs stay in memory until then.
 *
 * <p>Use by one thread.
 */
public final class AumImport {
  private final ExportReader in;
  private Optional<ExportItem.Header> last = Optional.empty();
  private boolean reading;

  /** An import from a stream, which is read as needed and never closed. */
  public AumImport(InputStream in) {
    this.in = new ExportReader(in);
  }

  /**
   * The next tailnet; empty at the end.
   *
   * @throws StoreException.Newer if a newer version wrote the export
   * @throws StoreException.Damaged if the stream is not as written, or ends too early
   * @throws IOException if the stream cannot be read
   * @throws IllegalStateException if the previous tailnet was not read to its end
   */
  public Optional<Tailnet> next() throws StoreException, IOException {
    if (reading) {
      throw new IllegalStateException("the previous tailnet was not read to its end");
    }
    if (last.isPresent() && last.get().following() == 0) {
      // The end of the stream was checked before the last tailnet was returned.
      return Optional.empty();
    }
    Optional<byte[]> item = in.next();
    if (item.isEmpty()) {
      throw in.truncated();
    }
    ExportItem.Header header;
    try {
      header = ExportItem.parseHeader(item.get());
    } catch (DecodeException e) {
      throw in.damaged(e.getMessage());
    }
    if (last.isPresent()
        && (header.following() != last.get().following() - 1
            || header.tailnet().compareTo(last.get().tailnet()) <= 0)) {
      throw in.damaged(
          "expected a name after \""
              + last.get().tailnet()
              + "\" and "
              + (last.get().following() - 1)
              + " tailnets after it, found \""
              + header.tailnet()
              + "\" and "
              + header.following());
    }
    in.count(item.get());
    last = Optional.of(header);
    reading = true;
    return Optional.of(new Tailnet(header));
  }

  /** One tailnet of an export, to be read once. */
  public final class Tailnet {
    private final ExportItem.Header header;

    private Tailnet(ExportItem.Header header) {
      this.header = header;
    }

    /** Its name in the export; empty if there is none. */
    public String name() {
      return header.tailnet();
    }

    /** The number of tailnets that follow. */
    public long following() {
      return header.following();
    }

    /**
     * Reads the tailnet to its end and verifies it.
     *
     * @throws StoreException.Damaged if it is not as written, or ends too early, whatever else is
     *     wrong with it
     * @throws VerificationException if an AUM does not verify in the state at its parent
     * @throws ApplyException if an AUM does not apply to that state
     * @throws IOException if the stream cannot be read
     */
    public Verified read(Progress progress) throws TkaException, IOException {
      Content content = new Content(in, header);
      Optional<TkaException> wrong = Optional.empty();
      long size = header.encode().length;
      while (true) {
        byte[] bytes = in.next().orElseThrow(in::truncated);
        ExportItem item;
        try {
          item = ExportItem.parse(bytes, header.version());
        } catch (DecodeException e) {
          throw in.damaged(e.getMessage());
        }
        if (item instanceof ExportItem.End end) {
          Bytes found = in.finishSum();
          if (!found.equals(end.checksum())) {
            throw in.damaged(
                "it was altered: expected checksum " + end.checksum() + ", found " + found);
          }
          break;
        }
        in.count(bytes);
        size += bytes.length;
        if (size > Limits.MAX_EXPORT_BYTES) {
          throw in.damaged(
              "expected at most " + Limits.MAX_EXPORT_BYTES + " bytes of a tailnet, found more");
        }
        if (wrong.isEmpty()) {
          try {
            content.take(item);
            progress.done(content.additions.size(), header.aums());
          } catch (DecodeException | IllFormedException e) {
            wrong = Optional.of(in.damaged(e.getMessage()));
          } catch (TkaException e) {
            // The checksum, which comes later, shows whether the stream was altered.
            wrong = Optional.of(e);
          }
        }
      }
      if (wrong.isPresent()) {
        throw wrong.get();
      }
      String missing = content.missing();
      if (!missing.isEmpty()) {
        throw in.damaged(missing);
      }
      if (header.following() == 0 && in.next().isPresent()) {
        throw in.damaged("expected the end of the export, found more");
      }
      reading = false;
      return new Verified(content);
    }
  }

  /** A tailnet that was read to its end and verified. Nothing is stored yet. */
  public static final class Verified {
    private final Content content;

    private Verified(Content content) {
      this.content = content;
    }

    /** The number of AUMs. */
    public int aums() {
      return content.additions.size();
    }

    /** The number of trail entries. */
    public int remembered() {
      return content.entries.size();
    }

    /** The number of own AUMs. */
    public int own() {
      return content.own.size();
    }

    /** The number of edits set aside. */
    public int setAside() {
      return content.setAside.size();
    }

    /**
     * True if the export carries the own time of the store that it came from (protocol, section
     * 10). Without it, as in an export that an older version wrote, nothing tells what rewrites
     * inherited, nor when else than by the wall clock keys were taken away: what can no longer be
     * barred is up to weight alone.
     */
    public boolean hasOwnTime() {
      return content.header.time().isPresent();
    }

    /**
     * Whether a store holds this tailnet already: the same AUMs with the same commit times, and the
     * same notes on own AUMs. Own time is not compared, as it goes on; nor is the trail of a store
     * that has none, as a node's directory that imported this.
     */
    public boolean isIn(AumSnapshot there) {
      Map<AumHash, Instant> stored = new HashMap<>();
      there.entries().forEach(entry -> stored.put(entry.hash(), entry.committedAt()));
      Map<AumHash, Instant> read = new HashMap<>();
      content.additions.forEach(
          each -> read.put(each.aum().hash(), Limits.nearestCommitTime(each.committedAt())));
      List<AumHash> trail = there.trail().entries().stream().map(TrailEntry::hash).toList();
      return stored.equals(read)
          && (trail.isEmpty()
              || trail.equals(content.entries.stream().map(TrailEntry::hash).toList()))
          && there.ownAums().equals(ownAums());
    }

    /**
     * How this differs from what a store holds under its name. AUMs that one side has purged and
     * remembers are not missing there.
     */
    public Difference difference(AumSnapshot there) {
      Set<AumHash> stored = new HashSet<>();
      there.entries().forEach(entry -> stored.add(entry.hash()));
      Set<AumHash> known = new HashSet<>(stored);
      there.trail().entries().forEach(entry -> known.add(entry.hash()));
      Set<AumHash> read = new HashSet<>();
      content.additions.forEach(each -> read.add(each.aum().hash()));
      Set<AumHash> readOrKnown = new HashSet<>(read);
      content.entries.forEach(entry -> readOrKnown.add(entry.hash()));
      return new Difference(
          readOrKnown.stream().anyMatch(known::contains),
          (int) stored.stream().filter(hash -> !readOrKnown.contains(hash)).count(),
          (int) read.stream().filter(hash -> !known.contains(hash)).count());
    }

    private OwnAums ownAums() {
      return new OwnAums(
          content.own, content.elsewhere, content.header.agreedAt(), content.setAside);
    }

    /**
     * Stores the tailnet in one commit.
     *
     * <p>A node's directory derives its trail from the files of purged AUMs, which an export does
     * not have: there, the trail entries are lost, as the snapshot shows.
     *
     * @param target an empty store; after a failure it is unchanged
     * @return the store right after the commit
     * @throws StoreException.NotEmpty if the store is not empty
     * @throws StoreException.Conflict if another writer committed in the meantime
     * @throws StoreException.InDoubt if the outcome of the commit is unknown
     * @throws StoreException if the store cannot be read or written
     */
    public AumSnapshot commitTo(AumStore target) throws StoreException {
      AumSnapshot before = target.read();
      requireEmpty(before);
      for (Commit.Addition addition : content.additions) {
        if (before.purged(addition.aum().hash()).isPresent()) {
          throw new StoreException.NotEmpty();
        }
      }
      Commit.Builder commit = Commit.on(before.revision()).trail(Trail.completed(content.entries));
      // Older versions also exported times that no commit may have.
      content.additions.forEach(
          each -> commit.add(each.at(Limits.nearestCommitTime(each.committedAt()))));
      content.inherited.forEach(commit::inherits);
      content.header.lastActiveAncestor().ifPresent(commit::lastActiveAncestor);
      content.header.time().ifPresent(commit::time);
      OwnAums ownAums = ownAums();
      if (!ownAums.equals(OwnAums.NONE)) {
        commit.ownAums(ownAums);
      }
      return target.commit(commit.build());
    }
  }

  /**
   * How an export and a store differ.
   *
   * @param related true if they have an AUM in common, so that they are of one tailnet
   * @param onlyThere the number of AUMs that only the store holds
   * @param onlyInExport the number of AUMs that only the export holds
   */
  public record Difference(boolean related, int onlyThere, int onlyInExport) {}

  /**
   * Refuses a store that is not empty, as an import must not go into it.
   *
   * @throws StoreException.NotEmpty if the store is not empty
   */
  public static void requireEmpty(AumSnapshot target) throws StoreException.NotEmpty {
    if (!target.entries().isEmpty()
        || target.lastActiveAncestor().isPresent()
        || target.trail().size() > 0
        || !target.notes().equals(Notes.NONE)
        || target.damage().stream().anyMatch(Damage::degrades)) {
      throw new StoreException.NotEmpty();
    }
  }

  /** The part of a tailnet that has been read so far, all verified. */
  private static final class Content {
    private final ExportReader in;
    private final ExportItem.Header header;
    private final AumVerifier verifier = new AumVerifier();
    private final List<TrailEntry> entries = new ArrayList<>();
    private final Set<AumHash> remembered = new HashSet<>();
    private final List<Commit.Addition> additions = new ArrayList<>();
    private final Map<AumHash, List<Inherited>> inherited = new HashMap<>();
    private final Map<AumHash, OwnAums.Own> own = new HashMap<>();
    private final Set<AumHash> elsewhere = new HashSet<>();
    private final List<OwnAums.SetAside> setAside = new ArrayList<>();

    /** The states at the AUMs one step nearer to the oldest ancestor than the last AUM. */
    private Map<AumHash, State> levelBefore = Map.of();

    /** The states at the AUMs as far from the oldest ancestor as the last AUM. */
    private Map<AumHash, State> level = new HashMap<>();

    private Optional<AumHash> lastOwn = Optional.empty();
    private Optional<AumHash> lastElsewhere = Optional.empty();

    Content(ExportReader in, ExportItem.Header header) {
      this.in = in;
      this.header = header;
    }

    void take(ExportItem item) throws TkaException {
      if (item instanceof ExportItem.Remembered remembers) {
        takeEntry(remembers.entry());
        remembers.inherited().ifPresent(kept -> inherited.put(remembers.entry().hash(), kept));
      } else if (item instanceof ExportItem.Stored stored) {
        Aum aum = Aum.decode(stored.encoded().toByteArray());
        List<KeyChange> changes = takeAum(aum);
        additions.add(
            new Commit.Addition(
                aum,
                stored.committedAt(),
                stored.own().map(own -> AumFacts.of(aum, changes, own, stored.reference()))));
        stored.inherited().ifPresent(kept -> inherited.put(aum.hash(), kept));
      } else if (item instanceof ExportItem.Own made) {
        boolean turn = elsewhere.isEmpty() && setAside.isEmpty() && aumsAreWhole();
        requireTurn("own AUM", own.size(), header.own(), turn);
        requireOrder("own AUM", lastOwn, made.hash());
        lastOwn = Optional.of(made.hash());
        own.put(made.hash(), made.made());
      } else if (item instanceof ExportItem.Elsewhere from) {
        boolean turn = setAside.isEmpty() && own.size() == header.own() && aumsAreWhole();
        requireTurn("AUM from elsewhere", elsewhere.size(), header.elsewhere(), turn);
        requireOrder("AUM from elsewhere", lastElsewhere, from.hash());
        lastElsewhere = Optional.of(from.hash());
        elsewhere.add(from.hash());
      } else if (item instanceof ExportItem.SetAside aside) {
        boolean ownIsWhole = own.size() == header.own() && elsewhere.size() == header.elsewhere();
        requireTurn(
            "edit set aside", setAside.size(), header.setAside(), ownIsWhole && aumsAreWhole());
        setAside.add(aside.edit());
      } else {
        throw in.damaged("expected an item of a tailnet, found another");
      }
    }

    private void requireOrder(String what, Optional<AumHash> before, AumHash hash)
        throws StoreException.Damaged {
      if (before.isPresent() && before.get().compareTo(hash) >= 0) {
        throw in.damaged(what + " " + hash + " must not follow " + before.get());
      }
    }

    private boolean aumsAreWhole() {
      return additions.size() == header.aums() && entries.size() == header.remembered();
    }

    private void requireTurn(String what, int already, long expected, boolean turn)
        throws StoreException.Damaged {
      if (already == expected || !turn) {
        throw in.damaged(
            "expected "
                + expected
                + " items of the kind \""
                + what
                + "\", together and in their place, found another after "
                + already);
      }
    }

    /** Describes missing items; empty if the numbers in the header are reached. */
    String missing() {
      if (aumsAreWhole()
          && !additions.isEmpty()
          && own.size() == header.own()
          && elsewhere.size() == header.elsewhere()
          && setAside.size() == header.setAside()) {
        return "";
      }
      return "expected "
          + header.items()
          + " items and at least one AUM, found "
          + (entries.size() + additions.size() + own.size() + elsewhere.size() + setAside.size())
          + " items and "
          + additions.size()
          + " AUMs";
    }

    /** An entry must follow the previous one, and its checkpoint must match it. */
    private void takeEntry(TrailEntry entry) throws TkaException {
      requireTurn("trail entry", entries.size(), header.remembered(), additions.isEmpty());
      boolean follows =
          entries.isEmpty()
              || entry.parent().equals(Optional.of(entries.get(entries.size() - 1).hash()));
      if (!follows || !remembered.add(entry.hash())) {
        throw in.damaged("trail entry " + entry.hash() + " does not follow the previous one");
      }
      if (entry.kind().isCheckpoint() != entry.checkpoint().isPresent()) {
        throw in.damaged("trail entry " + entry.hash() + ": expected a checkpoint with its body");
      }
      if (entry.checkpoint().isPresent()) {
        Aum body = Aum.decode(entry.checkpoint().get().toByteArray());
        List<Bytes> signers = AumFacts.signersOf(body);
        if (!body.hash().equals(entry.hash())
            || !body.kind().equals(entry.kind())
            || !body.parent().equals(entry.parent())
            || !signers.equals(entry.signers())) {
          throw in.damaged("trail entry " + entry.hash() + " does not match its checkpoint");
        }
      }
      entries.add(entry);
    }

    /** Verifies an AUM; returns the keys that it changes. */
    private List<KeyChange> takeAum(Aum aum) throws TkaException {
      boolean trailIsWhole = entries.size() == header.remembered();
      requireTurn(
          "AUM",
          additions.size(),
          header.aums(),
          trailIsWhole && own.isEmpty() && elsewhere.isEmpty() && setAside.isEmpty());
      if (remembered.contains(aum.hash())) {
        throw in.damaged("AUM " + aum.hash() + " is also in the trail");
      }
      if (additions.isEmpty()) {
        State oldest = verifyOldest(aum);
        level.put(aum.hash(), oldest);
        Map<Bytes, Long> now = KeyChange.votesIn(oldest);
        return KeyChange.between(votesAtEndOfTrail().orElse(now), now);
      }
      Optional<AumHash> parent = aum.parent();
      AumHash before = additions.get(additions.size() - 1).aum().hash();
      Optional<State> atParent = parent.map(levelBefore::get);
      if (atParent.isPresent() && before.compareTo(aum.hash()) >= 0) {
        throw in.damaged("AUM " + aum.hash() + " must not follow " + before);
      }
      if (atParent.isEmpty()) {
        // The first AUM that is one step further away.
        levelBefore = level;
        level = new HashMap<>();
        atParent = parent.map(levelBefore::get);
      }
      if (atParent.isEmpty()) {
        throw in.damaged(
            "AUM "
                + aum.hash()
                + ": its parent "
                + parent.map(AumHash::toString).orElse("none")
                + " is not one step nearer to the oldest ancestor");
      }
      verifier.verify(aum, atParent.get());
      State after = atParent.get().apply(aum);
      level.put(aum.hash(), after);
      return KeyChange.between(atParent.get(), after);
    }

    /**
     * Verifies the oldest ancestor against its own state, as in a bootstrap, or against the keys
     * trusted at the end of the trail, because it may have removed a key that signed it.
     */
    private State verifyOldest(Aum aum) throws TkaException {
      if (!entries.isEmpty()) {
        AumHash newest = entries.get(entries.size() - 1).hash();
        if (!aum.parent().equals(Optional.of(newest))) {
          throw in.damaged("AUM " + aum.hash() + " does not follow the trail's end " + newest);
        }
      }
      try {
        return verifier.verifyBootstrap(aum);
      } catch (VerificationException.UntrustedSigner e) {
        List<Key> keys = keysAtEndOfTrail();
        if (keys.isEmpty()) {
          throw e;
        }
        verifier.verify(aum, State.of(List.of(), keys, 0, 0));
        return aum.state().orElseThrow().standingAt(aum.hash());
      }
    }

    private Optional<Map<Bytes, Long>> votesAtEndOfTrail() throws StoreException.Damaged {
      return Trail.EMPTY.extend(entries).votesAtEnd();
    }

    private List<Key> keysAtEndOfTrail() throws StoreException.Damaged {
      return votesAtEndOfTrail().orElse(Map.of()).keySet().stream()
          .filter(id -> id.size() == LockPublicKey.SIZE)
          .map(id -> Key.of(new LockPublicKey(id), 1))
          .toList();
    }
  }
}
