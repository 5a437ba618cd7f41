package dev.tka.store.sql.testkit;

import dev.tka.core.store.StoreException;
import dev.tka.store.sql.PostgresDatabase;
import dev.tka.store.sql.PostgresSettings;
import dev.tka.store.testkit.Backup;
import dev.tka.testkit.FreePort;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.tukaani.xz.XZInputStream;

/**
 * A real PostgreSQL server on a free local port, from the binaries on the class path. It is stopped
 * and deleted when Java ends. PostgreSQL refuses to run as root; then it runs as nobody.
 */
public final class PostgresServer {
  /** The superuser. */
  public static final String USER = "postgres";

  /** The superuser's password. */
  public static final String PASSWORD = "secret of the tests";

  private static final int START_SECONDS = 60;
  private static final AtomicInteger DATABASES = new AtomicInteger();
  private static final AtomicInteger COPIES = new AtomicInteger();

  /** What {@link #lendStore} copies. */
  private static final String TEMPLATE = "store";

  /** A query for a text that differs if anything but the rows of a database was changed. */
  private static final String TABLES =
      """
      with ours as (select * from pg_namespace where nspname !~ '^pg_|^information_schema$'),
      rel as (select c.* from pg_class c join ours on ours.oid = c.relnamespace),
      all_of_them as (
        select concat_ws(' ', nspname, nspacl) what from ours
        union all select concat_ws(' ', oid, relname, relkind, relacl) from rel
        union all select concat_ws(' ', attrelid, attname, attnum, atttypid, attnotnull, attacl)
          from pg_attribute join rel on rel.oid = attrelid
        union all select concat_ws(' ', tgrelid, tgname, tgenabled, tgfoid) from pg_trigger
        union all select concat_ws(' ', conrelid, conname, pg_get_constraintdef(pg_constraint.oid))
          from pg_constraint join rel on rel.oid = conrelid
        union all select concat_ws(' ', p.oid, proname, prosrc)
          from pg_proc p join ours on ours.oid = p.pronamespace
        union all select concat_ws(' ', 'setting', setconfig) from pg_db_role_setting
          where setdatabase = (select oid from pg_database where datname = current_database())
        union all select concat_ws(' ', 'step', version, script) from tka.schema_history)
      select md5(string_agg(what, chr(10) order by what)) from all_of_them""";

  private final Path programs;
  private final Path directory;
  private final List<String> asUser;
  private final List<String> options;
  private final int port;
  private final Deque<String> stores = new ConcurrentLinkedDeque<>();
  private Optional<String> asMade = Optional.empty();
  private Process process;

  private static final class Shared {
    static final PostgresServer SERVER = startUnchecked(false);
  }

  private static final class Flushing {
    static final PostgresServer SERVER = startUnchecked(true);
  }

  private PostgresServer(Path programs, Path directory, List<String> asUser, List<String> options)
      throws IOException {
    this.programs = programs;
    this.directory = directory;
    this.asUser = asUser;
    this.options = new ArrayList<>(options);
    this.port = FreePort.find();
  }

  /** A server shared by all tests that do not stop it. It does not flush its writes. */
  public static PostgresServer shared() {
    return Shared.SERVER;
  }

  /** A server shared by all tests of durability. Tests that stop it start it again. */
  public static PostgresServer flushing() {
    return Flushing.SERVER;
  }

