package dev.tka.store.sql;

import static dev.tka.store.sql.Statements.execute;
import static dev.tka.store.sql.Statements.executeFor;
import static dev.tka.store.sql.Statements.query;

import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.store.AumEntry;
import dev.tka.core.store.AumIndex;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.Commit;
import dev.tka.core.store.IndexSnapshot;
import dev.tka.core.store.Inherited;
import dev.tka.core.store.Notes;
import dev.tka.core.store.OwnAums;
import dev.tka.core.store.OwnTime;
import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import dev.tka.core.store.Trail;
import dev.tka.core.store.TrailEntry;
import dev.tka.store.TailnetName;
import dev.tka.store.Tailnets;
import dev.tka.store.internal.Fences;
import dev.tka.store.internal.RecordConflicts;
import dev.tka.store.internal.RetiredStores;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * One tailnet's part of a database.
 *
 * <p>The last state read stays in memory. If another writer has only added AUMs since, only their
 * rows are read; otherwise all rows. Either way the checksum shows whether the rows are as written.
 */
final class SqlAumStore implements AumStore {
  /** The most AUM rows that one commit deletes for good. */
  private static final int MOST_DELETED = 1000;

  /**
   * The most AUMs that are read together, of many tailnets. More would save few statements, and
   * their rows live so long that collecting garbage costs more than that.
   */
  private static final long MOST_TOGETHER = 10_000;

  /** The newest AUMs of a tailnet whose bodies are read with it: more than between checkpoints. */
  private static final long BODIES_AT_HAND = 64;

  /** The columns of an AUM that are not of version 1. */
  private static final String AUM_FACTS =
      "size, own_at, reference_at, changes, signers, facts_checksum";

  /** The tables that keep nothing of a tailnet after a wipe. */
  private static final List<String> TABLES_OF_NOTES =
      List.of(
          "trail",
          "trail_facts",
          "own_aum",
          "own_aum_facts",
          "set_aside",
          "elsewhere_aum",
          "inherited");

  private final SqlTailnets database;
  private final String name;
  private final Clock clock;
  private final Optional<Fences.Held> held;
  private final Map<Long, Row> atHand;
  private volatile View last;
  private long lastSequence;

  /**
   * A tailnet's part.
   *
   * @param held the fence under which a move uses it
   */
  SqlAumStore(SqlTailnets database, String name, Clock clock, Optional<Fences.Held> held) {
    this(database, name, clock, held, Map.of());
  }

  /**
   * A tailnet's part.
   *
   * @param atHand rows of bodies that were read already
   */
  private SqlAumStore(
      SqlTailnets database,
      String name,
      Clock clock,
      Optional<Fences.Held> held,
      Map<Long, Row> atHand) {
    this.database = database;
    this.name = name;
    this.clock = clock;
    this.held = held;
    this.atHand = atHand;
    Tailnet nothing = Tailnet.empty(0, name);
    this.last = show(nothing, Stamp.NO_ROW, new AumIndex<>(), 0, Trail.EMPTY, Notes.NONE);
  }

  /**
   * The rows at a revision, and the snapshot that shows them.
   *
   * @param stamp the stamp in the tailnet's row
   */
  private record View(Tailnet tailnet, Stamp stamp, IndexSnapshot<Long> snapshot) {
    /** The sum of the checksums of all rows except the tailnet's own. */
    long sum() {
      return tailnet.number == 0 ? 0 : stamp.checksum - tailnet.checksum();
    }
  }

  /**
   * A row of the table of tailnets.
   *
   * @param number 0 while there is no row
   */
  private record Tailnet(
      long number,
      String name,
      long revision,
      long rewritten,
      long lastNumber,
      Optional<AumHash> lastActiveAncestor,
      Optional<Instant> agreedAt,
      Optional<OwnTime> time) {
    private static final String COLUMNS =
        "number, name, revision, rewritten, last_number, last_active_ancestor, agreed_at, checksum";
    private static final String TIME =
        ", own_at, clock_at, latest_clock_at, begun_at, time_checksum";
    private static final int CHECKSUM = 7;

    /** Where {@link SqlRecords#standing} begins, which follows the {@link #columns}. */
    private static final int STANDING = 13;

    static Tailnet empty(long number, String name) {
      return new Tailnet(
          number, name, 0, 0, 0, Optional.empty(), Optional.empty(), Optional.empty());
    }

    static String columns(boolean facts) {
      return COLUMNS + (facts ? TIME : ", null, null, null, null, null");
    }

    static Tailnet parse(Row row) throws StoreException.Damaged {
      return new Tailnet(
          row.number(0),
          row.optionalText(1).orElse(""),
          row.number(2),
          row.number(3),
          row.number(4),
          row.optionalHash(5),
          Rows.parseTime(row, 6),
          Rows.parseOwnTime(row, CHECKSUM + 1));
    }

    Tailnet named(String other) {
      return new Tailnet(
          number, other, revision, rewritten, lastNumber, lastActiveAncestor, agreedAt, time);
    }

    /** The checksum of the columns of version 1. */
    long checksum() {
      return toRow().checksum();
    }

    private Row toRow() {
      return Row.of(
          "tailnet",
          number,
          name,
          revision,
          rewritten,
          lastNumber,
          lastActiveAncestor,
          agreedAt.map(Instant::toString));
    }
  }

  @Override
  public AumSnapshot read() throws StoreException {
    View view = last;
    return named(() -> database.read(this::readStamp)).filter(view.stamp::equals).isPresent()
        ? view.snapshot
        : readChanges();
  }

  /** Identifies a state of the rows. */
  private record Stamp(long revision, long checksum) {
    static final Stamp NO_ROW = new Stamp(0, 0);
  }

