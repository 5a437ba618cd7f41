package dev.tka.store.sql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.core.TextException;
import dev.tka.core.store.StoreException;
import dev.tka.store.Tailnets;
import dev.tka.store.sql.testkit.PostgresServer;
import dev.tka.store.testkit.OtherProcess;
import dev.tka.store.testkit.TailnetsContract;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.io.TempDirFactory;
import org.postgresql.PGConnection;

/** A database behind a Unix socket, where the system says who asks. */
class PostgresSocketTest extends TailnetsContract {
  private static final PostgresServer SERVER = PostgresServer.shared();

  /** In the short folder of the system: the path of a socket is limited. */
  @TempDir(factory = TempDirFactory.Standard.class)
  Path folder;

  private PostgresSettings settings;

  /** What another process does: prints whether it can open the database. */
  static final class Opening {
    private Opening() {}

    public static void main(String... arguments) throws TextException {
      // Nothing of the test itself, which would start a server.
      try (PostgresDatabase opened =
          PostgresDatabase.create(PostgresSettings.parse(arguments[0]), Clock.systemUTC())) {
        System.out.println("opened " + opened.revisions().size());
      } catch (StoreException e) {
        System.out.println(e.getClass().getSimpleName() + " " + e.getMessage());
      }
    }
  }

  private static PostgresDatabase open(PostgresSettings settings) throws StoreException {
    return PostgresDatabase.create(settings, Clock.systemUTC());
  }

  private PostgresSettings settings() throws SQLException {
    if (settings == null) {
      settings = SERVER.peer(SERVER.newDatabase().database());
    }
    return settings;
  }

  @Override
  protected Tailnets place() throws Exception {
    return open(settings());
  }

  @Test
  void theUserOfTheProgramIsLetInWithoutAPassword() throws Exception {
    PostgresSettings named = settings();
    for (String url :
        List.of(
            "postgresql:///"
                + named.database()
                + "?host="
                + named.host()
                + "&port="
                + named.port()
                + "&sslmode=require",
            "postgres://"
                + named.host().replace("/", "%2F")
                + ":"
                + named.port()
                + "/"
                + named.database())) {
      try (PostgresDatabase place = open(PostgresSettings.parse(url))) {
        assertThat(place.<String>read(PostgresSocketTest::whoAndFrom))
            .isEqualTo(System.getProperty("user.name") + " null");
      }
    }
    assertThatThrownBy(
            () ->
                open(
                    PostgresSettings.of(
                        named.host(), named.port(), named.database(), "somebody-else")))
        .isInstanceOf(StoreException.Unavailable.class)
        .hasMessageContaining("Peer authentication failed for user \"somebody-else\"");
  }

