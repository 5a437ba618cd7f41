package dev.tka.store.etcd;

import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.store.AumIndex;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.Notes;
import dev.tka.core.store.StoreException;
import dev.tka.core.store.Trail;
import dev.tka.core.store.TrailEntry;
import dev.tka.store.Tailnets;
import dev.tka.store.state.AumState;
import dev.tka.store.state.TailnetState;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A tailnet, or the store of an authority that was ended, with all its rows in memory. Immutable.
 *
 * @param root what it is based on
 * @param state all of it
 * @param at the revision of etcd that it is of: what changed later is not in it
 */
record Loaded(Root.Kept root, TailnetState state, long at) {
  /** One of which there is nothing. */
  static Loaded none(String name, long at) {
    return new Loaded(Root.Kept.NONE, TailnetState.none(name), at);
  }

  /**
   * Makes one of its rows.
   *
   * @param rows all keys of it, as they are at a revision, with a large change laid over them
   * @throws StoreException.Damaged if they are not what a store writes
   */
  static Loaded of(
      String name,
      Root.Kept root,
      SortedMap<String, KeyValue> rows,
      Layout layout,
      Values values,
      long at)
      throws StoreException.Damaged {
    TailnetState state = TailnetState.none(name);
    if (root.root().aums().isPresent()) {
      state = state.withAums(aums(root.root().aums().get(), rows, layout, values), root.changed());
    }
    if (!state.record().equals(root.root().record())) {
      state = state.withRecord(root.root().record(), root.changed());
    }
    if (!state.fence().equals(root.root().fence())) {
      state = state.withFence(root.root().fence(), root.changed());
    }
    Map<Long, Long> looked = new TreeMap<>();
    for (Map.Entry<String, KeyValue> each : below(layout.nodes(name), rows).entrySet()) {
      KeyValue row = each.getValue();
      Values.NodeRow node = values.node(row.key(), row.value());
      state = state.withNode(node.node(), root.changed());
      looked.put(node.node().id(), node.looked() == Root.NOW ? row.modified() : node.looked());
    }
    for (KeyValue each : below(layout.sightings(name), rows).values()) {
      state = state.withSighting(values.sighting(each.key(), each.value()));
    }
    for (KeyValue each : below(layout.tokens(name), rows).values()) {
      state = state.withToken(values.token(each.key(), each.value()));
    }
    if (state.nodes().size() != root.root().nodes()) {
      throw values.damaged(
          layout.nodes(name),
          "expected " + root.root().nodes() + " nodes, found " + state.nodes().size());
    }
    return new Loaded(root, state.withPositions(root.changed(), root.switched(), looked), at);
  }

  private static SortedMap<String, KeyValue> below(String prefix, SortedMap<String, KeyValue> all) {
    return all.subMap(prefix, Gateway.afterPrefix(prefix));
  }

  private static AumState aums(
      Root.Aums root, SortedMap<String, KeyValue> rows, Layout layout, Values values)
      throws StoreException.Damaged {
    SortedMap<Long, AumIndex.Item<Bytes>> inOrder = new TreeMap<>();
    String prefix = layout.aums(root.store());
    for (Map.Entry<String, Bytes> each : joined(below(prefix, rows), prefix, values).entrySet()) {
      Values.AumRow row = values.aum(each.getKey(), each.getValue());
      inOrder.put(row.order(), row.item());
    }
    if (inOrder.size() != root.count()) {
      throw values.damaged(prefix, "expected " + root.count() + " AUMs, found " + inOrder.size());
    }
    String trailPrefix = layout.trail(root.store());
    List<TrailEntry> trail = new ArrayList<>();
    for (Map.Entry<String, Bytes> each :
        joined(below(trailPrefix, rows), trailPrefix, values).entrySet()) {
      if (!each.getKey().equals(layout.trail(root.store(), trail.size()))) {
        throw values.damaged(each.getKey(), "expected entry " + trail.size() + " of the trail");
      }
      trail.add(values.trail(each.getKey(), each.getValue()));
    }
    if (trail.size() != root.trail()) {
      throw values.damaged(
          trailPrefix, "expected " + root.trail() + " entries, found " + trail.size());
    }
    String notesKey = layout.notes(root.store());
    Bytes notes = joined(rows.subMap(notesKey, notesKey + "0"), notesKey, values).get(notesKey);
    return AumState.read(
        List.copyOf(inOrder.values()),
        root.revision(),
        root.ancestor(),
        extended(Trail.EMPTY, trail, trailPrefix, values),
        notes == null ? Notes.NONE : values.notes(notesKey, notes),
        List.of());
  }

  private static SortedMap<String, Bytes> joined(
      SortedMap<String, KeyValue> rows, String prefix, Values values)
      throws StoreException.Damaged {
    SortedMap<String, Bytes> joined = new TreeMap<>();
    for (Map.Entry<String, Optional<Parts.Row>> each :
        Parts.join(rows, Parts.slashes(prefix)).entrySet()) {
      if (each.getValue().isEmpty()) {
        throw values.damaged(each.getKey(), "expected all parts of it, found fewer");
      }
      joined.put(each.getKey(), each.getValue().get().value());
    }
    return joined;
  }

