package dev.tka.witness;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.tka.core.SigningException;
import dev.tka.tlog.AddCheckpoint;
import dev.tka.tlog.NoteSignature;
import dev.tka.tlog.SignedNote;
import dev.tka.tlog.SignerKey;
import dev.tka.tlog.VerifierKey;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.URI;
import java.net.UnixDomainSocketAddress;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a witness cosigns, and what it answers otherwise. */
class WitnessTest {
  private static final Instant NOW = Instant.parse("2026-06-01T12:00:00Z");
  private static final Clock CLOCK = Clock.fixed(NOW, ZoneOffset.UTC);

  @TempDir Path folder;
  private SignerKey key;
  private Path logs;
  private ForkingLog log;

  @BeforeEach
  void begin() throws Exception {
    key = ForkingLog.newKey();
    logs = ForkingLog.list(folder.resolve("logs"), key);
    log = new ForkingLog(key, ForkingLog.OPERATOR + "/1", 3);
  }

  private Witness open() throws Exception {
    return Witness.open(folder.resolve("state"), logs, "witness.example/w1", CLOCK);
  }

  private static int status(Witness.Answer answer) {
    return answer instanceof Witness.Answer.Refused refused ? refused.status() : 200;
  }

  @Test
  void cosignsALogThatGrowsAndKeepsThatThroughARestart() throws Exception {
    VerifierKey witness;
    try (Witness first = open()) {
      witness = first.key();
      byte[] request = log.request(0, 0, 5);
      NoteSignature made = ((Witness.Answer.Cosigned) first.ask(request)).signature();
      SignedNote note = AddCheckpoint.parse(request).checkpoint();
      assertThat(witness.verifies(note.text(), made)).isTrue();
      assertThat(VerifierKey.timeOf(made)).contains(NOW);
    }
    try (Witness again = open()) {
      assertThat(again.key()).isEqualTo(witness);
      assertThat(again.ask(log.request(0, 0, 5))).isEqualTo(new Witness.Answer.OtherSize(5));
      assertThat(again.ask(log.request(0, 5, 5))).isInstanceOf(Witness.Answer.Cosigned.class);
      assertThat(again.ask(log.request(0, 5, 9))).isInstanceOf(Witness.Answer.Cosigned.class);
      assertThat(again.ask(log.request(0, 4, 10))).isEqualTo(new Witness.Answer.OtherSize(9));
    }
    assertThat(Witness.keyOf(folder.resolve("state"), "other")).isEqualTo(witness);
  }

  @Test
  void refusesAnotherTreeOfOneSizeASmallerOneAndAnotherHistory() throws Exception {
    try (Witness witness = open()) {
      witness.ask(log.request(0, 0, 5));
      assertThat(status(witness.ask(log.request(1, 5, 5)))).isEqualTo(409);
      assertThat(status(witness.ask(log.request(1, 5, 8)))).isEqualTo(422);
      assertThat(status(witness.ask(log.request(0, 5, 4)))).isEqualTo(400);
      assertThat(witness.ask(log.request(0, 2, 4))).isEqualTo(new Witness.Answer.OtherSize(5));
    }
  }

  @Test
  void knowsTheLogsOfItsListOnly() throws Exception {
    try (Witness witness = open()) {
      ForkingLog unknown = new ForkingLog(key, "elsewhere/1", 3);
      assertThat(status(witness.ask(unknown.request(0, 0, 1)))).isEqualTo(404);
      ForkingLog forged = new ForkingLog(ForkingLog.newKey(), log.origin(), 3);
      assertThat(status(witness.ask(forged.request(0, 0, 1)))).isEqualTo(403);
      assertThat(status(witness.ask(new byte[] {'o', 'l', 'd'}))).isEqualTo(400);
      Files.writeString(logs, "log nonsense\n");
      assertThatThrownBy(() -> witness.ask(log.request(0, 0, 1)))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("line 1");
    }
  }

  /** The operator puts another key beside the first, under the same name. */
  @Test
  void goesOnWithTheKeyThatReplacesAnother() throws Exception {
    SignerKey next = ForkingLog.newKey();
    ForkingLog later = new ForkingLog(next, log.origin(), 3);
    try (Witness witness = open()) {
      witness.ask(log.request(0, 0, 4));
      assertThat(status(witness.ask(later.request(0, 4, 6)))).isEqualTo(403);
      Files.writeString(logs, "log " + key.verifier() + "\nlog " + next.verifier() + "\n");
      assertThat(witness.ask(later.request(0, 4, 6))).isInstanceOf(Witness.Answer.Cosigned.class);
    }
  }

  @Test
  void aKeyIsForItsOwnerAndNothingWithoutWhatItCosigned() throws Exception {
    open().close();
    Path state = folder.resolve("state");
    assertThat(
            PosixFilePermissions.toString(
                Files.getPosixFilePermissions(state.resolve("witness.key"))))
        .isEqualTo("rw-------");
    Files.delete(state.resolve("checkpoints"));
    assertThatThrownBy(this::open)
        .isInstanceOf(SigningException.class)
        .hasMessageContaining("forgotten");
  }

