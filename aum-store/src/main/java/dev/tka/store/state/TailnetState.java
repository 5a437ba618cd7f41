package dev.tka.store.state;

import dev.tka.core.Bytes;
import dev.tka.core.NodeKey;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.Commit;
import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import dev.tka.store.TailnetName;
import dev.tka.store.Tailnets;
import dev.tka.store.internal.Fences;
import dev.tka.store.internal.RecordConflicts;
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
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;

/**
 * All that a place keeps of one tailnet, and the rules of {@link dev.tka.core.store.AumStore} and
 * {@link ControlRecords} for it. Immutable. A transition gives another state, or this one if
 * nothing changes, or throws what those interfaces say. Whoever makes one keeps it only once its
 * medium does.
 *
 * <p>A transition is told the fence under which it is made ({@link ControlRecords#under}; empty for
 * everybody but a move), and the position that it has among the changes of the place: positions
 * grow, and 0 is before all of them.
 */
public final class TailnetState {
  private final String name;
  private final Optional<AumState> aums;
  private final TailnetRecord record;
  private final Fence fence;
  private final Nodes nodes;
  private final long changed;
  private final long switched;

  private TailnetState(
      String name,
      Optional<AumState> aums,
      TailnetRecord record,
      Fence fence,
      Nodes nodes,
      long changed,
      long switched) {
    this.name = name;
    this.aums = aums;
    this.record = record;
    this.fence = fence;
    this.nodes = nodes;
    this.changed = changed;
    this.switched = switched;
  }

  /** A tailnet of which nothing is kept. */
  public static TailnetState none(String name) {
    return new TailnetState(
        name, Optional.empty(), TailnetRecord.NONE, Fence.NONE, Nodes.NONE, 0, 0);
  }

  // What it holds.

  /** The tailnet's name. */
  public String name() {
    return name;
  }

  /** Its AUMs; empty if nothing was ever committed to them. */
  public Optional<AumState> aums() {
    return aums;
  }

  /** What a reader of its AUMs is shown. */
  public AumSnapshot snapshot() {
    return aums.orElse(AumState.NONE).snapshot();
  }

  /** The revision of its AUMs; {@link Tailnets#NO_COMMIT} if nothing was ever committed to them. */
  public Revision revision() {
    return aums.map(AumState::revision).orElse(Tailnets.NO_COMMIT);
  }

  /** Its record. */
  public TailnetRecord record() {
    return record;
  }

  /** Whether it lives here. */
  public Fence fence() {
    return fence;
  }

  /** Its nodes by their numbers, in order. */
  public OrderedMap<Long, NodeRecord> nodes() {
    return nodes.byId();
  }

  /** The nodes that have a node key, in the order of their numbers. */
  public List<NodeRecord> nodesWithKey(NodeKey key) {
    List<NodeRecord> found = new ArrayList<>();
    for (Map.Entry<Nodes.KeyOf, Long> each : nodes.byKey().from(new Nodes.KeyOf(key.bytes(), 0))) {
      if (!each.getKey().key().equals(key.bytes())) {
        break;
      }
      nodes.byId().find(each.getValue()).ifPresent(found::add);
    }
    return found;
  }

  /** The nodes that are told something else than most, in order. */
  public List<NodeRecord> nodesToldApart() {
    return List.copyOf(nodes.toldApart().values());
  }

  /** The last sightings of nodes, by their numbers, in order. */
  public OrderedMap<Long, NodeSighting> sightings() {
    return nodes.sightings();
  }

  /** The tokens of its nodes by their hashes. */
  public OrderedMap<Bytes, NodeToken> tokens() {
    return nodes.tokens();
  }

  /** The tokens of its nodes, by node and then by time. */
  public List<NodeToken> tokensInOrder() {
    return List.copyOf(nodes.tokensInOrder().values());
  }

  /** Whether it has AUMs. */
  public boolean isOn() {
    return aums.filter(each -> !each.isEmpty()).isPresent();
  }

  /** Whether there is anything of it: AUMs, a record, a node, or a fence that is not open. */
  public boolean isKnown() {
    return isOn() || hasRecords() || !fence.isOpen();
  }

  private boolean hasRecords() {
    return !record.equals(TailnetRecord.NONE) || !nodes.byId().isEmpty();
  }

  /** Whether nothing at all is kept of it but the positions of its changes. */
  public boolean isNothing() {
    return aums.isEmpty() && !hasRecords() && fence.equals(Fence.NONE);
  }

  /** What one look shows. */
  public ControlRecords.Seen seen() {
    return new ControlRecords.Seen(isKnown(), record, revision(), fence);
  }

  /** The position of the last change that {@link #changesAfter} reports. */
  public long changed() {
    return changed;
  }

  /** The position of the last change after which any signature may count or no longer count. */
  public long switched() {
    return switched;
  }

  /** The position of the last change of each node's looks, by its number; none is 0. */
  public OrderedMap<Long, Long> looked() {
    return nodes.looked();
  }

