package dev.tka.store.sql;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.DecodeException;
import dev.tka.core.DisablementSecret;
import dev.tka.core.LockPublicKey;
import dev.tka.core.NodeKey;
import dev.tka.core.TextException;
import dev.tka.core.store.StoreException;
import dev.tka.store.Tailnets;
import dev.tka.store.records.AuthorityName;
import dev.tka.store.records.Fence;
import dev.tka.store.records.NodeRecord;
import dev.tka.store.records.NodeSighting;
import dev.tka.store.records.NodeToken;
import dev.tka.store.records.PendingInit;
import dev.tka.store.records.RetiredAuthority;
import dev.tka.store.records.TailnetRecord;
import dev.tka.store.state.StateJson;
import dev.tka.tlog.heads.HeadsLog;
import java.net.URI;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * Converts what is kept for a control server to rows of the tables described in {@code
 * sqlite-1-records.sql}, and back. Each row ends with its checksum.
 */
final class RecordRows {
  static final String RECORD_COLUMNS =
      "number, name, genesis, state1, state2, begun, begun_by, begun_at, support, made,"
          + " retired, checksum";

  /** What a record has beside those, with a checksum of its own; empty where it is not kept. */
  static final String RESTORED_COLUMNS = "restored, restored_checksum";

  /**
   * What a record has beside those since the version with thresholds, with a checksum of its own.
   */
  static final String VOTES_COLUMNS = "votes, votes_checksum";

  /** Whether the tailnet lives here, with a checksum of its own; empty if it was never moved. */
  static final String FENCE_COLUMNS =
      "epoch, move, standing, fence_place, fence_server, fence_at, fence_checksum";

  /** The values of the standing; where it lives here, they are not above {@link #FENCED}. */
  static final long OPEN = 0;

  static final long FENCED = 1;
  private static final long MOVED = 2;
  private static final long SHADOW = 3;

  static final String RETIRED_COLUMNS =
      "tailnet, position, genesis, state1, state2, secret, ended_at, store, checksum";
  static final String NODE_COLUMNS =
      "tailnet, id, node_key, rotation_key, signature, authority, name, unsigned_only, may_init,"
          + " told_kind, told, checksum";
  static final String SIGHTING_COLUMNS =
      "tailnet, node, came_at, head, oldest, outcome, detail, checksum";
  static final String TOKEN_COLUMNS = "hash, tailnet, node, made_at, checksum";

  /** The number of retired authorities in a row of {@link #RECORD_COLUMNS}. */
  static final int RETIRED = 10;

  private static final int RECORD_WIDTH = 12;
  private static final int VOTES = RECORD_WIDTH + 2;

  private static final long HOLDS_RETIRED = 1;
  private static final long CATCHING_UP = 2;

  private RecordRows() {}

  static Row record(long number, String name, TailnetRecord record) {
    return Row.of(
            "record",
            number,
            name,
            record.authority().map(AuthorityName::genesis),
            record.authority().map(AuthorityName::stateId1),
            record.authority().map(AuthorityName::stateId2),
            record.begun().map(begun -> begun.genesis().encoded()),
            record.begun().flatMap(PendingInit::by),
            record.begun().map(begun -> begun.at().toString()),
            record.support().map(DisablementSecret::exposeText),
            record.made() ? 1L : 0L,
            (long) record.retired().size())
        .withChecksum();
  }

  /**
   * The columns of {@link #RESTORED_COLUMNS}. Servers of the version before write the others and
   * know nothing of these, so they are in no sum with them.
   */
  static Row restored(long number, TailnetRecord record) {
    if (record.restored().isEmpty()) {
      return Row.of("record", Optional.empty(), Optional.empty());
    }
    Row row = Row.of("record", number, record.restored().get().toString()).withChecksum();
    return row.part(1, 3);
  }