  private Stamp stamp(Connection connection) throws SQLException, StoreException.Damaged {
    List<Row> rows = select(connection, "revision, checksum", "tailnet where name = ?", name);
    return rows.isEmpty() ? Stamp.NO_ROW : new Stamp(rows.get(0).number(0), rows.get(0).number(1));
  }

  /** The stamp; empty if one statement does not tell whether the tailnet may be read. */
  private Optional<Stamp> readStamp(Connection connection) throws SQLException, StoreException {
    boolean fences = database.keepsFence(connection);
    String columns = "revision, checksum" + SqlRecords.standing(database.schema(), fences);
    Optional<Row> row =
        select(connection, columns, "tailnet where name = ?", name).stream().findFirst();
    if (fences && !mayBeReadByAll(row, 2)) {
      return Optional.empty();
    }
    return Optional.of(
        row.isEmpty() ? Stamp.NO_ROW : new Stamp(row.get().number(0), row.get().number(1)));
  }

  /** False if the tailnet's fence has to be looked at. */
  private boolean mayBeReadByAll(Optional<Row> row, int standing) throws StoreException.Damaged {
    return held.isEmpty()
        && row.isPresent()
        && !isRetired(row.get(), standing)
        && SqlRecords.livesHere(row.get(), standing + 1);
  }

  /**
   * Checks that the tailnet may be read, within the transaction that read its row.
   *
   * @param row its row, if there is one
   * @param standing where the columns of {@link SqlRecords#standing} begin
   */
  private void requireReading(Connection connection, Optional<Row> row, int standing)
      throws SQLException, StoreException {
    if (!mayBeReadByAll(row, standing)) {
      database.sqlRecords().requireReading(connection, name, held);
    }
  }

  private static boolean isRetired(Row row, int standing) {
    return row.columns().get(standing).isPresent();
  }

  /** A request to the database. */
  @FunctionalInterface
  private interface Asking<T> {
    T ask() throws StoreException;
  }

  /** Adds the tailnet's name to reports of damage. */
  private <T> T named(Asking<T> asking) throws StoreException {
    try {
      return asking.ask();
    } catch (StoreException.Damaged e) {
      String tailnet = this + ": ";
      throw e.getMessage().startsWith(tailnet)
          ? e
          : new StoreException.Damaged(tailnet + e.getMessage());
    }
  }

  private synchronized AumSnapshot readChanges() throws StoreException {
    return named(
            () ->
                database.readTogether(
                    connection -> {
                      boolean fences = database.keepsFence(connection);
                      boolean facts = fences || database.keepsFacts(connection);
                      Optional<Row> row = row(connection, "", facts, fences);
                      requireReading(connection, row, Tailnet.STANDING);
                      return look(connection, row, facts);
                    }))
        .snapshot;
  }

  /**
   * The tailnet's row, with its standing.
   *
   * @param lock the end of the select
   * @param facts whether the database keeps facts
   * @param fences whether it keeps fences
   */
  private Optional<Row> row(Connection connection, String lock, boolean facts, boolean fences)
      throws SQLException {
    String columns = Tailnet.columns(facts) + SqlRecords.standing(database.schema(), fences);
    return select(connection, columns, "tailnet where name = ?" + lock, name).stream().findFirst();
  }

  /**
   * Reads the current state, within a transaction.
   *
   * @param row the tailnet's
   * @param facts whether the database keeps facts
   */
  private View look(Connection connection, Optional<Row> row, boolean facts)
      throws SQLException, StoreException {
    View before = last;
    Tailnet now = row.isEmpty() ? Tailnet.empty(0, name) : Tailnet.parse(row.get());
    Stamp stamp =
        row.isEmpty() ? Stamp.NO_ROW : new Stamp(now.revision, row.get().number(Tailnet.CHECKSUM));
    if (stamp.equals(before.stamp) && now.equals(before.tailnet)) {
      return before;
    }
    boolean grown =
        now.number == before.tailnet.number
            && now.revision > before.tailnet.revision
            && now.rewritten <= before.tailnet.revision;
    Optional<View> view = grown ? grown(connection, facts, before, now, stamp) : Optional.empty();
    View found = view.isPresent() ? view.get() : whole(connection, facts, now, stamp);
    last = found;
    return found;
  }

  /**
   * The previous view with the AUMs added since; empty if the rows are different, as after the
   * database was restored to an older state and continued from there.
   */
  private Optional<View> grown(
      Connection connection, boolean facts, View before, Tailnet now, Stamp stamp)
      throws SQLException, StoreException {
    List<Row> aums = selectAums(connection, facts, now.number, before.tailnet.lastNumber);
    if (stamp.checksum != before.sum() + sum(aums, Rows.AUM_COLUMNS) + now.checksum()) {
      return Optional.empty();
    }
    List<AumIndex.Item<Long>> items = parseAums(aums);
    long sequence = ++lastSequence;
    IndexSnapshot<Long> shown = before.snapshot;
    AumIndex<Long> index = shown.index().add(items, sequence);
    // The note on own time is in the tailnet's row.
    Notes notes = new Notes(shown.ownAums(), now.time, shown.notes().inherited());
    return Optional.of(show(now, stamp, index, sequence, shown.trail(), notes));
  }