  /**
   * This after a revision of etcd.
   *
   * @param next the root that was put, if one was
   * @param changes the rows that changed, with those of a large change that the root names first
   * @return empty if its rows are to be read again
   * @throws StoreException.Damaged if they are not what a store writes
   */
  Optional<Loaded> after(Optional<Root.Kept> next, Group changes, Layout layout, Values values)
      throws StoreException.Damaged {
    if (changes.revision() <= at) {
      return Optional.of(this);
    }
    Root.Kept now = next.orElse(root);
    TailnetState after = state;
    // The rows of a large change come into their places, where they are here already.
    if (root.root().pending().isEmpty()) {
      Optional<TailnetState> changed = withRoot(now, changes, layout, values);
      if (changed.isEmpty()) {
        return Optional.empty();
      }
      after = changed.get();
    }
    for (KeyValue each : below(layout.sightings(after.name()), changes.put()).values()) {
      after = after.withSighting(values.sighting(each.key(), each.value()));
    }
    for (KeyValue each : below(layout.tokens(after.name()), changes.put()).values()) {
      after = after.withToken(values.token(each.key(), each.value()));
    }
    String tokens = layout.tokens(after.name());
    for (String each : changes.deleted()) {
      if (each.startsWith(tokens)) {
        after = after.withoutToken(values.hash(each, each.substring(tokens.length())));
      }
    }
    if (next.isPresent()) {
      after = after.at(now.changed(), now.switched());
    }
    return Optional.of(new Loaded(now, after, changes.revision()));
  }

  private Optional<TailnetState> withRoot(
      Root.Kept now, Group changes, Layout layout, Values values) throws StoreException.Damaged {
    TailnetState after = state;
    long position = now.changed();
    if (now.root().aums().isEmpty()) {
      if (after.aums().isPresent()) {
        after = after.withoutAums();
      }
    } else {
      Root.Aums to = now.root().aums().get();
      Optional<Root.Aums> from = root.root().aums();
      if (!to.equals(from.orElse(null))) {
        Optional<AumState> aums = aumsAfter(from, to, changes, layout, values);
        if (aums.isEmpty()) {
          return Optional.empty();
        }
        after = after.withAums(aums.get(), position);
      }
    }
    if (!after.record().equals(now.root().record())) {
      after = after.withRecord(now.root().record(), position);
    }
    if (!after.fence().equals(now.root().fence())) {
      after = after.withFence(now.root().fence(), position);
    }
    String nodes = layout.nodes(after.name());
    for (String each : changes.deleted()) {
      if (each.startsWith(nodes)) {
        after = after.withoutNode(values.number(each, each.substring(nodes.length())), position);
      }
    }
    for (KeyValue each : below(nodes, changes.put()).values()) {
      Values.NodeRow row = values.node(each.key(), each.value());
      after = after.withNode(row.node(), row.looked() == Root.NOW ? each.modified() : row.looked());
    }
    if (after.nodes().size() != now.root().nodes()) {
      return Optional.empty();
    }
    return Optional.of(after);
  }

  private Optional<AumState> aumsAfter(
      Optional<Root.Aums> from, Root.Aums to, Group changes, Layout layout, Values values)
      throws StoreException.Damaged {
    boolean same = from.filter(each -> each.store().equals(to.store())).isPresent();
    if (!same && (to.count() > 0 || to.trail() > 0) && from.isPresent()) {
      return Optional.empty();
    }
    AumState empty = AumState.NONE.wiped(Tailnets.NO_COMMIT);
    AumState before = same ? state.aums().orElse(empty) : empty;
    SortedMap<Long, AumIndex.Item<Bytes>> added = new TreeMap<>();
    String prefix = layout.aums(to.store());
    for (Map.Entry<String, Bytes> each :
        joined(below(prefix, changes.put()), prefix, values).entrySet()) {
      Values.AumRow row = values.aum(each.getKey(), each.getValue());
      added.put(row.order(), row.item());
    }
    Set<AumHash> purged = new HashSet<>();
    for (String each : changes.deleted()) {
      if (each.startsWith(prefix) && Parts.slashes(each) == Parts.slashes(prefix)) {
        purged.add(values.aumHash(each, each.substring(prefix.length())));
      }
    }
    AumSnapshot shown = before.snapshot();
    long count = same ? from.orElseThrow().count() : 0;
    count += added.values().stream().filter(each -> shown.find(each.hash()).isEmpty()).count();
    count -= purged.stream().filter(each -> shown.find(each).isPresent()).count();
    Trail trail = trailAfter(shown.trail(), to, changes, layout, values);
    if (count != to.count() || trail.size() != to.trail()) {
      return Optional.empty();
    }
    String notesKey = layout.notes(to.store());
    Bytes notes =
        joined(changes.put().subMap(notesKey, notesKey + "0"), notesKey, values).get(notesKey);
    return Optional.of(
        before.changed(
            List.copyOf(added.values()),
            purged,
            to.revision(),
            to.ancestor(),
            trail,
            notes == null ? shown.notes() : values.notes(notesKey, notes)));
  }

  private static Trail trailAfter(
      Trail before, Root.Aums to, Group changes, Layout layout, Values values)
      throws StoreException.Damaged {
    String prefix = layout.trail(to.store());
    SortedMap<String, Bytes> put = joined(below(prefix, changes.put()), prefix, values);
    long cut = Math.min(before.size(), to.trail() - put.size());
    Trail trail = before;
    if (cut < before.size()) {
      trail = before.cutFrom(before.entries().get((int) Math.max(0, cut)).hash());
    }
    List<TrailEntry> entries = new ArrayList<>();
    for (Map.Entry<String, Bytes> each : put.entrySet()) {
      entries.add(values.trail(each.getKey(), each.getValue()));
    }
    return extended(trail, entries, prefix, values);
  }

  private static Trail extended(Trail trail, List<TrailEntry> entries, String prefix, Values values)
      throws StoreException.Damaged {
    try {
      return trail.extend(entries);
    } catch (IllegalArgumentException e) {
      throw values.damaged(prefix, "expected entries that follow one another, found others");
    }
  }
}
