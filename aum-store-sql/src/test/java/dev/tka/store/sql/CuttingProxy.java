package dev.tka.store.sql;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/** A proxy between a client and a local server that cuts connections on demand. */
final class CuttingProxy implements AutoCloseable {
  /** When to cut, relative to the client's request. */
  enum When {
    /** Before the server gets the request. */
    BEFORE,
    /** After the server has answered, but before the client gets the answer. */
    AFTER
  }

  private record Cut(String word, When when) {}

  private static final Cut NONE = new Cut("", When.BEFORE);

  private final ServerSocket listening;
  private final int server;
  private Cut cut = NONE;

  CuttingProxy(int server) throws IOException {
    this.server = server;
    this.listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    begin(this::accept);
  }

  int port() {
    return listening.getLocalPort();
  }

  /** Cuts the next connection whose client sends a word. */
  synchronized void cutAt(String word, When when) {
    cut = new Cut(word, when);
  }

  private synchronized boolean isCut(String said, When when) {
    if (cut.when == when && !cut.word.isEmpty() && said.contains(cut.word)) {
      cut = NONE;
      return true;
    }
    return false;
  }

  private interface Work {
    void run() throws IOException;
  }

  private static void begin(Work work) {
    Thread thread =
        new Thread(
            () -> {
              try {
                work.run();
              } catch (IOException e) {
                // One end closed the connection.
              }
            },
            "proxy");
    thread.setDaemon(true);
    thread.start();
  }

  private void accept() throws IOException {
    while (true) {
      Socket client = listening.accept();
      Socket upstream = new Socket(InetAddress.getLoopbackAddress(), server);
      boolean[] silent = {false};
      begin(() -> forth(client, upstream, silent));
      begin(() -> back(client, upstream, silent));
    }
  }

  private void forth(Socket client, Socket upstream, boolean[] silent) throws IOException {
    try (client;
        upstream) {
      byte[] buffer = new byte[1 << 16];
      InputStream in = client.getInputStream();
      OutputStream out = upstream.getOutputStream();
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        String said = new String(buffer, 0, read, StandardCharsets.ISO_8859_1);
        if (isCut(said, When.BEFORE)) {
          return;
        }
        if (isCut(said, When.AFTER)) {
          synchronized (silent) {
            silent[0] = true;
          }
        }
        out.write(buffer, 0, read);
      }
    }
  }

  private static void back(Socket client, Socket upstream, boolean[] silent) throws IOException {
    try (client;
        upstream) {
      byte[] buffer = new byte[1 << 16];
      InputStream in = upstream.getInputStream();
      OutputStream out = client.getOutputStream();
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        synchronized (silent) {
          if (silent[0]) {
            return;
          }
        }
        out.write(buffer, 0, read);
      }
    }
  }

  @Override
  public void close() throws IOException {
    listening.close();
  }
}