  /**
   * The rows of a tailnet, except its own.
   *
   * @param trail with their facts, as are own AUMs
   */
  private record Content(
      List<Row> aums,
      List<Row> trail,
      List<Row> own,
      List<Row> aside,
      List<Row> elsewhere,
      List<Row> inherited) {

    /** Reads those of a tailnet. */
    static Content of(Connection connection, String schema, boolean facts, long tailnet)
        throws SQLException {
      return all(connection, schema, facts, tailnet, tailnet).get(tailnet);
    }

    /** Reads those of all tailnets whose numbers are in a range, with one statement for a table. */
    static Many all(Connection connection, String schema, boolean facts, long from, long to)
        throws SQLException {
      String among = " where %s.tailnet between ? and ?";
      String factsOf =
          " left join %s as facts on facts.tailnet = %s.tailnet and facts.hash = %s.hash";
      return new Many(
          byTailnet(
              query(
                  connection,
                  "aum",
                  "select "
                      + aumColumns(schema, facts)
                      + " from "
                      + schema
                      + "aum where tailnet between ? and ? and removed_by is null"
                      + " order by tailnet, number",
                  from,
                  to)),
          byTailnet(
              query(
                  connection,
                  "trail",
                  "select trail.*, "
                      + (facts
                          ? "facts.own_at, facts.reference_at, facts.changes, facts.checksum"
                          : "null, null, null, null")
                      + " from "
                      + schema
                      + "trail"
                      + (facts
                          ? String.format(factsOf, schema + "trail_facts", "trail", "trail")
                              + " and facts.position = trail.position"
                          : "")
                      + String.format(among, "trail")
                      + " order by trail.tailnet, trail.position",
                  from,
                  to)),
          byTailnet(
              query(
                  connection,
                  "own_aum",
                  "select own_aum.*, "
                      + (facts
                          ? "facts.revocation, facts.acknowledged_own_at, facts.checksum"
                          : "null, null, null")
                      + " from "
                      + schema
                      + "own_aum"
                      + (facts
                          ? String.format(factsOf, schema + "own_aum_facts", "own_aum", "own_aum")
                          : "")
                      + String.format(among, "own_aum"),
                  from,
                  to)),
          byTailnet(
              query(
                  connection,
                  "set_aside",
                  "select * from "
                      + schema
                      + "set_aside where tailnet between ? and ? order by tailnet, position",
                  from,
                  to)),
          facts ? byTailnet(table(connection, schema, "elsewhere_aum", from, to)) : Map.of(),
          facts ? byTailnet(table(connection, schema, "inherited", from, to)) : Map.of());
    }

    private static List<Row> table(
        Connection connection, String schema, String table, long from, long to)
        throws SQLException {
      return query(
          connection,
          table,
          "select * from " + schema + table + " where tailnet between ? and ?",
          from,
          to);
    }

    /** Rows whose first column is the tailnet's number. */
    private static Map<Object, List<Row>> byTailnet(List<Row> rows) {
      Map<Object, List<Row>> sorted = new HashMap<>();
      rows.forEach(
          row ->
              sorted
                  .computeIfAbsent(row.columns().get(0).orElse(0L), any -> new ArrayList<>())
                  .add(row));
      return sorted;
    }

    /** The rows of several tailnets, by the tailnet's number. */
    record Many(
        Map<Object, List<Row>> aums,
        Map<Object, List<Row>> trail,
        Map<Object, List<Row>> own,
        Map<Object, List<Row>> aside,
        Map<Object, List<Row>> elsewhere,
        Map<Object, List<Row>> inherited) {
      Content get(long tailnet) {
        return new Content(
            aums.getOrDefault(tailnet, List.of()),
            trail.getOrDefault(tailnet, List.of()),
            own.getOrDefault(tailnet, List.of()),
            aside.getOrDefault(tailnet, List.of()),
            elsewhere.getOrDefault(tailnet, List.of()),
            inherited.getOrDefault(tailnet, List.of()));
      }
    }
  }

  private View whole(Connection connection, boolean facts, Tailnet now, Stamp stamp)
      throws SQLException, StoreException {
    return whole(Content.of(connection, database.schema(), facts, now.number), now, stamp);
  }

  private View whole(Content content, Tailnet now, Stamp stamp) throws StoreException {
    List<Row> aums = content.aums;
    List<Row> entries = content.trail;
    List<Row> own = content.own;
    List<Row> aside = content.aside;
    List<Row> elsewhere = content.elsewhere;
    List<Row> inherited = content.inherited;
    long sum =
        sum(aums, Rows.AUM_COLUMNS)
            + sum(entries, Rows.TRAIL_COLUMNS)
            + sum(own, Rows.OWN_COLUMNS)
            + sum(aside);
    AumIndex<Long> index = AumIndex.of(parseAums(aums));
    Trail trail = parseTrail(entries);
    OwnAums ownAums = parseOwnAums(own, elsewhere, now.agreedAt, aside);
    Notes notes = new Notes(ownAums, now.time, parseInherited(inherited));
    if (!stamp.equals(Stamp.NO_ROW) && stamp.checksum != sum + now.checksum()) {
      throw new StoreException.Damaged(
          "the rows are not as written: expected checksum "
              + stamp.checksum
              + ", found "
              + (sum + now.checksum()));
    }
    return show(now, stamp, index, ++lastSequence, trail, notes);
  }

  private List<Row> selectAums(Connection connection, boolean facts, long tailnet, long after)
      throws SQLException {
    return select(
        connection,
        aumColumns(database.schema(), facts),
        "aum where tailnet = ? and number > ? and removed_by is null order by number",
        tailnet,
        after);
  }

  private static String aumColumns(String schema, boolean facts) {
    String size =
        "(select length(encoded) from "
            + schema
            + "aum_body as aum_body where aum_body.tailnet = aum.tailnet"
            + " and aum_body.number = aum.number)";
    return "tailnet, number, hash, parent, kind, committed_at, "
        + (facts
            ? AUM_FACTS + ", case when facts_checksum is null then " + size + " end"
            : "null, null, null, null, null, null, " + size);
  }

