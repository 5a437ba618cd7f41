package dev.tka.store.sql;

import static dev.tka.store.sql.RecordRows.FENCE_COLUMNS;
import static dev.tka.store.sql.RecordRows.NODE_COLUMNS;
import static dev.tka.store.sql.RecordRows.RECORD_COLUMNS;
import static dev.tka.store.sql.RecordRows.RESTORED_COLUMNS;
import static dev.tka.store.sql.RecordRows.RETIRED_COLUMNS;
import static dev.tka.store.sql.RecordRows.SIGHTING_COLUMNS;
import static dev.tka.store.sql.RecordRows.TOKEN_COLUMNS;
import static dev.tka.store.sql.RecordRows.VOTES_COLUMNS;
import static dev.tka.store.sql.Statements.execute;
import static dev.tka.store.sql.Statements.executeFor;
import static dev.tka.store.sql.Statements.places;
import static dev.tka.store.sql.Statements.query;

import dev.tka.core.Bytes;
import dev.tka.core.NodeKey;
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
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * What a database keeps for a control server, in the tables of {@code sqlite-1-records.sql}.
 *
 * <p>A change locks the tailnet's row first, no more strongly than it needs, and then the rows of
 * its nodes in the order of their numbers. So changes of different nodes do not wait for each
 * other, and no two changes wait for each other in a circle.
 */
final class SqlRecords implements ControlRecords {
  /** A position in a place without the tables: a digest of its revisions. */
  private static final String WITHOUT_TABLES = "revisions:";

  /** Begins a position. */
  private static final String PREFIX = "sql:";

  private static final int RECORD_WIDTH = 12;
  private static final int RESTORED_WIDTH = 2;
  private static final int VOTES_WIDTH = 2;
  private static final int FENCE_WIDTH = 7;

  /** Where a record's fence begins, in a row that has all columns of a record. */
  private static final int FENCE = RECORD_WIDTH + RESTORED_WIDTH + VOTES_WIDTH;

  private static final int RETIRED_WIDTH = 9;
  private static final int NODE_WIDTH = 12;
  private static final int TOKEN_WIDTH = 5;

  /** What everybody but the move that holds the fence sees of a record's standing. */
  private static final String STANDING = "case when r.opened is null then r.standing end";

  /** What others see of a node. */
  private static final List<String> LOOKS =
      List.of("node_key", "rotation_key", "signature", "authority", "name", "unsigned_only");

  private static final List<String> OTHERS = List.of("may_init", "told_kind", "told", "checksum");

  private final SqlTailnets database;
  private final Optional<Fences.Held> held;

  /**
   * What a database keeps.
   *
   * @param held the fence under which a move reads and writes it
   */
  SqlRecords(SqlTailnets database, Optional<Fences.Held> held) {
    this.database = database;
    this.held = held;
  }

  @Override
  public Tailnets under(String tailnet, Fence fence) {
    Tailnets.requireName(tailnet);
    return database.under(new Fences.Held(tailnet, fence));
  }

  /**
   * Columns to select with rows of the table of tailnets: whether one keeps a retired authority,
   * and if not, its standing.
   *
   * @param fences whether the database keeps fences
   */
  static String standing(String schema, boolean fences) {
    return fences
        ? ", retired, (select "
            + STANDING
            + " from "
            + schema
            + "record as r where r.name = tailnet.name)"
        : ", null, null";
  }

  /** The tailnet that a retired authority ruled, as an expression. */
  private static String ruled(String schema, String store) {
    return "(select o.name from "
        + schema
        + "retired as q join "
        + schema
        + "record as o on o.number = q.tailnet where q.store = "
        + store
        + " limit 1)";
  }

  /** Whether a tailnet with a standing lives here. */
  static boolean livesHere(Row row, int standing) throws StoreException.Damaged {
    return row.columns().get(standing).isEmpty() || row.number(standing) <= RecordRows.FENCED;
  }

  /** Whether everybody writes to a tailnet with a standing. */
  static boolean isOpen(Row row, int standing) throws StoreException.Damaged {
    return row.columns().get(standing).isEmpty() || row.number(standing) == RecordRows.OPEN;
  }

  /**
   * The tailnet of a store, and its fence.
   *
   * @param number of its record; 0 if there is none
   */
  private record Owned(String tailnet, long number, Fence fence) {}

  private Owned owned(Connection connection, String store, String lock)
      throws SQLException, StoreException {
    if (!database.keepsFence(connection)) {
      return new Owned(store, 0, Fence.NONE);
    }
    String sql =
        "select r.name, r.number, "
            + of("r", FENCE_COLUMNS)
            + " from "
            + in("record")
            + " as r where r.name = coalesce((select "
            + ruled(database.schema(), "t.name")
            + " from "
            + in("tailnet")
            + " as t where t.name = ? and t.retired is not null), ?)"
            + lock;
    List<Row> rows = database.waiting(each -> query(each, "record", sql, store, store), connection);
    if (rows.isEmpty()) {
      return new Owned(store, 0, Fence.NONE);
    }
    Row row = rows.get(0);
    return new Owned(
        RecordRows.name(row, 0),
        row.number(1),
        RecordRows.parseFence(row.part(1, 2 + FENCE_WIDTH)));
  }

  /** Checks that a store may be read. */
  void requireReading(Connection connection, String store, Optional<Fences.Held> by)
      throws SQLException, StoreException {
    Owned owned = owned(connection, store, "");
    Fences.requireReading(owned.tailnet, owned.fence, Fences.Held.of(by, owned.tailnet));
  }

  /** Checks that a store may be written. */
  void requireWriting(Connection connection, String store, Optional<Fences.Held> by)
      throws SQLException, StoreException {
    Owned owned = owned(connection, store, "");
    Fences.requireWriting(owned.tailnet, owned.fence, Fences.Held.of(by, owned.tailnet));
  }