  private static String whoAndFrom(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery("select current_user, inet_client_addr()")) {
      result.next();
      return result.getString(1) + " " + result.getString(2);
    }
  }

  @Test
  void aSocketIsNamedAsInPostgresqlsOwnPrograms() throws Exception {
    String user = System.getProperty("user.name");
    for (String url :
        List.of(
            "postgresql://ann@/d?host=/var/run/postgresql&port=5432",
            "postgresql://ann@/d?host=/tmp&port=5433&targetServerType=primary",
            "postgresql://ann@/d?host=/with%20space%26&port=5432")) {
      assertThat(PostgresSettings.parse(url)).hasToString(url);
    }
    for (String url :
        List.of(
            "postgresql:///d?host=/var/run/postgresql",
            "postgres:///d?port=5432&host=%2Fvar%2Frun%2Fpostgresql",
            "postgresql://%2Fvar%2frun%2Fpostgresql/d",
            "postgresql://%2Fvar%2Frun%2Fpostgresql:5432/d")) {
      assertThat(PostgresSettings.parse(url))
          .as(url)
          .hasToString("postgresql://" + user + "@/d?host=/var/run/postgresql&port=5432");
    }
    PostgresSettings parsed = PostgresSettings.parse("postgresql:///d?host=/a&sslmode=require");
    assertThat(parsed.sslMode()).contains("require");
    assertThat(parsed.host()).isEqualTo("/a");
    for (String url :
        List.of(
            "postgresql:///d",
            "postgresql:///d?port=5432",
            "postgresql:///?host=/a",
            "postgresql:///d?host=",
            "postgresql:///d?host=name",
            "postgresql:///d?host=@abstract",
            "postgresql:///d?host=/a%00b",
            "postgresql://%2Fa%00b/d",
            "postgresql://%2Fa%/d",
            "postgresql:///d?host=/a&port=0",
            "postgresql://h/d?host=/a",
            "postgresql://u@h/d?port=5432",
            "postgresql://u:secret@/d?host=/a",
            "postgresql://u@%2Fa,h/d")) {
      assertThatThrownBy(() -> PostgresSettings.parse(url))
          .as(url)
          .isInstanceOf(TextException.BadUrl.class)
          .message()
          .doesNotContain("secret");
    }
    assertThatThrownBy(() -> PostgresSettings.of("/a\0b", 5432, "d", "u"))
        .isInstanceOf(IllegalArgumentException.class);
  }

  /** What a watch relies on. */
  @Test
  void notificationsComeThroughASocketAndWaitingForThemEnds() throws Exception {
    try (PostgresDatabase place = open(settings())) {
      int heard =
          place.read(
              connection -> {
                try (Statement statement = connection.createStatement()) {
                  statement.execute("listen heard");
                  PGConnection listening = connection.unwrap(PGConnection.class);
                  assertThat(listening.getNotifications(50)).isEmpty();
                  SERVER.sql(settings.database(), "notify heard");
                  return listening.getNotifications((int) TimeUnit.SECONDS.toMillis(30)).length;
                }
              });
      assertThat(heard).isEqualTo(1);
    }
  }

  @Test
  void aServerThatDoesNotAnswerIsGivenUp() throws Exception {
    try (ServerSocketChannel silent = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      silent.bind(UnixDomainSocketAddress.of(folder.resolve(".s.PGSQL.1")));
      requireUnavailable("&socketTimeout=1", "does not answer");
    }
  }

  @Test
  void aSocketThatCannotBeUsedIsReportedInPlainWords() throws Exception {
    requireUnavailable("", "no such socket: " + folder.resolve(".s.PGSQL.1") + " (no server");
    Files.createFile(folder.resolve(".s.PGSQL.1"));
    requireUnavailable("", "no server listens at the socket: " + folder.resolve(".s.PGSQL.1"));
    folder = Path.of("/tmp/" + "long/".repeat(22));
    requireUnavailable("", "the path of the socket has 125 bytes, and the system allows 107: /tmp");
  }

  @Test
  void aSocketThatMayNotBeUsedAndALibraryThatCannotBeUnpackedAreNamed() throws Exception {
    Path socket = folder.resolve(".s.PGSQL.1");
    try (ServerSocketChannel silent = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      silent.bind(UnixDomainSocketAddress.of(socket));
      Files.setPosixFilePermissions(socket, Set.of());
      assertThat(openedBy(OtherProcess.boundByPermissions()))
          .isEqualTo(
              "Unavailable " + at(folder, "") + ": no permission to use the socket: " + socket);
    }
    String none = folder.resolve("none").toString();
    assertThat(
            openedBy(
                List.of("env", "JAVA_TOOL_OPTIONS=-Dorg.newsclub.net.unix.library.tmpdir=" + none)))
        .contains("Unavailable " + at(folder, "") + ": the library for Unix sockets was not loaded")
        .contains("permission to unpack it in " + none + " (JAVA_TOOL_OPTIONS=")
        .doesNotContain("\tat ");
  }

  private String openedBy(List<String> before) throws Exception {
    return OtherProcess.run(before, Opening.class, at(folder, "").toString());
  }

  private static PostgresSettings at(Path folder, String more) throws TextException {
    return PostgresSettings.parse("postgresql://u@/d?host=" + folder + "&port=1" + more);
  }

  private void requireUnavailable(String more, String why) throws Exception {
    PostgresSettings place = at(folder, more);
    assertThatThrownBy(() -> open(place))
        .isInstanceOf(StoreException.Unavailable.class)
        .hasMessageStartingWith(place + ": ")
        .hasMessageContaining(why)
        .message()
        .hasLineCount(1);
  }
}