  /**
   * Reads all tailnets of a database, many at once: a few statements for some ten thousand AUMs,
   * with the bodies that opening an authority usually reads.
   */
  static void readAll(
      SqlTailnets database, Clock clock, Optional<Fences.Held> held, Tailnets.Reading reading)
      throws StoreException {
    String schema = database.schema();
    List<Row> all =
        database.read(
            connection ->
                query(
                    connection,
                    "tailnet",
                    "select number, last_number from " + schema + "tailnet order by number"));
    int from = 0;
    while (from < all.size()) {
      long aums = all.get(from).number(1);
      int to = from + 1;
      while (to < all.size() && aums + all.get(to).number(1) <= MOST_TOGETHER) {
        aums += all.get(to).number(1);
        to++;
      }
      for (Found each :
          together(database, clock, held, all.get(from).number(0), all.get(to - 1).number(0))) {
        if (each.snapshot.isPresent()) {
          reading.found(each.name, each.snapshot.get());
        } else {
          reading.damaged(each.name, each.damage.orElseThrow());
        }
      }
      from = to;
    }
  }

  /** A tailnet that was read, or why it was not. */
  private record Found(
      String name, Optional<AumSnapshot> snapshot, Optional<StoreException.Damaged> damage) {}

  /** Reads the tailnets whose numbers are in a range, all of the same moment. */
  private static List<Found> together(
      SqlTailnets database, Clock clock, Optional<Fences.Held> held, long from, long to)
      throws StoreException {
    String schema = database.schema();
    return database.readTogether(
        connection -> {
          boolean fences = database.keepsFence(connection);
          boolean facts = fences || database.keepsFacts(connection);
          List<Row> tailnets =
              query(
                  connection,
                  "tailnet",
                  "select "
                      + Tailnet.columns(facts)
                      + SqlRecords.standing(schema, fences)
                      + " from "
                      + schema
                      + "tailnet where number between ? and ?",
                  from,
                  to);
          Content.Many contents = Content.all(connection, schema, facts, from, to);
          Map<Object, List<Row>> bodies =
              Content.byTailnet(
                  query(
                      connection,
                      "aum_body",
                      "select body.tailnet, body.number, body.encoded from "
                          + schema
                          + "tailnet join "
                          + schema
                          + "aum_body as body on body.tailnet = tailnet.number"
                          + " and (body.number = 1 or body.number > tailnet.last_number - ?)"
                          + " where tailnet.number between ? and ?",
                      BODIES_AT_HAND,
                      from,
                      to));
          List<Found> found = new ArrayList<>(tailnets.size());
          for (Row row : tailnets) {
            String name = row.optionalText(1).orElse("");
            if (!Tailnets.isName(name) || row.number(2) < 1) {
              throw row.damaged(1, "a tailnet's name and its revision", "something else");
            }
            Map<Long, Row> atHand = new HashMap<>();
            for (Row body : bodies.getOrDefault(row.number(0), List.of())) {
              atHand.put(body.number(1), body);
            }
            SqlAumStore store = new SqlAumStore(database, name, clock, held, atHand);
            try {
              store.requireReading(connection, Optional.of(row), Tailnet.STANDING);
              AumSnapshot snapshot = store.named(() -> store.shown(row, contents));
              found.add(new Found(name, Optional.of(snapshot), Optional.empty()));
            } catch (StoreException.Damaged e) {
              found.add(new Found(name, Optional.empty(), Optional.of(e)));
            } catch (StoreException.Fenced e) {
              // It does not live here.
            }
          }
          return found;
        });
  }

  private AumSnapshot shown(Row row, Content.Many contents) throws StoreException {
    Tailnet now = Tailnet.parse(row);
    Stamp stamp = new Stamp(now.revision, row.number(Tailnet.CHECKSUM));
    last = whole(contents.get(now.number), now, stamp);
    return last.snapshot;
  }

  private static List<AumIndex.Item<Long>> parseAums(List<Row> rows) throws StoreException.Damaged {
    List<AumIndex.Item<Long>> items = new ArrayList<>(rows.size());
    for (Row each : rows) {
      items.add(Rows.parseAum(each));
    }
    return items;
  }

  private static long sum(List<Row> rows) {
    return rows.stream().mapToLong(Row::checksum).sum();
  }

  /** The sum of the checksums of the first columns, those of version 1. */
  private static long sum(List<Row> rows, int columns) {
    return rows.stream().mapToLong(row -> row.part(0, columns).checksum()).sum();
  }

  private static Trail parseTrail(List<Row> rows) throws StoreException.Damaged {
    List<TrailEntry> entries = new ArrayList<>(rows.size());
    for (Row each : rows) {
      entries.add(Rows.parseTrail(each));
    }
    try {
      return Trail.EMPTY.extend(Trail.completed(entries));
    } catch (IllegalArgumentException e) {
      throw new StoreException.Damaged("table trail: " + e.getMessage());
    }
  }

  private static OwnAums parseOwnAums(
      List<Row> ownRows, List<Row> elsewhereRows, Optional<Instant> agreedAt, List<Row> asideRows)
      throws StoreException.Damaged {
    Map<AumHash, OwnAums.Own> own = new HashMap<>();
    for (Row each : ownRows) {
      own.put(each.hash(1), Rows.parseOwn(each));
    }
    Set<AumHash> elsewhere = new HashSet<>();
    for (Row each : elsewhereRows) {
      elsewhere.add(Rows.parseElsewhere(each));
    }
    List<OwnAums.SetAside> aside = new ArrayList<>();
    for (Row each : asideRows) {
      aside.add(Rows.parseAside(each));
    }
    return new OwnAums(own, elsewhere, agreedAt, aside);
  }

  private static Map<AumHash, List<Inherited>> parseInherited(List<Row> rows)
      throws StoreException.Damaged {
    Map<AumHash, List<Inherited>> inherited = new HashMap<>();
    for (Row each : rows) {
      inherited.put(each.hash(1), Rows.parseInherited(each));
    }
    return inherited;
  }

  private View show(
      Tailnet tailnet, Stamp stamp, AumIndex<Long> index, long sequence, Trail trail, Notes notes) {
    return new View(
        tailnet,
        stamp,
        new IndexSnapshot<>(
            index,
            sequence,
            SqlTailnets.revision(stamp.revision, stamp.checksum),
            tailnet.lastActiveAncestor,
            new StoredBodies(tailnet.number),
            () -> trail,
            notes,
            List.of()));
  }

