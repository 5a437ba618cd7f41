package dev.tka.store.testkit;

import static dev.tka.store.testkit.ControlRecordsContract.nodeKey;
import static dev.tka.store.testkit.ControlRecordsContract.secret;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.Commit;
import dev.tka.core.store.StoreException;
import dev.tka.store.Tailnets;
import dev.tka.store.records.AuthorityName;
import dev.tka.store.records.Changes;
import dev.tka.store.records.ControlRecords;
import dev.tka.store.records.NodeRecord;
import dev.tka.store.records.NodeSighting;
import dev.tka.store.records.NodeToken;
import dev.tka.store.records.RecordsChange;
import dev.tka.store.records.RetiredAuthority;
import dev.tka.store.records.TailnetRecord;
import dev.tka.testkit.Chains;
import dev.tka.testkit.TestKeys;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

/** Random changes of records, compared with a naive model, for every kind of place. */
public abstract class ControlRecordsProperties {
  private static final Instant NOON = Instant.parse("2026-01-02T12:00:00Z");
  private static final int KINDS = 14;
  private static final int NODES = 3;
  private static int tries;

  private final Chains chains = Chains.draw(List.of(TestKeys.key(1, 1)), "A -> B -> C -> D");

  /** Two handles of one place, which all tries share. */
  protected abstract List<Tailnets> handles() throws Exception;

  /** What there is of a tailnet. */
  private static final class Model {
    TailnetRecord record = TailnetRecord.NONE;
    final TreeMap<Long, NodeRecord> nodes = new TreeMap<>();
    final TreeMap<Long, NodeSighting> sightings = new TreeMap<>();
    final Set<NodeToken> tokens = new HashSet<>();
    int aums;

    boolean known() {
      return aums > 0 || !nodes.isEmpty() || !record.equals(TailnetRecord.NONE);
    }
  }

  /** A commit: what {@link Changes} says of it, with nodes that may be gone by now. */
  private record Event(String tailnet, boolean switched, Set<Long> nodes) {}

  /** One try. */
  private final class Run {
    private final Map<String, Model> tailnets = new TreeMap<>();
    private final List<Event> events = new ArrayList<>();
    private final List<Changes.Position> positions = new ArrayList<>();
    private final List<Integer> eventsBefore = new ArrayList<>();
    private final List<Tailnets> handles;
    private int count;

    Run(List<Tailnets> handles) {
      this.handles = handles;
      tries++;
      for (String each : List.of("a", "b")) {
        tailnets.put("try " + System.nanoTime() + " " + tries + " " + each, new Model());
      }
    }

    private Model model(String name) {
      return Optional.ofNullable(tailnets.get(name)).orElseThrow();
    }

    void step(int choice) throws Exception {
      count++;
      List<String> names = List.copyOf(tailnets.keySet());
      String name = names.get(choice % 2);
      int rest = choice / 2;
      Tailnets place = handles.get(rest % 2);
      rest /= 2;
      long id = 1L + rest % NODES;
      ControlRecords records = place.records().orElseThrow();
      Model model = model(name);
      positions.add(records.position());
      eventsBefore.add(events.size());
      change(rest / NODES % KINDS, place, records, name, model, id);
      compare(handles.get(count % 2), name);
    }

    private void change(
        int kind, Tailnets place, ControlRecords records, String name, Model model, long id)
        throws Exception {
      Optional<NodeRecord> before = Optional.ofNullable(model.nodes.get(id));
      NodeRecord node = before.orElse(NodeRecord.of(id, nodeKey((int) id)));
      switch (kind) {
        case 0, 1 -> put(records, name, model, node.withName(Optional.of("name " + count)));
        case 2 -> put(records, name, model, node.withMayInit(!node.mayInit()));
        case 3 ->
            put(
                records,
                name,
                model,
                node.withTold(Optional.of(new NodeRecord.Told.CatchingUp(hash()))));
        case 4 -> remove(records, name, model, before);
        case 5 -> refused(records, name, model, id);
        case 6 -> record(records, name, model);
        case 7, 8 -> addAums(place, name, model);
        case 9 -> retire(place, records, name, model);
        case 10 -> wipe(place, name, model);
        case 11 -> delete(place, name, model);
        case 12 -> {
          NodeSighting sighting =
              new NodeSighting(id, NOON, Optional.of(hash()), Optional.empty(), "ok", "" + count);
          records.noteSightings(name, List.of(sighting));
          if (before.isPresent()) {
            model.sightings.put(id, sighting);
          }
        }
        default -> token(records, name, model, id);
      }
    }