  private static PostgresServer startUnchecked(boolean flush) {
    try {
      return start(flush);
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /**
   * A new server.
   *
   * @param flush whether commits survive a crash of the machine, which is slower
   */
  private static PostgresServer start(boolean flush) throws IOException, InterruptedException {
    List<String> asUser = asUser();
    Path programs = programs(!asUser.isEmpty());
    Path directory = Files.createTempDirectory("tka-postgres-");
    PostgresServer server =
        new PostgresServer(
            programs, directory, asUser, List.of("-c", "fsync=" + (flush ? "on" : "off")));
    Runtime.getRuntime().addShutdownHook(new Thread(server::delete));
    server.makeCluster();
    server.start();
    return server;
  }

  /**
   * A hot standby of this server, which is stopped for a moment to copy it. From then on a commit
   * here waits until the standby has it.
   */
  public PostgresServer standby() throws IOException, InterruptedException {
    stop();
    Path copy = Files.createTempDirectory("tka-standby-");
    PostgresServer standby =
        new PostgresServer(
            programs,
            copy,
            asUser,
            List.of(
                "-c",
                "fsync=off",
                "-c",
                "primary_conninfo=host=127.0.0.1 port="
                    + port
                    + " user="
                    + USER
                    + " password='"
                    + PASSWORD
                    + "' application_name=standby"));
    output("cp", "-a", directory.resolve("data").toString(), copy.resolve("data").toString());
    Files.createFile(copy.resolve("data/standby.signal"));
    if (!asUser.isEmpty()) {
      output("chown", "-R", "nobody", copy.toString());
    }
    options.addAll(List.of("-c", "synchronous_standby_names=standby"));
    Runtime.getRuntime().addShutdownHook(new Thread(standby::delete));
    start();
    standby.start();
    return standby;
  }

  /** Makes a standby the primary. */
  public void promote() throws SQLException {
    sql(USER, "select pg_promote()");
  }

  /** A new server of one's own, which does not flush its writes. */
  public static PostgresServer own() throws IOException, InterruptedException {
    return start(false);
  }

  /** The prefix that runs a command as another user, if this one is root. */
  static List<String> asUser() throws IOException, InterruptedException {
    if (!output("id", "-u").equals("0")) {
      return List.of();
    }
    String user = output("id", "-u", "nobody");
    String group = output("id", "-g", "nobody");
    if (exists("setpriv")) {
      return List.of("setpriv", "--reuid=" + user, "--regid=" + group, "--clear-groups", "--");
    }
    if (exists("runuser")) {
      return List.of("runuser", "-u", "nobody", "--");
    }
    // The words that follow become the shell's positional parameters.
    return List.of("su", "-s", "/bin/sh", "nobody", "-c", "exec \"$0\" \"$@\"", "--");
  }

  static boolean exists(String program) {
    for (String folder : System.getenv("PATH").split(":", -1)) {
      if (Files.isExecutable(Path.of(folder, program))) {
        return true;
      }
    }
    return false;
  }

  private static String output(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String all =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    if (process.waitFor() != 0) {
      throw new IOException(String.join(" ", command) + ": " + all);
    }
    return all;
  }

  /** The unpacked binaries, in the module's target folder if the other user can run them there. */
  private static Path programs(boolean asAnotherUser) throws IOException {
    String os = System.getProperty("os.name").toLowerCase(Locale.ROOT);
    String arch = System.getProperty("os.arch");
    String name =
        "postgres-"
            + (os.startsWith("mac") ? "darwin" : "linux")
            + "-"
            + (arch.equals("aarch64") ? "arm_64" : "x86_64")
            + ".txz";
    Path kept = Path.of("target", "postgres").toAbsolutePath();
    if (asAnotherUser && !othersMayEnter(kept)) {
      Path ours = Files.createTempDirectory("tka-postgres-programs-");
      Runtime.getRuntime().addShutdownHook(new Thread(() -> deleteSoon(ours)));
      Files.setPosixFilePermissions(ours, PosixFilePermissions.fromString("rwxr-xr-x"));
      unpack(name, ours);
      return ours;
    }
    if (!Files.exists(kept)) {
      Files.createDirectories(kept.getParent());
      Path half = Files.createTempDirectory(kept.getParent(), "postgres-");
      Files.setPosixFilePermissions(half, PosixFilePermissions.fromString("rwxr-xr-x"));
      unpack(name, half);
      try {
        Files.move(half, kept);
      } catch (FileSystemException e) {
        // Another process of the tests was first.
        deleteTree(half);
        if (!Files.exists(kept)) {
          throw e;
        }
      }
    }
    return kept;
  }

  private static boolean othersMayEnter(Path path) throws IOException {
    for (Path each = path; each != null; each = each.getParent()) {
      if (Files.exists(each)
          && !Files.getPosixFilePermissions(each).contains(PosixFilePermission.OTHERS_EXECUTE)) {
        return false;
      }
    }
    return true;
  }

  private static void unpack(String name, Path to) throws IOException {
    InputStream packed = PostgresServer.class.getResourceAsStream("/" + name);
    if (packed == null) {
      throw new IOException(name + " is not on the class path");
    }
    try (TarArchiveInputStream in =
        new TarArchiveInputStream(new XZInputStream(new BufferedInputStream(packed)))) {
      for (TarArchiveEntry each = in.getNextEntry(); each != null; each = in.getNextEntry()) {
        Path file = to.resolve(each.getName()).normalize();
        if (each.isDirectory()) {
          Files.createDirectories(file);
          continue;
        }
        Files.createDirectories(file.getParent());
        if (each.isSymbolicLink()) {
          Files.createSymbolicLink(file, Path.of(each.getLinkName()));
        } else {
          Files.copy(in, file);
          Files.setPosixFilePermissions(
              file,
              PosixFilePermissions.fromString(
                  (each.getMode() & 0100) != 0 ? "rwxr-xr-x" : "rw-r--r--"));
        }
      }
    }
  }

  private void makeCluster() throws IOException, InterruptedException {
    Path password = Files.writeString(directory.resolve("password"), PASSWORD + "\n");
    Path data = Files.createDirectory(directory.resolve("data"));
    if (!asUser.isEmpty()) {
      output("chown", "-R", "nobody", directory.toString());
    }
    List<String> command = new ArrayList<>(asUser);
    command.addAll(
        List.of(
            programs.resolve("bin/initdb").toString(),
            "-D",
            data.toString(),
            "-U",
            USER,
            // Of a password that is kept for SCRAM it asks by SCRAM, which costs a test 10 ms a
            // connection: the superuser's is not, and all others are.
            "--auth-host=md5",
            "--auth-local=peer",
            "--pwfile=" + password,
            "-E",
            "UTF8",
            "--no-locale",
            "--no-sync"));
    output(command.toArray(new String[0]));
  }

  /** Starts it again after {@link #stop} or {@link #kill}, on the same port. */
  public void start() throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(asUser);
    command.addAll(
        List.of(
            programs.resolve("bin/postgres").toString(),
            "-D",
            directory.resolve("data").toString(),
            "-p",
            Integer.toString(port),
            "-c",
            "listen_addresses=127.0.0.1",
            "-c",
            "unix_socket_directories=" + directory,
            "-c",
            "max_connections=200",
            "-c",
            "password_encryption=scram-sha-256"));
    command.addAll(options);
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
    while (true) {
      Path log = directory.resolve("log");
      process =
          new ProcessBuilder(command)
              .directory(directory.toFile())
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
              .start();
      while (process.isAlive() && System.nanoTime() < end) {
        try (Connection connection = connect(USER)) {
          connection.isValid(1);
          return;
        } catch (SQLException e) {
          Thread.sleep(20);
        }
      }
      // The processes of a killed server may still be ending, and keep its shared memory.
      if (System.nanoTime() >= end) {
        process.destroyForcibly();
        throw new IOException("PostgreSQL does not start: " + Files.readString(log));
      }
      Thread.sleep(50);
    }
  }

  /** Stops it in order: its connections are closed, and commits are flushed. */
  public void stop() throws IOException, InterruptedException {
    end("INT");
  }

  /** Stops it without flushing anything, as if all its processes were killed. */
  public void crash() throws IOException, InterruptedException {
    end("QUIT");
  }

  /** Kills the main process for real; the others end when they notice. */
  public void kill() throws IOException, InterruptedException {
    end("KILL");
  }

  private void end(String signal) throws IOException, InterruptedException {
    output("kill", "-" + signal, mainProcess());
    process.waitFor();
  }

  /** Not the started process, which may be the program that runs PostgreSQL as another user. */
  private String mainProcess() throws IOException {
    return Files.readAllLines(directory.resolve("data/postmaster.pid")).get(0).strip();
  }

  /** Has all its processes do nothing until {@link #thaw}; what is sent to them waits. */
  public void freeze() throws IOException, InterruptedException {
    // The main process first: it begins no others then.
    output("kill", "-STOP", mainProcess());
    signalOthers("-STOP");
  }

  /** Has them go on. */
  public void thaw() throws IOException, InterruptedException {
    signalOthers("-CONT");
    output("kill", "-CONT", mainProcess());
  }

  private void signalOthers(String signal) throws IOException, InterruptedException {
    List<String> others =
        ProcessHandle.of(Long.parseLong(mainProcess())).stream()
            .flatMap(ProcessHandle::children)
            .map(each -> Long.toString(each.pid()))
            .toList();
    // Some may have ended since they were listed.
    List<String> command = new ArrayList<>(List.of("sh", "-c", "kill \"$@\" || true", "kill"));
    command.add(signal);
    command.addAll(others);
    output(command.toArray(new String[0]));
  }

  /** Ends it at once, if it runs, and deletes its files. */
  public void delete() {
    if (process != null && process.isAlive()) {
      try {
        crash();
      } catch (IOException | InterruptedException e) {
        process.destroyForcibly();
      }
    }
    deleteSoon(directory);
  }

  /**
   * Deletes a folder with a program of its own, which may go on when Java has ended: each database
   * of a test is some 300 files, and to delete those of all tests may take longer than Java is
   * given to end.
   */
  private static void deleteSoon(Path root) {
    try {
      new ProcessBuilder("rm", "-rf", root.toString())
          .redirectOutput(ProcessBuilder.Redirect.DISCARD)
          .redirectError(ProcessBuilder.Redirect.DISCARD)
          .start();
    } catch (IOException e) {
      System.err.println(root + " was not deleted: " + e);
    }
  }

  static void deleteTree(Path root) {
    try {
      Files.walkFileTree(
          root,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                throws IOException {
              Files.deleteIfExists(file);
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException failure) {
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path folder, IOException failure)
                throws IOException {
              Files.deleteIfExists(folder);
              return FileVisitResult.CONTINUE;
            }
          });
    } catch (IOException e) {
      System.err.println(root + " was not deleted: " + e);
    }
  }

