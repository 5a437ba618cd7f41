package dev.tka.store;

import dev.tka.core.AumEntry;
import dev.tka.core.AumHash;
import dev.tka.core.AumSnapshot;
import dev.tka.core.AumStore;
import dev.tka.core.Bytes;
import dev.tka.core.Commit;
import dev.tka.core.Marks;
import dev.tka.core.Revision;
import dev.tka.core.StoreException;
import dev.tka.core.Trail;
import dev.tka.core.TrailEntry;
import dev.tka.core.internal.AumIndex;
import dev.tka.core.internal.IndexSnapshot;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One tailnet's part of a database.
 *
 * <p>What was read last stays in memory. When another writer only added AUMs since, only their rows
 * are read; else everything is. Either way the checksum tells whether the rows are those that were
 * written.
 */
final class SqlAumStore implements AumStore {
  private final SqlTailnets database;
  private final String name;
  private final Clock clock;
  private volatile View last;
  private long lastSequence;

  SqlAumStore(SqlTailnets database, String name, Clock clock) {
    this.database = database;
    this.name = name;
    this.clock = clock;
    Tailnet nothing = Tailnet.empty(0, name);
    this.last = new View(nothing, 0, show(nothing, new AumIndex<>(), 0, Trail.EMPTY, Marks.NONE));
  }

