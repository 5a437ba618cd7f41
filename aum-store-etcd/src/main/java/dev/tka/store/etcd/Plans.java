package dev.tka.store.etcd;

import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.Commit;
import dev.tka.core.store.Notes;
import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import dev.tka.core.store.Trail;
import dev.tka.store.internal.Fences;
import dev.tka.store.records.Fence;
import dev.tka.store.records.NodeRecord;
import dev.tka.store.records.NodeToken;
import dev.tka.store.records.RecordsChange;
import dev.tka.store.records.RetiredAuthority;
import dev.tka.store.records.TailnetRecord;
import dev.tka.store.state.TailnetState;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Decides changes of tailnets, and what they put and delete. Without I/O. */
final class Plans {
  /** The position of the change that is decided, whose revision is not known. */
  private static final long THIS = Long.MAX_VALUE;

  private Plans() {}

  /** Collects a change. */
  private static final class Draft {
    final Layout layout;
    final Loaded before;
    final TailnetState after;
    final List<Operation> rows = new ArrayList<>();
    Optional<Root.Aums> aums;
    boolean looked;

    Draft(Layout layout, Loaded before, TailnetState after) {
      this.layout = layout;
      this.before = before;
      this.after = after;
      this.aums = before.root().root().aums();
    }

    private static long position(long of, long earlier) {
      return of == THIS ? Root.NOW : earlier;
    }

    Root root() {
      Root.Kept kept = before.root();
      return new Root(
          aums,
          after.record(),
          after.fence(),
          kept.root().owner(),
          after.nodes().size(),
          position(after.changed(), kept.changed()),
          position(after.switched(), kept.switched()),
          looked ? Root.NOW : kept.looked(),
          Optional.empty(),
          0);
    }

    Optional<Writer.Plan> plan(List<Condition> conditions) {
      return Optional.of(new Writer.Plan(root(), rows, conditions, Map.of(), after));
    }
  }

  private static Revision newRevision() {
    return new Revision(Writer.newNumber());
  }

  /** A commit to AUMs. */
  static Optional<Writer.Plan> commit(
      Layout layout,
      String name,
      Loaded now,
      Commit commit,
      Optional<Fences.Held> held,
      List<Condition> conditions)
      throws StoreException {
    Revision next = newRevision();
    TailnetState after = now.state().commit(commit, next, Fences.Held.of(held, name), THIS);
    Draft draft = new Draft(layout, now, after);
    AumSnapshot shown = now.state().snapshot();
    Root.Aums old =
        now.root()
            .root()
            .aums()
            .orElseGet(() -> new Root.Aums(Writer.newName(), next, 0, 0, 0, Optional.empty()));
    long order = old.next();
    long count = old.count();
    Set<AumHash> added = new HashSet<>();
    for (Commit.Addition each : commit.additions()) {
      AumHash hash = each.aum().hash();
      if (shown.find(hash).isEmpty() && !commit.purges().contains(hash) && added.add(hash)) {
        draft.rows.addAll(Parts.put(layout.aum(old.store(), hash), Values.aum(each, order), false));
        order++;
        count++;
      }
    }
    for (AumHash each : commit.purges()) {
      if (shown.find(each).isPresent()) {
        draft.rows.add(Parts.delete(layout.aum(old.store(), each)));
        count--;
      }
    }
    long trail = trail(draft, old.store(), shown.trail(), commit);
    Notes notes = shown.notes().after(commit);
    if (!notes.equals(shown.notes())) {
      draft.rows.addAll(Parts.put(layout.notes(old.store()), Values.notes(notes), true));
    }
    draft.aums =
        Optional.of(
            new Root.Aums(
                old.store(),
                next,
                order,
                count,
                trail,
                commit.lastActiveAncestor().or(old::ancestor)));
    return draft.plan(conditions);
  }

  /** Puts and deletes entries of the trail. Gives their number afterwards. */
  private static long trail(Draft draft, String store, Trail before, Commit commit) {
    int size = before.size();
    int cut =
        commit
            .trailCut()
            .filter(before::contains)
            .map(hash -> size - before.countAfter(hash) - 1)
            .orElse(size);
    int index = cut;
    for (var each : commit.trail()) {
      draft.rows.addAll(
          Parts.put(draft.layout.trail(store, index), Values.trail(each), index < size));
      index++;
    }
    if (index < size) {
      draft.rows.add(
          new Operation.Delete(
              draft.layout.trail(store, index), Gateway.afterPrefix(draft.layout.trail(store))));
    }
    return index;
  }

  private static void deleteStore(Draft draft, String store) {
    draft.rows.add(Operation.Delete.prefix(draft.layout.aums(store)));
    draft.rows.add(Operation.Delete.prefix(draft.layout.trail(store)));
    draft.rows.add(Parts.delete(draft.layout.notes(store)));
  }

  private static Root.Aums empty(Revision revision) {
    // Under another name: nothing that is late comes to it.
    return new Root.Aums(Writer.newName(), revision, 0, 0, 0, Optional.empty());
  }

  /** The end of AUMs, for good. */
  static Optional<Writer.Plan> wipe(
      Layout layout,
      String name,
      Loaded now,
      Optional<Fences.Held> held,
      List<Condition> conditions)
      throws StoreException {
    Revision next = newRevision();
    TailnetState after = now.state().wipe(next, Fences.Held.of(held, name), THIS);
    Draft draft = new Draft(layout, now, after);
    draft.aums.ifPresent(aums -> deleteStore(draft, aums.store()));
    draft.aums = Optional.of(empty(next));
    return draft.plan(conditions);
  }

