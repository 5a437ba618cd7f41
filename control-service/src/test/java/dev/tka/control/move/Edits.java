package dev.tka.control.move;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.DisablementSecret;
import dev.tka.core.authority.Thresholds;
import dev.tka.core.store.AumEntry;
import dev.tka.core.store.AumFacts;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.Commit;
import dev.tka.core.store.OwnAums;
import dev.tka.core.store.OwnTime;
import dev.tka.core.store.StoreException;
import dev.tka.core.store.TrailEntry;
import dev.tka.store.Tailnets;
import dev.tka.store.records.AuthorityName;
import dev.tka.store.records.ControlRecords;
import dev.tka.store.records.NodeRecord;
import dev.tka.store.records.NodeSighting;
import dev.tka.store.records.NodeToken;
import dev.tka.store.records.Proposal;
import dev.tka.store.records.RecordsChange;
import dev.tka.store.records.RetiredAuthority;
import dev.tka.store.records.TailnetRecord;
import dev.tka.testkit.Chains;
import dev.tka.testkit.NodeKeySignatures;
import dev.tka.testkit.TestKeys;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/** Edits of a tailnet of every kind that a place knows, and all that it holds, for comparing. */
final class Edits {
  static final String TAILNET = "example.com";
  static final Instant NOON = Instant.parse("2026-01-02T12:00:00Z");

  /** The number of kinds of edits. */
  static final int KINDS = 14;

  private static final int NODES = 5;

  private final Tailnets place;
  private final ControlRecords records;
  private int count;

  Edits(Tailnets place) {
    this.place = place;
    this.records = place.records().orElseThrow();
  }

  /** Goes on at another place, where the tailnet lives now. */
  Edits at(Tailnets other) {
    Edits edits = new Edits(other);
    edits.count = count;
    return edits;
  }

  /** Some AUMs and nodes with tokens, after an authority that was ended. */
  Edits fill(int aums, int nodes) throws StoreException {
    grow(3);
    retire();
    grow(aums);
    for (int node = 1; node <= nodes; node++) {
      put(node);
      addToken(node);
    }
    return this;
  }

  /** Has the operator make the tailnet. */
  void make() throws StoreException {
    TailnetRecord before = records.tailnet(TAILNET);
    records.commit(TAILNET, RecordsChange.ofTailnet(before, before.withMade()));
  }

  /** Makes an edit. */
  void edit(int kind, int which) throws StoreException {
    count++;
    long node = 1L + which % NODES;
    switch (kind) {
      case 0, 1 -> grow(1 + which % 3);
      case 2 -> fork();
      case 3 -> compact();
      case 4 -> restoreTrail();
      case 5 -> note();
      case 6 -> retire();
      case 7 -> wipe(which);
      case 8, 9 -> put(node);
      case 10 -> removeNode(node);
      case 11 -> addToken(node);
      case 12 -> removeToken();
      default -> record(which);
    }
  }

  private AumStore store() {
    return place.tailnet(TAILNET);
  }

  private static Optional<AumEntry> newest(AumSnapshot snapshot) {
    return snapshot.entries().stream()
        .map(AumEntry.class::cast)
        .max(Comparator.comparingInt(AumEntry::height).thenComparing(AumEntry::hash));
  }

  /** Adds AUMs to the chain in one commit, and a genesis first if there is none. */
  List<Aum> grow(int number) throws StoreException {
    AumSnapshot before = store().read();
    Commit.Builder commit = Commit.on(before.revision());
    List<Aum> added = new ArrayList<>();
    Optional<AumEntry> head = newest(before);
    Optional<Aum> parent =
        head.isPresent() ? Optional.of(before.get(head.get().hash())) : Optional.empty();
    for (int i = 0; i < number; i++) {
      count++;
      Aum next =
          parent.isEmpty()
              ? Chains.genesis(List.of(TestKeys.key(1, 1 + count % 4000)), 1)
              : Chains.noOp(parent.get(), "edit " + count + " " + System.nanoTime(), 1);
      if (parent.isEmpty()) {
        commit.lastActiveAncestor(next.hash());
      }
      add(commit, next);
      added.add(next);
      parent = Optional.of(next);
    }
    store().commit(commit.time(OwnTime.beginning(at())).build());
    return added;
  }

