package dev.tka.store.etcd;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * A connection to a member of etcd, for one request after the other, with as much of HTTP 1.1 as
 * etcd's gateway speaks.
 *
 * <p>The JDK's client is of no use here: it does not read the trailers that follow etcd's errors,
 * and loses the error with them.
 */
final class HttpConnection implements AutoCloseable {
  private static final int LONGEST_LINE = 1 << 14;
  private static final int MOST_HEADERS = 200;

  /** What the system takes of a request without waiting for the member. */
  private static final int PART = 1 << 14;

  private final Member member;
  private final Socket plain;
  private final InputStream in;
  private final OutputStream out;
  private Duration patience = Duration.ZERO;
  private volatile boolean late;

  /**
   * Uses a connection to a member.
   *
   * @param plain the connection itself
   * @param socket the same, or what stands on it for TLS
   */
  HttpConnection(Member member, Socket plain, Socket socket) throws IOException {
    this.member = member;
    this.plain = plain;
    this.in = new BufferedInputStream(socket.getInputStream(), 1 << 16);
    this.out = socket.getOutputStream();
  }

  /**
   * The answer to a request.
   *
   * @param body ends where the answer ends
   */
  record Answer(int status, Body body) {}

  /** Sets how long each read and write may last; 0 for ever. */
  void patience(Duration each) throws IOException {
    patience = each;
    plain.setSoTimeout((int) each.toMillis());
  }

  /** Posts JSON, and reads the answer up to its body. */
  Answer post(String path, byte[] json, String token) throws IOException {
    String head =
        "POST /v3/"
            + path
            + " HTTP/1.1\r\nHost: "
            + member.authority()
            + "\r\nContent-Type: application/json\r\nContent-Length: "
            + json.length
            + (token.isEmpty() ? "" : "\r\nAuthorization: " + token)
            + "\r\n\r\n";
    byte[] first = head.getBytes(StandardCharsets.ISO_8859_1);
    byte[] whole = new byte[first.length + json.length];
    System.arraycopy(first, 0, whole, 0, first.length);
    System.arraycopy(json, 0, whole, first.length, json.length);
    send(whole);
    String[] words = line().split(" ", 3);
    if (words.length < 2 || !words[0].startsWith("HTTP/1.") || !words[1].matches("[0-9]{3}")) {
      throw new IOException("expected an answer of HTTP 1");
    }
    boolean chunked = false;
    long length = -1;
    for (int i = 0; true; i++) {
      String header = line();
      if (header.isEmpty()) {
        break;
      }
      if (i == MOST_HEADERS) {
        throw new IOException("too many headers");
      }
      String[] parts = header.toLowerCase(Locale.ROOT).split(":", 2);
      if (parts.length == 2 && parts[0].equals("content-length")) {
        length = number(parts[1].strip(), 10);
      } else if (parts.length == 2 && parts[0].equals("transfer-encoding")) {
        chunked = parts[1].strip().equals("chunked");
      }
    }
    if (!chunked && length < 0) {
      throw new IOException("expected the length of an answer");
    }
    return new Answer(Integer.parseInt(words[1]), new Body(chunked, length));
  }

  private void send(byte[] whole) throws IOException {
    if (whole.length <= PART) {
      out.write(whole);
      return;
    }
    try {
      for (int at = 0; at < whole.length; at += PART) {
        // A socket limits how long it waits to read, and not how long it waits to write.
        CompletableFuture<Void> sent = new CompletableFuture<>();
        sent.orTimeout(patience.toMillis(), TimeUnit.MILLISECONDS)
            .exceptionally(
                timeout -> {
                  late = true;
                  close();
                  return null;
                });
        out.write(whole, at, Math.min(PART, whole.length - at));
        sent.complete(null);
      }
    } catch (IOException e) {
      throw late ? new SocketTimeoutException("the member takes no more") : e;
    }
  }

  private String line() throws IOException {
    StringBuilder line = new StringBuilder();
    while (true) {
      int read = in.read();
      if (read < 0) {
        throw new EOFException("the connection was closed");
      }
      if (read == '\n') {
        int length = line.length();
        return length > 0 && line.charAt(length - 1) == '\r'
            ? line.substring(0, length - 1)
            : line.toString();
      }
      if (line.length() == LONGEST_LINE) {
        throw new IOException("a line that is too long");
      }
      line.append((char) read);
    }
  }

  private static long number(String text, int radix) throws IOException {
    try {
      long number = Long.parseLong(text, radix);
      if (number >= 0) {
        return number;
      }
    } catch (NumberFormatException e) {
      // Treated like a negative one.
    }
    throw new IOException("expected a length");
  }

  /** The body of an answer. */
  final class Body extends InputStream {
    private final boolean chunked;

    /** How much of this chunk, or of the whole, is to come. */
    private long left;

    private boolean begun;
    private boolean ended;

    Body(boolean chunked, long length) {
      this.chunked = chunked;
      this.left = chunked ? 0 : length;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      if (length == 0) {
        return 0;
      }
      if (left == 0 && !ended) {
        next();
      }
      if (ended) {
        return -1;
      }
      int read = in.read(target, offset, (int) Math.min(length, left));
      if (read < 0) {
        throw new EOFException("the connection was closed");
      }
      left -= read;
      return read;
    }

    private void next() throws IOException {
      if (!chunked) {
        ended = true;
        return;
      }
      if (begun && !line().isEmpty()) {
        throw new IOException("expected the end of a chunk");
      }
      begun = true;
      left = number(line().split(";", 2)[0].strip(), 16);
      if (left == 0) {
        while (!line().isEmpty()) {
          // A trailer.
        }
        ended = true;
      }
    }

    /** Ends the connection: what was not read would stand before the next answer. */
    @Override
    public void close() {
      if (!ended) {
        HttpConnection.this.close();
      }
    }
  }

  /** Whoever reads or writes gets an exception. */
  @Override
  public void close() {
    try {
      // To close what stands on it for TLS would wait for who is writing.
      plain.close();
    } catch (IOException e) {
      // It is closed for all that concerns this end.
    }
  }
}
