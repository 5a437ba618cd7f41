package dev.tka.store.etcd;

import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.TextException;
import dev.tka.core.store.AumIndex;
import dev.tka.core.store.Commit;
import dev.tka.core.store.Notes;
import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import dev.tka.core.store.TrailEntry;
import dev.tka.store.records.Fence;
import dev.tka.store.records.NodeRecord;
import dev.tka.store.records.NodeSighting;
import dev.tka.store.records.NodeToken;
import dev.tka.store.records.TailnetRecord;
import dev.tka.store.state.Row;
import dev.tka.store.state.StateJson;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * The values of keys: JSON in UTF-8, one object a row.
 *
 * @param place names the place in errors
 */
record Values(String place) {
  private static final String AUMS = "aums";
  private static final String RECORD = "record";
  private static final String FENCE = "fence";
  private static final String OWNER = "owner";
  private static final String NODES = "nodes";
  private static final String CHANGED = "changed";
  private static final String SWITCHED = "switched";
  private static final String LOOKED = "looked";
  private static final String PENDING = "pending";
  private static final String NUMBER = "number";
  private static final String STORE = "store";
  private static final String REVISION = "revision";
  private static final String NEXT = "next";
  private static final String COUNT = "count";
  private static final String TRAIL = "trail";
  private static final String ANCESTOR = "lastActiveAncestor";
  private static final String ORDER = "order";

  /**
   * A row of an AUM.
   *
   * @param order its place in the order of the additions
   */
  record AumRow(AumIndex.Item<Bytes> item, long order) {}

  /**
   * A row of a node.
   *
   * @param looked the position of the last change of its looks; {@link Root#NOW} if it is this
   */
  record NodeRow(NodeRecord node, long looked) {}

  static Bytes bytes(String text) {
    return Bytes.copyOf(text.getBytes(StandardCharsets.UTF_8));
  }

  private static String text(Bytes value) {
    return new String(value.toByteArray(), StandardCharsets.UTF_8);
  }

  private String where(String key) {
    return place + ", key " + key;
  }

  private Row row(String key, Bytes value) throws StoreException.Damaged {
    return Row.parse(where(key), text(value));
  }

  /** What is wrong with a key. */
  StoreException.Damaged damaged(String key, String what) {
    return new StoreException.Damaged(where(key) + ": " + what);
  }

  // Positions are left out where they stand for the revision of the change.
  private static void position(Row row, String name, long position) {
    if (position != Root.NOW) {
      row.put(name, position);
    }
  }

  static Bytes root(Root root) {
    Row row = Row.empty();
    root.aums()
        .ifPresent(
            aums -> {
              Row of =
                  Row.empty()
                      .put(STORE, aums.store())
                      .put(REVISION, aums.revision().value())
                      .put(NEXT, aums.next())
                      .put(COUNT, aums.count())
                      .put(TRAIL, aums.trail());
              aums.ancestor().ifPresent(hash -> of.put(ANCESTOR, hash));
              row.put(AUMS, of);
            });
    if (!root.record().equals(TailnetRecord.NONE)) {
      row.put(RECORD, StateJson.row(root.record()));
    }
    if (!root.fence().equals(Fence.NONE)) {
      row.put(FENCE, StateJson.row(root.fence()));
    }
    root.owner().ifPresent(owner -> row.put(OWNER, owner));
    row.put(NODES, root.nodes());
    position(row, CHANGED, root.changed());
    position(row, SWITCHED, root.switched());
    position(row, LOOKED, root.looked());
    root.pending().ifPresent(batch -> row.put(PENDING, batch));
    return bytes(row.put(NUMBER, root.number()).toString());
  }

