package dev.tka.store;

import dev.tka.core.Bytes;
import dev.tka.core.NodeKey;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import dev.tka.store.internal.Fences;
import dev.tka.store.internal.RecordConflicts;
import dev.tka.store.records.AuthorityName;
import dev.tka.store.records.Changes;
import dev.tka.store.records.ControlRecords;
import dev.tka.store.records.Fence;
import dev.tka.store.records.NodeRecord;
import dev.tka.store.records.NodeSighting;
import dev.tka.store.records.NodeToken;
import dev.tka.store.records.RecordsChange;
import dev.tka.store.records.RetiredAuthority;
import dev.tka.store.records.TailnetRecord;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Predicate;

/** What {@link MemoryTailnets} keeps beside AUMs. */
final class MemoryRecords implements ControlRecords, RecordsPoll.Source {
  private final MemoryTailnets place;
  private final Object lock;

  /** Tells this place's positions from those of others. */
  private final String identity;

  private final Map<String, Kept> tailnets;
  private final Map<String, Fence> fences;
  private final Map<String, Marks> marks;
  private final Set<String> retiredStores;
  private final Map<Bytes, NodeToken> tokens;
  private final AtomicLong sequence;
  private final Optional<Fences.Held> held;

  /** What is kept of a tailnet. */
  private static final class Kept {
    TailnetRecord record = TailnetRecord.NONE;
    final SortedMap<Long, NodeRecord> nodes = new TreeMap<>();
    final SortedMap<Long, NodeSighting> sightings = new TreeMap<>();

    boolean isNothing() {
      return record.equals(TailnetRecord.NONE) && nodes.isEmpty();
    }
  }

  /** When what changed, also of tailnets that are gone. */
  private static final class Marks {
    long changed;
    long switched;

    /** The nodes by the time when their looks changed last, and those times by node. */
    final TreeMap<Long, Long> looks = new TreeMap<>();

    final Map<Long, Long> looked = new HashMap<>();

    void look(long node, long now) {
      forget(node);
      looks.put(now, node);
      looked.put(node, now);
    }

    void forget(long node) {
      Optional.ofNullable(looked.remove(node)).ifPresent(looks::remove);
    }
  }

  MemoryRecords(MemoryTailnets place, Object lock) {
    this.place = place;
    this.lock = lock;
    this.identity = "memory:" + UUID.randomUUID() + ":";
    this.tailnets = new TreeMap<>();
    this.fences = new HashMap<>();
    this.marks = new TreeMap<>();
    this.retiredStores = new HashSet<>();
    this.tokens = new HashMap<>();
    this.sequence = new AtomicLong();
    this.held = Optional.empty();
  }

  /** The same ones, for a move. */
  private MemoryRecords(MemoryRecords same, Optional<Fences.Held> held) {
    this.place = same.place;
    this.lock = same.lock;
    this.identity = same.identity;
    this.tailnets = same.tailnets;
    this.fences = same.fences;
    this.marks = same.marks;
    this.retiredStores = same.retiredStores;
    this.tokens = same.tokens;
    this.sequence = same.sequence;
    this.held = held;
  }

  MemoryRecords under(Optional<Fences.Held> by) {
    return new MemoryRecords(this, by);
  }

  @Override
  public Tailnets under(String tailnet, Fence fence) {
    require(tailnet);
    return place.under(new Fences.Held(tailnet, fence));
  }

  private Fence fenceOf(String tailnet) {
    return fences.getOrDefault(tailnet, Fence.NONE);
  }

  /** The tailnet whose fence a store is under: of a retired authority, the one that it ruled. */
  private String owner(String store) {
    if (!retiredStores.contains(store)) {
      return store;
    }
    return tailnets.entrySet().stream()
        .filter(
            each ->
                each.getValue().record.retired().stream()
                    .anyMatch(ended -> ended.store().equals(store)))
        .map(Map.Entry::getKey)
        .findFirst()
        .orElse(store);
  }

  /** Checks that a store may be read. Under the lock. */
  void requireReading(String store, Optional<Fences.Held> by) throws StoreException.Fenced {
    String tailnet = owner(store);
    Fences.requireReading(tailnet, fenceOf(tailnet), Fences.Held.of(by, tailnet));
  }

