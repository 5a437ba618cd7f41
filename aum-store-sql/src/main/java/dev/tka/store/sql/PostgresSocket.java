package dev.tka.store.sql;

import java.io.IOException;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.Optional;
import org.newsclub.net.unix.AFUNIXSocket;
import org.newsclub.net.unix.AFUNIXSocketFactory;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * A PostgreSQL server behind a Unix socket, which the driver does not know by itself. Nothing of
 * the library for such sockets is loaded before one is used.
 */
final class PostgresSocket {
  /** The longest path of a socket on Linux, in bytes. A longer one would be cut. */
  private static final int LONGEST = 107;

  /** Where the library unpacks its native part, if it is set. */
  private static final String FOLDER = "org.newsclub.net.unix.library.tmpdir";

  private static final String NO_CONNECTION = "08001";

  private PostgresSocket() {}

  /**
   * Has the driver connect to the socket.
   *
   * @throws SQLException if the socket's path is too long, or the library does not load
   */
  static void use(PostgresSettings settings, PGSimpleDataSource source) throws SQLException {
    String socket = settings.socket().orElseThrow();
    int length = socket.getBytes(StandardCharsets.UTF_8).length;
    if (length > LONGEST) {
      throw new SQLException(
          "the path of the socket has "
              + length
              + " bytes, and the system allows "
              + LONGEST
              + ": "
              + socket);
    }
    if (!loads()) {
      throw new SQLException(
          "the library for Unix sockets was not loaded: there is none for this platform, or no room"
              + " or permission to unpack it in "
              + folder()
              + " (JAVA_TOOL_OPTIONS=-D"
              + FOLDER
              + "=DIR names another folder)");
    }
    source.setSocketFactory(AFUNIXSocketFactory.FactoryArg.class.getName());
    source.setSocketFactoryArg(socket);
    // As PostgreSQL's own programs do: no other machine can listen.
    source.setSslMode("disable");
  }

  private static String folder() {
    return System.getProperty(FOLDER, System.getProperty("java.io.tmpdir"));
  }

  /** Whether the library loads. It prints a stack if it cannot be unpacked, so that is tried. */
  private static boolean loads() {
    try {
      Files.delete(Files.createTempFile(Path.of(folder()), "tka", null));
    } catch (IOException e) {
      return false;
    }
    return AFUNIXSocket.isSupported();
  }

  /** Why the socket could not be used; empty if the failure says it, or there is no socket. */
  static Optional<Exception> explain(PostgresSettings settings, SQLException failure) {
    if (settings.socket().isEmpty()
        || !NO_CONNECTION.equals(failure.getSQLState())
        || !(failure.getCause() instanceof SocketException)) {
      return Optional.empty();
    }
    Path socket = Path.of(settings.socket().get());
    String what;
    if (Files.notExists(socket)) {
      what = "no such socket: " + socket + " (no server runs there, or its sockets are elsewhere)";
    } else if (!Files.isWritable(socket)) {
      what = "no permission to use the socket: " + socket;
    } else {
      what = "no server listens at the socket: " + socket;
    }
    return Optional.of(new IOException(what, failure));
  }
}
