package dev.tka.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.cli.output.ExitCode;
import dev.tka.core.TkaException;
import dev.tka.core.authority.Authority;
import dev.tka.store.Tailnets;
import dev.tka.store.sql.SqliteFile;
import dev.tka.tlog.LogPolicy;
import dev.tka.tlog.heads.HeadEntry;
import dev.tka.tlog.heads.HeadWatch;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Logs of heads that real servers keep and real witnesses cosign (service, section 11). */
@Timeout(120)
class HeadsServedTest {
  private static final String NAME = "example.com";
  private static final String HEADS = "/v1/tailnets/" + NAME + "/heads/";

  @TempDir Path folder;

  private static Optional<byte[]> fetch(ServeProcess server, String path) throws IOException {
    try {
      ServeProcess.Reply reply = server.get(HEADS + path);
      return reply.status() == 200 ? Optional.of(reply.body().toByteArray()) : Optional.empty();
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
  }

  private static HeadWatch.Held held(Authority authority) {
    return new HeadWatch.Held(
        Optional.of(
            new HeadEntry.Lock(
                authority.state().stateId1(),
                authority.state().stateId2(),
                authority.head(),
                authority.length())));
  }

  private static Authority stored(Path state) throws TkaException {
    try (Tailnets place = SqliteFile.at(state.resolve("control.db"), Clock.systemUTC())) {
      return Authority.open(place.tailnet(NAME));
    }
  }

  /** Looks until the log has what is here, cosigned. */
  private static HeadWatch.Result look(
      ServeProcess server, HeadWatch watch, Optional<HeadWatch.Seen> seen, HeadWatch.Held held)
      throws Exception {
    while (true) {
      HeadWatch.Result found =
          watch.look(path -> fetch(server, path), seen, Optional.of(held), Instant.now());
      assertThat(found.outcome().kind())
          .as("%s", found.outcome())
          .isIn(HeadWatch.Kind.FINE, HeadWatch.Kind.UNREACHABLE);
      if (found.outcome().kind() == HeadWatch.Kind.FINE && found.outcome().detail().isEmpty()) {
        return found;
      }
      Thread.sleep(20);
    }
  }

  @Test
  void aLogGoesOnThroughEditsAndKillsOfTheServer() throws Exception {
    Tailnet tailnet = Tailnet.of(folder, "ann");
    Path state = folder.resolve("state");
    Path key = state.resolve("log.key");
    Path logs = Files.writeString(folder.resolve("logs"), "# none yet\n");
    try (WitnessProcess one = new WitnessProcess(folder.resolve("one"), logs);
        WitnessProcess two = new WitnessProcess(folder.resolve("two"), logs)) {
      Path witnesses =
          Files.writeString(
              folder.resolve("witnesses"),
              one.line("one") + two.line("two") + "group both all one two\nquorum both\n");
      Cli.Result checked = Cli.run("serve", "--check", "--state", state, "--witnesses", witnesses);
      assertThat(checked.out()).contains("log key:   " + key + ", made at the first start");
      assertThat(key).doesNotExist();
      try (ServeProcess server = new ServeProcess(state, "--witnesses=" + witnesses)) {
        assertThat(Files.getPosixFilePermissions(key))
            .isEqualTo(PosixFilePermissions.fromString("rw-------"));
        assertThat(server.said()).contains("'tka witness log-key " + key + "'");
        String log = Cli.run("witness", "log-key", key).out();
        Files.writeString(logs, log);
        LogPolicy policy =
            LogPolicy.parse((log + Files.readString(witnesses)).getBytes(StandardCharsets.UTF_8));
        HeadWatch watch = new HeadWatch(policy, Duration.ofHours(1));
        tailnet.run("export", tailnet.directory(), folder.resolve("export"));
        String operator = "unix:" + state.resolve("operator.sock");
        String store = "sqlite:" + state.resolve("control.db");
        tailnet.run("import", folder.resolve("export"), store, "--tailnet", NAME);
        HeadWatch.Result first = look(server, watch, Optional.empty(), held(tailnet.authority()));

        String origin = first.seen().orElseThrow().origin();
        String own = Cli.run("witness", "log-key", key, "--origins", store).out();
        assertThat(own).hasLineCount(1).startsWith("log " + origin + "+").doesNotContain(NAME);
        Path strict =
            Files.writeString(folder.resolve("strict"), own + Files.readString(witnesses));
        HeadWatch byOrigin =
            new HeadWatch(LogPolicy.parse(Files.readAllBytes(strict)), Duration.ofHours(1));
        look(server, byOrigin, first.seen(), held(tailnet.authority()));

        tailnet.run(
            List.of(
                    "add",
                    operator,
                    tailnet.newKey("bob"),
                    "--tailnet",
                    NAME,
                    "--key-file",
                    tailnet.keyFile("ann"))
                .toArray());
        // It may not have seen the edit when it dies: the next one does.
        server.kill();
        server.start();
        HeadWatch.Result second = look(server, watch, first.seen(), held(stored(state)));
        assertThat(second.seen().orElseThrow().origin())
            .isEqualTo(first.seen().orElseThrow().origin());
        assertThat(second.seen().orElseThrow().size()).isEqualTo(2);
        assertThat(server.stop()).isZero();
        assertThat(server.said()).doesNotContain("PRIVATE");
      }
      assertThat(one.said()).contains("200 cosigned").doesNotContain("PRIVATE", NAME);
      assertThat(two.said()).contains("200 cosigned");
    }
  }

  @Test
  void whatIsWrongWithWitnessesIsSaidAtOnce() throws Exception {
    Path witnesses = Files.writeString(folder.resolve("witnesses"), "quorum none\n");
    for (String option : new String[] {"--check", "--insecure-listen=false"}) {
      Cli.Result result =
          Cli.run("serve", option, "--state", folder.resolve("state"), "--witnesses", witnesses);
      assertThat(result.exitCode()).isEqualTo(ExitCode.BAD_INPUT);
      assertThat(result.err()).hasLineCount(1).contains(witnesses + ": expected a line 'witness");
    }
    assertThat(folder.resolve("state")).doesNotExist();
  }
}