  private static Optional<Instant> parseRestored(Row row) throws StoreException.Damaged {
    if (row.optionalText(RECORD_WIDTH).isEmpty()) {
      return Optional.empty();
    }
    row.requireChecksum(
        RECORD_WIDTH + 1, Row.of("record", row.number(0), text(row, RECORD_WIDTH)).checksum());
    return Optional.of(time(row, RECORD_WIDTH));
  }

  /** The columns of {@link #VOTES_COLUMNS}: in JSON, since nobody looks for a part of them. */
  static Row votes(long number, TailnetRecord record) {
    if (record.thresholds().isNone() && record.proposals().isEmpty() && record.log().isEmpty()) {
      return Row.of("record", Optional.empty(), Optional.empty());
    }
    Row row = Row.of("record", number, StateJson.votes(record).toString()).withChecksum();
    return row.part(1, 3);
  }

  private static TailnetRecord withVotes(TailnetRecord record, Row row)
      throws StoreException.Damaged {
    if (row.optionalText(VOTES).isEmpty()) {
      return record;
    }
    String text = text(row, VOTES);
    row.requireChecksum(VOTES + 1, Row.of("record", row.number(0), text).checksum());
    dev.tka.store.state.Row read = dev.tka.store.state.Row.parse("table record", text);
    TailnetRecord after =
        record.withThresholds(StateJson.thresholds(read)).withProposals(StateJson.proposals(read));
    Optional<HeadsLog> log = StateJson.headsLog(read);
    read.end();
    return log.isPresent() ? after.withLog(log.get()) : after;
  }

  /**
   * Reads a row of {@link #RECORD_COLUMNS}, {@link #RESTORED_COLUMNS} and {@link #VOTES_COLUMNS}.
   */
  static TailnetRecord parseRecord(Row row, List<Row> retired) throws StoreException.Damaged {
    requireChecksum(row.part(0, RECORD_WIDTH));
    Optional<AuthorityName> authority = Optional.empty();
    if (row.optionalHash(2).isPresent()) {
      authority = Optional.of(new AuthorityName(row.hash(2), row.number(3), row.number(4)));
    }
    Optional<PendingInit> begun = Optional.empty();
    if (row.optionalBytes(5).isPresent()) {
      begun = Optional.of(new PendingInit(aum(row, 5), optionalNumber(row, 6), time(row, 7)));
    }
    Optional<DisablementSecret> support = Optional.empty();
    if (row.optionalText(8).isPresent()) {
      support = Optional.of(secret(row, 8));
    }
    if (row.number(RETIRED) != retired.size()) {
      throw row.damaged(
          RETIRED,
          row.number(RETIRED) + " rows in table retired",
          Integer.toString(retired.size()));
    }
    RetiredAuthority[] ended = new RetiredAuthority[retired.size()];
    for (int i = 0; i < ended.length; i++) {
      ended[i] = parseRetired(retired.get(i), i);
    }
    return withVotes(
        new TailnetRecord(
            authority, begun, List.of(ended), support, row.number(9) != 0, parseRestored(row)),
        row);
  }

  /** The columns of {@link #FENCE_COLUMNS}. */
  static Row fence(long number, Fence fence) {
    Fence.Standing standing = fence.standing();
    long kind = OPEN;
    Optional<String> place = Optional.empty();
    Optional<String> server = Optional.empty();
    Optional<Instant> at = Optional.empty();
    if (standing instanceof Fence.Standing.Fenced fenced) {
      kind = FENCED;
      at = Optional.of(fenced.since());
    } else if (standing instanceof Fence.Standing.Moved moved) {
      kind = MOVED;
      place = Optional.of(moved.to());
      server = moved.server().map(URI::toString);
      at = Optional.of(moved.at());
    } else if (standing instanceof Fence.Standing.Shadow shadow) {
      kind = SHADOW;
      place = Optional.of(shadow.from());
      server = shadow.server().map(URI::toString);
    }
    Row row =
        Row.of(
                "record",
                number,
                fence.epoch(),
                fence.move(),
                kind,
                place,
                server,
                at.map(Instant::toString))
            .withChecksum();
    return row.part(1, row.columns().size());
  }

