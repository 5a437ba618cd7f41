package dev.tka.store.sql.testkit;

import dev.tka.store.sql.PostgresSettings;
import dev.tka.testkit.FreePort;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A real PgBouncer before a server, in session or transaction pooling, as it is distributed. */
public final class PgBouncer implements AutoCloseable {
  private static final int START_SECONDS = 20;
  private static final String PROGRAM = "pgbouncer";

  private final Path directory;
  private final Process process;
  private final int port;

  private PgBouncer(Path directory, Process process, int port) {
    this.directory = directory;
    this.process = process;
    this.port = port;
  }

  /** Whether the program is installed; if not, says in one line what is left out. */
  public static boolean isInstalled() {
    boolean installed = PostgresServer.exists(PROGRAM) || Files.isExecutable(Path.of(sbin()));
    if (!installed) {
      System.out.println(
          "Left out: tests with PgBouncer, which is not installed ('apt-get install pgbouncer').");
    }
    return installed;
  }

  /** Not on the path of every user. */
  private static String sbin() {
    return "/usr/sbin/" + PROGRAM;
  }

  /**
   * Starts it.
   *
   * @param mode {@code session} or {@code transaction}
   */
  public static PgBouncer start(PostgresServer server, String mode)
      throws IOException, InterruptedException {
    return start(server.port(), mode);
  }

  /** Like {@link #start(PostgresServer, String)}, before whatever listens on a local port. */
  public static PgBouncer start(int server, String mode) throws IOException, InterruptedException {
    int port = FreePort.find();
    Path directory = Files.createTempDirectory("tka-pgbouncer-");
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
    Path users =
        Files.writeString(
            directory.resolve("users"),
            "\"" + PostgresServer.USER + "\" \"" + PostgresServer.PASSWORD + "\"\n");
    Path configuration =
        Files.writeString(
            directory.resolve("pgbouncer.ini"),
            String.join(
                "\n",
                "[databases]",
                "* = host=127.0.0.1 port=" + server,
                "[pgbouncer]",
                "listen_addr = 127.0.0.1",
                "listen_port = " + port,
                "unix_socket_dir =",
                "auth_type = md5",
                "auth_file = " + users,
                "pool_mode = " + mode,
                "max_client_conn = 200",
                "default_pool_size = 20",
                // By default it waits 15 s before it asks again a server that was not there.
                "server_login_retry = 1",
                ""));
    List<String> command = new ArrayList<>(PostgresServer.asUser());
    command.add(PostgresServer.exists(PROGRAM) ? PROGRAM : sbin());
    command.add(configuration.toString());
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("log").toFile())
            .start();
    PgBouncer started = new PgBouncer(directory, process, port);
    started.awaitStart();
    return started;
  }

  private void awaitStart() throws IOException, InterruptedException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
    while (System.nanoTime() < end && process.isAlive()) {
      try (Connection connection =
          DriverManager.getConnection(
              "jdbc:postgresql://127.0.0.1:" + port + "/" + PostgresServer.USER,
              PostgresServer.USER,
              PostgresServer.PASSWORD)) {
        connection.isValid(1);
        return;
      } catch (SQLException e) {
        Thread.sleep(20);
      }
    }
    String log = Files.readString(directory.resolve("log"));
    close();
    throw new IOException("PgBouncer does not start: " + log);
  }

  /** The superuser's settings for a database, through it. */
  public PostgresSettings settings(String database) {
    return PostgresSettings.of("127.0.0.1", port, database, PostgresServer.USER)
        .withPassword(PostgresServer.PASSWORD);
  }

  @Override
  public void close() {
    process.destroy();
    try {
      process.waitFor(10, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    PostgresServer.deleteTree(directory);
  }
}