  /** The superuser's settings for a new, empty database. */
  public PostgresSettings newDatabase() throws SQLException {
    String name = "test_" + DATABASES.incrementAndGet();
    sql(USER, "create database " + name);
    return settings(name);
  }

  /**
   * The superuser's settings for a database that has the tables of a store, and nothing in them. It
   * may be one that was given back.
   */
  PostgresSettings lendStore() throws SQLException {
    Optional<String> used = Optional.ofNullable(stores.pollFirst());
    if (used.isPresent()) {
      return settings(used.get());
    }
    synchronized (stores) {
      if (asMade.isEmpty()) {
        sql(USER, "create database " + TEMPLATE);
        try {
          PostgresDatabase.create(settings(TEMPLATE), Clock.systemUTC()).close();
        } catch (StoreException e) {
          throw new SQLException(e);
        }
        try (Connection connection = connect(TEMPLATE)) {
          asMade = Optional.of(text(connection, TABLES));
        }
        // Nobody may be connected to what is copied.
        sql(USER, "alter database " + TEMPLATE + " with allow_connections false");
        cutConnections(TEMPLATE);
      }
    }
    String name = "test_" + DATABASES.incrementAndGet();
    sql(USER, "create database " + name + " template " + TEMPLATE);
    return settings(name);
  }