  /**
   * What changed after a position.
   *
   * @param most how many nodes to name, as {@link ControlRecords#changesAfter} says
   */
  public Optional<Changes.Change> changesAfter(long position, int most) {
    if (changed <= position) {
      return Optional.empty();
    }
    Collection<Map.Entry<Nodes.Look, Long>> looks =
        nodes.looks().from(new Nodes.Look(position + 1, 0));
    boolean tooMany = looks.size() > most;
    TreeSet<Long> named = new TreeSet<>();
    if (!tooMany) {
      looks.forEach(each -> named.add(each.getValue()));
    }
    return Optional.of(
        new Changes.Change(name, tooMany || switched > position, List.copyOf(named)));
  }

  /**
   * Checks that it may be read.
   *
   * @throws StoreException.Fenced if not
   */
  public void requireReading(Optional<Fence> held) throws StoreException.Fenced {
    Fences.requireReading(name, fence, held);
  }

  /**
   * Checks that it may be written.
   *
   * @throws StoreException.Fenced if not
   */
  public void requireWriting(Optional<Fence> held) throws StoreException.Fenced {
    Fences.requireWriting(name, fence, held);
  }

  // What is decided.

  /**
   * A commit to its AUMs.
   *
   * @param next the revision afterwards, which they never had
   * @throws StoreException.Conflict if the commit is based on another revision
   * @throws StoreException.Fenced if it may not be written
   * @throws IllegalArgumentException if it makes the tailnet, and none may have this name
   */
  public TailnetState commit(Commit commit, Revision next, Optional<Fence> held, long position)
      throws StoreException {
    requireWriting(held);
    return withAums(storeForWriting().commit(commit, next), position);
  }

  /**
   * The end of its AUMs, for good.
   *
   * @param next the revision afterwards, which they never had
   * @throws StoreException.Fenced if it may not be written
   * @throws IllegalArgumentException if it makes the tailnet, and none may have this name
   */
  public TailnetState wipe(Revision next, Optional<Fence> held, long position)
      throws StoreException.Fenced {
    requireWriting(held);
    return withAums(storeForWriting().wiped(next), position);
  }

  private AumState storeForWriting() {
    if (aums.isEmpty()) {
      TailnetName.requireNew(name);
    }
    return aums.orElse(AumState.NONE);
  }

  private void requireMaking() {
    if (!hasRecords() && aums.isEmpty()) {
      TailnetName.requireNew(name);
    }
  }

  /**
   * A change of its record and its nodes.
   *
   * @throws StoreException.Conflict if they are not as the change says
   * @throws StoreException.Fenced if it may not be written
   * @throws IllegalArgumentException if it makes the tailnet, and none may have this name
   */
  public TailnetState change(RecordsChange change, Optional<Fence> held, long position)
      throws StoreException {
    requireWriting(held);
    requireMaking();
    if (change.tailnet().isPresent()) {
      RecordConflicts.requireRecord(name, change.tailnet().get().before(), record);
    }
    for (RecordsChange.OfNode each : change.nodes()) {
      RecordConflicts.requireNode(name, each, nodes.byId().find(each.id()));
    }
    TailnetState next = this;
    TailnetRecord after = change.tailnet().map(RecordsChange.OfTailnet::after).orElse(record);
    if (!after.equals(record)) {
      next = next.withRecord(after, position);
    }
    for (RecordsChange.OfNode each : change.nodes()) {
      if (!each.before().equals(each.after())) {
        next =
            each.after().isPresent()
                ? next.withNode(each.after().get(), position)
                : next.withoutNode(each.id(), position);
      }
    }
    return next;
  }

  /**
   * The end of its authority, of which the AUMs of {@link #aums} are what is kept elsewhere.
   *
   * @param revision the revision that its AUMs must have
   * @param before what its record must be
   * @param ended the authority, with the name of the store that keeps its AUMs
   * @param next the revision of the empty store afterwards, which it never had
   * @throws StoreException.Conflict if the AUMs or the record are others
   * @throws StoreException.Fenced if it may not be written
   */
  public TailnetState retire(
      Revision revision,
      TailnetRecord before,
      RetiredAuthority ended,
      Revision next,
      Optional<Fence> held,
      long position)
      throws StoreException {
    requireWriting(held);
    aums.orElse(AumState.NONE).require(revision);
    if (!isOn()) {
      throw RecordConflicts.noAums(name);
    }
    RecordConflicts.requireRecord(name, before, record);
    return withAums(AumState.NONE.wiped(next), position)
        .withRecord(before.withRetired(ended), position);
  }

  /**
   * Another fence.
   *
   * @throws StoreException.Conflict if the fence is not the one before, or a copy would begin where
   *     something of the tailnet lives
   * @throws IllegalArgumentException if the epoch is not the next one, or this makes the tailnet,
   *     and none may have this name
   */
  public TailnetState fence(Fence before, Fence after, long position)
      throws StoreException.Conflict {
    Fences.requireNext(before, after);
    Fences.requireSame(name, fence, before);
    if (Fences.beginsCopy(before, after) && isKnown()) {
      throw RecordConflicts.livesHere(name);
    }
    requireMaking();
    return withFence(after, position);
  }