  /** Reads bodies, many with one statement. */
  private final class StoredBodies implements IndexSnapshot.Bodies<Long> {
    private final long tailnet;

    StoredBodies(long tailnet) {
      this.tailnet = tailnet;
    }

    @Override
    public Bytes read(AumHash hash, Long number) throws StoreException {
      return readAll(List.of(hash), List.of(number)).get(0);
    }

    @Override
    public List<Bytes> readAll(List<AumHash> hashes, List<Long> numbers) throws StoreException {
      List<Bytes> read = new ArrayList<>(hashes.size());
      for (int from = 0; from < hashes.size(); from += Statements.MOST_ROWS) {
        int to = Math.min(hashes.size(), from + Statements.MOST_ROWS);
        List<AumHash> some = hashes.subList(from, to);
        List<Long> theirs = numbers.subList(from, to);
        named(() -> read.addAll(together(some, theirs)));
      }
      return read;
    }

    /** Reads at most {@link Statements#MOST_ROWS} bodies, with one statement. */
    private List<Bytes> together(List<AumHash> hashes, List<Long> numbers) throws StoreException {
      Map<Long, Row> rows = rows(new LinkedHashSet<>(numbers));
      List<Bytes> read = new ArrayList<>(hashes.size());
      for (int i = 0; i < hashes.size(); i++) {
        Row row = rows.get(numbers.get(i));
        read.add(
            row == null ? addedAgain(hashes.get(i), numbers.get(i)) : checked(hashes.get(i), row));
      }
      return read;
    }

    /**
     * The rows that exist, by number. One look-up for each number, whatever the database believes
     * about the table: with "number in (…)", PostgreSQL reads all of a tailnet's bodies until it
     * has statistics.
     */
    private Map<Long, Row> rows(Set<Long> numbers) throws StoreException {
      if (atHand.keySet().containsAll(numbers)) {
        return atHand;
      }
      String sql =
          "select ?, column1, (select encoded from "
              + in("aum_body")
              + " where tailnet = ? and number = column1)"
              + " from (values (?)"
              + ", (?)".repeat(numbers.size() - 1)
              + ") as asked";
      Object[] arguments = Stream.concat(Stream.of(tailnet, tailnet), numbers.stream()).toArray();
      Map<Long, Row> rows = new HashMap<>();
      for (Row row : database.read(connection -> query(connection, "aum_body", sql, arguments))) {
        if (row.columns().get(2).isPresent()) {
          rows.put(row.number(1), row);
        }
      }
      return rows;
    }

    /** A body whose AUM was removed long ago, and perhaps added again since. */
    private Bytes addedAgain(AumHash hash, Long number) throws StoreException {
      SqlAumStore.this.read();
      Optional<Long> known = last.snapshot.body(hash);
      if (known.isEmpty()) {
        throw new StoreException.NoSuchAum(hash);
      }
      if (!known.get().equals(number)) {
        return read(hash, known.get());
      }
      throw new StoreException.Damaged(
          "table aum_body has no row [" + tailnet + ", " + number + "], the body of " + hash);
    }

    private Bytes checked(AumHash hash, Row row) throws StoreException {
      Bytes encoded = row.bytes(2);
      AumHash found = AumHash.ofEncoding(encoded);
      if (!found.equals(hash)) {
        throw row.damaged(2, "the body of AUM " + hash, "that of " + found);
      }
      return encoded;
    }
  }

  /** Text that begins with a table's name, with the schema before it. */
  private String in(String table) {
    return database.schema() + table;
  }

  private List<Row> select(Connection connection, String columns, String rest, Object... arguments)
      throws SQLException {
    String table = rest.substring(0, rest.indexOf(' '));
    return query(connection, table, "select " + columns + " from " + in(rest), arguments);
  }

  /** The changes that a commit makes to the rows, and the view after it. */
  private final class Change {
    final View before;
    final long revision;
    final List<AumIndex.Item<Long>> added = new ArrayList<>();
    final Map<AumHash, Long> removed = new HashMap<>();
    final Map<Long, Bytes> bodies = new LinkedHashMap<>();
    final Trail shortened;
    final Trail trail;
    final Notes notes;
    final Optional<AumHash> lastActiveAncestor;
    private long lastNumber;
    private long sum;
    private Tailnet after;

    /** Decides on the changes; nothing is written yet. */
    Change(View before, Commit commit) {
      IndexSnapshot<Long> shown = before.snapshot;
      this.before = before;
      this.after = before.tailnet;
      this.revision = before.tailnet.revision + 1;
      this.lastNumber = before.tailnet.lastNumber;
      this.sum = before.sum();
      for (Commit.Addition addition : byHash(commit).values()) {
        AumHash hash = addition.aum().hash();
        if (shown.find(hash).isEmpty() && !commit.purges().contains(hash)) {
          lastNumber++;
          added.add(AumIndex.Item.of(addition, lastNumber));
          bodies.put(lastNumber, addition.aum().encoded());
        }
      }
      for (AumHash hash : commit.purges()) {
        shown.body(hash).ifPresent(number -> removed.put(hash, number));
      }
      shortened = commit.trailCut().map(shown.trail()::cutFrom).orElse(shown.trail());
      trail = shortened.extend(commit.trail());
      notes = shown.notes().after(commit);
      lastActiveAncestor = commit.lastActiveAncestor().or(shown::lastActiveAncestor);
    }

    private static Map<AumHash, Commit.Addition> byHash(Commit commit) {
      Map<AumHash, Commit.Addition> byHash = new LinkedHashMap<>();
      commit.additions().forEach(each -> byHash.putIfAbsent(each.aum().hash(), each));
      return byHash;
    }

