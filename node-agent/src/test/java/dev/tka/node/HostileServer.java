package dev.tka.node;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** A server that answers each request with whatever it likes. Counts requests, and what it sent. */
final class HostileServer implements AutoCloseable {
  final AtomicInteger requests = new AtomicInteger();
  final AtomicLong sent = new AtomicLong();

  /** Connections that the client has ended, while the server had more to say. */
  final AtomicInteger hungUp = new AtomicInteger();

  private final ServerSocket listening;
  private final Behaviour behaviour;

  /** What it does with a request, whose head was read. */
  interface Behaviour {
    void answer(OutputStream out) throws IOException, InterruptedException;
  }

  HostileServer(Behaviour behaviour) throws IOException {
    this.behaviour = behaviour;
    listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    daemon(this::listen);
  }

  private static void daemon(Runnable task) {
    Thread thread = new Thread(task, "hostile");
    thread.setDaemon(true);
    thread.start();
  }

  String url() {
    return "http://127.0.0.1:" + listening.getLocalPort();
  }

  /** A head with a status and more lines, and the beginning of a body. */
  static byte[] head(String status, String... lines) {
    StringBuilder head = new StringBuilder("HTTP/1.1 " + status + "\r\n");
    for (String line : lines) {
      head.append(line).append("\r\n");
    }
    return head.append("\r\n").toString().getBytes(StandardCharsets.ISO_8859_1);
  }

  private void listen() {
    try {
      while (true) {
        Socket socket = listening.accept();
        daemon(() -> serve(socket));
      }
    } catch (IOException e) {
      // It is closed.
    }
  }

  private void serve(Socket socket) {
    try (socket) {
      readHead(socket.getInputStream());
      requests.incrementAndGet();
      OutputStream to = socket.getOutputStream();
      behaviour.answer(
          new OutputStream() {
            @Override
            public void write(int b) throws IOException {
              write(new byte[] {(byte) b}, 0, 1);
            }

            @Override
            public void write(byte[] bytes, int from, int count) throws IOException {
              to.write(bytes, from, count);
              sent.addAndGet(count);
            }
          });
      socket.shutdownOutput();
    } catch (IOException | InterruptedException e) {
      hungUp.incrementAndGet();
    }
  }

  private static void readHead(InputStream in) throws IOException {
    int ends = 0;
    while (ends < 4) {
      int next = in.read();
      if (next < 0) {
        throw new IOException("no request");
      }
      ends = next == (ends % 2 == 0 ? '\r' : '\n') ? ends + 1 : 0;
    }
  }

  @Override
  public void close() throws IOException {
    listening.close();
  }
}