  @Test
  void oneProcessHasAFolder() throws Exception {
    try (Witness held = open()) {
      assertThat(held.key().kind()).isEqualTo(VerifierKey.Kind.COSIGNATURE);
      Callable<Throwable> other = () -> catchThrowable(this::open);
      assertThat(Executors.newSingleThreadExecutor().submit(other).get())
          .isInstanceOf(IOException.class)
          .hasMessageContaining("another process");
    }
  }

  @Test
  void aLineThatWasCutIsCutOffAndAnotherDamageIsAnError() throws Exception {
    Path file = folder.resolve("state").resolve("checkpoints");
    try (Witness witness = open()) {
      witness.ask(log.request(0, 0, 5));
      witness.ask(log.request(0, 5, 7));
    }
    byte[] whole = Files.readAllBytes(file);
    Files.write(file, Arrays.copyOf(whole, whole.length - 3));
    try (Witness witness = open()) {
      assertThat(witness.ask(log.request(0, 0, 1))).isEqualTo(new Witness.Answer.OtherSize(5));
      assertThat(witness.ask(log.request(0, 5, 7))).isInstanceOf(Witness.Answer.Cosigned.class);
    }
    assertThat(Files.readAllBytes(file)).isEqualTo(whole);
    for (int at : new int[] {0, 20, whole.length - 10}) {
      byte[] damaged = whole.clone();
      damaged[at] ^= 1;
      Files.write(file, damaged);
      assertThatThrownBy(this::open).isInstanceOf(IOException.class);
    }
  }

  @Test
  void theFileStaysSmall() throws Exception {
    Path file = folder.resolve("state").resolve("checkpoints");
    ForkingLog one = new ForkingLog(key, ForkingLog.OPERATOR, 10_000);
    try (Witness witness = open()) {
      for (int size = 0; size < 150; size++) {
        assertThat(witness.ask(one.request(0, size, size + 1)))
            .isInstanceOf(Witness.Answer.Cosigned.class);
      }
    }
    assertThat(Files.readAllLines(file)).hasSizeLessThan(110);
    try (Witness witness = open()) {
      assertThat(witness.ask(one.request(0, 0, 1))).isEqualTo(new Witness.Answer.OtherSize(150));
    }
  }

  @Test
  void isAskedOverHttp() throws Exception {
    try (Witness witness = open();
        WitnessServer server = WitnessServer.start(witness, 0, line -> {})) {
      HttpResponse<String> cosigned = post(server, log.request(0, 0, 5));
      assertThat(cosigned.statusCode()).isEqualTo(200);
      List<NoteSignature> made =
          AddCheckpoint.parseAnswer(cosigned.body().getBytes(StandardCharsets.UTF_8));
      assertThat(made).hasSize(1);
      assertThat(made.get(0).name()).isEqualTo("witness.example/w1");
      HttpResponse<String> other = post(server, log.request(0, 3, 6));
      assertThat(other.statusCode()).isEqualTo(409);
      assertThat(other.headers().firstValue("Content-Type")).contains("text/x.tlog.size");
      assertThat(other.body()).isEqualTo("5\n");
      HttpResponse<String> fork = post(server, log.request(1, 5, 5));
      assertThat(fork.statusCode()).isEqualTo(409);
      assertThat(fork.headers().firstValue("Content-Type")).contains("text/plain; charset=utf-8");
      assertThat(post(server, new byte[AddCheckpoint.MOST_BYTES + 1]).statusCode()).isEqualTo(413);
      assertThat(post(server, new byte[0]).statusCode()).isEqualTo(400);
    }
  }

  private static HttpResponse<String> post(WitnessServer server, byte[] body) throws Exception {
    return HttpClient.newHttpClient()
        .send(
            HttpRequest.newBuilder(URI.create(server.address() + "/add-checkpoint"))
                .POST(HttpRequest.BodyPublishers.ofByteArray(body))
                .build(),
            HttpResponse.BodyHandlers.ofString());
  }

  @Test
  void isAskedOnASocketOfItsOwner() throws Exception {
    Path socket = folder.resolve("run").resolve("witness.sock");
    try (Witness witness = open();
        WitnessServer server = WitnessServer.start(witness, socket, line -> {});
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      assertThat(server.address()).isEqualTo("unix:" + socket);
      assertThat(
              PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("run"))))
          .isEqualTo("rwx------");
      channel.connect(UnixDomainSocketAddress.of(socket));
      channel.write(
          ByteBuffer.wrap(
              "GET /livez HTTP/1.1\r\nHost: w\r\n\r\n".getBytes(StandardCharsets.US_ASCII)));
      ByteBuffer answer = ByteBuffer.allocate(1000);
      channel.read(answer);
      assertThat(new String(answer.array(), StandardCharsets.US_ASCII)).contains(" 200 ");
    }
  }
}