  /**
   * What is in the rows at a revision, and what is shown of it.
   *
   * @param sum the sum of the checksums of the rows but the tailnet's own
   */
  private record View(Tailnet tailnet, long sum, IndexSnapshot<Long> snapshot) {}

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
      Optional<Instant> agreedAt) {
    private static final String COLUMNS =
        "number, name, revision, rewritten, last_number, last_active_ancestor, agreed_at, checksum";
    private static final int CHECKSUM = 7;

    static Tailnet empty(long number, String name) {
      return new Tailnet(number, name, 0, 0, 0, Optional.empty(), Optional.empty());
    }

    static Tailnet parse(Row row) throws StoreException.Damaged {
      return new Tailnet(
          row.number(0),
          row.optionalText(1).orElse(""),
          row.number(2),
          row.number(3),
          row.number(4),
          row.optionalHash(5),
          Rows.parseTime(row, 6));
    }

    long checksum() {
      return toRow().checksum();
    }

    Row toRow() {
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
    long revision = database.read(this::revision);
    return revision == view.tailnet.revision ? view.snapshot : readChanges();
  }

  private long revision(Connection connection) throws SQLException {
    try (PreparedStatement select =
        connection.prepareStatement("select revision from tailnet where name = ?")) {
      select.setString(1, name);
      try (ResultSet result = select.executeQuery()) {
        return result.next() ? result.getLong(1) : 0;
      }
    }
  }

  private synchronized AumSnapshot readChanges() throws StoreException {
    return database.readTogether(connection -> look(connection, "")).snapshot;
  }

  /**
   * What is there now, within a transaction.
   *
   * @param lock what the select of the tailnet's row ends with
   */
  private View look(Connection connection, String lock) throws SQLException, StoreException {
    View before = last;
    Optional<Row> row =
        select(connection, Tailnet.COLUMNS, "tailnet where name = ?" + lock, name).stream()
            .findFirst();
    Tailnet now = row.isEmpty() ? Tailnet.empty(0, name) : Tailnet.parse(row.get());
    if (now.equals(before.tailnet)) {
      return before;
    }
    boolean grown =
        now.number == before.tailnet.number
            && now.revision > before.tailnet.revision
            && now.rewritten <= before.tailnet.revision;
    List<Row> aums =
        select(
            connection,
            "tailnet, number, hash, parent, kind, committed_at",
            "aum where tailnet = ? and number > ? and removed_by is null order by number",
            now.number,
            grown ? before.tailnet.lastNumber : 0);
    List<AumIndex.Item<Long>> items = new ArrayList<>(aums.size());
    for (Row each : aums) {
      items.add(Rows.parseAum(each));
    }
    long sum = sum(aums) + (grown ? before.sum : 0);
    Trail trail = before.snapshot.trail();
    Marks marks = before.snapshot.marks();
    if (!grown) {
      List<Row> entries =
          select(connection, "*", "trail where tailnet = ? order by position", now.number);
      List<Row> own = select(connection, "*", "own_aum where tailnet = ?", now.number);
      List<Row> aside =
          select(connection, "*", "set_aside where tailnet = ? order by position", now.number);
      sum += sum(entries) + sum(own) + sum(aside);
      trail = parseTrail(entries);
      marks = parseMarks(own, now.agreedAt, aside);
    }
    if (row.isPresent() && row.get().number(Tailnet.CHECKSUM) != sum + now.checksum()) {
      throw new StoreException.Damaged(
          database
              + ": the rows of tailnet \""
              + name
              + "\" are not those that were written: expected checksum "
              + row.get().number(Tailnet.CHECKSUM)
              + ", found "
              + (sum + now.checksum()));
    }
    long sequence = ++lastSequence;
    AumIndex<Long> index =
        grown ? before.snapshot.index().add(items, sequence) : AumIndex.of(items);
    View view = new View(now, sum, show(now, index, sequence, trail, marks));
    last = view;
    return view;
  }

  private static long sum(List<Row> rows) {
    return rows.stream().mapToLong(Row::checksum).sum();
  }

  private Trail parseTrail(List<Row> rows) throws StoreException.Damaged {
    List<TrailEntry> entries = new ArrayList<>(rows.size());
    for (Row each : rows) {
      entries.add(Rows.parseTrail(each));
    }
    try {
      return Trail.EMPTY.extend(entries);
    } catch (IllegalArgumentException e) {
      throw new StoreException.Damaged(
          database + ": table trail, tailnet \"" + name + "\": " + e.getMessage());
    }
  }

  private static Marks parseMarks(
      List<Row> ownRows, Optional<Instant> agreedAt, List<Row> asideRows)
      throws StoreException.Damaged {
    Map<AumHash, Optional<Instant>> own = new HashMap<>();
    for (Row each : ownRows) {
      own.put(each.hash(1), Rows.parseAcknowledgedAt(each));
    }
    List<Marks.SetAside> aside = new ArrayList<>();
    for (Row each : asideRows) {
      aside.add(Rows.parseAside(each));
    }
    return new Marks(own, agreedAt, aside);
  }

  private IndexSnapshot<Long> show(
      Tailnet tailnet, AumIndex<Long> index, long sequence, Trail trail, Marks marks) {
    return new IndexSnapshot<>(
        index,
        sequence,
        new Revision(tailnet.revision),
        tailnet.lastActiveAncestor,
        (hash, number) -> body(tailnet.number, hash, number),
        () -> trail,
        marks,
        List.of());
  }

  private Bytes body(long tailnet, AumHash hash, long number) throws StoreException {
    Optional<Row> row =
        database.read(
            connection ->
                select(
                        connection,
                        "tailnet, number, encoded",
                        "aum_body where tailnet = ? and number = ?",
                        tailnet,
                        number)
                    .stream()
                    .findFirst());
    if (row.isEmpty()) {
      // Removed long ago, and perhaps added again since.
      read();
      IndexSnapshot<Long> now = last.snapshot;
      Optional<Long> known = now.index().body(hash, now.limit());
      if (known.isEmpty()) {
        throw new StoreException.NoSuchAum(hash);
      }
      if (known.get() != number) {
        return body(tailnet, hash, known.get());
      }
      throw new StoreException.Damaged(
          database
              + ": table aum_body has no row ["
              + tailnet
              + ", "
              + number
              + "], the body of "
              + hash);
    }
    Bytes encoded = row.get().bytes(2);
    AumHash found = AumHash.ofEncoding(encoded);
    if (!found.equals(hash)) {
      throw row.get().damaged(2, "the body of AUM " + hash, "that of " + found);
    }
    return encoded;
  }

  private List<Row> select(Connection connection, String columns, String rest, Object... arguments)
      throws SQLException {
    List<Row> rows = new ArrayList<>();
    String table = rest.substring(0, rest.indexOf(' '));
    try (PreparedStatement select =
        connection.prepareStatement("select " + columns + " from " + rest)) {
      Row.of(table, arguments).bind(select);
      try (ResultSet result = select.executeQuery()) {
        while (result.next()) {
          rows.add(Row.read(table, result));
        }
      }
    }
    return rows;
  }

  /** What a commit does to the rows, and what is shown after it. */
  private final class Change {
    final View before;
    final long revision;
    final List<AumIndex.Item<Long>> added = new ArrayList<>();
    final Map<AumHash, Long> removed = new HashMap<>();
    final Map<Long, Bytes> bodies = new LinkedHashMap<>();
    final Trail shortened;
    final Trail trail;
    final Marks marks;
    final Optional<AumHash> lastActiveAncestor;
    private long lastNumber;
    private long sum;
    private Tailnet after;

    /** Decides; nothing is written yet. */
    Change(View before, Commit commit) {
      IndexSnapshot<Long> shown = before.snapshot;
      this.before = before;
      this.after = before.tailnet;
      this.revision = before.tailnet.revision + 1;
      this.lastNumber = before.tailnet.lastNumber;
      this.sum = before.sum;
      for (Commit.Addition addition : byHash(commit).values()) {
        AumHash hash = addition.aum().hash();
        if (shown.find(hash).isEmpty() && !commit.purges().contains(hash)) {
          lastNumber++;
          added.add(
              new AumIndex.Item<>(
                  hash,
                  addition.aum().parent(),
                  addition.aum().kind(),
                  addition.committedAt().getEpochSecond(),
                  lastNumber));
          bodies.put(lastNumber, addition.aum().encoded());
        }
      }
      for (AumHash hash : commit.purges()) {
        shown.index().body(hash, shown.limit()).ifPresent(number -> removed.put(hash, number));
      }
      shortened = commit.trailCut().map(shown.trail()::cutFrom).orElse(shown.trail());
      trail = shortened.extend(commit.trail());
      marks = commit.marks().orElse(shown.marks());
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
          && lastActiveAncestor.equals(before.snapshot.lastActiveAncestor());
    }

    private boolean rewrites() {
      return !removed.isEmpty()
          || trail != before.snapshot.trail()
          || !marks.equals(before.snapshot.marks());
    }

    /** Writes the rows, within a transaction. */
    void write(Connection connection) throws SQLException, StoreException {
      long tailnet = before.tailnet.number == 0 ? addTailnet(connection) : before.tailnet.number;
      for (AumIndex.Item<Long> item : added) {
        insert(
            connection,
            "aum (tailnet, number, hash, parent, kind, committed_at)",
            Rows.aum(tailnet, item));
      }
      for (Map.Entry<Long, Bytes> body : bodies.entrySet()) {
        execute(
            connection,
            "insert into aum_body values (?, ?, ?)",
            tailnet,
            body.getKey(),
            body.getValue());
      }
      remove(connection, tailnet);
      writeTrail(connection, tailnet);
      writeMarks(connection, tailnet);
      after =
          new Tailnet(
              tailnet,
              name,
              revision,
              rewrites() ? revision : before.tailnet.rewritten,
              lastNumber,
              lastActiveAncestor,
              marks.agreedAt());
      writeTailnet(connection, before.tailnet.revision, after, sum);
    }

    private void remove(Connection connection, long tailnet) throws SQLException, StoreException {
      for (Map.Entry<AumHash, Long> gone : removed.entrySet()) {
        AumEntry entry = before.snapshot.find(gone.getKey()).orElseThrow();
        sum -=
            Rows.aum(
                    tailnet,
                    new AumIndex.Item<>(
                        entry.hash(),
                        entry.parent(),
                        entry.kind(),
                        entry.committedAt().getEpochSecond(),
                        gone.getValue()))
                .checksum();
        execute(
            connection,
            "update aum set removed_by = ? where tailnet = ? and number = ?",
            revision,
            tailnet,
            gone.getValue());
      }
      if (!removed.isEmpty()) {
        noteRemoval(connection, tailnet, revision);
      }
    }

    private void writeTrail(Connection connection, long tailnet) throws SQLException {
      Trail old = before.snapshot.trail();
      if (shortened.size() < old.size()) {
        List<TrailEntry> entries = old.entries();
        for (int i = shortened.size(); i < entries.size(); i++) {
          sum -= Rows.trail(tailnet, i, entries.get(i)).checksum();
        }
        execute(
            connection,
            "delete from trail where tailnet = ? and position >= ?",
            tailnet,
            (long) shortened.size());
      }
      if (trail.size() > shortened.size()) {
        List<TrailEntry> more =
            shortened.newest().map(newest -> trail.after(newest.hash())).orElseGet(trail::entries);
        for (int i = 0; i < more.size(); i++) {
          insert(connection, "trail", Rows.trail(tailnet, shortened.size() + i, more.get(i)));
        }
      }
    }

    private void writeMarks(Connection connection, long tailnet) throws SQLException {
      Marks old = before.snapshot.marks();
      for (Map.Entry<AumHash, Optional<Instant>> each : old.own().entrySet()) {
        if (!each.getValue().equals(marks.own().get(each.getKey()))) {
          sum -= Rows.own(tailnet, each.getKey(), each.getValue()).checksum();
          execute(
              connection,
              "delete from own_aum where tailnet = ? and hash = ?",
              tailnet,
              each.getKey());
        }
      }
      for (Map.Entry<AumHash, Optional<Instant>> each : marks.own().entrySet()) {
        if (!each.getValue().equals(old.own().get(each.getKey()))) {
          insert(connection, "own_aum", Rows.own(tailnet, each.getKey(), each.getValue()));
        }
      }
      if (!marks.setAside().equals(old.setAside())) {
        for (int i = 0; i < old.setAside().size(); i++) {
          sum -= Rows.aside(tailnet, i, old.setAside().get(i)).checksum();
        }
        execute(connection, "delete from set_aside where tailnet = ?", tailnet);
        for (int i = 0; i < marks.setAside().size(); i++) {
          insert(connection, "set_aside", Rows.aside(tailnet, i, marks.setAside().get(i)));
        }
      }
    }

    private void insert(Connection connection, String table, Row row) throws SQLException {
      SqlAumStore.insert(connection, table, row);
      sum += row.checksum();
    }

    /** What is shown once the rows are committed. */
    View view() {
      if (isNothing()) {
        return before;
      }
      long sequence = ++lastSequence;
      AumIndex<Long> index = before.snapshot.index().add(added, sequence);
      if (!removed.isEmpty()) {
        index = index.without(removed.keySet());
      }
      return new View(after, sum, SqlAumStore.this.show(after, index, sequence, trail, marks));
    }
  }

  @Override
  public synchronized AumSnapshot commit(Commit commit) throws StoreException {
    Change change =
        database.write(
            connection -> {
              View before = look(connection, database.lock());
              if (!commit.base().equals(before.snapshot.revision())) {
                throw new StoreException.Conflict(commit.base(), before.snapshot.revision());
              }
              Change decided = new Change(before, commit);
              if (!decided.isNothing()) {
                deleteRemoved(connection);
                decided.write(connection);
              }
              return decided;
            });
    View view = change.view();
    last = view;
    return view.snapshot;
  }

  @Override
  public synchronized void wipe() throws StoreException {
    database.write(
        connection -> {
          Optional<Row> row =
              select(connection, Tailnet.COLUMNS, "tailnet where name = ?" + database.lock(), name)
                  .stream()
                  .findFirst();
          Tailnet before =
              row.isEmpty()
                  ? Tailnet.empty(addTailnet(connection), name)
                  : Tailnet.parse(row.get());
          long revision = before.revision + 1;
          deleteRemoved(connection);
          execute(
              connection,
              "update aum set removed_by = ? where tailnet = ? and removed_by is null",
              revision,
              before.number);
          noteRemoval(connection, before.number, revision);
          for (String table : List.of("trail", "own_aum", "set_aside")) {
            execute(connection, "delete from " + table + " where tailnet = ?", before.number);
          }
          Tailnet after =
              new Tailnet(
                  before.number,
                  name,
                  revision,
                  revision,
                  before.lastNumber,
                  Optional.empty(),
                  Optional.empty());
          writeTailnet(connection, before.revision, after, 0);
          return after;
        });
  }

  /** Makes the tailnet's row, at revision 0, and gives its number. */
  private long addTailnet(Connection connection) throws SQLException, StoreException {
    try (PreparedStatement insert =
        connection.prepareStatement(
            "insert into tailnet (name, revision, rewritten, last_number, checksum)"
                + " values (?, 0, 0, 0, 0) returning number")) {
      insert.setString(1, name);
      try (ResultSet result = insert.executeQuery()) {
        result.next();
        return Row.read("tailnet", result).number(0);
      }
    }
  }

  /** Writes the tailnet's row, if it is at the revision that was read. */
  private void writeTailnet(Connection connection, long revision, Tailnet after, long sum)
      throws SQLException, StoreException.Conflict {
    int changed =
        execute(
            connection,
            "update tailnet set revision = ?, rewritten = ?, last_number = ?,"
                + " last_active_ancestor = ?, agreed_at = ?, checksum = ?"
                + " where number = ? and revision = ?",
            after.revision,
            after.rewritten,
            after.lastNumber,
            after.lastActiveAncestor,
            after.agreedAt.map(Instant::toString),
            sum + after.checksum(),
            after.number,
            revision);
    if (changed != 1) {
      throw new StoreException.Conflict(new Revision(revision), new Revision(revision(connection)));
    }
  }

  private void noteRemoval(Connection connection, long tailnet, long revision) throws SQLException {
    insert(
        connection,
        "removal",
        Row.of("removal", clock.instant().getEpochSecond(), tailnet, revision));
  }

  /**
   * Deletes what the removal that was noted first left, of whichever tailnet it was, when no
   * snapshot may ask for it any more. A commit notes one removal at most, so that they do not pile
   * up.
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
    long revision = due.get(0).number(2);
    execute(
        connection,
        "delete from aum_body where tailnet = ? and number in"
            + " (select number from aum where tailnet = ? and removed_by <= ?)",
        tailnet,
        tailnet,
        revision);
    execute(connection, "delete from aum where tailnet = ? and removed_by <= ?", tailnet, revision);
    execute(
        connection,
        "delete from removal where removed_at = ? and tailnet = ? and revision = ?",
        due.get(0).number(0),
        tailnet,
        revision);
  }

  private static void insert(Connection connection, String table, Row row) throws SQLException {
    String places = "?" + ", ?".repeat(row.columns().size() - 1);
    try (PreparedStatement insert =
        connection.prepareStatement("insert into " + table + " values (" + places + ")")) {
      row.bind(insert);
      insert.executeUpdate();
    }
  }

  private static int execute(Connection connection, String sql, Object... arguments)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      Row.of("", arguments).bind(statement);
      return statement.executeUpdate();
    }
  }
}