  /** The deletion of a tailnet. */
  static Optional<Writer.Plan> delete(
      Layout layout,
      String name,
      Loaded now,
      Revision base,
      Optional<Fences.Held> held,
      List<Condition> conditions)
      throws StoreException {
    TailnetState after = now.state().delete(base, Fences.Held.of(held, name), THIS);
    if (after.equals(now.state())) {
      return Optional.empty();
    }
    Draft draft = new Draft(layout, now, after);
    draft.aums.ifPresent(aums -> deleteStore(draft, aums.store()));
    draft.aums = Optional.empty();
    if (!now.state().nodes().isEmpty()) {
      draft.rows.add(Operation.Delete.prefix(layout.nodes(name)));
      draft.rows.add(Operation.Delete.prefix(layout.sightings(name)));
      draft.rows.add(Operation.Delete.prefix(layout.tokens(name)));
      for (Bytes each : now.state().tokens().keySet()) {
        draft.rows.add(Operation.Delete.of(layout.tokenName(each)));
      }
    }
    return draft.plan(conditions);
  }

  /** A change of a tailnet's record and nodes. */
  static Optional<Writer.Plan> change(
      Layout layout, String name, Loaded now, RecordsChange change, Optional<Fences.Held> held)
      throws StoreException {
    TailnetState before = now.state();
    TailnetState after = before.change(change, Fences.Held.of(held, name), THIS);
    if (after.equals(before)) {
      return Optional.empty();
    }
    Draft draft = new Draft(layout, now, after);
    for (RecordsChange.OfNode each : change.nodes()) {
      Optional<NodeRecord> node = after.nodes().find(each.id());
      if (node.isEmpty()) {
        if (before.nodes().containsKey(each.id())) {
          draft.rows.add(Operation.Delete.of(layout.node(name, each.id())));
          draft.rows.add(Operation.Delete.of(layout.sighting(name, each.id())));
        }
      } else if (!before.nodes().find(each.id()).equals(node)) {
        long looked = after.looked().find(each.id()).orElse(THIS);
        draft.looked |= looked == THIS;
        draft.rows.add(
            new Operation.Put(
                layout.node(name, each.id()),
                Values.node(node.get(), looked == THIS ? Root.NOW : looked)));
      }
    }
    for (Bytes each : before.tokens().keySet()) {
      if (!after.tokens().containsKey(each)) {
        draft.rows.add(Operation.Delete.of(layout.token(name, each)));
        draft.rows.add(Operation.Delete.of(layout.tokenName(each)));
      }
    }
    return draft.plan(List.of());
  }

  /**
   * The end of a tailnet's authority.
   *
   * @param store the name of the store that keeps its AUMs; nothing has it
   * @param found the root that has this name
   */
  static Optional<Writer.Plan> retire(
      Layout layout,
      String name,
      Loaded now,
      Revision aums,
      TailnetRecord record,
      RetiredAuthority ended,
      String store,
      Root.Kept found,
      Optional<Fences.Held> held)
      throws StoreException {
    Revision next = newRevision();
    TailnetState after =
        now.state()
            .retire(
                aums,
                record,
                new RetiredAuthority(ended.name(), ended.secret(), ended.at(), store),
                next,
                Fences.Held.of(held, name),
                THIS);
    Draft draft = new Draft(layout, now, after);
    Root kept =
        new Root(
            draft.aums,
            TailnetRecord.NONE,
            Fence.NONE,
            Optional.of(name),
            0,
            Root.NEVER,
            Root.NEVER,
            Root.NEVER,
            Optional.empty(),
            0);
    draft.aums = Optional.of(empty(next));
    return Optional.of(
        new Writer.Plan(
            draft.root(),
            draft.rows,
            List.of(Condition.of(layout.root(store), found)),
            Map.of(store, kept),
            after));
  }

  /** Another fence. */
  static Optional<Writer.Plan> fence(Layout layout, Loaded now, Fence before, Fence after)
      throws StoreException {
    return new Draft(layout, now, now.state().fence(before, after, THIS)).plan(List.of());
  }

  /**
   * Another token.
   *
   * @param found the revision of the key that has its hash, and of no tailnet's token
   */
  static Optional<Writer.Plan> addToken(
      Layout layout, Loaded now, NodeToken token, long found, Optional<Fences.Held> held)
      throws StoreException {
    String name = token.tailnet();
    Draft draft = new Draft(layout, now, now.state().addToken(token, Fences.Held.of(held, name)));
    draft.rows.add(new Operation.Put(layout.token(name, token.hash()), Values.token(token)));
    draft.rows.add(new Operation.Put(layout.tokenName(token.hash()), Values.bytes(name)));
    return draft.plan(List.of(new Condition(layout.tokenName(token.hash()), found)));
  }

  /** No longer a token. */
  static Optional<Writer.Plan> removeToken(
      Layout layout, String name, Loaded now, Bytes hash, Optional<Fences.Held> held)
      throws StoreException {
    TailnetState after = now.state().removeToken(hash, Fences.Held.of(held, name));
    if (after.equals(now.state())) {
      return Optional.empty();
    }
    Draft draft = new Draft(layout, now, after);
    draft.rows.add(Operation.Delete.of(layout.token(name, hash)));
    draft.rows.add(Operation.Delete.of(layout.tokenName(hash)));
    return draft.plan(List.of());
  }
}