  /** Says why a store is not read, or why the database refused to write to it. */
  StoreException.Fenced fenced(Connection connection, String store, Optional<Fences.Held> by)
      throws SQLException, StoreException {
    Owned owned = owned(connection, store, "");
    return Fences.fenced(owned.tailnet, owned.fence, Fences.Held.of(by, owned.tailnet));
  }

  /**
   * Works on a store for the move that holds a fence, within a transaction: nobody changes the
   * fence until its end, and the triggers let it through.
   */
  <T> T holding(
      Connection connection, String store, Optional<Fences.Held> by, SqlTailnets.Work<T> work)
      throws SQLException, StoreException {
    // As everywhere, the AUMs come first.
    database.store(store, by).lock(connection);
    Owned owned = owned(connection, store, database.lock(RowLock.NO_KEY_UPDATE));
    Fences.requireWriting(owned.tailnet, owned.fence, Fences.Held.of(by, owned.tailnet));
    String open = "update " + in("record") + " set opened = %s where number = ?";
    boolean opens = Fences.Held.of(by, owned.tailnet).isPresent();
    if (opens) {
      execute(connection, String.format(open, "1"), owned.number);
    }
    T result = work.run(connection);
    if (opens) {
      execute(connection, String.format(open, "null"), owned.number);
    }
    return result;
  }

  @Override
  public void fence(String tailnet, Fence before, Fence after) throws StoreException {
    Tailnets.requireName(tailnet);
    Fences.requireNext(before, after);
    database.write(
        tailnet,
        Optional.empty(),
        named(
            tailnet,
            connection -> {
              database.marks().advance(connection);
              Locked locked = locked(connection, tailnet, RowLock.NO_KEY_UPDATE);
              Fences.requireSame(tailnet, locked.fence(), before);
              long number = made(connection, tailnet, locked.number());
              database.drain(connection, tailnet);
              // After that, all that was written before is seen, and nothing more comes.
              if (Fences.beginsCopy(before, after) && seen(connection, tailnet).known()) {
                throw RecordConflicts.livesHere(tailnet);
              }
              String mark = database.marks().now();
              return execute(
                  connection,
                  "update "
                      + in("record")
                      + " set epoch = ?, move = ?, standing = ?, fence_place = ?,"
                      + " fence_server = ?, fence_at = ?, fence_checksum = ?, changed = "
                      + mark
                      + ", switched = "
                      + mark
                      + " where number = ?",
                  RecordRows.fence(number, after).with(number));
            }));
  }

  private String in(String table) {
    return database.schema() + table;
  }

  /** The columns of a table under another name. */
  private static String of(String alias, String columns) {
    return alias + "." + columns.replace(", ", ", " + alias + ".");
  }

  /** Adds the tailnet's name to reports of damage. */
  private <T> SqlTailnets.Work<T> named(String tailnet, SqlTailnets.Work<T> work) {
    return connection -> {
      try {
        return work.run(connection);
      } catch (StoreException.Damaged e) {
        String where = database + ", tailnet \"" + tailnet + "\": ";
        throw e.getMessage().startsWith(where)
            ? e
            : new StoreException.Damaged(where + e.getMessage());
      }
    };
  }

  /** Reads with one statement, from a place that may not have the tables. */
  private <T> T read(String tailnet, T none, SqlTailnets.Work<T> work) throws StoreException {
    Tailnets.requireName(tailnet);
    return database.read(
        named(
            tailnet,
            connection -> database.keepsRecords(connection) ? work.run(connection) : none));
  }

  /** Reads of a tailnet that lives here, all of one moment. */
  private <T> T readHere(String tailnet, T none, SqlTailnets.Work<T> work) throws StoreException {
    Tailnets.requireName(tailnet);
    return database.readTogether(
        named(
            tailnet,
            connection -> {
              if (!database.keepsRecords(connection)) {
                return none;
              }
              requireReading(connection, tailnet, held);
              return work.run(connection);
            }));
  }

  /**
   * Checks that rows may be read, after the one statement that read them and their standing. A move
   * holds its fence until it gives it up itself, so that is looked at later.
   *
   * @param here whether the tailnet lived here at that statement. If it did not, the rows are those
   *     of a copy that was not finished, also if it is open by now
   */
  private void requireRead(Connection connection, String tailnet, boolean here)
      throws SQLException, StoreException {
    if (held.isPresent()) {
      requireReading(connection, tailnet, held);
    } else if (!here) {
      throw fenced(connection, tailnet, held);
    }
  }

  private <T> T write(String tailnet, SqlTailnets.Work<T> work) throws StoreException {
    Tailnets.requireName(tailnet);
    return database.write(
        tailnet,
        held,
        named(
            tailnet,
            connection -> {
              database.marks().advance(connection);
              return work.run(connection);
            }));
  }

  @Override
  public SortedSet<String> tailnets() throws StoreException {
    return database.read(
        connection -> {
          boolean votes = database.keepsVotes(connection);
          boolean fences = votes || database.keepsFence(connection);
          boolean restored = fences || database.keepsRestored(connection);
          boolean records = restored || database.keepsRecords(connection);
          String sql =
              "select name from "
                  + in("tailnet")
                  + " as t where exists(select 1 from "
                  + in("aum")
                  + " as a where a.tailnet = t.number and a.removed_by is null)";
          if (records) {
            sql +=
                " and t.retired is null union select name from "
                    + in("record")
                    + " as r where r.genesis is not null or r.begun is not null"
                    + " or r.support is not null or r.made > 0 or r.retired > 0"
                    + (restored ? " or r.restored is not null" : "")
                    + (votes ? " or r.votes is not null" : "")
                    + (fences ? " or r.standing > 0" : "")
                    + " or exists(select 1 from "
                    + in("node")
                    + " as n where n.tailnet = r.number)";
          }
          SortedSet<String> names = new TreeSet<>();
          for (Row row : query(connection, "tailnet", sql)) {
            names.add(RecordRows.name(row, 0));
          }
          return names;
        });
  }

