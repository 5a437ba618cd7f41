package dev.tka.store.etcd;

import dev.tka.core.Bytes;
import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import dev.tka.store.RecordsPoll;
import dev.tka.store.TailnetName;
import dev.tka.store.Tailnets;
import dev.tka.store.internal.Fences;
import dev.tka.store.internal.RecordConflicts;
import dev.tka.store.internal.RetiredStores;
import dev.tka.store.records.Changes;
import dev.tka.store.records.Fence;
import dev.tka.store.records.NodeSighting;
import dev.tka.store.records.NodeToken;
import dev.tka.store.records.RecordsChange;
import dev.tka.store.records.RetiredAuthority;
import dev.tka.store.records.TailnetRecord;
import dev.tka.store.state.StateRecords;
import dev.tka.store.state.TailnetState;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What {@link EtcdTailnets} keeps beside AUMs. */
final class EtcdRecords extends StateRecords implements RecordsPoll.Source {
  private static final Pattern POSITION =
      Pattern.compile("etcd:([1-9][0-9]{0,17}):([1-9][0-9]{0,18})");
  private static final int MOST_ATTEMPTS = 100;

  private final EtcdTailnets place;
  private final Optional<Fences.Held> held;

  EtcdRecords(EtcdTailnets place, Optional<Fences.Held> held) {
    this.place = place;
    this.held = held;
  }

  private Root.Kept current(String tailnet) throws StoreException {
    Tailnets.requireName(tailnet);
    place.pass();
    return root(tailnet);
  }

  /** The root of a tailnet; the store of an ended authority is none. */
  private Root.Kept root(String tailnet) throws StoreException {
    Root.Kept found = place.cache().root(tailnet);
    return found.root().owner().isPresent() ? Root.Kept.NONE : found;
  }

  private void requireReading(String tailnet, Root.Kept root) throws StoreException.Fenced {
    Fences.requireReading(tailnet, root.root().fence(), Fences.Held.of(held, tailnet));
  }

  /** A tailnet that is read, with its rows. */
  @Override
  protected TailnetState reading(String tailnet) throws StoreException {
    Root.Kept root = current(tailnet);
    requireReading(tailnet, root);
    if (root.root().nodes() == 0) {
      // Nothing but nodes, and what they have, is asked for.
      return TailnetState.none(tailnet);
    }
    return loaded(tailnet);
  }

  /** A tailnet with its rows, if its fence as it is with them allows to read it. */
  private TailnetState loaded(String tailnet) throws StoreException {
    Loaded found = place.writer().load(tailnet);
    requireReading(tailnet, found.root());
    return found.state();
  }

  @Override
  public SortedSet<String> tailnets() throws StoreException {
    place.pass();
    SortedSet<String> names = new TreeSet<>();
    for (Map.Entry<String, Root.Kept> each : place.cache().roots().entrySet()) {
      Root root = each.getValue().root();
      if (root.owner().isEmpty() && root.isKnown()) {
        names.add(each.getKey());
      }
    }
    names.addAll(place.cache().damaged().keySet());
    return names;
  }

  @Override
  public SortedSet<String> restored() throws StoreException {
    place.pass();
    SortedSet<String> names = new TreeSet<>();
    place
        .cache()
        .roots()
        .forEach(
            (name, each) -> {
              if (each.root().record().restored().isPresent()) {
                names.add(name);
              }
            });
    return names;
  }

  @Override
  public TailnetRecord tailnet(String tailnet) throws StoreException {
    Root.Kept root = current(tailnet);
    requireReading(tailnet, root);
    return root.root().record();
  }

  @Override
  public Seen seen(String tailnet) throws StoreException {
    Root root = current(tailnet).root();
    return new Seen(root.isKnown(), root.record(), root.revision(), root.fence());
  }

  @Override
  public void fence(String tailnet, Fence before, Fence after) throws StoreException {
    Tailnets.requireName(tailnet);
    place.requireOpen();
    Fences.requireNext(before, after);
    place
        .writer()
        .write(
            tailnet,
            now -> {
              requireNoStore(tailnet, now);
              return Plans.fence(place.layout(), now, before, after);
            });
  }