  /** Checks that a store may be written. Under the lock. */
  void requireWriting(String store, Optional<Fences.Held> by) throws StoreException.Fenced {
    String tailnet = owner(store);
    Fences.requireWriting(tailnet, fenceOf(tailnet), Fences.Held.of(by, tailnet));
  }

  /** Checks that a store may be deleted; also a tailnet of which only the fence is left. */
  void requireDeleting(String store, Optional<Fences.Held> by) throws StoreException.Fenced {
    boolean moved = fenceOf(store).standing() instanceof Fence.Standing.Moved;
    boolean isHeld = Fences.Held.of(by, store).isPresent();
    if (isHeld || !moved || knows(store) || place.find(store).isPresent()) {
      requireWriting(store, by);
    }
  }

  private void requireReading(String tailnet) throws StoreException.Fenced {
    requireReading(tailnet, held);
  }

  private void requireWriting(String tailnet) throws StoreException.Fenced {
    requireWriting(tailnet, held);
  }

  @Override
  public void fence(String tailnet, Fence before, Fence after) throws StoreException {
    requireOpen(tailnet);
    Fences.requireNext(before, after);
    synchronized (lock) {
      Fences.requireSame(tailnet, fenceOf(tailnet), before);
      if (Fences.beginsCopy(before, after) && seen(tailnet).known()) {
        throw RecordConflicts.livesHere(tailnet);
      }
      making(tailnet);
      fences.put(tailnet, after);
      Marks noted = mark(tailnet);
      noted.switched = noted.changed;
    }
    place.tell();
  }

  private static void require(String tailnet) {
    Tailnets.requireName(tailnet);
  }

  private void requireOpen(String tailnet) {
    require(tailnet);
    place.requireOpen();
  }

  private Kept kept(String tailnet) {
    return Optional.ofNullable(tailnets.get(tailnet)).orElseGet(Kept::new);
  }

  private Kept making(String tailnet) {
    if (!knows(tailnet) && (retiredStores.contains(tailnet) || place.find(tailnet).isEmpty())) {
      TailnetName.requireNew(tailnet);
    }
    return kept(tailnet);
  }

  private void put(String tailnet, Kept kept) {
    if (kept.isNothing()) {
      tailnets.remove(tailnet);
    } else {
      tailnets.put(tailnet, kept);
    }
  }

  /** Whether there is a record or a node. */
  boolean knows(String tailnet) {
    return tailnets.containsKey(tailnet);
  }

  private Marks mark(String tailnet) {
    Marks found = marks.computeIfAbsent(tailnet, any -> new Marks());
    found.changed = sequence.incrementAndGet();
    return found;
  }

  /** Notes a commit to a tailnet's AUMs. */
  void noteAums(String tailnet, boolean switched) {
    if (!retiredStores.contains(tailnet)) {
      Marks noted = mark(tailnet);
      noted.switched = switched ? noted.changed : noted.switched;
    }
  }

  /** Forgets a tailnet; not its fence, if that is held. */
  void delete(String tailnet, Optional<Fences.Held> by) {
    if (!retiredStores.remove(tailnet)) {
      if (Fences.Held.of(by, tailnet).isEmpty()) {
        fences.remove(tailnet);
      }
      Marks noted = mark(tailnet);
      noted.switched = noted.changed;
      noted.looks.clear();
      noted.looked.clear();
      tailnets.remove(tailnet);
      tokens.values().removeIf(token -> token.tailnet().equals(tailnet));
    }
  }

  @Override
  public SortedSet<String> tailnets() {
    place.requireOpen();
    synchronized (lock) {
      SortedSet<String> names = new TreeSet<>(tailnets.keySet());
      place.names().stream().filter(this::isOn).forEach(names::add);
      fences.forEach(
          (tailnet, fence) -> {
            if (!fence.isOpen()) {
              names.add(tailnet);
            }
          });
      return names;
    }
  }

  private boolean isOn(String tailnet) {
    return !retiredStores.contains(tailnet)
        && place.find(tailnet).filter(aums -> !aums.entries().isEmpty()).isPresent();
  }

  @Override
  public TailnetRecord tailnet(String tailnet) throws StoreException.Fenced {
    requireOpen(tailnet);
    synchronized (lock) {
      requireReading(tailnet);
      return kept(tailnet).record;
    }
  }

