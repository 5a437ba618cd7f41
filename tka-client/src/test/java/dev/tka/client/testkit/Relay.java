package dev.tka.client.testkit;

import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.function.Function;

/**
 * Passes requests on to a real server that listens on a Unix socket, and loses those that a test
 * says, or their answers.
 */
public final class Relay implements FakeServer.Answering {
  /** What becomes of a request. */
  public enum Fate {
    /** It is answered. */
    PASSES,
    /** It never comes to the server. */
    LOST,
    /** It comes to the server, and its answer is lost. */
    ANSWER_LOST
  }

  private final Path socket;
  private final Function<FakeServer.Asked, Fate> fate;

  /** To a socket. */
  public Relay(Path socket, Function<FakeServer.Asked, Fate> fate) {
    this.socket = socket;
    this.fate = fate;
  }

  @Override
  public void to(FakeServer.Asked request, OutputStream out) throws Exception {
    Fate now = fate.apply(request);
    if (now == Fate.LOST) {
      return;
    }
    byte[] answer = pass(request);
    if (now == Fate.PASSES) {
      out.write(answer);
      out.flush();
    }
  }

  /** The server's answer, as it is. */
  public byte[] pass(FakeServer.Asked request) throws Exception {
    try (SocketChannel server = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
      OutputStream out = Channels.newOutputStream(server);
      String head = request.head().replaceFirst("\r\n", "\r\nConnection: close\r\n");
      out.write(head.getBytes(StandardCharsets.ISO_8859_1));
      out.write(request.body().toByteArray());
      out.flush();
      InputStream in = Channels.newInputStream(server);
      ByteArrayOutputStream answer = new ByteArrayOutputStream();
      in.transferTo(answer);
      return answer.toByteArray();
    }
  }
}