    boolean isNothing() {
      return added.isEmpty()
          && !rewrites()
          && notes.time().equals(before.tailnet.time)
          && lastActiveAncestor.equals(before.snapshot.lastActiveAncestor());
    }

    private boolean rewrites() {
      return !removed.isEmpty()
          || trail != before.snapshot.trail()
          || !notes.ownAums().equals(before.snapshot.ownAums())
          || !notes.inherited().equals(before.snapshot.notes().inherited());
    }

    /** Writes the rows, within a transaction. */
    void write(Connection connection) throws SQLException, StoreException {
      long tailnet = before.tailnet.number == 0 ? addTailnet(connection) : before.tailnet.number;
      Statements.insert(
          connection,
          in("aum") + " (tailnet, number, hash, parent, kind, committed_at, " + AUM_FACTS + ")",
          added.stream()
              .map(
                  item ->
                      Row.joined(List.of(Rows.aum(tailnet, item), Rows.aumFacts(tailnet, item))))
              .toList());
      added.forEach(item -> sum += Rows.aum(tailnet, item).checksum());
      // A body is checked against its hash, so it needs no checksum.
      Statements.insert(
          connection,
          in("aum_body"),
          bodies.entrySet().stream()
              .map(body -> Row.of("aum_body", tailnet, body.getKey(), body.getValue()))
              .toList());
      remove(connection, tailnet);
      writeTrail(connection, tailnet);
      writeOwnAums(connection, tailnet);
      writeElsewhere(connection, tailnet);
      writeInherited(connection, tailnet);
      after =
          new Tailnet(
              tailnet,
              name,
              revision,
              rewrites() ? revision : before.tailnet.rewritten,
              lastNumber,
              lastActiveAncestor,
              notes.ownAums().agreedAt(),
              notes.time());
      writeTailnet(connection, before.tailnet.revision, after, sum);
    }

    private void remove(Connection connection, long tailnet) throws SQLException, StoreException {
      for (Map.Entry<AumHash, Long> gone : removed.entrySet()) {
        AumEntry entry = before.snapshot.find(gone.getKey()).orElseThrow();
        sum -= Rows.aum(tailnet, gone.getValue(), entry).checksum();
      }
      executeFor(
          connection,
          "update " + in("aum") + " set removed_by = ? where tailnet = ? and number",
          Row.of("aum", revision, tailnet),
          List.copyOf(removed.values()));
      if (!removed.isEmpty()) {
        noteRemoval(connection, tailnet, revision);
      }
    }

    private void writeTrail(Connection connection, long tailnet) throws SQLException {
      Trail old = before.snapshot.trail();
      long from = shortened.size();
      if (trail == old) {
        return;
      }
      if (from < old.size()) {
        String cut = "trail where tailnet = ? and position >= ?";
        sum -= SqlAumStore.sum(select(connection, "*", cut, tailnet, from));
        execute(connection, "delete from " + in(cut), tailnet, from);
      }
      // Version 1 leaves some behind.
      execute(
          connection,
          "delete from " + in("trail_facts") + " where tailnet = ? and position >= ?",
          tailnet,
          from);
      if (trail.size() > from) {
        List<TrailEntry> more =
            shortened.newest().map(newest -> trail.after(newest.hash())).orElseGet(trail::entries);
        List<Row> rows = new ArrayList<>(more.size());
        List<Row> facts = new ArrayList<>(more.size());
        for (int i = 0; i < more.size(); i++) {
          rows.add(Rows.trail(tailnet, from + i, more.get(i)));
          facts.add(Rows.trailFacts(tailnet, from + i, more.get(i)));
        }
        insert(connection, "trail", rows);
        Statements.insert(connection, in("trail_facts"), facts);
      }
    }

    private void writeOwnAums(Connection connection, long tailnet) throws SQLException {
      OwnAums old = before.snapshot.ownAums();
      OwnAums now = notes.ownAums();
      List<AumHash> gone = changed(old.own(), now.own());
      List<AumHash> come = changed(now.own(), old.own());
      gone.forEach(hash -> sum -= Rows.own(tailnet, hash, madeIn(old, hash)).checksum());
      delete(connection, "own_aum", tailnet, gone);
      insert(
          connection,
          "own_aum",
          come.stream().map(hash -> Rows.own(tailnet, hash, madeIn(now, hash))).toList());
      List<AumHash> noted = new ArrayList<>(come);
      noted.removeIf(hash -> !Rows.hasFacts(madeIn(now, hash)));
      Set<AumHash> replaced = new LinkedHashSet<>(gone);
      replaced.removeIf(hash -> !Rows.hasFacts(madeIn(old, hash)));
      // Version 1 leaves some behind.
      replaced.addAll(noted);
      delete(connection, "own_aum_facts", tailnet, List.copyOf(replaced));
      Statements.insert(
          connection,
          in("own_aum_facts"),
          noted.stream().map(hash -> Rows.ownFacts(tailnet, hash, madeIn(now, hash))).toList());
      if (!now.setAside().equals(old.setAside())) {
        for (int i = 0; i < old.setAside().size(); i++) {
          sum -= Rows.aside(tailnet, i, old.setAside().get(i)).checksum();
        }
        execute(connection, "delete from " + in("set_aside") + " where tailnet = ?", tailnet);
        List<Row> aside = new ArrayList<>();
        for (int i = 0; i < now.setAside().size(); i++) {
          aside.add(Rows.aside(tailnet, i, now.setAside().get(i)));
        }
        insert(connection, "set_aside", aside);
      }
    }

    private static OwnAums.Own madeIn(OwnAums notes, AumHash hash) {
      return Objects.requireNonNull(notes.own().get(hash));
    }