  /**
   * Reads a fence.
   *
   * @param row the record's number, and then {@link #FENCE_COLUMNS}
   */
  static Fence parseFence(Row row) throws StoreException.Damaged {
    if (row.columns().get(1).isEmpty() && row.columns().get(3).isEmpty()) {
      return Fence.NONE;
    }
    requireChecksum(row);
    long kind = row.number(3);
    Fence.Standing standing;
    Optional<URI> server =
        row.optionalText(5).isEmpty() ? Optional.empty() : Optional.of(uri(row, 5));
    if (kind == OPEN) {
      standing = new Fence.Standing.Open();
    } else if (kind == FENCED) {
      standing = new Fence.Standing.Fenced(time(row, 6));
    } else if (kind == MOVED) {
      standing = new Fence.Standing.Moved(text(row, 4), server, time(row, 6));
    } else if (kind == SHADOW) {
      standing = new Fence.Standing.Shadow(text(row, 4), server);
    } else {
      throw row.damaged(3, "whether a tailnet lives here", Long.toString(kind));
    }
    return new Fence(row.number(1), row.optionalText(2), standing);
  }

  static Row retired(long number, long position, RetiredAuthority ended) {
    return Row.of(
            "retired",
            number,
            position,
            ended.name().genesis(),
            ended.name().stateId1(),
            ended.name().stateId2(),
            ended.secret().exposeText(),
            ended.at().toString(),
            ended.store())
        .withChecksum();
  }

  private static RetiredAuthority parseRetired(Row row, int position)
      throws StoreException.Damaged {
    requireChecksum(row);
    if (row.number(1) != position) {
      throw row.damaged(1, "position " + position, Long.toString(row.number(1)));
    }
    return new RetiredAuthority(
        new AuthorityName(row.hash(2), row.number(3), row.number(4)),
        secret(row, 5),
        time(row, 6),
        text(row, 7));
  }

  static Row node(long number, NodeRecord node) {
    return Row.of(
            "node",
            number,
            node.id(),
            node.nodeKey().bytes(),
            node.rotationKey().map(LockPublicKey::bytes),
            node.signature().map(NodeRecord.Signature::bytes),
            node.signature().map(NodeRecord.Signature::authority),
            node.name(),
            node.unsignedPeerApiOnly() ? 1L : 0L,
            node.mayInit() ? 1L : 0L,
            node.told()
                .map(told -> told instanceof NodeRecord.Told.Retired ? HOLDS_RETIRED : CATCHING_UP),
            node.told().map(RecordRows::toldHash))
        .withChecksum();
  }

  private static AumHash toldHash(NodeRecord.Told told) {
    return told instanceof NodeRecord.Told.Retired retired
        ? retired.genesis()
        : ((NodeRecord.Told.CatchingUp) told).last();
  }

  static NodeRecord parseNode(Row row) throws StoreException.Damaged {
    requireChecksum(row);
    long id = row.number(1);
    Optional<String> name = row.optionalText(6);
    if (id < 1 || (name.isPresent() && !NodeRecord.isName(name.get()))) {
      throw row.damaged(1, "a node's number and name", "something else");
    }
    Optional<LockPublicKey> rotation = Optional.empty();
    if (row.optionalBytes(3).isPresent()) {
      rotation = Optional.of(new LockPublicKey(bytes(row, 3, LockPublicKey.SIZE)));
    }
    Optional<NodeRecord.Signature> signature = Optional.empty();
    if (row.optionalBytes(4).isPresent()) {
      signature = Optional.of(new NodeRecord.Signature(row.bytes(4), row.hash(5)));
    }
    return new NodeRecord(
        id,
        new NodeKey(bytes(row, 2, NodeKey.SIZE)),
        rotation,
        signature,
        name,
        row.number(7, 0, 1) == 1,
        row.number(8, 0, 1) == 1,
        told(row));
  }