  @Override
  public SortedSet<String> restored() throws StoreException {
    return database.read(
        connection -> {
          SortedSet<String> names = new TreeSet<>();
          if (database.keepsRestored(connection)) {
            String sql = "select name from " + in("record") + " where restored is not null";
            for (Row row : query(connection, "record", sql)) {
              names.add(RecordRows.name(row, 0));
            }
          }
          return names;
        });
  }

  @Override
  public TailnetRecord tailnet(String tailnet) throws StoreException {
    Seen seen = seen(tailnet);
    Fences.requireReading(tailnet, seen.fence(), Fences.Held.of(held, tailnet));
    return seen.tailnet();
  }

  @Override
  public Seen seen(String tailnet) throws StoreException {
    Tailnets.requireName(tailnet);
    return database.read(named(tailnet, connection -> seen(connection, tailnet)));
  }

  private Seen seen(Connection connection, String tailnet) throws SQLException, StoreException {
    boolean votes = database.keepsVotes(connection);
    boolean fences = votes || database.keepsFence(connection);
    boolean restored = fences || database.keepsRestored(connection);
    boolean records = restored || database.keepsRecords(connection);
    String sql =
        "select t.revision, t.checksum, case when exists(select 1 from "
            + in("aum")
            + " as a where a.tailnet = t.number and a.removed_by is null) then 1 else 0 end"
            + (records
                ? ", case when exists(select 1 from "
                    + in("node")
                    + " as n where n.tailnet = r.number) then 1 else 0 end, "
                    + of("r", RECORD_COLUMNS)
                    + ", "
                    + (restored ? of("r", RESTORED_COLUMNS) : "null, null")
                    + ", "
                    // Not again with each authority that was ended: it may be long.
                    + (votes
                        ? "case when coalesce(q.position, 0) = 0 then r.votes end, r.votes_checksum"
                        : "null, null")
                    + ", "
                    + (fences ? of("r", FENCE_COLUMNS) : "null, null, null, null, null, null, null")
                    + ", "
                    + of("q", RETIRED_COLUMNS)
                : "")
            + " from (select 1 as one) as asked left join "
            + in("tailnet")
            + " as t on t.name = ?"
            + (records
                ? " and t.retired is null left join "
                    + in("record")
                    + " as r on r.name = ? left join "
                    + in("retired")
                    + " as q on q.tailnet = r.number order by q.position"
                : "");
    List<Row> rows =
        records
            ? query(connection, "tailnet", sql, tailnet, tailnet)
            : query(connection, "tailnet", sql, tailnet);
    Row first = rows.get(0);
    Revision aums = Tailnets.NO_COMMIT;
    if (first.columns().get(0).isPresent()) {
      aums = SqlTailnets.revision(first.number(0), first.number(1));
    }
    boolean known = first.number(2) == 1;
    TailnetRecord record = TailnetRecord.NONE;
    Fence fence = Fence.NONE;
    if (records && first.columns().get(4).isPresent()) {
      int retired = 4 + FENCE + FENCE_WIDTH;
      Row kept = new Row("record", first.part(4, retired).columns());
      List<Row> ended = new ArrayList<>();
      for (Row row : rows) {
        if (row.columns().get(retired).isPresent()) {
          ended.add(new Row("retired", row.part(retired, retired + RETIRED_WIDTH).columns()));
        }
      }
      record = RecordRows.parseRecord(kept.part(0, FENCE), ended);
      fence = fence(kept);
      known |= first.number(3) == 1 || !record.equals(TailnetRecord.NONE) || !fence.isOpen();
    }
    return new Seen(known, record, aums, fence);
  }

  /**
   * A select of the nodes of the tailnet that the last argument names, each with its standing;
   * without any, one row that has nothing else.
   */
  private String nodes(Connection connection, String condition) throws SQLException {
    return "select "
        + of("n", NODE_COLUMNS)
        + ", "
        + (database.keepsFence(connection) ? STANDING : "null")
        + " from "
        + in("record")
        + " as r left join "
        + in("node")
        + " as n on n.tailnet = r.number"
        + condition
        + " where r.name = ? order by n.id";
  }

  private List<NodeRecord> nodes(String tailnet, String condition, Object... more)
      throws StoreException {
    Object[] arguments = arguments(List.of(more), tailnet);
    return read(
        tailnet,
        List.of(),
        connection ->
            parseNodes(
                connection,
                tailnet,
                query(connection, "node", nodes(connection, condition), arguments)));
  }

  /**
   * A condition on a node's number, which takes the numbers as arguments. Their range, which is
   * written into the statement, has PostgreSQL look there and not at all of a tailnet's nodes,
   * whatever it believes about the table before it has statistics.
   */
  private static String among(List<Long> sorted) {
    return "between "
        + sorted.get(0)
        + " and "
        + sorted.get(sorted.size() - 1)
        + " and id in ("
        + places(sorted.size())
        + ")";
  }

  private static Object[] arguments(Object first, Collection<?> more) {
    List<Object> all = new ArrayList<>();
    all.add(first);
    all.addAll(more);
    return all.toArray();
  }

  private static Object[] arguments(Collection<?> first, Object last) {
    List<Object> all = new ArrayList<>(first);
    all.add(last);
    return all.toArray();
  }

