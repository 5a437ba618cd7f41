package dev.tka.cli;

import dev.tka.core.Bytes;
import dev.tka.store.sql.testkit.PostgresServer;
import dev.tka.sync.rpc.RpcAnswer;
import dev.tka.sync.rpc.RpcJson;
import dev.tka.sync.rpc.RpcRequest;
import dev.tka.testkit.FreePort;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
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
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/** A real {@code tka serve}, which can be killed and started again, and how others reach it. */
public final class ServeProcess implements AutoCloseable {
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

  private final Map<String, String> environment;
  private volatile Duration patience = Duration.ofSeconds(30);

  /** Starts one; {@code options} name its database and what else it needs. */
  public ServeProcess(Path state, String... options) throws Exception {
    this(Map.of(), state, options);
  }

  /** Starts one whose environment has more than that of this process. */
  public ServeProcess(Map<String, String> environment, Path state, String... options)
      throws Exception {
    this.environment = environment;
    Files.createDirectories(state);
    Path tokens = state.resolve("tokens");
    Files.createFile(
        tokens, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    Files.writeString(tokens, TOKEN + "\n");
    int port = FreePort.find();
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

  /** Starts it again, and waits until it is ready. */
  public void start() throws Exception {
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(said.toFile()));
    builder.environment().put("PGPASSWORD", PostgresServer.PASSWORD);
    builder.environment().putAll(environment);
    process.set(builder.start());
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

  /** Where control servers reach it. */
  public String url() {
    return url;
  }

  /** Has clients wait for an answer no longer than this. */
  public void answerWithin(Duration most) {
    patience = most;
  }

  /** Kills it as {@code kill -9} does. */
  public void kill() throws InterruptedException {
    process.get().destroyForcibly().waitFor();
  }

  /** Has it do nothing until {@link #resume}; what is sent to it waits. */
  public void pause() throws IOException, InterruptedException {
    signal("-STOP");
  }

  /** Has it go on. */
  public void resume() throws IOException, InterruptedException {
    signal("-CONT");
  }

  private void signal(String signal) throws IOException, InterruptedException {
    new ProcessBuilder("kill", signal, Long.toString(process.get().pid())).start().waitFor();
  }

  /** Ends it as an init system does, and returns its exit status. */
  public int stop() throws InterruptedException {
    process.get().destroy();
    if (!process.get().waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
      throw new AssertionError("the server did not stop");
    }
    return process.get().exitValue();
  }

  /** What it printed, over all of its lives. */
  public String said() throws IOException {
    return Files.readString(said);
  }

  private HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create(url + path))
        .timeout(patience)
        .header("Authorization", "Bearer " + TOKEN);
  }

  private static HttpResponse<byte[]> send(HttpRequest request)
      throws IOException, InterruptedException {
    return CLIENT.send(request, HttpResponse.BodyHandlers.ofByteArray());
  }

  /**
   * An answer: its status and its body.
   *
   * @param code what its {@code Tka-Error} header says; empty without one
   */
  public record Reply(int status, Bytes body, String code) {
    /** The body as text. */
    public String text() {
      return new String(body.toByteArray(), StandardCharsets.UTF_8);
    }
  }

  private static Reply reply(HttpResponse<byte[]> response) {
    return new Reply(
        response.statusCode(),
        Bytes.copyOf(response.body()),
        response.headers().firstValue("Tka-Error").orElse(""));
  }

  /** A control server's GET. */
  public Reply get(String path) throws IOException, InterruptedException {
    return reply(send(request(path).build()));
  }

  /** A control server's POST. */
  public Reply post(String path, String body) throws IOException, InterruptedException {
    return reply(send(request(path).POST(HttpRequest.BodyPublishers.ofString(body)).build()));
  }

  /** Forwards a node's request as real nodes send it: a GET with a body. */
  public Reply forward(String tailnet, long node, RpcRequest request)
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

  /** Reads the answer to an RPC. */
  public static RpcAnswer answer(RpcRequest request, Reply reply) throws Exception {
    return RpcJson.readAnswer(request.rpc(), new ByteArrayInputStream(reply.body().toByteArray()));
  }

  @Override
  public void close() {
    process.get().destroyForcibly().onExit().join();
  }
}
