package dev.tka.control.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.core.AumHash;
import dev.tka.core.State;
import dev.tka.store.NoteKeyFile;
import dev.tka.tlog.LogPolicy;
import dev.tka.tlog.VerifierKey;
import dev.tka.tlog.heads.HeadEntry;
import dev.tka.tlog.heads.HeadWatch;
import dev.tka.witness.Witness;
import dev.tka.witness.WitnessServer;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The log of heads over HTTP, and witnesses that are asked over HTTP. */
@Timeout(300)
class HeadsTest {
  private static final HttpClient CLIENT = HttpClient.newHttpClient();
  private static final String HEADS = "/v1/tailnets/" + Kit.TAILNET + "/heads/";

  @TempDir Path folder;

  private Path write(String name, String text) throws IOException {
    return Files.writeString(folder.resolve(name), text);
  }

  private static HttpResponse<byte[]> get(Kit kit, Role role, String token, String path)
      throws IOException {
    try {
      return CLIENT.send(
          HttpRequest.newBuilder(URI.create("http://" + kit.address(role) + path))
              .header("Authorization", "Bearer " + token)
              .build(),
          HttpResponse.BodyHandlers.ofByteArray());
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
  }

  private static HeadWatch.Source source(Kit kit, Role role, String token, String prefix) {
    return path -> {
      HttpResponse<byte[]> reply = get(kit, role, token, prefix + path);
      assertThat(reply.headers().firstValue("Cache-Control")).contains("no-store");
      return reply.statusCode() == 200 ? Optional.of(reply.body()) : Optional.empty();
    };
  }

  private static HeadWatch.Held held() {
    AumHash head = Kit.genesis().hash();
    State state = Kit.genesis().state().orElseThrow();
    return new HeadWatch.Held(
        Optional.of(new HeadEntry.Lock(state.stateId1(), state.stateId2(), head, 1)));
  }

  @Test
  void eachRoleReadsALogThatWitnessesCosignOverHttp() throws Exception {
    Path keys = folder.resolve("state/log.key");
    String log =
        "log "
            + NoteKeyFile.readOrCreate(keys, VerifierKey.Kind.NOTE, "tka-log/1").get(0).verifier()
            + "\n";
    Path logs = write("logs", log);
    List<String> lines = new CopyOnWriteArrayList<>();
    try (Witness one = Witness.open(folder.resolve("one"), logs, "one", Clock.systemUTC());
        Witness two = Witness.open(folder.resolve("two"), logs, "two", Clock.systemUTC());
        WitnessServer first = WitnessServer.start(one, 0, lines::add);
        WitnessServer second = WitnessServer.start(two, 0, lines::add);
        Kit kit = Kit.onTcp(folder)) {
      String policy =
          log
              + ("witness one " + one.key() + " " + first.address() + "\n")
              + ("witness two " + two.key() + " " + second.address() + "/\n")
              + "group both all one two\nquorum both\n";
      kit.lock(2, "Authorization: Bearer " + Kit.TOKEN);
      String nodeToken = kit.secret(kit.service.makeToken(Kit.TAILNET, 2));
      RawHttp.Reply none =
          kit.ask(
              Role.NODE,
              "GET",
              "/v1/node/heads/checkpoint",
              "",
              "Authorization: Bearer " + nodeToken);
      assertThat(none.status()).isEqualTo(404);
      assertThat(none.code()).isEqualTo("not-found");
      HeadsLogSettings settings =
          new HeadsLogSettings(keys, Optional.of(write("witnesses", policy)));
      settings.requireFiles();
      try (HttpWitnesses witnesses = settings.keep(kit.service)) {
        assertThat(witnesses.post(first.address(), "elsewhere", new byte[1]).status())
            .isEqualTo(404);
        HeadWatch watch =
            new HeadWatch(
                LogPolicy.parse(policy.getBytes(StandardCharsets.UTF_8)), Duration.ofHours(1));
        while (get(kit, Role.NODE, nodeToken, "/v1/node/heads/checkpoint").statusCode() != 200) {
          Thread.sleep(10);
        }
        for (HeadWatch.Source each :
            List.of(
                source(kit, Role.NODE, nodeToken, "/v1/node/heads/"),
                source(kit, Role.FORWARDER, Kit.TOKEN, HEADS),
                source(kit, Role.OPERATOR, Kit.OPERATOR_TOKEN, HEADS),
                source(kit, Role.OPERATOR, Kit.READ_TOKEN, HEADS))) {
          HeadWatch.Result found =
              watch.look(each, Optional.empty(), Optional.of(held()), Instant.now());
          assertThat(found.outcome().kind()).as("%s", found).isEqualTo(HeadWatch.Kind.FINE);
          assertThat(found.outcome().detail()).isEmpty();
        }
        for (String path : List.of("", "tile", "tile/0/001", "tile//0", "checkpoint/x", "a%2Fb")) {
          assertThat(
                  kit.ask(
                          Role.OPERATOR,
                          "GET",
                          HEADS + path,
                          "",
                          "Authorization: Bearer " + Kit.READ_TOKEN)
                      .status())
              .as(path)
              .isEqualTo(404);
        }
      }
      assertThat(lines).contains("200 cosigned");
    }
  }

  @Test
  void whatIsWrongWithTheFilesIsSaidBeforeItServes() throws Exception {
    VerifierKey witness = Witness.keyOf(folder.resolve("one"), "one");
    for (String[] each :
        new String[][] {
          {"nonsense\n", "line 1"},
          {"", "expected a line 'witness NAME KEY URL', found none"},
          {"witness one " + witness + " https://x\n", "expected a line 'quorum NAME'"},
          {"witness one " + witness + "\nquorum one\n", "the witness one has no URL"},
          {"witness one " + witness + " ftp://x\nquorum one", "such as https://HOST/PATH"},
          {"witness one " + witness + " https://a@x\nquorum one", "expected a URL such as"},
          {"witness one " + witness + " https://x/?q\nquorum one", "expected a URL such as"},
          {"witness one " + witness + " https:\\\\x\nquorum one", "expected a URL such as"},
        }) {
      Path policy = write("policy", each[0]);
      HeadsLogSettings settings =
          new HeadsLogSettings(folder.resolve("log.key"), Optional.of(policy));
      assertThatThrownBy(settings::requireFiles)
          .isInstanceOf(SettingsFile.InvalidException.class)
          .hasMessageStartingWith(policy + ": ")
          .hasMessageContaining(each[1]);
    }
    HeadsLogSettings absent =
        new HeadsLogSettings(folder.resolve("log.key"), Optional.of(folder.resolve("none")));
    assertThatThrownBy(absent::requireFiles).isInstanceOf(IOException.class);
    assertThat(folder.resolve("log.key")).doesNotExist();
    Path open = write("open.key", "PRIVATE+KEY+x\n");
    Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rw-r--r--"));
    assertThatThrownBy(new HeadsLogSettings(open, Optional.empty())::requireFiles)
        .isInstanceOf(SettingsFile.InvalidException.class)
        .hasMessageContaining(open.toString())
        .hasMessageNotContaining("PRIVATE");
  }
}