  private List<NodeRecord> parseNodes(Connection connection, String tailnet, List<Row> rows)
      throws SQLException, StoreException {
    List<NodeRecord> nodes = new ArrayList<>(rows.size());
    requireRead(connection, tailnet, rows.isEmpty() || livesHere(rows.get(0), NODE_WIDTH));
    for (Row row : rows) {
      if (row.columns().get(1).isPresent()) {
        nodes.add(RecordRows.parseNode(row.part(0, NODE_WIDTH)));
      }
    }
    return nodes;
  }

  @Override
  public Optional<NodeRecord> node(String tailnet, long id) throws StoreException {
    return nodes(tailnet, " and n.id = ?", id).stream().findFirst();
  }

  @Override
  public List<NodeRecord> nodesWithKey(String tailnet, NodeKey key) throws StoreException {
    return nodes(tailnet, " and n.node_key = ?", key.bytes());
  }

  @Override
  public List<NodeRecord> nodes(String tailnet, Collection<Long> ids) throws StoreException {
    Tailnets.requireName(tailnet);
    List<Long> sorted = List.copyOf(new TreeSet<>(ids));
    if (sorted.isEmpty()) {
      return List.of();
    }
    return database.readTogether(
        named(
            tailnet,
            connection -> {
              List<NodeRecord> nodes = new ArrayList<>();
              if (database.keepsRecords(connection)) {
                for (List<Long> some : parts(sorted)) {
                  Object[] arguments = arguments(some, tailnet);
                  String condition = " and n.id " + among(some);
                  List<Row> rows =
                      query(connection, "node", nodes(connection, condition), arguments);
                  nodes.addAll(parseNodes(connection, tailnet, rows));
                }
              }
              return nodes;
            }));
  }

  /** Lists with at most as many elements as one statement takes. */
  private static <T> List<List<T>> parts(List<T> all) {
    List<List<T>> parts = new ArrayList<>();
    for (int from = 0; from < all.size(); from += Statements.MOST_ROWS) {
      parts.add(all.subList(from, Math.min(all.size(), from + Statements.MOST_ROWS)));
    }
    return parts;
  }

  @Override
  public void allNodes(String tailnet, Consumer<NodeRecord> reading) throws StoreException {
    Tailnets.requireName(tailnet);
    database.readTogether(
        named(
            tailnet,
            connection -> {
              if (database.keepsRecords(connection)) {
                requireReading(connection, tailnet, held);
                Statements.stream(
                    connection,
                    "node",
                    nodes(connection, ""),
                    row -> {
                      if (row.columns().get(1).isPresent()) {
                        reading.accept(RecordRows.parseNode(row.part(0, NODE_WIDTH)));
                      }
                    },
                    tailnet);
              }
              return tailnet;
            }));
  }

  @Override
  public long countNodes(String tailnet) throws StoreException {
    return readHere(
        tailnet,
        0L,
        connection ->
            query(
                    connection,
                    "node",
                    "select count(*) from "
                        + in("record")
                        + " as r join "
                        + in("node")
                        + " as n on n.tailnet = r.number where r.name = ?",
                    tailnet)
                .get(0)
                .number(0));
  }

  @Override
  public List<NodeRecord> nodesToldApart(String tailnet) throws StoreException {
    return nodes(tailnet, " and n.told_kind is not null");
  }

  /**
   * Reads all that is kept.
   *
   * @throws StoreException.Damaged if a row is not as written
   */
  void requireSound() throws StoreException {
    for (String tailnet : tailnets()) {
      ControlRecords records = asItStands(tailnet).records().orElseThrow();
      records.tailnet(tailnet);
      records.allNodes(tailnet, any -> {});
      records.sightings(tailnet);
      records.tokens(tailnet);
    }
  }

  /** The place under the fence that the tailnet of a store has now. */
  Tailnets asItStands(String store) throws StoreException {
    Owned owned = database.read(connection -> owned(connection, store, ""));
    return under(owned.tailnet, owned.fence);
  }

  /** The fence in a row that has all columns of a record. */
  private static Fence fence(Row row) throws StoreException.Damaged {
    return RecordRows.parseFence(
        Row.joined("record", List.of(row.part(0, 1), row.part(FENCE, FENCE + FENCE_WIDTH))));
  }

  /**
   * The row of a record, which is locked until the end of the change.
   *
   * @param row its columns, those of its fence at the end; empty if there is no row
   */
  private record Locked(Optional<Row> row) {
    /** The number of the row; 0 if there is none. */
    long number() throws StoreException.Damaged {
      return row.isEmpty() ? 0 : row.get().number(0);
    }

    Fence fence() throws StoreException.Damaged {
      return row.isEmpty() ? Fence.NONE : SqlRecords.fence(row.get());
    }
  }

  /** Locks the row of a record. */
  private Locked locked(Connection connection, String tailnet, RowLock strength)
      throws SQLException, StoreException {
    String sql =
        "select "
            + RECORD_COLUMNS
            + ", "
            + RESTORED_COLUMNS
            + ", "
            + VOTES_COLUMNS
            + ", "
            + FENCE_COLUMNS
            + " from "
            + in("record")
            + " where name = ?"
            + database.lock(strength);
    return new Locked(
        database.waiting(each -> query(each, "record", sql, tailnet), connection).stream()
            .findFirst());
  }

  /**
   * The record of a row that nobody else writes until the end of the change: its retired
   * authorities are read by another statement, and would be those of another moment.
   */
  private TailnetRecord record(Connection connection, Locked locked)
      throws SQLException, StoreException {
    if (locked.row.isEmpty()) {
      return TailnetRecord.NONE;
    }
    Row row = locked.row.get();
    List<Row> retired = List.of();
    if (row.number(RecordRows.RETIRED) > 0) {
      retired =
          query(
              connection,
              "retired",
              "select "
                  + RETIRED_COLUMNS
                  + " from "
                  + in("retired")
                  + " where tailnet = ? order by position",
              row.number(0));
    }
    return RecordRows.parseRecord(row.part(0, FENCE), retired);
  }

