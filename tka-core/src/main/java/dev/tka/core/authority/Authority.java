package dev.tka.core.authority;

import dev.tka.core.ApplyException;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.State;
import dev.tka.core.store.AumEntry;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumSource;
import dev.tka.core.store.BodyReader;
import dev.tka.core.store.Damage;
import dev.tka.core.store.StoreException;
import dev.tka.core.store.TrailEntry;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A tailnet's key authority at one revision of a store: the active chain from its oldest ancestor
 * to its head, and the state at the head. Immutable and safe for use by many threads; {@link
 * LiveAuthority} holds the current one.
 *
 * <p>Opening (protocol, section 4): the oldest ancestor is the one stored AUM whose parent is not
 * stored or, if there are several, the one from which the recorded last-active ancestor is reached.
 * From there, {@link ForkResolution} chooses at every fork, using the state at that fork. Opening
 * verifies no signature; {@link ChainAudit} does.
 */
public final class Authority {
  /** Heap bytes per AUM of the active chain; measured, as are the other two. */
  private static final long HEAP_BYTES_A_PLACE = 5;

  private static final long HEAP_BYTES_A_KEY = 250;
  private static final long HEAP_BYTES = 2000;

  private final AumSnapshot snapshot;
  private final ActiveChain chain;
  private final State state;

  /** What an earlier authority knew of the keys on the same chain. */
  private final Known earlier;

  /** The changes of votes on the stored chain, once they were needed. */
  private volatile @Nullable KeyHistory keyHistory;

  /** The same with the trail. */
  private volatile @Nullable KeyHistory wholeKeyHistory;

  /** The total size of the AUMs off the active chain, once it was needed; negative before. */
  private volatile long losingBytes = -1;

  private Authority(AumSnapshot snapshot, ActiveChain chain, State state, Known earlier) {
    this.snapshot = snapshot;
    this.chain = chain;
    this.state = state;
    this.earlier = earlier;
  }

  /**
   * A history of keys.
   *
   * @param upTo the height up to which it is that of the chain in question
   */
  private record Known(KeyHistory history, int upTo) {}

  /**
   * Opens the authority that a store holds.
   *
   * @throws OpenException if no authority can be opened from what is stored
   * @throws StoreException if the store cannot be read
   */
  public static Authority open(AumSource source) throws OpenException, StoreException {
    return open(source.read());
  }

  /**
   * Opens the authority in a snapshot. If bodies are in memory, every AUM of the active chain is
   * applied; otherwise only those that determine the states at forks and at the head.
   *
   * @throws OpenException if no authority can be opened from what is stored
   * @throws StoreException if a body cannot be read
   */
  public static Authority open(AumSnapshot snapshot) throws OpenException, StoreException {
    AumEntry oldest = oldestAncestor(snapshot);
    try {
      Aum first = snapshot.get(oldest.hash());
      Walk walk =
          Walk.from(
              first, stateAtOldest(first), Walk.Children.in(snapshot), Walk.Applying.in(snapshot));
      ActiveChain chain =
          ActiveChain.beginningAt(oldest.height())
              .replaceAfter(oldest.height() - 1, walk.passed(), walk.checkpoints());
      return new Authority(snapshot, chain, walk.state(), knownFrom(chain));
    } catch (ApplyException e) {
      throw new OpenException.CannotApply(e);
    }
  }

  /**
   * The authority in a later snapshot of the same store, equal to what {@link #open(AumSnapshot)}
   * returns. If AUMs were only added since, the cost is that of the additions and, at a fork, of
   * the path to the nearest checkpoint, however long the chain.
   *
   * @throws OpenException if no authority can be opened from what is stored
   * @throws StoreException if a body cannot be read
   */
  public Authority advanceTo(AumSnapshot later) throws OpenException, StoreException {
    if (later.revision().equals(snapshot.revision())) {
      return this;
    }
    Optional<List<? extends AumEntry>> added = later.addedSince(snapshot);
    return added.isPresent() && beginsAsBefore(later, added.get())
        ? grown(later, added.get())
        : open(later);
  }

  /** True if the additions cannot have moved the oldest ancestor. */
  private boolean beginsAsBefore(AumSnapshot later, List<? extends AumEntry> added) {
    Optional<AumHash> recorded = later.lastActiveAncestor();
    return (recorded.equals(snapshot.lastActiveAncestor())
            || recorded.filter(this::isActive).isPresent())
        && added.stream().allMatch(entry -> entry.parent().flatMap(later::find).isPresent());
  }

