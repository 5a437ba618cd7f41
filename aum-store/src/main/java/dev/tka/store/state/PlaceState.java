package dev.tka.store.state;

import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.Commit;
import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import dev.tka.store.TailnetName;
import dev.tka.store.internal.Fences;
import dev.tka.store.internal.RecordConflicts;
import dev.tka.store.internal.RetiredStores;
import dev.tka.store.records.Changes;
import dev.tka.store.records.ControlRecords;
import dev.tka.store.records.Fence;
import dev.tka.store.records.NodeSighting;
import dev.tka.store.records.NodeToken;
import dev.tka.store.records.RecordsChange;
import dev.tka.store.records.RetiredAuthority;
import dev.tka.store.records.TailnetRecord;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * All that a place keeps, and the rules of {@link dev.tka.store.Tailnets} and {@link
 * ControlRecords} for it. Immutable. A transition gives another state, or this one if nothing
 * changes, or throws what those interfaces say; each takes the fence under which it is made, for a
 * move. Names are valid.
 */
public final class PlaceState {
  /** Nothing. */
  public static final PlaceState NONE =
      new PlaceState(OrderedMap.empty(), OrderedMap.empty(), OrderedMap.empty(), 0);

  private final OrderedMap<String, TailnetState> tailnets;
  private final OrderedMap<String, RetiredStore> retired;
  private final OrderedMap<Bytes, String> tokens;
  private final long position;

  /**
   * The store of an authority that was ended.
   *
   * @param tailnet the tailnet that it ruled
   */
  public record RetiredStore(String tailnet, AumState aums) {}

  private PlaceState(
      OrderedMap<String, TailnetState> tailnets,
      OrderedMap<String, RetiredStore> retired,
      OrderedMap<Bytes, String> tokens,
      long position) {
    this.tailnets = tailnets;
    this.retired = retired;
    this.tokens = tokens;
    this.position = position;
  }

  /**
   * What was read from a medium.
   *
   * @param all the tailnets, also those of which only positions are left
   * @param retired the stores of authorities that were ended, by their names
   * @param position the last position
   */
  public static PlaceState read(
      Collection<TailnetState> all, Map<String, RetiredStore> retired, long position) {
    PlaceState place = NONE;
    for (TailnetState each : all) {
      place = place.with(each, position);
    }
    OrderedMap<String, RetiredStore> stores = OrderedMap.empty();
    for (Map.Entry<String, RetiredStore> each : retired.entrySet()) {
      stores = stores.with(each.getKey(), each.getValue());
    }
    return place.with(stores, position);
  }

  // What it holds.

  /** The last position. */
  public long position() {
    return position;
  }

  /** All tailnets, also those of which only positions are left, by their names, in order. */
  public OrderedMap<String, TailnetState> all() {
    return tailnets;
  }

  /** The stores of authorities that were ended, by their names, in order. */
  public OrderedMap<String, RetiredStore> retired() {
    return retired;
  }

  /** A tailnet. */
  public TailnetState tailnet(String name) {
    return tailnets.find(name).orElseGet(() -> TailnetState.none(name));
  }

  /** The names of the tailnets of which there is anything. */
  public SortedSet<String> names() {
    SortedSet<String> names = new TreeSet<>();
    tailnets.forEach(
        (name, each) -> {
          if (each.isKnown()) {
            names.add(name);
          }
        });
    return names;
  }

  /** The revisions of all stores that were ever committed to, also of ended authorities. */
  public SortedMap<String, Revision> revisions() {
    SortedMap<String, Revision> revisions = new TreeMap<>();
    tailnets.forEach(
        (name, each) -> each.aums().ifPresent(aums -> revisions.put(name, aums.revision())));
    retired.forEach((name, each) -> revisions.put(name, each.aums().revision()));
    return revisions;
  }

  /** The tailnet under whose fence a store is: of an ended authority, the one that it ruled. */
  private Optional<TailnetState> owner(String store) {
    Optional<RetiredStore> ended = retired.find(store);
    if (ended.isEmpty()) {
      return Optional.of(tailnet(store));
    }
    // A tailnet that was deleted leaves the stores of its ended authorities, under no fence.
    return tailnets
        .find(ended.get().tailnet())
        .filter(
            each ->
                each.record().retired().stream().anyMatch(other -> other.store().equals(store)));
  }

