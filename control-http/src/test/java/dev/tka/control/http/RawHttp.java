package dev.tka.control.http;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** HTTP/1.1 over a plain socket: sends exactly the bytes that a test says. */
final class RawHttp implements AutoCloseable {
  private final SocketChannel channel;
  private final InputStream in;

  RawHttp(Listener.Address address) throws IOException {
    if (address instanceof Listener.Address.Unix unix) {
      channel = SocketChannel.open(StandardProtocolFamily.UNIX);
      channel.connect(UnixDomainSocketAddress.of(unix.path()));
    } else {
      Listener.Address.Tcp tcp = (Listener.Address.Tcp) address;
      channel = SocketChannel.open(new InetSocketAddress(tcp.host(), tcp.port()));
    }
    in = Channels.newInputStream(channel);
  }

  /** An answer; the names of headers are in small letters. */
  record Reply(int status, Map<String, String> headers, String body) {
    String code() {
      return headers.getOrDefault("tka-error", "");
    }
  }

  /** Sends one request and reads its answer. */
  static Reply ask(Listener.Address address, String request) throws IOException {
    return ask(address, request.getBytes(StandardCharsets.UTF_8));
  }

  static Reply ask(Listener.Address address, byte[] request) throws IOException {
    try (RawHttp http = new RawHttp(address)) {
      http.send(request);
      return http.read();
    }
  }

  void send(byte[] bytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    while (buffer.hasRemaining()) {
      channel.write(buffer);
    }
  }

  void send(String text) throws IOException {
    send(text.getBytes(StandardCharsets.UTF_8));
  }

  /** Says that no more comes. */
  void endOutput() throws IOException {
    channel.shutdownOutput();
  }

  /** Reads one answer; status 0 if the connection ended without one. */
  Reply read() throws IOException {
    Reply head = head();
    int status = head.status();
    Map<String, String> headers = head.headers();
    if (status == 0) {
      return head;
    }
    if (status == 100) {
      return read();
    }
    byte[] body;
    if (status == 204 || status == 304) {
      body = new byte[0];
    } else if (headers.containsKey("content-length")) {
      body = in.readNBytes(Integer.parseInt(headers.get("content-length")));
    } else if ("chunked".equals(headers.get("transfer-encoding"))) {
      body = chunks();
    } else {
      body = in.readAllBytes();
    }
    return new Reply(status, headers, new String(body, StandardCharsets.UTF_8));
  }

  /** Reads an answer up to its body. */
  Reply head() throws IOException {
    String first = line();
    if (first.isEmpty()) {
      return new Reply(0, Map.of(), "");
    }
    Map<String, String> headers = new TreeMap<>();
    for (String line = line(); !line.isEmpty(); line = line()) {
      int colon = line.indexOf(':');
      headers.put(
          line.substring(0, colon).toLowerCase(Locale.ROOT), line.substring(colon + 1).strip());
    }
    return new Reply(Integer.parseInt(first.split(" ", -1)[1]), headers, "");
  }

  private byte[] chunks() throws IOException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (byte[] chunk = chunk(); chunk.length > 0; chunk = chunk()) {
      all.write(chunk);
    }
    return all.toByteArray();
  }

  /**
   * Reads one piece of a body that is sent in pieces; empty at the end of the body. The end of a
   * piece may come with the next one.
   */
  byte[] chunk() throws IOException {
    String size = line();
    if (size.isEmpty()) {
      size = line();
    }
    byte[] chunk = in.readNBytes(Integer.parseInt(size.strip(), 16));
    if (chunk.length == 0) {
      line();
    }
    return chunk;
  }

  /** One line of the answer; empty at its end. */
  String line() throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    for (int b = in.read(); b >= 0 && b != '\n'; b = in.read()) {
      if (b != '\r') {
        line.write(b);
      }
    }
    return line.toString(StandardCharsets.UTF_8);
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
