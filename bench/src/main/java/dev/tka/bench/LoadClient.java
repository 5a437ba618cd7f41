package dev.tka.bench;

import dev.tka.core.Bytes;
import dev.tka.core.NodeKey;
import dev.tka.core.TextException;
import dev.tka.sync.rpc.RpcAnswer;
import dev.tka.sync.rpc.RpcJson;
import dev.tka.sync.rpc.RpcRequest;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** A control server's side of the load: it forwards what nodes send. */
final class LoadClient {
  private static final Duration PATIENCE = Duration.ofSeconds(90);

  private static final ExecutorService THREADS =
      Executors.newFixedThreadPool(
          4,
          work -> {
            Thread thread = new Thread(work, "load");
            thread.setDaemon(true);
            return thread;
          });

  private static final HttpClient CLIENT =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).executor(THREADS).build();

  private final ServerProcess server;

  LoadClient(ServerProcess server) {
    this.server = server;
  }

  /** An answer. */
  record Reply(int status, Bytes body) {
    String text() {
      return new String(body.toByteArray(), StandardCharsets.UTF_8);
    }
  }

  /** The body of a request, where the node's key may be exchanged. */
  static final class Body {
    private static final NodeKey PLACE = Load.nodeKey(0);

    private final String text;

    private Body(String text) {
      this.text = text;
    }

    /** The body of a request that was made for the node of number 0. */
    static Body of(RpcRequest request) throws IOException {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      RpcJson.writeRequest(request, out);
      return new Body(out.toString(StandardCharsets.UTF_8));
    }

    String of(long node) {
      return text.replace(PLACE.toString(), Load.nodeKey(node).toString());
    }
  }

  private HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create(server.url + path))
        .header("Authorization", "Bearer " + server.token)
        .timeout(PATIENCE);
  }

  private static Reply reply(HttpResponse<byte[]> response) {
    return new Reply(response.statusCode(), Bytes.copyOf(response.body()));
  }

  private static Reply send(HttpRequest request) throws IOException, InterruptedException {
    return reply(CLIENT.send(request, HttpResponse.BodyHandlers.ofByteArray()));
  }

  private static CompletableFuture<Reply> sendLater(HttpRequest request) {
    return CLIENT
        .sendAsync(request, HttpResponse.BodyHandlers.ofByteArray())
        .thenApply(LoadClient::reply);
  }

  Reply get(String path) throws IOException, InterruptedException {
    return send(request(path).build());
  }

  Reply put(String path, String body) throws IOException, InterruptedException {
    return send(request(path).PUT(HttpRequest.BodyPublishers.ofString(body)).build());
  }

  private HttpRequest rpc(String tailnet, long node, String rpc, String body) {
    return request("/v1/tailnets/" + tailnet + "/nodes/" + node + "/machine/tka/" + rpc)
        .POST(HttpRequest.BodyPublishers.ofString(body))
        .build();
  }

  Reply call(String tailnet, long node, String rpc, String body)
      throws IOException, InterruptedException {
    return send(rpc(tailnet, node, rpc, body));
  }

  CompletableFuture<Reply> callLater(String tailnet, long node, String rpc, String body) {
    return sendLater(rpc(tailnet, node, rpc, body));
  }

  /** Calls as a node, and reads the answer. */
  RpcAnswer call(String tailnet, long node, RpcRequest request)
      throws IOException, InterruptedException {
    Reply reply = call(tailnet, node, request.rpc().path(), Body.of(request).of(node));
    if (reply.status != 200) {
      throw new IOException(request.rpc() + ": " + reply.status + " " + reply.text());
    }
    try {
      return RpcJson.readAnswer(request.rpc(), new ByteArrayInputStream(reply.body.toByteArray()));
    } catch (TextException e) {
      throw new IOException(e);
    }
  }

  /** Waits until a node is told something else. */
  CompletableFuture<Reply> poll(String tailnet, long node, String head) {
    return sendLater(
        request("/v1/tailnets/" + tailnet + "/announcement?node=" + node + "&wait=55s")
            .header("If-None-Match", '"' + head + '"')
            .build());
  }
}