  /**
   * Makes the row of a record unless it is there.
   *
   * @param number of the row that is there; 0 if none is
   * @return its number
   */
  private long made(Connection connection, String tailnet, long number)
      throws SQLException, StoreException {
    if (number != 0) {
      return number;
    }
    if (query(
            connection,
            "tailnet",
            "select number from " + in("tailnet") + " where name = ? and retired is null",
            tailnet)
        .isEmpty()) {
      TailnetName.requireNew(tailnet);
    }
    long made = newRecord(connection, tailnet);
    writeRecord(connection, tailnet, made, TailnetRecord.NONE, TailnetRecord.NONE, false);
    return made;
  }

  private long newRecord(Connection connection, String tailnet)
      throws SQLException, StoreException.Damaged {
    return query(
            connection,
            "record",
            "insert into "
                + in("record")
                + " (name, made, retired, checksum) values (?, 0, 0, 0) returning number",
            tailnet)
        .get(0)
        .number(0);
  }

  private void writeRecord(
      Connection connection,
      String tailnet,
      long number,
      TailnetRecord before,
      TailnetRecord after,
      boolean switches)
      throws SQLException {
    Row row = RecordRows.record(number, tailnet, after);
    String mark = database.marks().now();
    execute(
        connection,
        "update "
            + in("record")
            + " set genesis = ?, state1 = ?, state2 = ?, begun = ?, begun_by = ?, begun_at = ?,"
            + " support = ?, made = ?, retired = ?, checksum = ?, restored = ?,"
            + " restored_checksum = ?, votes = ?, votes_checksum = ?, changed = "
            + mark
            + (switches ? ", switched = " + mark : "")
            + " where number = ?",
        Row.joined(
            List.of(
                row.part(2, RECORD_WIDTH),
                RecordRows.restored(number, after),
                RecordRows.votes(number, after),
                Row.of("record", number))));
    writeRetired(connection, number, before.retired(), after.retired());
  }

  private void writeRetired(
      Connection connection, long number, List<RetiredAuthority> old, List<RetiredAuthority> after)
      throws SQLException {
    int same = 0;
    while (same < old.size() && same < after.size() && old.get(same).equals(after.get(same))) {
      same++;
    }
    if (same < old.size()) {
      execute(
          connection,
          "delete from " + in("retired") + " where tailnet = ? and position >= ?",
          number,
          (long) same);
    }
    List<Row> rows = new ArrayList<>();
    for (int i = same; i < after.size(); i++) {
      rows.add(RecordRows.retired(number, i, after.get(i)));
    }
    Statements.insert(connection, in("retired") + " (" + RETIRED_COLUMNS + ")", rows);
  }

  @Override
  public void commit(String tailnet, RecordsChange change) throws StoreException {
    boolean ofRecord =
        change.tailnet().filter(each -> !each.before().equals(each.after())).isPresent();
    boolean removes = change.nodes().stream().anyMatch(each -> each.after().isEmpty());
    RowLock strength = RowLock.KEY_SHARE;
    if (ofRecord || removes) {
      strength = RowLock.NO_KEY_UPDATE;
    } else if (change.tailnet().isPresent()) {
      strength = RowLock.SHARE;
    }
    RowLock needed = strength;
    write(
        tailnet,
        connection -> {
          Locked locked = locked(connection, tailnet, needed);
          Fences.requireWriting(tailnet, locked.fence(), Fences.Held.of(held, tailnet));
          // With the weakest lock, others may write the record meanwhile.
          TailnetRecord before =
              needed == RowLock.KEY_SHARE ? TailnetRecord.NONE : record(connection, locked);
          if (change.tailnet().isPresent()) {
            RecordConflicts.requireRecord(tailnet, change.tailnet().get().before(), before);
          }
          boolean makes =
              ofRecord || change.nodes().stream().anyMatch(each -> each.after().isPresent());
          long number = makes ? made(connection, tailnet, locked.number()) : locked.number();
          writeNodes(connection, tailnet, number, change.nodes(), removes);
          if (ofRecord || (removes && number != 0)) {
            TailnetRecord after =
                change.tailnet().map(RecordsChange.OfTailnet::after).orElse(before);
            writeRecord(connection, tailnet, number, before, after, false);
          }
          return tailnet;
        });
  }

  private void writeNodes(
      Connection connection,
      String tailnet,
      long number,
      List<RecordsChange.OfNode> changes,
      boolean removes)
      throws SQLException, StoreException {
    List<RecordsChange.OfNode> sorted =
        changes.stream().sorted(Comparator.comparingLong(RecordsChange.OfNode::id)).toList();
    for (List<RecordsChange.OfNode> some : parts(sorted)) {
      requireNodes(connection, tailnet, number, some, removes);
    }
    List<Row> come = new ArrayList<>();
    List<Row> look = new ArrayList<>();
    List<Row> other = new ArrayList<>();
    List<Long> go = new ArrayList<>();
    for (RecordsChange.OfNode each : sorted) {
      if (each.after().isEmpty()) {
        go.add(each.id());
      } else if (!each.before().equals(each.after())) {
        NodeRecord after = each.after().get();
        List<Row> kind =
            each.before().isEmpty() ? come : each.before().get().looksLike(after) ? other : look;
        kind.add(RecordRows.node(number, after));
      }
    }
    String mark = database.marks().now();
    String into = in("node") + " (" + NODE_COLUMNS + ", changed, looked)";
    Statements.insert(connection, into, come, ", " + mark + ", " + mark, "");
    Statements.insert(
        connection,
        into,
        look,
        ", " + mark + ", " + mark,
        replacing(Stream.of(LOOKS, OTHERS, List.of("changed", "looked"))));
    Statements.insert(
        connection,
        into,
        other,
        ", " + mark + ", null",
        replacing(Stream.of(OTHERS, List.of("changed"))));
    for (String table : List.of("node", "sighting", "token")) {
      executeFor(
          connection,
          "delete from "
              + in(table)
              + " where tailnet = ? and "
              + (table.equals("node") ? "id" : "node"),
          Row.of(table, number),
          go);
    }
  }

