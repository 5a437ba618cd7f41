package dev.tka.bench;

import dev.tka.core.NodeKey;
import dev.tka.core.TextException;
import dev.tka.sync.rpc.RpcAnswer;
import dev.tka.sync.rpc.RpcJson;
import dev.tka.sync.rpc.RpcRequest;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/** A control server's side of the load: it forwards what nodes send. */
final class LoadClient implements AutoCloseable {
  private final ServerProcess server;
  private final Connections connections;

  LoadClient(ServerProcess server) throws IOException {
    this.server = server;
    this.connections =
        new Connections(new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port));
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

  private byte[] request(String method, String path, String headers, String body) {
    // All of it is ASCII.
    return (method
            + ' '
            + path
            + " HTTP/1.1\r\nHost: 127.0.0.1:"
            + server.port
            + "\r\nAuthorization: Bearer "
            + server.token
            + "\r\n"
            + headers
            + "Content-Length: "
            + body.length()
            + "\r\n\r\n"
            + body)
        .getBytes(StandardCharsets.US_ASCII);
  }

  /** A request of a node. */
  byte[] rpc(String tailnet, long node, String rpc, Body body) {
    return request(
        "POST",
        "/v1/tailnets/" + tailnet + "/nodes/" + node + "/machine/tka/" + rpc,
        "",
        body.of(node));
  }

  /** A wait until a node is told something else. */
  byte[] poll(String tailnet, long node, String head) {
    return request(
        "GET",
        "/v1/tailnets/" + tailnet + "/announcement?node=" + node + "&wait=55s",
        "If-None-Match: \"" + head + "\"\r\n",
        "");
  }

  /** Begins requests that follow each other on one connection. */
  void begin(Connections.Talk talk) {
    connections.begin(talk);
  }

  /** Sends one request, and waits for the body of its answer, which must be a success. */
  byte[] send(byte[] request) throws IOException, InterruptedException {
    CompletableFuture<byte[]> done = new CompletableFuture<>();
    begin(
        new Connections.Talk() {
          @Override
          public byte[] first() {
            return request;
          }

          @Override
          public Optional<byte[]> answered(int status, byte[] body) {
            if (status / 100 == 2) {
              done.complete(body);
            } else {
              broke(new IOException(status + " " + new String(body, StandardCharsets.UTF_8)));
            }
            return Optional.empty();
          }

          @Override
          public void broke(IOException why) {
            done.completeExceptionally(why);
          }
        });
    try {
      return done.get();
    } catch (ExecutionException e) {
      throw new IOException(e.getCause());
    }
  }

  void put(String path, String body) throws IOException, InterruptedException {
    send(request("PUT", path, "", body));
  }

  /** Calls as a node, and reads the answer. */
  RpcAnswer call(String tailnet, long node, RpcRequest request)
      throws IOException, InterruptedException {
    byte[] answer = send(rpc(tailnet, node, request.rpc().path(), Body.of(request)));
    try {
      return RpcJson.readAnswer(request.rpc(), new ByteArrayInputStream(answer));
    } catch (TextException e) {
      throw new IOException(e);
    }
  }

  @Override
  public void close() {
    connections.close();
  }
}