    private AumHash hash() {
      return chains.get("A").hash();
    }

    private void put(ControlRecords records, String name, Model model, NodeRecord after)
        throws StoreException {
      Optional<NodeRecord> before = Optional.ofNullable(model.nodes.get(after.id()));
      // Half of the changes are of all nodes, under a condition.
      List<RecordsChange.OfNode> nodes = new ArrayList<>();
      nodes.add(new RecordsChange.OfNode(before, Optional.of(after)));
      boolean conditional = count % 2 == 0;
      for (NodeRecord each : model.nodes.values()) {
        if (conditional && each.id() != after.id()) {
          nodes.add(new RecordsChange.OfNode(Optional.of(each), Optional.of(each)));
        }
      }
      Optional<RecordsChange.OfTailnet> condition =
          Optional.of(new RecordsChange.OfTailnet(model.record, model.record))
              .filter(any -> conditional);
      records.commit(name, new RecordsChange(condition, nodes));
      model.nodes.put(after.id(), after);
      if (before.equals(Optional.of(after))) {
        return;
      }
      boolean looks = before.isEmpty() || !before.get().looksLike(after);
      events.add(new Event(name, false, looks ? Set.of(after.id()) : Set.of()));
    }

    private void remove(
        ControlRecords records, String name, Model model, Optional<NodeRecord> before)
        throws StoreException {
      if (before.isPresent()) {
        records.commit(name, RecordsChange.ofNode(before, Optional.empty()));
        long id = before.get().id();
        model.nodes.remove(id);
        model.sightings.remove(id);
        model.tokens.removeIf(token -> token.node() == id);
        events.add(new Event(name, false, Set.of()));
      }
    }

    private void refused(ControlRecords records, String name, Model model, long id) {
      NodeRecord node = NodeRecord.of(id, nodeKey(99));
      Optional<NodeRecord> wrong =
          count % 2 == 0 && model.nodes.containsKey(id) ? Optional.empty() : Optional.of(node);
      RecordsChange change =
          RecordsChange.ofTailnet(model.record, model.record.withSupport(Optional.of(secret(1))))
              .with(
                  new RecordsChange.OfNode(
                      Optional.empty(), Optional.of(NodeRecord.of(NODES + 1, nodeKey(1)))))
              .with(new RecordsChange.OfNode(wrong, Optional.of(node)));
      assertThatThrownBy(() -> records.commit(name, change))
          .isInstanceOf(StoreException.Conflict.class);
    }

    private void record(ControlRecords records, String name, Model model) throws StoreException {
      TailnetRecord after =
          count % 5 == 0 && model.record.retired().isEmpty()
              ? TailnetRecord.NONE
              : model.record.withSupport(Optional.of(secret(count)));
      if (!after.equals(model.record)) {
        records.commit(name, RecordsChange.ofTailnet(model.record, after));
        model.record = after;
        events.add(new Event(name, false, Set.of()));
      }
    }

    private void addAums(Tailnets place, String name, Model model) throws StoreException {
      if (model.aums < 4) {
        AumStore store = place.tailnet(name);
        store.commit(
            Commit.on(store.read().revision())
                .add(chains.get(List.of("A", "B", "C", "D").get(model.aums)), NOON)
                .build());
        events.add(new Event(name, model.aums == 0, Set.of()));
        model.aums++;
      }
    }

    private void retire(Tailnets place, ControlRecords records, String name, Model model)
        throws StoreException {
      RetiredAuthority ended =
          new RetiredAuthority(new AuthorityName(hash(), count, 2), secret(count), NOON, "");
      if (model.aums == 0) {
        assertThatThrownBy(
                () ->
                    records.retire(
                        name, place.tailnet(name).read().revision(), model.record, ended))
            .isInstanceOf(StoreException.Conflict.class);
        return;
      }
      model.record =
          records.retire(name, place.tailnet(name).read().revision(), model.record, ended);
      RetiredAuthority last = model.record.retired().get(model.record.retired().size() - 1);
      assertThat(place.tailnet(last.store()).read().entries()).hasSize(model.aums);
      model.aums = 0;
      events.add(new Event(name, true, Set.of()));
    }

