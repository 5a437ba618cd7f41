package dev.tka.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.cli.output.ExitCode;
import dev.tka.control.http.SettingsFile;
import dev.tka.store.sql.SqliteFile;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

/** {@code tka serve} as a process (service, section 6). */
class ServeCommandTest {
  @TempDir Path folder;

  /** A server that is running, whose settings are all options. */
  private record Running(Process process, List<String> said) implements AutoCloseable {
    static Running start(Path folder, String... options) throws Exception {
      return start(Map.of(), folder, options);
    }

    static Running start(Map<String, String> environment, Path folder, String... options)
        throws Exception {
      List<String> command = Cli.process("serve", "--state", folder.resolve("state"));
      command.addAll(List.of(options));
      ProcessBuilder builder =
          new ProcessBuilder(command)
              .directory(folder.toFile())
              .redirectError(folder.resolve("log").toFile());
      builder.environment().putAll(environment);
      Process process = builder.start();
      BufferedReader out =
          new BufferedReader(
              new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
      List<String> said = new java.util.ArrayList<>();
      for (String line = out.readLine(); line != null; line = out.readLine()) {
        said.add(line);
        if (line.contains("SIGTERM stops")) {
          break;
        }
      }
      return new Running(process, said);
    }

    @Override
    public void close() {
      process.destroyForcibly();
    }
  }