  @Override
  public Tailnets under(String tailnet, Fence fence) {
    Tailnets.requireName(tailnet);
    return place.under(tailnet, fence);
  }

  @Override
  public long countNodes(String tailnet) throws StoreException {
    Root.Kept root = current(tailnet);
    requireReading(tailnet, root);
    return root.root().nodes();
  }

  @Override
  public void commit(String tailnet, RecordsChange change) throws StoreException {
    Tailnets.requireName(tailnet);
    place.requireOpen();
    place
        .writer()
        .write(
            tailnet,
            now -> {
              requireNoStore(tailnet, now);
              return Plans.change(place.layout(), tailnet, now, change, held);
            });
  }

  /** The store of an ended authority is no tailnet, and its name is no new tailnet's. */
  private static void requireNoStore(String tailnet, Loaded now) {
    if (now.root().root().owner().isPresent()) {
      TailnetName.requireNew(tailnet);
    }
  }

  @Override
  public TailnetRecord retire(
      String tailnet, Revision aums, TailnetRecord before, RetiredAuthority ended)
      throws StoreException {
    Tailnets.requireName(tailnet);
    place.requireOpen();
    return place
        .writer()
        .write(
            tailnet,
            now -> {
              requireNoStore(tailnet, now);
              String store = freeStore(tailnet, ended);
              return Plans.retire(
                  place.layout(),
                  tailnet,
                  now,
                  aums,
                  before,
                  ended,
                  store,
                  place.cache().root(store),
                  held);
            })
        .record();
  }

  private String freeStore(String tailnet, RetiredAuthority ended) throws StoreException {
    int attempt = 1;
    String store = RetiredStores.name(tailnet, ended.name().genesis(), attempt);
    while (isTaken(store)) {
      attempt++;
      store = RetiredStores.name(tailnet, ended.name().genesis(), attempt);
    }
    return store;
  }

  private boolean isTaken(String store) throws StoreException {
    Root root = place.cache().root(store).root();
    return root.aums().isPresent() || root.isKnown();
  }

  @Override
  public void noteSightings(String tailnet, Collection<NodeSighting> sightings)
      throws StoreException {
    Tailnets.requireName(tailnet);
    place.requireOpen();
    SortedMap<Long, NodeSighting> last = new TreeMap<>();
    sightings.forEach(each -> last.put(each.node(), each));
    List<NodeSighting> left = new ArrayList<>(last.values());
    int attempts = 0;
    place.pass();
    while (true) {
      Loaded now = place.writer().load(tailnet);
      now.state().requireWriting(Fences.Held.of(held, tailnet));
      if (now.root().root().pending().isPresent()) {
        place.writer().finishPending(tailnet);
        attempts++;
        requireFewer(attempts);
        continue;
      }
      List<NodeSighting> some = left.subList(0, Math.min(left.size(), Batches.MOST_OPERATIONS));
      List<Operation> rows = new ArrayList<>();
      for (NodeSighting each : some) {
        if (now.state().nodes().containsKey(each.node())) {
          rows.add(
              new Operation.Put(
                  place.layout().sighting(tailnet, each.node()), Values.sighting(each)));
        }
      }
      if (rows.isEmpty() || place.writer().putRows(now.root(), tailnet, rows)) {
        some.clear();
        if (left.isEmpty()) {
          return;
        }
        continue;
      }
      attempts++;
      requireFewer(attempts);
      place.pass();
    }
  }

  private void requireFewer(int attempts) throws StoreException.Busy {
    if (attempts == MOST_ATTEMPTS) {
      throw new StoreException.Busy(place + ": other writers were first for too long");
    }
  }

  @Override
  public Optional<NodeToken> token(Bytes hash) throws StoreException {
    place.pass();
    Optional<String> tailnet = tailnetOf(hash);
    if (tailnet.isEmpty()) {
      return Optional.empty();
    }
    Root.Kept root = root(tailnet.get());
    requireReading(tailnet.get(), root);
    return loaded(tailnet.get()).tokens().find(hash);
  }

  private Optional<KeyValue> tokenName(Bytes hash) throws StoreException {
    try {
      return place.client().get(place.layout().tokenName(hash));
    } catch (EtcdFailure e) {
      throw place.writer().unavailable(e);
    }
  }