  private static Optional<NodeRecord.Told> told(Row row) throws StoreException.Damaged {
    Optional<Long> kind = optionalNumber(row, 9);
    if (kind.isEmpty()) {
      return Optional.empty();
    }
    AumHash hash = row.hash(10);
    return Optional.of(
        row.number(9, (int) HOLDS_RETIRED, (int) CATCHING_UP) == HOLDS_RETIRED
            ? new NodeRecord.Told.Retired(hash)
            : new NodeRecord.Told.CatchingUp(hash));
  }

  static Row sighting(long number, NodeSighting sighting) {
    return Row.of(
            "sighting",
            number,
            sighting.node(),
            sighting.at().getEpochSecond(),
            sighting.head(),
            sighting.oldest(),
            sighting.outcome(),
            sighting.detail())
        .withChecksum();
  }

  static NodeSighting parseSighting(Row row) throws StoreException.Damaged {
    requireChecksum(row);
    return new NodeSighting(
        row.number(1),
        second(row, 2),
        row.optionalHash(3),
        row.optionalHash(4),
        text(row, 5),
        text(row, 6));
  }

  static Row token(long number, NodeToken token) {
    return Row.of("token", token.hash(), number, token.node(), token.made().getEpochSecond())
        .withChecksum();
  }

  /**
   * Reads a row of {@link #TOKEN_COLUMNS}.
   *
   * @param tailnet the name of the tailnet
   */
  static NodeToken parseToken(Row row, String tailnet) throws StoreException.Damaged {
    requireChecksum(row);
    return new NodeToken(row.bytes(0), tailnet, row.number(2), second(row, 3));
  }

  /** Reads a column with a tailnet's name. */
  static String name(Row row, int column) throws StoreException.Damaged {
    String name = row.optionalText(column).orElse("");
    if (!Tailnets.isName(name)) {
      throw row.damaged(column, "a tailnet's name", "something else");
    }
    return name;
  }

  private static void requireChecksum(Row row) throws StoreException.Damaged {
    int last = row.columns().size() - 1;
    row.requireChecksum(last, row.part(0, last).checksum());
  }

  private static Optional<Long> optionalNumber(Row row, int column) throws StoreException.Damaged {
    return row.columns().get(column).isEmpty() ? Optional.empty() : Optional.of(row.number(column));
  }

  private static String text(Row row, int column) throws StoreException.Damaged {
    return row.optionalText(column).orElseThrow(() -> row.damaged(column, "a text", "nothing"));
  }

  private static Bytes bytes(Row row, int column, int size) throws StoreException.Damaged {
    Bytes bytes = row.bytes(column);
    if (bytes.size() != size) {
      throw row.damaged(column, size + " bytes", Integer.toString(bytes.size()));
    }
    return bytes;
  }

  private static DisablementSecret secret(Row row, int column) throws StoreException.Damaged {
    try {
      return DisablementSecret.parse(text(row, column));
    } catch (TextException e) {
      throw row.damaged(column, "a secret", "something else");
    }
  }

  private static Instant time(Row row, int column) throws StoreException.Damaged {
    try {
      return Instant.parse(text(row, column));
    } catch (DateTimeException e) {
      throw row.damaged(column, "a time", "something else");
    }
  }

  private static URI uri(Row row, int column) throws StoreException.Damaged {
    try {
      return URI.create(text(row, column));
    } catch (IllegalArgumentException e) {
      throw row.damaged(column, "a URL", "something else");
    }
  }

  private static Instant second(Row row, int column) throws StoreException.Damaged {
    try {
      return Instant.ofEpochSecond(row.number(column));
    } catch (DateTimeException e) {
      throw row.damaged(column, "a time", Long.toString(row.number(column)));
    }
  }

  private static Aum aum(Row row, int column) throws StoreException.Damaged {
    try {
      return Aum.decode(row.bytes(column).toByteArray());
    } catch (DecodeException e) {
      throw row.damaged(column, "an AUM", e.getMessage());
    }
  }
}