  /** The end of an insert of rows that are there already, and locked. */
  private static String replacing(Stream<List<String>> columns) {
    List<String> each =
        columns.flatMap(List::stream).map(column -> column + " = excluded." + column).toList();
    return " on conflict (tailnet, id) do update set " + String.join(", ", each);
  }

  /** Locks nodes, in the order of their numbers, and compares them with what they must be. */
  private void requireNodes(
      Connection connection,
      String tailnet,
      long number,
      List<RecordsChange.OfNode> changes,
      boolean removes)
      throws SQLException, StoreException {
    List<Long> ids = changes.stream().map(RecordsChange.OfNode::id).toList();
    Object[] arguments = arguments(number, ids);
    String sql =
        "select "
            + NODE_COLUMNS
            + " from "
            + in("node")
            + " where tailnet = ? and id "
            + among(ids)
            + " order by id"
            + database.lock(removes ? RowLock.UPDATE : RowLock.NO_KEY_UPDATE);
    Map<Long, NodeRecord> found = new HashMap<>();
    for (Row row : database.waiting(each -> query(each, "node", sql, arguments), connection)) {
      NodeRecord node = RecordRows.parseNode(row);
      found.put(node.id(), node);
    }
    for (RecordsChange.OfNode each : changes) {
      RecordConflicts.requireNode(tailnet, each, Optional.ofNullable(found.get(each.id())));
    }
  }

  @Override
  public TailnetRecord retire(
      String tailnet, Revision aums, TailnetRecord before, RetiredAuthority ended)
      throws StoreException {
    return write(
        tailnet,
        connection -> {
          // As everywhere, the AUMs come first; who changes the fence waits with the record locked.
          SqlAumStore ruled = database.store(tailnet, held);
          ruled.lock(connection);
          Locked locked = locked(connection, tailnet, RowLock.NO_KEY_UPDATE);
          Fences.requireWriting(tailnet, locked.fence(), Fences.Held.of(held, tailnet));
          String store = ruled.retire(connection, aums, ended.name().genesis());
          RecordConflicts.requireRecord(tailnet, before, record(connection, locked));
          TailnetRecord after =
              before.withRetired(
                  new RetiredAuthority(ended.name(), ended.secret(), ended.at(), store));
          long number = locked.number() != 0 ? locked.number() : newRecord(connection, tailnet);
          writeRecord(connection, tailnet, number, before, after, true);
          return after;
        });
  }

  /**
   * Locks a record that is to be deleted, within a transaction.
   *
   * @param alone whether the tailnet has no AUMs
   * @param by the fence under which it is deleted
   * @return the number of its row; empty if there is none
   * @throws StoreException.Fenced if it may not be deleted
   */
  Optional<Long> lockForDeleting(
      Connection connection, String tailnet, boolean alone, Optional<Fences.Held> by)
      throws SQLException, StoreException {
    List<Row> rows =
        query(
            connection,
            "record",
            "select number, "
                + FENCE_COLUMNS
                + " from "
                + in("record")
                + " where name = ?"
                + database.lock(RowLock.UPDATE),
            tailnet);
    if (rows.isEmpty()) {
      return Optional.empty();
    }
    long number = rows.get(0).number(0);
    Fence fence = RecordRows.parseFence(rows.get(0));
    Optional<Fence> holds = Fences.Held.of(by, tailnet);
    boolean moved = fence.standing() instanceof Fence.Standing.Moved;
    if (holds.isEmpty() && moved && alone && isNothing(connection, number)) {
      execute(connection, "update " + in("record") + " set opened = 1 where number = ?", number);
    } else {
      Fences.requireWriting(tailnet, fence, holds);
    }
    return Optional.of(number);
  }

  /** Whether a record says nothing, and there are no nodes. */
  private boolean isNothing(Connection connection, long number) throws SQLException {
    return !query(
            connection,
            "record",
            "select 1 from "
                + in("record")
                + " as r where r.number = ? and r.genesis is null and r.begun is null"
                + " and r.support is null and r.made = 0 and r.retired = 0 and r.restored is null"
                + " and r.votes is null"
                + " and not exists(select 1 from "
                + in("node")
                + " as n where n.tailnet = r.number)",
            number)
        .isEmpty();
  }

  /**
   * Deletes all that is kept of a tailnet, within a transaction; not its fence, if that is held.
   *
   * @param number of its record, which is locked
   */
  void delete(Connection connection, String tailnet, long number, Optional<Fences.Held> by)
      throws SQLException, StoreException {
    database.marks().advance(connection);
    for (String table : List.of("retired", "node", "sighting", "token")) {
      execute(connection, "delete from " + in(table) + " where tailnet = ?", number);
    }
    if (Fences.Held.of(by, tailnet).isPresent()) {
      writeRecord(connection, tailnet, number, TailnetRecord.NONE, TailnetRecord.NONE, true);
    } else {
      execute(connection, "delete from " + in("record") + " where number = ?", number);
    }
    execute(
        connection,
        "insert into "
            + in("gone")
            + " (name, changed) values (?, "
            + database.marks().now()
            + ") on conflict (name) do update set changed = excluded.changed",
        tailnet);
  }