  private Authority grown(AumSnapshot later, List<? extends AumEntry> added)
      throws OpenException, StoreException {
    List<Walk.Step> steps = new ArrayList<>(added.size());
    added.forEach(entry -> steps.add(Walk.Step.of(later, entry)));
    try {
      Growth growth =
          Growth.of(this, steps, Walk.Children.in(later), this::stateAt, Walk.Applying.in(later));
      return grown(later, growth);
    } catch (ApplyException e) {
      throw new OpenException.CannotApply(e);
    }
  }

  /** The last AUM of the active chain. */
  public AumHash head() {
    return chain.at(chain.headHeight());
  }

  /** The earliest stored AUM of the active chain. */
  public AumHash oldestAncestor() {
    return chain.at(chain.baseHeight());
  }

  /** The number of AUMs on the active chain, both ends included. */
  public int length() {
    return chain.size();
  }

  /** The keys and disablement values that are trusted at the head. */
  public State state() {
    return state;
  }

  /** The content of the store at this revision. */
  public AumSnapshot snapshot() {
    return snapshot;
  }

  /** Approximate heap bytes of this authority, with its snapshot and everything the two share. */
  public long heapBytes() {
    return snapshot.heapBytes()
        + (long) chain.size() * HEAP_BYTES_A_PLACE
        + (long) state.keys().size() * HEAP_BYTES_A_KEY
        + known().history().heapBytes()
        + HEAP_BYTES;
  }

  /** True if an AUM is on the active chain; answered from an index, without walking. */
  public boolean isActive(AumHash hash) {
    return snapshot.find(hash).filter(chain::contains).isPresent();
  }