  /**
   * A tailnet that is read.
   *
   * @throws StoreException.Fenced if it may not be read
   */
  public TailnetState reading(String tailnet, Optional<Fences.Held> held)
      throws StoreException.Fenced {
    TailnetState found = tailnet(tailnet);
    found.requireReading(Fences.Held.of(held, tailnet));
    return found;
  }

  /**
   * What a reader of a store is shown, also of the store of an ended authority.
   *
   * @throws StoreException.Fenced if it may not be read
   */
  public AumSnapshot snapshot(String store, Optional<Fences.Held> held)
      throws StoreException.Fenced {
    Optional<TailnetState> owner = owner(store);
    if (owner.isPresent()) {
      owner.get().requireReading(Fences.Held.of(held, owner.get().name()));
    }
    return aums(store).snapshot();
  }

  /** A store's AUMs, also those of an ended authority. */
  public AumState aums(String store) {
    return retired
        .find(store)
        .map(RetiredStore::aums)
        .or(() -> tailnet(store).aums())
        .orElse(AumState.NONE);
  }

  /**
   * The token with a hash.
   *
   * @throws StoreException.Fenced if its tailnet may not be read
   */
  public Optional<NodeToken> token(Bytes hash, Optional<Fences.Held> held)
      throws StoreException.Fenced {
    Optional<String> tailnet = tokens.find(hash);
    return tailnet.isEmpty() ? Optional.empty() : reading(tailnet.get(), held).tokens().find(hash);
  }

  /** What changed after a position, as {@link ControlRecords#changesAfter} says. */
  public List<Changes.Change> changesAfter(long after, int most) {
    List<Changes.Change> changes = new ArrayList<>();
    tailnets.values().forEach(each -> each.changesAfter(after, most).ifPresent(changes::add));
    return changes;
  }

  // What is decided.

  // Nothing changed if it is the same object.
  @SuppressWarnings("ReferenceEquality")
  private PlaceState with(TailnetState next, long at) {
    TailnetState before = tailnet(next.name());
    boolean isNew = !tailnets.containsKey(next.name());
    if (next == before || (isNew && next.isNothing() && next.changed() == 0)) {
      return this;
    }
    OrderedMap<Bytes, String> hashes = tokens;
    if (before.tokens() != next.tokens()) {
      for (Bytes each : before.tokens().keySet()) {
        hashes = next.tokens().containsKey(each) ? hashes : hashes.without(each);
      }
      for (Bytes each : next.tokens().keySet()) {
        hashes = before.tokens().containsKey(each) ? hashes : hashes.with(each, next.name());
      }
    }
    return new PlaceState(tailnets.with(next.name(), next), retired, hashes, at);
  }

  private PlaceState with(OrderedMap<String, RetiredStore> stores, long at) {
    return new PlaceState(tailnets, stores, tokens, at);
  }

  private PlaceState with(String store, RetiredStore next) {
    return with(retired.with(store, next), position + 1);
  }

  /** Checks that the store of an ended authority may be written. */
  private RetiredStore writing(String store, Optional<Fences.Held> held)
      throws StoreException.Fenced {
    Optional<TailnetState> owner = owner(store);
    if (owner.isPresent()) {
      owner.get().requireWriting(Fences.Held.of(held, owner.get().name()));
    }
    return retired.find(store).orElseThrow();
  }

  /**
   * A commit to a store's AUMs.
   *
   * @param next the revision afterwards, which they never had
   */
  public PlaceState commit(String store, Commit commit, Revision next, Optional<Fences.Held> held)
      throws StoreException {
    if (retired.containsKey(store)) {
      RetiredStore ended = writing(store, held);
      return with(store, new RetiredStore(ended.tailnet(), ended.aums().commit(commit, next)));
    }
    return with(
        tailnet(store).commit(commit, next, Fences.Held.of(held, store), position + 1),
        position + 1);
  }