  private static String ask(Path socket, String request) throws IOException {
    try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      channel.connect(UnixDomainSocketAddress.of(socket));
      channel.write(
          ByteBuffer.wrap(
              (request + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                  .getBytes(StandardCharsets.UTF_8)));
      return new String(Channels.newInputStream(channel).readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  @Test
  void aServerAloneSaysWhereItListensAndStopsWithStatus0AndKillLeavesNothingToCleanUp()
      throws Exception {
    Path state = folder.resolve("state");
    try (Running first = Running.start(folder)) {
      assertThat(String.join("\n", first.said()))
          .contains("serving sqlite:", "forwarder.sock", "operator.sock", "control-authors.md");
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(state)))
          .isEqualTo("rwx------");
      assertThat(ask(state.resolve("forwarder.sock"), "GET /livez")).startsWith("HTTP/1.1 200");
      assertThat(ask(state.resolve("operator.sock"), "GET /v1/tailnets")).contains(" 200 ");
      // A second one on the same state says what is the matter, and leaves the first alone.
      Cli.Result second = Cli.run("serve", "--state", state);
      assertThat(second.exitCode()).isEqualTo(ExitCode.IO);
      assertThat(second.err()).contains("another server listens here");
      assertThat(ask(state.resolve("forwarder.sock"), "GET /livez")).startsWith("HTTP/1.1 200");
      first.process().destroyForcibly().waitFor();
    }
    assertThat(state.resolve("forwarder.sock")).exists();
    String notify = folder.resolve("notify").toString();
    try (NotifySocket manager = new NotifySocket(notify);
        Running again = Running.start(Map.of("NOTIFY_SOCKET", notify), folder)) {
      assertThat(manager.heard()).isEqualTo("READY=1");
      assertThat(ask(state.resolve("forwarder.sock"), "GET /livez")).startsWith("HTTP/1.1 200");
      again.process().destroy();
      assertThat(manager.heard()).isEqualTo("STOPPING=1");
      assertThat(again.process().waitFor(60, TimeUnit.SECONDS)).isTrue();
      assertThat(again.process().exitValue()).isZero();
    }
    assertThat(Files.readString(folder.resolve("log")))
        .contains(" rpc=live status=200 ")
        .endsWith(" stopped\n");
    try (Stream<Path> left = Files.list(state)) {
      assertThat(left).extracting(file -> file.getFileName().toString()).contains("control.db");
    }
  }

  @Test
  void checkNamesAllThatIsWrongAndServesNothing() throws Exception {
    Path config = Files.writeString(folder.resolve("tka.conf"), "most_nodes = 1\nnames\n");
    Cli.Result bad = Cli.run("serve", "--check", "--config", config, "--most-aums", "x");
    assertThat(bad.exitCode()).isEqualTo(ExitCode.BAD_INPUT);
    assertThat(bad.err())
        .contains(
            config + ":1: unknown key most_nodes, did you mean most-nodes?",
            config + ":2: expected key = value",
            "--most-aums: most-aums expected a number");
    Cli.Result good =
        Cli.run("serve", "--check", "--state", folder.resolve("s"), "--create-tailnets=operator");
    assertThat(good.exitCode()).isEqualTo(ExitCode.OK);
    assertThat(good.out()).startsWith("the settings are good\n").contains("operator.sock");
    assertThat(folder.resolve("s")).doesNotExist();
    Cli.Result missing =
        Cli.run(
            "serve",
            "--check",
            "--operator-listen=127.0.0.1:0",
            "--operator-token-file=" + folder.resolve("none"));
    assertThat(missing.exitCode()).isNotEqualTo(ExitCode.OK);
    assertThat(missing.err()).contains("none");
  }

  @Test
  void aDatabaseThatWasRestoredIsSaidToBeAtTheStart() throws Exception {
    Path state = Files.createDirectory(folder.resolve("state"));
    String store = "sqlite:" + state.resolve("control.db");
    Tailnet keys = Tailnet.in(folder);
    keys.newKey("ann");
    keys.begin(store, "one", "ann");
    String since = Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
    try (Running server = Running.start(folder, "--restored", since)) {
      assertThat(server.said()).isNotEmpty();
    }
    assertThat(Files.readString(folder.resolve("log"))).contains(" restored tailnet=one: ");
    assertThat(Cli.run("status", store, "--tailnet", "one", "--json").json())
        .containsEntry("Restored", since);
    assertThat(Cli.run("doctor", store, "--tailnet", "one").out())
        .contains("note     restored: ", "; no node is awaited that is known\n");
    for (String wrong : List.of("yes", "2100-01-01T00:00:00Z", "2026-01-31")) {
      Cli.Result bad = Cli.run("serve", "--check", "--state", state, "--restored", wrong);
      assertThat(bad.exitCode()).isEqualTo(ExitCode.BAD_INPUT);
      assertThat(bad.err()).startsWith("tka: --restored: restored expected a time ");
    }
  }

  @Test
  void checkReadsADatabaseThatIsThereAndMakesNone() throws Exception {
    Path state = Files.createDirectory(folder.resolve("state"));
    Path file = state.resolve("control.db");
    assertThat(check(state).out()).contains("control.db, made at the first start");
    assertThat(file).doesNotExist();
    SqliteFile.create(file, Clock.systemUTC()).close();
    byte[] before = Files.readAllBytes(file);
    assertThat(check(state).out()).contains("control.db, 0 tailnets");
    assertThat(file).hasBinaryContent(before);
    Files.writeString(file, "x".repeat(5000));
    Cli.Result broken = check(state);
    assertThat(broken.exitCode()).isEqualTo(ExitCode.BAD_INPUT);
    assertThat(broken.err()).contains("control.db: ");
    assertThat(broken.out()).isEmpty();
    Files.delete(file);
    Files.createDirectory(file);
    Cli.Result directory = check(state);
    assertThat(directory.exitCode()).isEqualTo(ExitCode.NOT_FOUND);
    assertThat(directory.err()).contains("expected a file, found a directory");
    // Nobody listens there.
    Cli.Result nobody =
        Cli.run("serve", "--check", "--database", "postgresql://tka@127.0.0.1:1/tka");
    assertThat(nobody.exitCode()).isEqualTo(ExitCode.IO);
    assertThat(nobody.err()).contains("127.0.0.1:1");
  }

  private static Cli.Result check(Path state) {
    return Cli.run("serve", "--check", "--state", state);
  }

  @Test
  void aStoreThatKeepsNoNodesIsRefused() {
    Cli.Result directory = Cli.run("serve", "--check", "--database", folder);
    assertThat(directory.exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(directory.err()).contains("expected a store of many tailnets");
  }

  @Test
  void eachKeyOfTheFileIsAnOptionAndTheOtherWayRound() {
    TreeSet<String> options = new TreeSet<>();
    for (OptionSpec option : new CommandLine(Verbs.command("serve")).getCommandSpec().options()) {
      options.add(option.longestName().substring(2));
    }
    options.removeAll(List.of("config", "check", "help", "version"));
    TreeSet<String> keys = new TreeSet<>();
    SettingsFile.KEYS.forEach(key -> keys.add(key.name()));
    assertThat(options).isEqualTo(keys);
  }
}