  /**
   * The AUMs of the active chain, newest first.
   *
   * @param most the largest number of AUMs to return, counted back from the head
   */
  public List<AumHash> newestFirst(int most) {
    int count = Math.min(most, chain.size());
    List<AumHash> hashes = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      hashes.add(chain.at(chain.headHeight() - i));
    }
    return hashes;
  }

  /**
   * The AUMs of the active chain that follow a given one, oldest first; an empty list for the head.
   * A view, which costs nothing until it is read.
   *
   * @return empty if the AUM is not on the active chain
   */
  public Optional<List<AumHash>> activeAfter(AumHash hash) {
    return snapshot.find(hash).filter(chain::contains).map(entry -> chain.above(entry.height()));
  }

  /**
   * The checkpoints of the active chain, newest first, including the head and the oldest ancestor
   * if they are checkpoints. The cost is proportional to their number.
   */
  public List<AumHash> checkpoints() {
    return chain.checkpoints();
  }

  /**
   * True while anything in the store is damaged. A degraded authority can be inspected, verified
   * and informed; nothing may be authorized or compacted with it, because an unreadable AUM may be
   * the one that wins (protocol, section 9).
   */
  public boolean isDegraded() {
    return snapshot.damage().stream().anyMatch(Damage::degrades);
  }

  /**
   * The state at any stored AUM, on the active chain or not: replayed from the nearest checkpoint
   * at or before it.
   *
   * @throws StoreException.NoSuchAum if the AUM is not stored
   * @throws StoreException if a body cannot be read
   * @throws OpenException if its tree begins with neither a checkpoint nor a genesis
   * @throws ApplyException if an AUM on the path does not apply, so the chain was never verified
   */
  public State stateAt(AumHash hash) throws StoreException, OpenException, ApplyException {
    if (hash.equals(head())) {
      return state;
    }
    List<AumHash> path = new ArrayList<>();
    Optional<AumEntry> at = find(hash);
    if (at.isEmpty()) {
      throw new StoreException.NoSuchAum(hash);
    }
    // The index shows the way, so that the bodies on it can be read together.
    while (at.isPresent()) {
      path.add(at.get().hash());
      at =
          at.filter(entry -> !entry.kind().isCheckpoint())
              .flatMap(AumEntry::parent)
              .flatMap(this::find);
    }
    Collections.reverse(path);
    BodyReader reader = new BodyReader(snapshot, path);
    State replayed = stateAtOldest(reader.aum());
    while (reader.hasNext()) {
      replayed = replayed.apply(reader.aum());
    }
    return replayed;
  }

  private Optional<AumEntry> find(AumHash hash) {
    return snapshot.find(hash).map(Function.identity());
  }

  /**
   * The trail entries that remain when the active chain before a given AUM is purged (protocol,
   * section 10), oldest first.
   *
   * @param firstThatStays an AUM of the active chain
   * @throws IllegalArgumentException if it is not on the active chain
   * @throws StoreException if the store cannot be read
   * @throws OpenException if the chain does not apply, so it was never verified
   */
  public List<TrailEntry> entriesBefore(AumHash firstThatStays)
      throws StoreException, OpenException {
    if (!isActive(firstThatStays)) {
      throw new IllegalArgumentException(firstThatStays + " is not on the active chain");
    }
    return History.of(this).entriesBefore(firstThatStays);
  }

  ActiveChain chain() {
    return chain;
  }

  /** This authority over a later snapshot that holds the same AUMs. */
  Authority over(AumSnapshot later) {
    Authority over = new Authority(later, chain, state, known());
    over.losingBytes = losingBytes;
    return over;
  }

  /** This authority after its chain has grown. */
  Authority grown(AumSnapshot later, Growth growth) {
    Known known = known();
    Authority grown =
        new Authority(
            later,
            growth.chain(),
            growth.state(),
            new Known(known.history(), Math.min(known.upTo(), growth.unchangedTo())));
    if (losingBytes >= 0 && growth.unchangedTo() == chain.headHeight()) {
      grown.losingBytes = losingBytes + growth.addedOffChain();
    }
    return grown;
  }

  /** The total size of the AUMs stored off the active chain, in bytes. */
  long losingBytes() {
    long bytes = losingBytes;
    if (bytes < 0) {
      bytes = 0;
      for (AumEntry entry : snapshot.entries()) {
        bytes += chain.contains(entry) ? 0 : entry.size();
      }
      losingBytes = bytes;
    }
    return bytes;
  }

  private static Known knownFrom(ActiveChain chain) {
    return new Known(KeyHistory.NONE, chain.baseHeight());
  }

  private Known known() {
    KeyHistory known = keyHistory;
    return known == null ? earlier : new Known(known, chain.headHeight());
  }

  /** The changes of keys' votes after the oldest ancestor. */
  KeyHistory keyHistory() throws StoreException, OpenException {
    KeyHistory known = keyHistory;
    if (known == null) {
      known = earlier.history().upTo(earlier.upTo()).extendedBy(this, earlier.upTo());
      keyHistory = known;
    }
    return known;
  }

  /** The changes of keys' votes in the trail and on the stored chain. */
  KeyHistory wholeKeyHistory() throws StoreException, OpenException {
    KeyHistory known = wholeKeyHistory;
    if (known == null) {
      known = History.of(this).rememberedKeyHistory().followedBy(keyHistory());
      wholeKeyHistory = known;
    }
    return known;
  }

  static AumEntry oldestAncestor(AumSnapshot snapshot) throws OpenException {
    List<AumEntry> oldest = new ArrayList<>();
    for (AumEntry entry : snapshot.entries()) {
      if (entry.parent().flatMap(snapshot::find).isEmpty()) {
        oldest.add(entry);
      }
    }
    if (oldest.isEmpty()) {
      throw new OpenException.EmptyStore();
    }
    if (oldest.size() == 1) {
      return oldest.get(0);
    }
    Function<AumEntry, Optional<AumEntry>> parentOf =
        entry -> entry.parent().flatMap(snapshot::find).map(Function.identity());
    Optional<AumEntry> recorded =
        snapshot.lastActiveAncestor().flatMap(snapshot::find).map(Function.identity());
    if (recorded.isEmpty()) {
      throw new OpenException.UnrelatedChains(
          oldest.stream().map(AumEntry::hash).sorted().toList(),
          snapshot.lastActiveAncestor().map(hash -> hash + ", not stored").orElse("not recorded"));
    }
    AumEntry entry = recorded.get();
    for (Optional<AumEntry> parent = parentOf.apply(entry);
        parent.isPresent();
        parent = parentOf.apply(entry)) {
      entry = parent.get();
    }
    return entry;
  }

  /**
   * The state at an AUM with no known predecessor: a checkpoint, or a genesis of the old forms
   * no-op and add-key.
   */
  static State stateAtOldest(Aum oldest) throws OpenException, ApplyException {
    if (oldest.kind().isCheckpoint()) {
      return State.ofCheckpoint(oldest);
    }
    if (oldest.parent().isPresent() || !oldest.kind().isOldGenesis()) {
      throw new OpenException.OldestWithoutState(
          oldest.hash(),
          oldest.kind(),
          oldest.parent().map(parent -> parent + ", not stored").orElse("none"));
    }
    return State.NOTHING.apply(oldest);
  }

  @Override
  public String toString() {
    return "Authority(head " + head() + ", " + length() + " AUMs)";
  }
}