  /**
   * The end of a store's AUMs, for good.
   *
   * @param next the revision afterwards, which they never had
   */
  public PlaceState wipe(String store, Revision next, Optional<Fences.Held> held)
      throws StoreException.Fenced {
    if (retired.containsKey(store)) {
      RetiredStore ended = writing(store, held);
      return with(store, new RetiredStore(ended.tailnet(), ended.aums().wiped(next)));
    }
    return with(tailnet(store).wipe(next, Fences.Held.of(held, store), position + 1), position + 1);
  }

  /** The deletion of a tailnet, or of the store of an ended authority. */
  public PlaceState delete(String store, Revision base, Optional<Fences.Held> held)
      throws StoreException {
    if (retired.containsKey(store)) {
      writing(store, held).aums().require(base);
      return with(retired.without(store), position + 1);
    }
    return with(
        tailnet(store).delete(base, Fences.Held.of(held, store), position + 1), position + 1);
  }

  /** A change of a tailnet's record and nodes. */
  public PlaceState change(String tailnet, RecordsChange change, Optional<Fences.Held> held)
      throws StoreException {
    requireNoStore(tailnet);
    return with(
        tailnet(tailnet).change(change, Fences.Held.of(held, tailnet), position + 1), position + 1);
  }

  /** Another fence of a tailnet. */
  public PlaceState fence(String tailnet, Fence before, Fence after)
      throws StoreException.Conflict {
    return with(tailnet(tailnet).fence(before, after, position + 1), position + 1);
  }

  /** With another fence of a tailnet, whatever it is now. */
  public PlaceState withFence(String tailnet, Fence fence) {
    return with(tailnet(tailnet).withFence(fence, position + 1), position + 1);
  }

  /** The store of an ended authority is no tailnet, and its name is no new tailnet's. */
  private void requireNoStore(String tailnet) {
    if (retired.containsKey(tailnet)) {
      TailnetName.requireNew(tailnet);
    }
  }

  /**
   * The end of a tailnet's authority. Its record afterwards names the store that keeps its AUMs.
   *
   * @param next the revision of the tailnet's AUMs afterwards, which they never had
   */
  public PlaceState retire(
      String tailnet,
      Revision aums,
      TailnetRecord before,
      RetiredAuthority ended,
      Revision next,
      Optional<Fences.Held> held)
      throws StoreException {
    TailnetState found = tailnet(tailnet);
    String store = freeStore(tailnet, ended.name().genesis());
    TailnetState after =
        found.retire(
            aums,
            before,
            new RetiredAuthority(ended.name(), ended.secret(), ended.at(), store),
            next,
            Fences.Held.of(held, tailnet),
            position + 1);
    RetiredStore kept = new RetiredStore(tailnet, found.aums().orElseThrow());
    return with(after, position + 1).with(retired.with(store, kept), position + 1);
  }

  private String freeStore(String tailnet, AumHash genesis) {
    int attempt = 1;
    String store = RetiredStores.name(tailnet, genesis, attempt);
    while (retired.containsKey(store) || tailnets.containsKey(store)) {
      attempt++;
      store = RetiredStores.name(tailnet, genesis, attempt);
    }
    return store;
  }

  /** Sightings of a tailnet's nodes. */
  public PlaceState noteSightings(
      String tailnet, Collection<NodeSighting> sightings, Optional<Fences.Held> held)
      throws StoreException.Fenced {
    return with(
        tailnet(tailnet).noteSightings(sightings, Fences.Held.of(held, tailnet)), position + 1);
  }

  /** Another token. */
  public PlaceState addToken(NodeToken token, Optional<Fences.Held> held) throws StoreException {
    TailnetState found = tailnet(token.tailnet());
    Optional<Fence> under = Fences.Held.of(held, token.tailnet());
    // A hash stands for one token in all of the place.
    Optional<String> other = tokens.find(token.hash());
    if (other.isPresent() && !other.get().equals(token.tailnet())) {
      found.addToken(token, under);
      throw RecordConflicts.tokenExists();
    }
    return with(found.addToken(token, under), position + 1);
  }

  /** No longer a token. */
  public PlaceState removeToken(String tailnet, Bytes hash, Optional<Fences.Held> held)
      throws StoreException.Fenced {
    return with(tailnet(tailnet).removeToken(hash, Fences.Held.of(held, tailnet)), position + 1);
  }

  @Override
  public String toString() {
    return "a place with " + tailnets.size() + " tailnets, at position " + position;
  }
}