  @Override
  public Seen seen(String tailnet) {
    requireOpen(tailnet);
    synchronized (lock) {
      Optional<AumSnapshot> aums =
          retiredStores.contains(tailnet) ? Optional.empty() : place.find(tailnet);
      return new Seen(
          isOn(tailnet) || knows(tailnet) || !fenceOf(tailnet).isOpen(),
          kept(tailnet).record,
          aums.map(AumSnapshot::revision).orElse(Tailnets.NO_COMMIT),
          fenceOf(tailnet));
    }
  }

  @Override
  public Optional<NodeRecord> node(String tailnet, long id) throws StoreException.Fenced {
    requireOpen(tailnet);
    synchronized (lock) {
      requireReading(tailnet);
      return Optional.ofNullable(kept(tailnet).nodes.get(id));
    }
  }

  private List<NodeRecord> nodes(String tailnet, Predicate<NodeRecord> which)
      throws StoreException.Fenced {
    requireOpen(tailnet);
    synchronized (lock) {
      requireReading(tailnet);
      return kept(tailnet).nodes.values().stream().filter(which).toList();
    }
  }

  @Override
  public List<NodeRecord> nodesWithKey(String tailnet, NodeKey key) throws StoreException.Fenced {
    return nodes(tailnet, node -> node.nodeKey().equals(key));
  }

  @Override
  public List<NodeRecord> nodes(String tailnet, Collection<Long> ids) throws StoreException.Fenced {
    Set<Long> asked = new HashSet<>(ids);
    return nodes(tailnet, node -> asked.contains(node.id()));
  }

  /** {@inheritDoc} They are in memory anyway. */
  @Override
  public void allNodes(String tailnet, Consumer<NodeRecord> reading) throws StoreException.Fenced {
    nodes(tailnet, any -> true).forEach(reading);
  }

  @Override
  public long countNodes(String tailnet) throws StoreException.Fenced {
    requireOpen(tailnet);
    synchronized (lock) {
      requireReading(tailnet);
      return kept(tailnet).nodes.size();
    }
  }

  @Override
  public List<NodeRecord> nodesToldApart(String tailnet) throws StoreException.Fenced {
    return nodes(tailnet, node -> node.told().isPresent());
  }

  @Override
  public void commit(String tailnet, RecordsChange change) throws StoreException {
    requireOpen(tailnet);
    synchronized (lock) {
      requireWriting(tailnet);
      Kept kept = making(tailnet);
      if (change.tailnet().isPresent()) {
        RecordConflicts.requireRecord(tailnet, change.tailnet().get().before(), kept.record);
      }
      for (RecordsChange.OfNode each : change.nodes()) {
        RecordConflicts.requireNode(tailnet, each, Optional.ofNullable(kept.nodes.get(each.id())));
      }
      if (!changes(change)) {
        return;
      }
      change.tailnet().ifPresent(record -> kept.record = record.after());
      Marks noted = mark(tailnet);
      for (RecordsChange.OfNode each : change.nodes()) {
        if (each.after().isEmpty()) {
          remove(tailnet, kept, noted, each.id());
          continue;
        }
        NodeRecord after = each.after().get();
        kept.nodes.put(each.id(), after);
        if (each.before().isEmpty() || !each.before().get().looksLike(after)) {
          noted.look(each.id(), sequence.incrementAndGet());
        }
      }
      put(tailnet, kept);
    }
    place.tell();
  }

  private static boolean changes(RecordsChange change) {
    return change.tailnet().filter(each -> !each.before().equals(each.after())).isPresent()
        || change.nodes().stream().anyMatch(each -> !each.before().equals(each.after()));
  }

  private void remove(String tailnet, Kept kept, Marks noted, long node) {
    kept.nodes.remove(node);
    kept.sightings.remove(node);
    noted.forget(node);
    tokens.values().removeIf(token -> token.tailnet().equals(tailnet) && token.node() == node);
  }

  @Override
  public TailnetRecord retire(
      String tailnet, Revision aums, TailnetRecord before, RetiredAuthority ended)
      throws StoreException {
    requireOpen(tailnet);
    TailnetRecord after;
    synchronized (lock) {
      requireWriting(tailnet);
      place.requireRevision(tailnet, aums);
      if (!isOn(tailnet)) {
        throw RecordConflicts.noAums(tailnet);
      }
      Kept kept = kept(tailnet);
      RecordConflicts.requireRecord(tailnet, before, kept.record);
      AuthorityName name = ended.name();
      String store = place.retire(tailnet, name.genesis());
      retiredStores.add(store);
      after = before.withRetired(new RetiredAuthority(name, ended.secret(), ended.at(), store));
      kept.record = after;
      put(tailnet, kept);
      Marks noted = mark(tailnet);
      noted.switched = noted.changed;
    }
    place.tell();
    return after;
  }