  private Instant at() {
    return NOON.plusSeconds(count);
  }

  private void add(Commit.Builder commit, Aum aum) {
    commit.add(
        new Commit.Addition(
            aum,
            at(),
            count % 3 == 0
                ? Optional.empty()
                : Optional.of(AumFacts.of(aum, List.of(), at(), Optional.of(NOON)))));
  }

  private void fork() throws StoreException {
    AumSnapshot before = store().read();
    Optional<AumEntry> head = newest(before);
    if (head.isPresent()
        && before.find(head.get().parent().orElse(head.get().hash())).isPresent()) {
      Aum parent = before.get(head.get().parent().orElse(head.get().hash()));
      Commit.Builder commit = Commit.on(before.revision());
      add(commit, Chains.noOp(parent, "fork " + count, 1));
      store().commit(commit.build());
    }
  }

  /** Purges the chain up to a new checkpoint, as a node does, and leaves it in the trail. */
  private void compact() throws StoreException {
    AumSnapshot before = store().read();
    Optional<AumEntry> head = newest(before);
    if (head.isEmpty()) {
      return;
    }
    List<TrailEntry> trail = new ArrayList<>();
    for (Optional<? extends AumEntry> each = head;
        each.isPresent();
        each = each.get().parent().flatMap(before::find)) {
      trail.add(
          0,
          TrailEntry.of(
              before.get(each.get().hash()),
              List.of(),
              each.get().committedAt(),
              each.get().facts()));
    }
    boolean follows =
        before.trail().size() == 0
            || before.trail().newest().map(TrailEntry::hash).equals(trail.get(0).parent());
    Aum checkpoint =
        Chains.checkpoint(
            before.get(head.get().hash()), Chains.stateOf(List.of(TestKeys.key(1, 1))), 1);
    Commit.Builder commit = Commit.on(before.revision());
    add(commit, checkpoint);
    before.entries().forEach(entry -> commit.purge(entry.hash()));
    store()
        .commit(
            commit
                .lastActiveAncestor(checkpoint.hash())
                .trail(follows ? trail : List.of())
                .build());
  }

  /** Takes the newest part of the trail back. */
  private void restoreTrail() throws StoreException {
    AumSnapshot before = store().read();
    Optional<TrailEntry> last =
        before.trail().newest().filter(entry -> entry.checkpoint().isPresent());
    if (last.isEmpty()) {
      return;
    }
    Aum back = before.trail().checkpoint(last.get().hash()).orElseThrow();
    store()
        .commit(
            Commit.on(before.revision())
                .add(new Commit.Addition(back, last.get().committedAt(), last.get().facts()))
                .cutTrail(back.hash())
                .lastActiveAncestor(back.hash())
                .build());
  }

  private void note() throws StoreException {
    AumSnapshot before = store().read();
    Optional<AumEntry> head = newest(before);
    if (head.isPresent()) {
      Aum aum = before.get(head.get().hash());
      store()
          .commit(
              Commit.on(before.revision())
                  .ownAums(
                      new OwnAums(
                          Map.of(aum.hash(), new OwnAums.Own(count % 2 == 0, Optional.empty())),
                          Set.of(),
                          Optional.of(at()),
                          List.of(new OwnAums.SetAside(aum, at(), false))))
                  .build());
    }
  }

  private void retire() throws StoreException {
    AumSnapshot aums = store().read();
    if (!aums.entries().isEmpty()) {
      AumEntry oldest =
          aums.entries().stream()
              .map(AumEntry.class::cast)
              .min(Comparator.comparingInt(AumEntry::height))
              .orElseThrow();
      records.retire(
          TAILNET,
          aums.revision(),
          records.tailnet(TAILNET),
          new RetiredAuthority(
              new AuthorityName(oldest.hash(), count, count), secret(), at(), "ignored"));
    }
  }

  private DisablementSecret secret() {
    return DisablementSecret.of(("secret " + count).getBytes(StandardCharsets.UTF_8));
  }

  private void wipe(int which) throws StoreException {
    if (which % 4 == 0) {
      store().wipe();
    }
  }