    private void writeElsewhere(Connection connection, long tailnet) throws SQLException {
      Set<AumHash> old = before.snapshot.ownAums().elsewhere();
      Set<AumHash> now = notes.ownAums().elsewhere();
      delete(
          connection,
          "elsewhere_aum",
          tailnet,
          old.stream().filter(hash -> !now.contains(hash)).toList());
      Statements.insert(
          connection,
          in("elsewhere_aum"),
          now.stream()
              .filter(hash -> !old.contains(hash))
              .map(hash -> Rows.elsewhere(tailnet, hash))
              .toList());
    }

    private void writeInherited(Connection connection, long tailnet) throws SQLException {
      Map<AumHash, List<Inherited>> old = before.snapshot.notes().inherited();
      Map<AumHash, List<Inherited>> now = notes.inherited();
      delete(connection, "inherited", tailnet, changed(old, now));
      Statements.insert(
          connection,
          in("inherited"),
          changed(now, old).stream()
              .map(hash -> Rows.inherited(tailnet, hash, now.getOrDefault(hash, List.of())))
              .toList());
    }

    /** The keys of one map whose values are not those of the other. */
    private static <T> List<AumHash> changed(Map<AumHash, T> one, Map<AumHash, T> other) {
      return one.keySet().stream()
          .filter(hash -> !Objects.equals(one.get(hash), other.get(hash)))
          .toList();
    }

    private void delete(Connection connection, String table, long tailnet, List<AumHash> hashes)
        throws SQLException {
      executeFor(
          connection,
          "delete from " + in(table) + " where tailnet = ? and hash",
          Row.of(table, tailnet),
          hashes);
    }

    private void insert(Connection connection, String table, List<Row> rows) throws SQLException {
      Statements.insert(connection, in(table), rows);
      sum += SqlAumStore.sum(rows);
    }

    /** The view once the rows are committed. */
    View view() {
      if (isNothing()) {
        return before;
      }
      long sequence = ++lastSequence;
      AumIndex<Long> index = before.snapshot.index().add(added, sequence);
      if (!removed.isEmpty()) {
        index = index.without(removed.keySet());
      }
      Stamp stamp = new Stamp(after.revision, sum + after.checksum());
      return show(after, stamp, index, sequence, trail, notes);
    }
  }

  @Override
  public synchronized AumSnapshot commit(Commit commit) throws StoreException {
    Change change =
        named(
            () ->
                database.write(
                    name,
                    held,
                    connection -> {
                      Optional<Row> row =
                          database.waiting(
                              each -> row(each, database.lock(), true, true), connection);
                      if (row.isEmpty()
                          || isRetired(row.get(), Tailnet.STANDING)
                          || !SqlRecords.isOpen(row.get(), Tailnet.STANDING + 1)) {
                        database.sqlRecords().requireWriting(connection, name, held);
                      }
                      View before = look(connection, row, true);
                      if (!commit.base().equals(before.snapshot.revision())) {
                        throw new StoreException.Conflict(
                            commit.base(), before.snapshot.revision());
                      }
                      Change decided = new Change(before, commit);
                      if (!decided.isNothing()) {
                        deleteRemoved(connection);
                        decided.write(connection);
                      }
                      return decided;
                    }));
    View view = change.view();
    last = view;
    return view.snapshot;
  }

  @Override
  public synchronized void wipe() throws StoreException {
    database.write(
        name,
        held,
        connection -> {
          Optional<Row> row = locked(connection, Tailnet.columns(true));
          Tailnet before =
              row.isEmpty()
                  ? Tailnet.empty(addTailnet(connection), name)
                  : Tailnet.parse(row.get());
          long revision = before.revision + 1;
          removeAll(connection, before.number, revision);
          Tailnet after =
              new Tailnet(
                  before.number,
                  name,
                  revision,
                  revision,
                  before.lastNumber,
                  Optional.empty(),
                  Optional.empty(),
                  Optional.empty());
          writeTailnet(connection, before.revision, after, 0);
          return after;
        });
  }

  /** The tailnet's row, which nobody else writes until the end of the transaction. */
  private Optional<Row> locked(Connection connection, String columns)
      throws SQLException, StoreException {
    return database
        .waiting(
            each -> select(each, columns, "tailnet where name = ?" + database.lock(), name),
            connection)
        .stream()
        .findFirst();
  }

  /** Removes the tailnet's AUMs, which stay a while for older snapshots, and forgets its notes. */
  private void removeAll(Connection connection, long tailnet, long revision)
      throws SQLException, StoreException {
    deleteRemoved(connection);
    execute(
        connection,
        "update " + in("aum") + " set removed_by = ? where tailnet = ? and removed_by is null",
        revision,
        tailnet);
    noteRemoval(connection, tailnet, revision);
    for (String table : TABLES_OF_NOTES) {
      execute(connection, "delete from " + in(table) + " where tailnet = ?", tailnet);
    }
  }

  /** Deletes the tailnet, if it is at a revision; a damaged one, too. */
  void delete(Revision base) throws StoreException {
    SqlRecords records = database.sqlRecords();
    database.write(
        name,
        held,
        connection -> {
          Optional<Row> row = locked(connection, "number, revision, checksum");
          Revision found = Tailnets.NO_COMMIT;
          if (row.isPresent()) {
            found = SqlTailnets.revision(row.get().number(1), row.get().number(2));
          }
          if (!base.equals(found)) {
            throw new StoreException.Conflict(base, found);
          }
          // Who changes the fence locks the record before it waits for those that write AUMs.
          Optional<Long> record = records.lockForDeleting(connection, name, row.isEmpty(), held);
          if (row.isPresent()) {
            removeAll(connection, row.get().number(0), row.get().number(1) + 1);
            execute(
                connection,
                "delete from " + in("tailnet") + " where number = ?",
                row.get().number(0));
          }
          if (record.isPresent()) {
            records.delete(connection, name, record.get(), held);
          }
          return found;
        });
  }

  /** Keeps others from writing, until the end of the transaction. */
  void lock(Connection connection) throws SQLException, StoreException {
    locked(connection, "number");
  }