  /**
   * Sightings; those of nodes that are not here are left out.
   *
   * @throws StoreException.Fenced if it may not be written
   */
  public TailnetState noteSightings(Collection<NodeSighting> sightings, Optional<Fence> held)
      throws StoreException.Fenced {
    requireWriting(held);
    TailnetState next = this;
    for (NodeSighting each : sightings) {
      next = next.withSighting(each);
    }
    return next;
  }

  /**
   * Another token.
   *
   * @throws StoreException.Conflict if there is no such node, or the token is here already
   * @throws StoreException.Fenced if it may not be written
   */
  public TailnetState addToken(NodeToken token, Optional<Fence> held) throws StoreException {
    requireWriting(held);
    if (!nodes.byId().containsKey(token.node())) {
      throw RecordConflicts.noNode(name, token.node());
    }
    if (nodes.tokens().containsKey(token.hash())) {
      throw RecordConflicts.tokenExists();
    }
    return withToken(token);
  }

  /**
   * No longer a token.
   *
   * @throws StoreException.Fenced if it may not be written
   */
  public TailnetState removeToken(Bytes hash, Optional<Fence> held) throws StoreException.Fenced {
    requireWriting(held);
    return withoutToken(hash);
  }

  /**
   * Nothing of it any longer, but a fence that is held.
   *
   * @param base the revision that its AUMs must have
   * @throws StoreException.Conflict if it is another
   * @throws StoreException.Fenced if it may not be written; a tailnet that was moved and of which
   *     only the fence is left may be deleted
   */
  public TailnetState delete(Revision base, Optional<Fence> held, long position)
      throws StoreException {
    boolean onlyFence =
        fence.standing() instanceof Fence.Standing.Moved && !hasRecords() && aums.isEmpty();
    if (held.isPresent() || !onlyFence) {
      requireWriting(held);
    }
    aums.orElse(AumState.NONE).require(base);
    Fence left = held.isPresent() ? fence : Fence.NONE;
    return aums.isEmpty() && !hasRecords() && left.equals(fence)
        ? this
        : new TailnetState(
            name, Optional.empty(), TailnetRecord.NONE, left, Nodes.NONE, position, position);
  }

  // What a medium says.

  // Nothing changed if it is the same object.
  @SuppressWarnings("ReferenceEquality")
  private TailnetState with(Nodes other, long changedAt) {
    return other == nodes && changedAt == changed
        ? this
        : new TailnetState(name, aums, record, fence, other, changedAt, switched);
  }

  /** With other AUMs. */
  public TailnetState withAums(AumState other, long position) {
    // A wipe ends what was on, also if it was wiped before.
    boolean isSwitch = isOn() == other.isEmpty();
    return new TailnetState(
        name, Optional.of(other), record, fence, nodes, position, isSwitch ? position : switched);
  }

  /** With another record. */
  public TailnetState withRecord(TailnetRecord other, long position) {
    return new TailnetState(name, aums, other, fence, nodes, position, switched);
  }

  /** With another fence. */
  public TailnetState withFence(Fence other, long position) {
    return new TailnetState(name, aums, record, other, nodes, position, position);
  }

  /** With a node, in place of the one before. */
  public TailnetState withNode(NodeRecord node, long position) {
    return with(nodes.with(node, position), position);
  }

  /** Without a node, its sighting and its tokens. */
  public TailnetState withoutNode(long id, long position) {
    return with(nodes.without(id), position);
  }

  /** With a sighting, if its node is here. */
  public TailnetState withSighting(NodeSighting sighting) {
    return with(nodes.with(sighting), changed);
  }

  /** With a token, in place of the one with the same hash. */
  public TailnetState withToken(NodeToken token) {
    return with(withoutToken(token.hash()).nodes.with(token), changed);
  }

  /** Without a token. */
  public TailnetState withoutToken(Bytes hash) {
    return nodes.tokens().find(hash).map(token -> with(nodes.without(token), changed)).orElse(this);
  }

  /** Without AUMs, as if nothing was ever committed to them. */
  public TailnetState withoutAums() {
    return new TailnetState(name, Optional.empty(), record, fence, nodes, changed, switched);
  }

  /** With other positions of its last changes; those of its nodes' looks stay. */
  public TailnetState at(long lastChanged, long lastSwitched) {
    return new TailnetState(name, aums, record, fence, nodes, lastChanged, lastSwitched);
  }

  /** With other positions of its last changes, as they were kept. */
  public TailnetState withPositions(long lastChanged, long lastSwitched, Map<Long, Long> looked) {
    Nodes other = nodes;
    for (long node : nodes.byId().keySet()) {
      Optional<Long> at = Optional.ofNullable(looked.get(node));
      other = at.isPresent() ? other.withLook(node, at.get()) : other.withoutLook(node);
    }
    return new TailnetState(name, aums, record, fence, other, lastChanged, lastSwitched);
  }

  @Override
  public String toString() {
    return "tailnet \"" + name + "\"";
  }
}