  /** Adds or changes a node. */
  void put(long id) throws StoreException {
    count++;
    Optional<NodeRecord> before = records.node(TAILNET, id);
    NodeRecord node =
        before
            .orElse(NodeRecord.of(id, NodeKeySignatures.nodeKey((int) id)))
            .withName(Optional.of("node " + count))
            .withMayInit(count % 2 == 0);
    records.commit(TAILNET, RecordsChange.ofNode(before, Optional.of(node)));
    records.noteSightings(
        TAILNET,
        List.of(new NodeSighting(id, at(), Optional.empty(), Optional.empty(), "ok", "" + count)));
  }

  private void removeNode(long id) throws StoreException {
    Optional<NodeRecord> before = records.node(TAILNET, id);
    if (before.isPresent()) {
      records.commit(TAILNET, RecordsChange.ofNode(before, Optional.empty()));
    }
  }

  private void addToken(long node) throws StoreException {
    count++;
    if (records.node(TAILNET, node).isPresent()) {
      Bytes hash = Bytes.copyOf((count + " " + System.nanoTime()).getBytes(StandardCharsets.UTF_8));
      records.addToken(new NodeToken(hash, TAILNET, node, at()));
    }
  }

  private void removeToken() throws StoreException {
    for (NodeToken token : records.tokens(TAILNET)) {
      records.removeToken(TAILNET, token.hash());
      return;
    }
  }

  private void record(int which) throws StoreException {
    TailnetRecord before = records.tailnet(TAILNET);
    TailnetRecord after =
        switch (which % 5) {
          case 0 -> before.withMade();
          case 1 -> before.withSupport(Optional.of(secret()));
          case 2 -> before.withThresholds(new Thresholds(which % 4, which % 3, 0, which % 2));
          case 3 ->
              before.withProposals(
                  List.of(
                      new Proposal(
                          "p" + which,
                          new AuthorityName(AumHash.ofEncoding(Bytes.empty()), 1, which),
                          at(),
                          new Proposal.Subject.Disable(),
                          List.of(),
                          List.of(TestKeys.id(which % 7)),
                          Optional.empty())));
          default ->
              before.withRestored(
                  before.restored().isPresent() ? Optional.empty() : Optional.of(at()));
        };
    records.commit(TAILNET, RecordsChange.ofTailnet(before, after));
  }

  /**
   * All that a place holds of the tailnet, in words, without names of stores and without the order
   * of commits.
   *
   * @param place under the fence that is held there, where others may not read it
   */
  static String contentOf(Tailnets place, boolean sightings) throws StoreException {
    ControlRecords records = place.records().orElseThrow();
    TailnetRecord record = records.tailnet(TAILNET);
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("aums", aums(place.tailnet(TAILNET).read()));
    int number = 0;
    for (RetiredAuthority each : record.retired()) {
      all.put(
          "retired " + number,
          each.name()
              + " "
              + each.secret().exposeText()
              + " "
              + each.at()
              + aums(place.tailnet(each.store()).read()));
      number++;
    }
    all.put(
        "record",
        record.authority()
            + " "
            + record.begun()
            + " "
            + record.support().map(each -> each.exposeText())
            + " "
            + record.made()
            + " "
            + record.restored()
            + " "
            + record.thresholds()
            + " "
            + record.proposals());
    List<NodeRecord> nodes = new ArrayList<>();
    records.allNodes(TAILNET, nodes::add);
    all.put("nodes", nodes);
    all.put(
        "tokens",
        Set.copyOf(records.tokens(TAILNET)).stream().map(Object::toString).sorted().toList());
    if (sightings) {
      all.put("sightings", records.sightings(TAILNET));
    }
    return all.toString();
  }

  private static String aums(AumSnapshot snapshot) throws StoreException {
    assertThat(snapshot.damage()).isEmpty();
    TreeMap<String, String> all = new TreeMap<>();
    for (AumEntry entry : snapshot.entries()) {
      all.put(
          entry.hash().toString(),
          entry.committedAt() + " " + entry.facts() + " " + snapshot.encoded(entry.hash()));
    }
    return all
        + " from "
        + snapshot.lastActiveAncestor()
        + " after "
        + snapshot.trail().entries()
        + " notes "
        + new TreeMap<>(snapshot.ownAums().own())
        + snapshot.ownAums().agreedAt()
        + snapshot.ownAums().setAside()
        + snapshot.notes().time()
        + new TreeMap<>(snapshot.notes().inherited());
  }
}