  /**
   * Gives this store another name, within a transaction. The tailnet has an empty store then.
   *
   * @param genesis a part of the new name
   * @return the new name
   */
  String retire(Connection connection, Revision base, AumHash genesis)
      throws SQLException, StoreException {
    Optional<Row> row = locked(connection, Tailnet.columns(true));
    Tailnet before = row.isEmpty() ? Tailnet.empty(0, name) : Tailnet.parse(row.get());
    long checksum = row.isEmpty() ? 0 : row.get().number(Tailnet.CHECKSUM);
    Revision found = SqlTailnets.revision(before.revision, checksum);
    if (!base.equals(found)) {
      throw new StoreException.Conflict(base, found);
    }
    String own = "tailnet where number = ? and retired is null";
    String aums = "aum where tailnet = ? and removed_by is null limit 1";
    if (select(connection, "number", own, before.number).isEmpty()
        || select(connection, "number", aums, before.number).isEmpty()) {
      throw RecordConflicts.noAums(name);
    }
    int attempt = 1;
    String other = RetiredStores.name(name, genesis, attempt);
    while (isTaken(connection, other)) {
      attempt++;
      other = RetiredStores.name(name, genesis, attempt);
    }
    execute(
        connection,
        "update " + in("tailnet") + " set name = ?, checksum = ?, retired = 1 where number = ?",
        other,
        checksum - before.checksum() + before.named(other).checksum(),
        before.number);
    // As after a wipe.
    long revision = before.revision + 1;
    Tailnet after =
        new Tailnet(
            insertTailnet(connection),
            name,
            revision,
            revision,
            0,
            Optional.empty(),
            Optional.empty(),
            Optional.empty());
    writeTailnet(connection, 0, after, 0);
    return other;
  }

  private boolean isTaken(Connection connection, String other) throws SQLException {
    return !select(connection, "number", "tailnet where name = ?", other).isEmpty()
        || !select(connection, "number", "record where name = ?", other).isEmpty();
  }

  /** Inserts the tailnet's row, at revision 0, and returns its number. */
  private long addTailnet(Connection connection) throws SQLException, StoreException {
    TailnetName.requireNew(name);
    return insertTailnet(connection);
  }

  private long insertTailnet(Connection connection) throws SQLException, StoreException {
    try (PreparedStatement insert =
        connection.prepareStatement(
            "insert into "
                + in("tailnet")
                + " (number, name, revision, rewritten, last_number, checksum) values ("
                + database.newNumber()
                + ", ?, 0, 0, 0, 0) returning number")) {
      insert.setString(1, name);
      // Another one that creates the same tailnet is waited for.
      return database.waiting(
          each -> {
            try (ResultSet result = insert.executeQuery()) {
              result.next();
              return Row.read("tailnet", result).number(0);
            }
          },
          connection);
    }
  }

  /** Updates the tailnet's row, if it is still at the revision that was read. */
  private void writeTailnet(Connection connection, long revision, Tailnet after, long sum)
      throws SQLException, StoreException {
    Row columns =
        Row.joined(
            List.of(
                Row.of(
                    "tailnet",
                    after.revision,
                    after.rewritten,
                    after.lastNumber,
                    after.lastActiveAncestor,
                    after.agreedAt.map(Instant::toString),
                    sum + after.checksum()),
                Rows.time(after.number, after.time),
                Row.of("tailnet", after.number, revision)));
    int changed =
        execute(
            connection,
            "update "
                + in("tailnet")
                + " set revision = ?, rewritten = ?, last_number = ?,"
                + " last_active_ancestor = ?, agreed_at = ?, checksum = ?, own_at = ?,"
                + " clock_at = ?, latest_clock_at = ?, begun_at = ?, time_checksum = ?"
                + " where number = ? and revision = ?",
            columns);
    if (changed != 1) {
      Stamp found = stamp(connection);
      throw new StoreException.Conflict(
          last.snapshot.revision(), SqlTailnets.revision(found.revision, found.checksum));
    }
  }

  private void noteRemoval(Connection connection, long tailnet, long revision) throws SQLException {
    Statements.insert(
        connection,
        in("removal"),
        List.of(Row.of("removal", clock.instant().getEpochSecond(), tailnet, revision)));
  }

  /**
   * Deletes the rows of the oldest noted removal, in any tailnet, once no snapshot may need them.
   * The number of rows is limited, because others wait in the meantime. A commit notes at most one
   * removal, so removals do not pile up.
   */
  private void deleteRemoved(Connection connection) throws SQLException, StoreException {
    long end = clock.instant().minus(Tailnets.REMOVED_STAY).getEpochSecond();
    List<Row> due =
        select(
            connection,
            "removed_at, tailnet, revision",
            "removal where removed_at < ? order by removed_at, tailnet, revision limit 1"
                + database.lockOrSkip(),
            end);
    if (due.isEmpty()) {
      return;
    }
    long tailnet = due.get(0).number(1);
    List<Long> gone = new ArrayList<>();
    for (Row each :
        select(
            connection,
            "number",
            "aum where tailnet = ? and removed_by = ? limit ?",
            tailnet,
            due.get(0).number(2),
            (long) MOST_DELETED)) {
      gone.add(each.number(0));
    }
    for (String table : List.of("aum_body", "aum")) {
      executeFor(
          connection,
          "delete from " + in(table) + " where tailnet = ? and number",
          Row.of(table, tailnet),
          gone);
    }
    if (gone.size() < MOST_DELETED) {
      execute(
          connection,
          "delete from " + in("removal") + " where removed_at = ? and tailnet = ? and revision = ?",
          due.get(0).number(0),
          tailnet,
          due.get(0).number(2));
    }
  }

  @Override
  public String toString() {
    return database + ", tailnet \"" + name + "\"";
  }
}