  @Override
  public void noteSightings(String tailnet, Collection<NodeSighting> sightings)
      throws StoreException {
    Tailnets.requireName(tailnet);
    SortedMap<Long, NodeSighting> byNode = new TreeMap<>();
    sightings.forEach(each -> byNode.put(each.node(), each));
    if (byNode.isEmpty()) {
      return;
    }
    database.write(
        tailnet,
        held,
        named(
            tailnet,
            connection -> {
              for (List<Long> some : parts(List.copyOf(byNode.keySet()))) {
                noteSightings(connection, tailnet, byNode, some);
              }
              return tailnet;
            }));
  }

  private void noteSightings(
      Connection connection, String tailnet, Map<Long, NodeSighting> byNode, List<Long> some)
      throws SQLException, StoreException {
    List<Row> rows = new ArrayList<>();
    for (Row row : existing(connection, tailnet, some)) {
      rows.add(
          RecordRows.sighting(
              row.number(0), Optional.ofNullable(byNode.get(row.number(1))).orElseThrow()));
    }
    Statements.insert(
        connection,
        in("sighting") + " (" + SIGHTING_COLUMNS + ")",
        rows,
        "",
        " on conflict (tailnet, node) do update set came_at = excluded.came_at,"
            + " head = excluded.head, oldest = excluded.oldest, outcome = excluded.outcome,"
            + " detail = excluded.detail, checksum = excluded.checksum");
  }

  /** The numbers of a tailnet and of those of some nodes that exist, and stay. */
  private List<Row> existing(Connection connection, String tailnet, List<Long> ids)
      throws SQLException, StoreException {
    Object[] arguments = arguments(tailnet, ids);
    String sql =
        "select tailnet, id, (select "
            + STANDING
            + " from "
            + in("record")
            + " as r where r.number = tailnet) from "
            + in("node")
            + " where tailnet = (select number from "
            + in("record")
            + " where name = ?) and id "
            + among(ids)
            + " order by id"
            + database.lock(RowLock.KEY_SHARE);
    List<Row> rows = database.waiting(each -> query(each, "node", sql, arguments), connection);
    if (!rows.isEmpty() && !isOpen(rows.get(0), 2)) {
      requireWriting(connection, tailnet, held);
    }
    return rows;
  }

  @Override
  public SortedMap<Long, NodeSighting> sightings(String tailnet) throws StoreException {
    return readHere(
        tailnet,
        new TreeMap<>(),
        connection -> {
          SortedMap<Long, NodeSighting> sightings = new TreeMap<>();
          Statements.stream(
              connection,
              "sighting",
              "select "
                  + of("s", SIGHTING_COLUMNS)
                  + " from "
                  + in("record")
                  + " as r join "
                  + in("sighting")
                  + " as s on s.tailnet = r.number where r.name = ?",
              row -> {
                NodeSighting sighting = RecordRows.parseSighting(row);
                sightings.put(sighting.node(), sighting);
              },
              tailnet);
          return sightings;
        });
  }

  /** A select of tokens and the names of their tailnets. */
  private String selectTokens(Connection connection, String condition) throws SQLException {
    return "select "
        + of("t", TOKEN_COLUMNS)
        + ", r.name, "
        + (database.keepsFence(connection) ? STANDING : "null")
        + " from "
        + in("token")
        + " as t join "
        + in("record")
        + " as r on r.number = t.tailnet join "
        + in("node")
        + " as n on n.tailnet = t.tailnet and n.id = t.node where "
        + condition
        + " order by t.node, t.made_at, t.hash";
  }

  private List<NodeToken> parseTokens(Connection connection, List<Row> rows)
      throws SQLException, StoreException {
    List<NodeToken> tokens = new ArrayList<>();
    for (Row row : rows) {
      String tailnet = RecordRows.name(row, TOKEN_WIDTH);
      requireRead(connection, tailnet, livesHere(row, TOKEN_WIDTH + 1));
      tokens.add(
          named(tailnet, any -> RecordRows.parseToken(row.part(0, TOKEN_WIDTH), tailnet))
              .run(connection));
    }
    return tokens;
  }

  @Override
  public Optional<NodeToken> token(Bytes hash) throws StoreException {
    return database.read(
        connection ->
            database.keepsRecords(connection)
                ? parseTokens(
                        connection,
                        query(connection, "token", selectTokens(connection, "t.hash = ?"), hash))
                    .stream()
                    .findFirst()
                : Optional.empty());
  }

  @Override
  public List<NodeToken> tokens(String tailnet) throws StoreException {
    return readHere(
        tailnet,
        List.of(),
        connection ->
            parseTokens(
                connection,
                query(connection, "token", selectTokens(connection, "r.name = ?"), tailnet)));
  }

  @Override
  public void addToken(NodeToken token) throws StoreException {
    String tailnet = token.tailnet();
    write(
        tailnet,
        connection -> {
          List<Row> node = existing(connection, tailnet, List.of(token.node()));
          if (node.isEmpty()) {
            throw RecordConflicts.noNode(tailnet, token.node());
          }
          if (!query(
                  connection,
                  "token",
                  "select node from " + in("token") + " where hash = ?",
                  token.hash())
              .isEmpty()) {
            throw RecordConflicts.tokenExists();
          }
          Statements.insert(
              connection,
              in("token") + " (" + TOKEN_COLUMNS + ")",
              List.of(RecordRows.token(node.get(0).number(0), token)));
          return tailnet;
        });
  }

  @Override
  public void removeToken(String tailnet, Bytes hash) throws StoreException {
    write(
        tailnet,
        connection ->
            execute(
                connection,
                "delete from "
                    + in("token")
                    + " where hash = ? and tailnet = (select number from "
                    + in("record")
                    + " where name = ?)",
                hash,
                tailnet));
  }