  /**
   * Empties a database for {@link #lendStore}, if its tables are as they were made. To make another
   * one takes ten times as long.
   */
  void giveBackStore(String database) throws SQLException {
    try (Connection connection = connect(database);
        Statement statement = connection.createStatement()) {
      if (!asMade.equals(Optional.of(text(connection, TABLES)))) {
        return;
      }
      StringBuilder emptying = new StringBuilder("set session_replication_role = replica;");
      emptying.append("set local lock_timeout = '30s';");
      for (String each : tables(connection)) {
        // Whoever still writes comes to an end.
        emptying.append("lock table tka.").append(each).append(" in exclusive mode;");
        if (!each.equals("place")) {
          emptying.append("delete from tka.").append(each).append(";");
        }
      }
      // Positions of before are of another place.
      emptying.append("update tka.place set id = gen_random_uuid();");
      emptying.append("select pg_stat_reset(), setval('tka.tailnet_number_seq', 1, false),");
      emptying.append(" setval('tka.record_number_seq', 1, false)");
      connection.setAutoCommit(false);
      statement.execute(emptying.toString());
      connection.commit();
    }
    stores.addFirst(database);
  }

  private static String text(Connection connection, String query) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(query)) {
      result.next();
      return String.valueOf(result.getString(1));
    }
  }

  /** The superuser's settings for a database. */
  public PostgresSettings settings(String database) {
    return PostgresSettings.of("127.0.0.1", port, database, USER).withPassword(PASSWORD);
  }

  /**
   * Settings for a database through the server's Unix socket. They name the user of this process, a
   * superuser here, who needs no password.
   */
  public PostgresSettings peer(String database) throws SQLException {
    String user = System.getProperty("user.name");
    sql(
        USER,
        "do $$ begin create role \""
            + user
            + "\" login superuser; exception when duplicate_object then null; end $$");
    return PostgresSettings.of(directory.toString(), port, database, user);
  }

  /** A connection of the superuser to a database. */
  public Connection connect(String database) throws SQLException {
    Properties properties = new Properties();
    properties.setProperty("user", USER);
    properties.setProperty("password", PASSWORD);
    return DriverManager.getConnection(
        "jdbc:postgresql://127.0.0.1:" + port + "/" + database, properties);
  }

  /** Executes a statement as the superuser. */
  public void sql(String database, String statement) throws SQLException {
    try (Connection connection = connect(database);
        Statement execution = connection.createStatement()) {
      execution.execute(statement);
    }
  }

  /** A copy of the rows of a database's tables, put back in one transaction. */
  public Backup rowsOf(String database) throws SQLException {
    String copy = "copy_" + COPIES.incrementAndGet();
    StringBuilder making = new StringBuilder("create schema " + copy + ";");
    StringBuilder puttingBack = new StringBuilder();
    for (String table : tables(database)) {
      making.append("create table ").append(copy).append(".").append(table);
      making.append(" as table tka.").append(table).append(";");
      puttingBack.append("delete from tka.").append(table).append(";");
      puttingBack.append("insert into tka.").append(table);
      puttingBack.append(" select * from ").append(copy).append(".").append(table).append(";");
    }
    sql(database, making.toString());
    return () -> sql(database, puttingBack.toString());
  }

  private List<String> tables(String database) throws SQLException {
    try (Connection connection = connect(database)) {
      return tables(connection);
    }
  }

  private static List<String> tables(Connection connection) throws SQLException {
    List<String> tables = new ArrayList<>();
    try (Statement statement = connection.createStatement();
        ResultSet result =
            statement.executeQuery(
                "select tablename from pg_tables where schemaname = 'tka'"
                    + " and tablename <> 'schema_history'")) {
      while (result.next()) {
        tables.add(result.getString(1));
      }
    }
    return tables;
  }

  /** A copy of a database that replaces it: whoever is connected is cut off. */
  public Backup whole(String database) throws SQLException {
    String copy = "copy_" + COPIES.incrementAndGet();
    duplicate(database, copy);
    return () -> {
      String next = "copy_" + COPIES.incrementAndGet();
      duplicate(copy, next);
      sql(USER, "drop database " + database + " with (force)");
      sql(USER, "alter database " + next + " rename to " + database);
    };
  }

  /** Nobody may be connected to a database that is copied. */
  private void duplicate(String database, String copy) throws SQLException {
    sql(USER, "alter database " + database + " with allow_connections false");
    try {
      cutConnections(database);
      sql(USER, "create database " + copy + " template " + database);
    } finally {
      sql(USER, "alter database " + database + " with allow_connections true");
    }
  }

  /** Ends all connections to a database, whatever they are doing. */
  public void cutConnections(String database) throws SQLException {
    sql(
        USER,
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = '"
            + database
            + "'");
  }

  /**
   * Ends the connections to a database that listen for notifications.
   *
   * @return how many there were
   */
  public int cutListeners(String database) throws SQLException {
    try (Connection connection = connect(USER);
        Statement statement = connection.createStatement();
        ResultSet result =
            statement.executeQuery(
                "select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = '"
                    + database
                    + "' and query like 'listen %'")) {
      result.next();
      return result.getInt(1);
    }
  }

  /** Waits until a database no longer has clients. */
  public void awaitNoClients(String database) throws SQLException, InterruptedException {
    awaitNone(database, "true");
  }

  /** Waits until nobody is writing to a database. */
  public void awaitNoCommits(String database) throws SQLException, InterruptedException {
    awaitNone(database, "backend_xid is not null");
  }

  private void awaitNone(String database, String which) throws SQLException, InterruptedException {
    String count =
        "select count(*) from pg_stat_activity where backend_type = 'client backend'"
            + " and datname = '"
            + database
            + "' and "
            + which;
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
    try (Connection connection = connect(USER);
        Statement statement = connection.createStatement()) {
      while (true) {
        try (ResultSet result = statement.executeQuery(count)) {
          result.next();
          if (result.getLong(1) == 0) {
            return;
          }
        }
        if (System.nanoTime() >= end) {
          throw new SQLException(database + " still has clients");
        }
        Thread.sleep(2);
      }
    }
  }

  /** The port that it listens on. */
  public int port() {
    return port;
  }
}
