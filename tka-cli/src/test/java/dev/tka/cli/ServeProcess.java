package dev.tka.cli;

import dev.tka.sync.rpc.RpcAnswer;
import dev.tka.sync.rpc.RpcJson;
import dev.tka.sync.rpc.RpcRequest;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/** A real {@code tka serve}, which can be killed and started again, and how others reach it. */
final class ServeProcess implements AutoCloseable {
  static final String TOKEN = "token-of-a-control-server-0123456789";

  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final HttpClient CLIENT =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(5))
          .build();

  private final List<String> command;
  private final Path said;
  private final String url;
  private final AtomicReference<Process> process = new AtomicReference<>();

  /** Starts one; {@code options} name its database and what else it needs. */
  ServeProcess(Path state, String... options) throws Exception {
    Files.createDirectories(state);
    Path tokens = state.resolve("tokens");
    Files.createFile(
        tokens, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    Files.writeString(tokens, TOKEN + "\n");
    int port;
    try (ServerSocket free = new ServerSocket(0)) {
      port = free.getLocalPort();
    }
    url = "http://127.0.0.1:" + port;
    said = state.resolve("said");
    command =
        Cli.process(
            "serve",
            "--state=" + state,
            "--forwarder-listen=127.0.0.1:" + port,
            "--forwarder-token-file=" + tokens);
    command.addAll(List.of(options));
    start();
  }

  void start() throws Exception {
    process.set(
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(said.toFile()))
            .start());
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (!isReady()) {
      if (!process.get().isAlive() || System.nanoTime() - end > 0) {
        throw new AssertionError("the server did not start: " + Files.readString(said));
      }
      Thread.sleep(20);
    }
  }

  private boolean isReady() throws InterruptedException {
    try {
      return send(request("/readyz").build()).statusCode() == 200;
    } catch (IOException e) {
      return false;
    }
  }

  /** Kills it as {@code kill -9} does. */
  void kill() throws InterruptedException {
    process.get().destroyForcibly().waitFor();
  }

  /** Ends it as an init system does, and returns its exit status. */
  int stop() throws InterruptedException {
    process.get().destroy();
    if (!process.get().waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
      throw new AssertionError("the server did not stop");
    }
    return process.get().exitValue();
  }

  /** What it printed, over all of its lives. */
  String said() throws IOException {
    return Files.readString(said);
  }

  private HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create(url + path))
        .timeout(Duration.ofSeconds(30))
        .header("Authorization", "Bearer " + TOKEN);
  }

  private static HttpResponse<byte[]> send(HttpRequest request)
      throws IOException, InterruptedException {
    return CLIENT.send(request, HttpResponse.BodyHandlers.ofByteArray());
  }

  /** An answer: its status and its body. */
  @SuppressWarnings("ArrayRecordComponent") // Read once.
  record Reply(int status, byte[] body) {
    String text() {
      return new String(body, StandardCharsets.UTF_8);
    }
  }

  private static Reply reply(HttpResponse<byte[]> response) {
    return new Reply(response.statusCode(), response.body());
  }

  Reply get(String path) throws IOException, InterruptedException {
    return reply(send(request(path).build()));
  }

  Reply post(String path, String body) throws IOException, InterruptedException {
    return reply(send(request(path).POST(HttpRequest.BodyPublishers.ofString(body)).build()));
  }

  /** Forwards a node's request as real nodes send it: a GET with a body. */
  Reply forward(String tailnet, long node, RpcRequest request)
      throws IOException, InterruptedException {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    RpcJson.writeRequest(request, body);
    return reply(
        send(
            request(
                    "/v1/tailnets/"
                        + tailnet
                        + "/nodes/"
                        + node
                        + "/machine/tka/"
                        + request.rpc().path())
                .method("GET", HttpRequest.BodyPublishers.ofByteArray(body.toByteArray()))
                .build()));
  }

  static RpcAnswer answer(RpcRequest request, Reply reply) throws Exception {
    return RpcJson.readAnswer(request.rpc(), new ByteArrayInputStream(reply.body()));
  }

  @Override
  public void close() {
    process.get().destroyForcibly().onExit().join();
  }
}