  @Override
  public Changes.Position position() throws StoreException {
    return database.read(this::position);
  }

  Changes.Position position(Connection connection) throws SQLException, StoreException {
    return database.keepsRecords(connection)
        ? look(connection, Optional.empty()).position
        : ofRevisions(connection);
  }

  @Override
  public Changes changesAfter(Changes.Position position, int most) throws StoreException {
    return database.read(connection -> changesAfter(connection, position, most));
  }

  /** Reads what changed; the position is read first, so that nothing falls between. */
  Changes changesAfter(Connection connection, Changes.Position position, int most)
      throws SQLException, StoreException {
    if (!database.keepsRecords(connection)) {
      Changes.Position now = ofRevisions(connection);
      return new Changes(now, now.equals(position), List.of());
    }
    Look look = look(connection, Optional.of(position));
    if (look.after.isEmpty() || !look.changed) {
      return new Changes(look.position, look.after.isPresent(), List.of());
    }
    return new Changes(
        look.position, true, new Reading(connection, look.after.get(), most).changes());
  }

  /**
   * The position now.
   *
   * @param after tells what is after the position that was asked for; empty if that cannot be told
   * @param changed whether anything is
   */
  private record Look(Changes.Position position, Optional<String> after, boolean changed) {}

  private Look look(Connection connection, Optional<Changes.Position> asked)
      throws SQLException, StoreException {
    Optional<String> moment = asked.flatMap(SqlRecords::moment);
    Optional<String> after = moment.flatMap(database.marks()::after);
    String changed =
        after
            .map(
                condition -> {
                  String anything =
                      Stream.of("tailnet", "record", "node", "gone")
                          .map(table -> database.marks().any(in(table), condition))
                          .reduce((a, b) -> a + " or " + b)
                          .orElseThrow();
                  return "case when "
                      + database.marks().cannotTell(moment.orElseThrow())
                      + " then 2 when "
                      + anything
                      + " then 1 else 0 end";
                })
            .orElse("2");
    Row row =
        query(
                connection,
                "place",
                "select "
                    + database.marks().identity()
                    + ", "
                    + database.marks().moment()
                    + ", "
                    + changed
                    + " from "
                    + in("place"))
            .get(0);
    String identity = PREFIX + row.optionalText(0).orElseThrow() + ":";
    Changes.Position now = new Changes.Position(identity + row.optionalText(1).orElseThrow());
    boolean told =
        asked.isPresent() && asked.get().text().startsWith(identity) && row.number(2) < 2;
    return new Look(now, told ? after : Optional.empty(), row.number(2) == 1);
  }

  /** The moment in a position. */
  private static Optional<String> moment(Changes.Position position) {
    String[] parts = position.text().split(":", 3);
    return parts.length == 3 && position.text().startsWith(PREFIX)
        ? Optional.of(parts[2])
        : Optional.empty();
  }

  private Changes.Position ofRevisions(Connection connection)
      throws SQLException, StoreException.Damaged {
    String all = SqlTailnets.revisions(connection, database.schema()).toString();
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest(all.getBytes(StandardCharsets.UTF_8));
      return new Changes.Position(WITHOUT_TABLES + HexFormat.of().formatHex(digest));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Reads what changed after a moment. */
  private final class Reading {
    private final Connection connection;
    private final String after;
    private final int most;
    private final Set<String> switched = new TreeSet<>();
    private final SortedMap<String, List<Long>> nodes = new TreeMap<>();

    Reading(Connection connection, String after, int most) {
      this.connection = connection;
      this.after = after;
      this.most = most;
    }

    private String after(String column) {
      return String.format(after, column);
    }

    private void read(String table, String switches, String condition)
        throws SQLException, StoreException {
      String sql =
          "select name, case when "
              + switches
              + " then 1 else 0 end from "
              + in(table)
              + " where "
              + after("changed")
              + condition;
      for (Row row : query(connection, table, sql)) {
        name(RecordRows.name(row, 0), row.number(1) == 1);
      }
    }

    private List<Long> name(String tailnet, boolean switches) {
      if (switches) {
        switched.add(tailnet);
      }
      return nodes.computeIfAbsent(tailnet, any -> new ArrayList<>());
    }

    List<Changes.Change> changes() throws SQLException, StoreException {
      read("tailnet", after("switched"), " and retired is null");
      read("record", after("switched"), "");
      read("gone", "1 = 1", "");
      readNodes();
      List<Changes.Change> changes = new ArrayList<>();
      nodes.forEach(
          (tailnet, ids) -> {
            boolean tooMany = ids.size() > most;
            changes.add(
                new Changes.Change(
                    tailnet, tooMany || switched.contains(tailnet), tooMany ? List.of() : ids));
          });
      return changes;
    }

    private void readNodes() throws SQLException, StoreException {
      String changed =
          "select r.name as name, n.id as id, case when "
              + after("n.looked")
              + " then 1 else 0 end as looks from "
              + in("node")
              + " as n join "
              + in("record")
              + " as r on r.number = n.tailnet where "
              + after("n.changed");
      // Of each tailnet one with other changes, and no more with other looks than are named.
      String numbered =
          "select name, id, looks, row_number() over (partition by name, looks order by id)"
              + " as place from ("
              + changed
              + ") as changes";
      String sql =
          "select name, id, looks from ("
              + numbered
              + ") as numbered where place <= case when looks = 1 then ? else 1 end"
              + " order by name, id";
      for (Row row : query(connection, "node", sql, most + 1L)) {
        List<Long> named = name(RecordRows.name(row, 0), false);
        if (row.number(2) == 1) {
          named.add(row.number(1));
        }
      }
    }
  }

  @Override
  public Tailnets.Watch watch(Watcher watcher) {
    return database.watch(watcher);
  }
}