  Root root(String key, Bytes value) throws StoreException.Damaged {
    Row row = row(key, value);
    Optional<Row> aums = row.optionalRow(AUMS);
    Optional<Root.Aums> of = Optional.empty();
    if (aums.isPresent()) {
      Row each = aums.get();
      of =
          Optional.of(
              new Root.Aums(
                  each.text(STORE),
                  new Revision(each.number(REVISION)),
                  each.number(NEXT),
                  each.number(COUNT),
                  each.number(TRAIL),
                  each.optionalHash(ANCESTOR)));
      each.end();
    }
    Optional<Row> record = row.optionalRow(RECORD);
    Optional<Row> fence = row.optionalRow(FENCE);
    Root root =
        new Root(
            of,
            record.isPresent() ? StateJson.tailnetRecord(record.get()) : TailnetRecord.NONE,
            fence.isPresent() ? StateJson.fence(fence.get()) : Fence.NONE,
            row.optionalText(OWNER),
            row.number(NODES),
            row.optionalNumber(CHANGED).orElse(Root.NOW),
            row.optionalNumber(SWITCHED).orElse(Root.NOW),
            row.optionalNumber(LOOKED).orElse(Root.NOW),
            row.optionalText(PENDING),
            row.number(NUMBER));
    row.end();
    return root;
  }

  Root.Kept kept(KeyValue root) throws StoreException.Damaged {
    return new Root.Kept(root(root.key(), root.value()), root.modified(), root.value());
  }

  static Bytes aum(Commit.Addition addition, long order) {
    return bytes(StateJson.row(addition).put(ORDER, order).toString());
  }

  AumRow aum(String key, Bytes value) throws StoreException.Damaged {
    Row row = row(key, value);
    long order = row.number(ORDER);
    AumRow aum = new AumRow(StateJson.item(row), order);
    if (!key.endsWith("/" + aum.item().hash())) {
      throw damaged(key, "expected the AUM with this hash, found another");
    }
    return aum;
  }

  static Bytes trail(TrailEntry entry) {
    return bytes(StateJson.row(entry).toString());
  }

  TrailEntry trail(String key, Bytes value) throws StoreException.Damaged {
    return StateJson.trailEntry(row(key, value));
  }

  static Bytes notes(Notes notes) {
    return bytes(StateJson.row(notes).toString());
  }

  Notes notes(String key, Bytes value) throws StoreException.Damaged {
    return StateJson.notes(row(key, value));
  }

  static Bytes node(NodeRecord node, long looked) {
    Row row = StateJson.row(node);
    position(row, LOOKED, looked);
    return bytes(row.toString());
  }

  NodeRow node(String key, Bytes value) throws StoreException.Damaged {
    Row row = row(key, value);
    long looked = row.optionalNumber(LOOKED).orElse(Root.NOW);
    NodeRecord node = StateJson.node(row);
    if (number(key, lastPart(key)) != node.id()) {
      throw damaged(key, "expected the node with this number, found another");
    }
    return new NodeRow(node, looked);
  }

  static Bytes sighting(NodeSighting sighting) {
    return bytes(StateJson.row(sighting).toString());
  }

  NodeSighting sighting(String key, Bytes value) throws StoreException.Damaged {
    return StateJson.sighting(row(key, value));
  }

  static Bytes token(NodeToken token) {
    return bytes(StateJson.row(token).toString());
  }

  NodeToken token(String key, Bytes value) throws StoreException.Damaged {
    return StateJson.token(row(key, value));
  }

  private static String lastPart(String key) {
    return key.substring(key.lastIndexOf('/') + 1);
  }

  /** Reads a number of a key. */
  long number(String key, String text) throws StoreException.Damaged {
    Optional<Long> number = Layout.parseNumber(text);
    if (number.isEmpty()) {
      throw damaged(key, "expected a number at its end, found something else");
    }
    return number.get();
  }

  /** Reads the hash of a token in a key. */
  Bytes hash(String key, String hex) throws StoreException.Damaged {
    try {
      return Bytes.parseHex(hex);
    } catch (TextException e) {
      throw damaged(key, "expected a hash at its end, found something else");
    }
  }

  /** Reads the hash of an AUM in a key. */
  AumHash aumHash(String key, String text) throws StoreException.Damaged {
    try {
      return AumHash.parse(text);
    } catch (TextException e) {
      throw damaged(key, "expected a hash at its end, found something else");
    }
  }

  /** A random number as a value. */
  static Bytes mark(long number) {
    return bytes(Long.toString(number));
  }

  /** Reads such a number; 0 for anything else. */
  long mark(Bytes value) {
    String text = text(value);
    try {
      return text.matches("[0-9]{1,19}") ? Long.parseLong(text) : 0;
    } catch (NumberFormatException e) {
      return 0;
    }
  }
}