  @Override
  public void noteSightings(String tailnet, Collection<NodeSighting> sightings)
      throws StoreException.Fenced {
    requireOpen(tailnet);
    synchronized (lock) {
      requireWriting(tailnet);
      Kept kept = kept(tailnet);
      for (NodeSighting each : sightings) {
        if (kept.nodes.containsKey(each.node())) {
          kept.sightings.put(each.node(), each);
        }
      }
    }
  }

  @Override
  public SortedMap<Long, NodeSighting> sightings(String tailnet) throws StoreException.Fenced {
    requireOpen(tailnet);
    synchronized (lock) {
      requireReading(tailnet);
      return new TreeMap<>(kept(tailnet).sightings);
    }
  }

  @Override
  public Optional<NodeToken> token(Bytes hash) throws StoreException.Fenced {
    place.requireOpen();
    synchronized (lock) {
      Optional<NodeToken> found = Optional.ofNullable(tokens.get(hash));
      if (found.isPresent()) {
        requireReading(found.get().tailnet());
      }
      return found;
    }
  }

  @Override
  public List<NodeToken> tokens(String tailnet) throws StoreException.Fenced {
    requireOpen(tailnet);
    synchronized (lock) {
      requireReading(tailnet);
      return tokens.values().stream()
          .filter(token -> token.tailnet().equals(tailnet))
          .sorted(
              Comparator.comparingLong(NodeToken::node)
                  .thenComparing(NodeToken::made)
                  .thenComparing(NodeToken::hash))
          .toList();
    }
  }

  @Override
  public void addToken(NodeToken token) throws StoreException {
    requireOpen(token.tailnet());
    synchronized (lock) {
      requireWriting(token.tailnet());
      if (!kept(token.tailnet()).nodes.containsKey(token.node())) {
        throw RecordConflicts.noNode(token.tailnet(), token.node());
      }
      if (tokens.putIfAbsent(token.hash(), token) != null) {
        throw RecordConflicts.tokenExists();
      }
    }
  }

  @Override
  public void removeToken(String tailnet, Bytes hash) throws StoreException.Fenced {
    requireOpen(tailnet);
    synchronized (lock) {
      requireWriting(tailnet);
      tokens.values().removeIf(t -> t.tailnet().equals(tailnet) && t.hash().equals(hash));
    }
  }

  @Override
  public Changes.Position position() {
    place.requireOpen();
    synchronized (lock) {
      return new Changes.Position(identity + sequence.get());
    }
  }

  @Override
  public Changes changesAfter(Changes.Position position, int most) {
    place.requireOpen();
    synchronized (lock) {
      Changes.Position now = new Changes.Position(identity + sequence.get());
      Optional<Long> asked = sequenceOf(position);
      if (asked.isEmpty()) {
        return new Changes(now, false, List.of());
      }
      long after = asked.get();
      List<Changes.Change> changes = new ArrayList<>();
      marks.forEach(
          (tailnet, noted) -> {
            if (noted.changed > after) {
              Collection<Long> nodes = noted.looks.tailMap(after, false).values();
              boolean tooMany = nodes.size() > most;
              changes.add(
                  new Changes.Change(
                      tailnet,
                      tooMany || noted.switched > after,
                      tooMany ? List.of() : nodes.stream().sorted().toList()));
            }
          });
      return new Changes(now, true, changes);
    }
  }

  private Optional<Long> sequenceOf(Changes.Position position) {
    if (!position.text().startsWith(identity)) {
      return Optional.empty();
    }
    try {
      return Optional.of(Long.parseLong(position.text().substring(identity.length())))
          .filter(number -> number >= 0 && number <= sequence.get());
    } catch (NumberFormatException e) {
      return Optional.empty();
    }
  }

  @Override
  public Tailnets.Watch watch(Watcher watcher) {
    place.requireOpen();
    return place.watched(RecordsPoll.begin(this, RecordsPoll.INTERVAL, watcher));
  }
}