    private void wipe(Tailnets place, String name, Model model) throws StoreException {
      if (model.aums > 0) {
        place.tailnet(name).wipe();
        model.aums = 0;
        events.add(new Event(name, true, Set.of()));
      }
    }

    private void delete(Tailnets place, String name, Model model) throws StoreException {
      if (count % 3 == 0 && model.known()) {
        place.delete(name, place.revisions().getOrDefault(name, Tailnets.NO_COMMIT));
        tailnets.put(name, new Model());
        events.add(new Event(name, true, Set.of()));
      }
    }

    private void token(ControlRecords records, String name, Model model, long id)
        throws StoreException {
      Bytes hash = Bytes.copyOf((name + count).getBytes(StandardCharsets.UTF_8));
      NodeToken token = new NodeToken(hash, name, id, NOON);
      if (!model.nodes.containsKey(id)) {
        assertThatThrownBy(() -> records.addToken(token))
            .isInstanceOf(StoreException.Conflict.class);
        return;
      }
      if (count % 3 == 0 && !model.tokens.isEmpty()) {
        NodeToken gone = model.tokens.iterator().next();
        records.removeToken(name, gone.hash());
        model.tokens.remove(gone);
      }
      records.addToken(token);
      model.tokens.add(token);
    }

    private void compare(Tailnets place, String name) throws Exception {
      Model model = model(name);
      ControlRecords records = place.records().orElseThrow();
      assertThat(records.seen(name))
          .isEqualTo(
              new ControlRecords.Seen(
                  model.known(), model.record, place.tailnet(name).read().revision()));
      List<NodeRecord> nodes = new ArrayList<>();
      records.allNodes(name, nodes::add);
      assertThat(nodes).isEqualTo(List.copyOf(model.nodes.values()));
      assertThat(records.nodesToldApart(name))
          .isEqualTo(nodes.stream().filter(node -> node.told().isPresent()).toList());
      assertThat(records.sightings(name)).isEqualTo(model.sightings);
      assertThat(Set.copyOf(records.tokens(name))).isEqualTo(model.tokens);
      assertThat(place.tailnet(name).read().entries()).hasSize(model.aums);
    }

    void compareChanges() throws Exception {
      ControlRecords records = handles.get(0).records().orElseThrow();
      Set<String> known = new TreeSet<>();
      tailnets.forEach(
          (name, model) -> {
            if (model.known()) {
              known.add(name);
            }
          });
      Set<String> listed = new TreeSet<>(records.tailnets());
      listed.retainAll(tailnets.keySet());
      assertThat(listed).isEqualTo(known);
      for (int i = 0; i < positions.size(); i++) {
        Changes changes = records.changesAfter(positions.get(i), 10);
        assertThat(changes.complete()).isTrue();
        List<Event> later = events.subList(eventsBefore.get(i), events.size());
        Set<String> named = new TreeSet<>();
        for (Changes.Change each : changes.tailnets()) {
          if (!tailnets.containsKey(each.tailnet())) {
            continue;
          }
          named.add(each.tailnet());
          Set<Long> looked = new TreeSet<>();
          boolean switched = false;
          for (Event event : later) {
            if (event.tailnet.equals(each.tailnet())) {
              looked.addAll(event.nodes);
              switched |= event.switched;
            }
          }
          looked.retainAll(model(each.tailnet()).nodes.keySet());
          assertThat(each.nodes()).isEqualTo(List.copyOf(looked));
          if (switched) {
            assertThat(each.switched()).isTrue();
          }
        }
        Set<String> expected = new TreeSet<>();
        later.forEach(event -> expected.add(event.tailnet));
        assertThat(named).isEqualTo(expected);
      }
    }
  }

  @Property
  void aPlaceKeepsAndTellsWhatANaiveModelKeepsAndTells(
      @ForAll @Size(max = 25) List<@IntRange(max = 2 * 2 * NODES * KINDS - 1) Integer> choices)
      throws Exception {
    Run run = new Run(handles());
    for (int choice : choices) {
      run.step(choice);
    }
    run.compareChanges();
  }
}