  private Optional<String> tailnetOf(Bytes hash) throws StoreException {
    return tokenName(hash)
        .map(each -> new String(each.value().toByteArray(), StandardCharsets.UTF_8))
        .filter(Tailnets::isName);
  }

  @Override
  public void addToken(NodeToken token) throws StoreException {
    Tailnets.requireName(token.tailnet());
    place.requireOpen();
    place
        .writer()
        .write(
            token.tailnet(),
            now -> Plans.addToken(place.layout(), now, token, requireNewToken(token.hash()), held));
  }

  /**
   * Checks that no token has a hash.
   *
   * @return the revision of a key that an older one left, or 0
   */
  private long requireNewToken(Bytes hash) throws StoreException {
    Optional<KeyValue> name = tokenName(hash);
    if (name.isEmpty()) {
      return 0;
    }
    String tailnet = new String(name.get().value().toByteArray(), StandardCharsets.UTF_8);
    if (Tailnets.isName(tailnet)
        && place.writer().load(tailnet).state().tokens().containsKey(hash)) {
      throw RecordConflicts.tokenExists();
    }
    return name.get().modified();
  }

  @Override
  public void removeToken(String tailnet, Bytes hash) throws StoreException {
    Tailnets.requireName(tailnet);
    place.requireOpen();
    place
        .writer()
        .write(tailnet, now -> Plans.removeToken(place.layout(), tailnet, now, hash, held));
  }

  private static Changes.Position position(Cache.Mark mark) {
    return new Changes.Position("etcd:" + mark.revision() + ":" + mark.number());
  }

  @Override
  public Changes.Position position() throws StoreException {
    return position(place.pass());
  }

  @Override
  public Changes changesAfter(Changes.Position position, int most) throws StoreException {
    Changes.Position now = position(place.pass());
    Matcher matcher = POSITION.matcher(position.text());
    if (!matcher.matches()) {
      return new Changes(now, false, List.of());
    }
    Cache.Mark asked;
    try {
      asked = new Cache.Mark(Long.parseLong(matcher.group(1)), Long.parseLong(matcher.group(2)));
    } catch (NumberFormatException e) {
      return new Changes(now, false, List.of());
    }
    if (!isOfThisHistory(asked)) {
      return new Changes(now, false, List.of());
    }
    List<Changes.Change> changes = new ArrayList<>();
    for (String name : place.cache().changedAfter(asked.revision())) {
      try {
        changes.add(change(name, asked.revision(), most));
      } catch (StoreException.Damaged e) {
        // Whoever reads it is told; the others are told of theirs.
        changes.add(new Changes.Change(name, true, List.of()));
      }
    }
    return new Changes(now, true, changes);
  }

  private boolean isOfThisHistory(Cache.Mark mark) throws StoreException {
    Optional<Boolean> known = place.cache().knows(mark);
    if (known.isPresent()) {
      return known.get();
    }
    try {
      return place
          .client()
          .get(place.layout().last(), mark.revision())
          .filter(each -> each.modified() == mark.revision())
          .filter(each -> place.values().mark(each.value()) == mark.number())
          .isPresent();
    } catch (EtcdFailure.Refused e) {
      if (e.isCompacted() || e.isFuture()) {
        return false;
      }
      throw place.writer().unavailable(e);
    } catch (EtcdFailure e) {
      throw place.writer().unavailable(e);
    }
  }

  private Changes.Change change(String name, long after, int most) throws StoreException {
    Root.Kept root = place.cache().root(name);
    boolean switched = root.switched() > after;
    if (root.looked() <= after || root.root().nodes() == 0) {
      return new Changes.Change(name, switched, List.of());
    }
    TailnetState state = place.writer().load(name).state();
    List<Long> nodes = new ArrayList<>();
    state
        .looked()
        .forEach(
            (node, looked) -> {
              if (looked > after) {
                nodes.add(node);
              }
            });
    return nodes.size() > most
        ? new Changes.Change(name, true, List.of())
        : new Changes.Change(name, switched, nodes);
  }

  @Override
  public Tailnets.Watch watch(Watcher watcher) {
    return place.watch(this, watcher);
  }
}
