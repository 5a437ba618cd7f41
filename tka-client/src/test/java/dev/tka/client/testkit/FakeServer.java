package dev.tka.client.testkit;

import dev.tka.core.Bytes;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A server that writes whatever a test says, true or not: one request a connection, over TCP on
 * loopback or a Unix socket.
 */
public final class FakeServer implements AutoCloseable {
  private static final Pattern LENGTH = Pattern.compile("(?i)\r\nContent-Length: *([0-9]{1,9})");

  private final ServerSocketChannel channel;
  private final String url;
  private final Answering answering;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final List<Asked> asked = Collections.synchronizedList(new ArrayList<>());

  /** A request: its method, its raw path with the query, all of its head, and its body. */
  public record Asked(String method, String path, String head, Bytes body) {}

  /** Writes an answer, from the status line on. */
  @FunctionalInterface
  public interface Answering {
    void to(Asked request, OutputStream out) throws Exception;
  }

  private FakeServer(ServerSocketChannel channel, Answering answering) throws IOException {
    this.channel = channel;
    this.url = url(channel.getLocalAddress());
    this.answering = answering;
    threads.execute(this::accept);
  }

  /** On a free port of loopback. */
  public static FakeServer onLoopback(Answering answering) throws IOException {
    return new FakeServer(
        ServerSocketChannel.open().bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0)),
        answering);
  }

  /** On a Unix socket. */
  public static FakeServer on(Path socket, Answering answering) throws IOException {
    return new FakeServer(
        ServerSocketChannel.open(StandardProtocolFamily.UNIX)
            .bind(UnixDomainSocketAddress.of(socket)),
        answering);
  }

  /** Its URL. */
  public String url() {
    return url;
  }

  private static String url(SocketAddress address) {
    return address instanceof InetSocketAddress tcp
        ? "http://127.0.0.1:" + tcp.getPort()
        : "unix:" + address;
  }

  /** The requests that came. */
  public List<Asked> asked() {
    return List.copyOf(asked);
  }

  private void accept() {
    try {
      while (true) {
        SocketChannel client = channel.accept();
        threads.execute(() -> serve(client));
      }
    } catch (IOException e) {
      // It was closed.
      return;
    }
  }

  private void serve(SocketChannel client) {
    try (client) {
      InputStream in = new BufferedInputStream(Channels.newInputStream(client));
      ByteArrayOutputStream head = new ByteArrayOutputStream();
      while (!head.toString(StandardCharsets.ISO_8859_1).endsWith("\r\n\r\n")) {
        int next = in.read();
        if (next < 0) {
          return;
        }
        head.write(next);
      }
      String text = head.toString(StandardCharsets.ISO_8859_1);
      String[] words = text.split(" ", 3);
      Asked request = new Asked(words[0], words[1], text, Bytes.copyOf(body(text, in)));
      asked.add(request);
      answering.to(request, Channels.newOutputStream(client));
    } catch (Exception e) {
      // The client has enough, or the test ends.
      return;
    }
  }

  private static byte[] body(String head, InputStream in) throws IOException {
    Matcher length = LENGTH.matcher(head);
    return length.find() ? in.readNBytes(Integer.parseInt(length.group(1))) : new byte[0];
  }

  /** Writes a whole answer. */
  public static void answer(OutputStream out, int status, String headers, byte[] body)
      throws IOException {
    String head =
        "HTTP/1.1 "
            + status
            + " -\r\nConnection: close\r\nContent-Length: "
            + body.length
            + "\r\n"
            + headers
            + "\r\n";
    out.write(head.getBytes(StandardCharsets.ISO_8859_1));
    out.write(body);
    out.flush();
  }

  /** Writes a whole answer of lines of JSON. */
  public static void lines(OutputStream out, String... lines) throws IOException {
    String body = String.join("\n", lines) + "\n";
    answer(
        out, 200, "Content-Type: application/x-ndjson\r\n", body.getBytes(StandardCharsets.UTF_8));
  }

  /** Writes a refusal as our servers do. */
  public static void refuse(OutputStream out, int status, String code, String line)
      throws IOException {
    answer(
        out,
        status,
        "Content-Type: text/plain; charset=utf-8\r\nTka-Error: " + code + "\r\n",
        line.getBytes(StandardCharsets.UTF_8));
  }

  @Override
  public void close() {
    threads.shutdownNow();
    try {
      channel.close();
      // Whoever waits to accept keeps the socket open until then.
      if (!threads.awaitTermination(60, TimeUnit.SECONDS)) {
        throw new AssertionError("a thread of the server goes on");
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
