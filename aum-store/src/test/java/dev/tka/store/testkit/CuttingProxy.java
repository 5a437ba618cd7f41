package dev.tka.store.testkit;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** A proxy between a client and a local server that cuts or freezes connections on demand. */
public final class CuttingProxy implements AutoCloseable {
  /** When to cut, relative to the client's request. */
  public enum When {
    /** Before the server gets the request. */
    BEFORE,
    /** After the server has answered, but before the client gets the answer. */
    AFTER
  }

  private record Cut(String word, When when) {}

  private static final Cut NONE = new Cut("", When.BEFORE);

  /** A connection. */
  private static final class Connection {
    final Socket client;
    final Socket server;

    /** What its client said at first. */
    volatile String said = "";

    /** Whether its client is told no more. */
    volatile boolean silent;

    Connection(Socket client, Socket server) {
      this.client = client;
      this.server = server;
    }
  }

  private final ServerSocket listening;

  // Guarded by this.
  private final Set<Socket> open = new HashSet<>();
  private int server;
  private Cut cut = NONE;
  private Optional<String> frozen = Optional.empty();

  /** Begins one before the local server at a port. */
  public CuttingProxy(int server) throws IOException {
    this.server = server;
    this.listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    begin(this::accept);
  }

  /** The port that it listens on. */
  public int port() {
    return listening.getLocalPort();
  }

  /** Cuts the next connection whose client sends a word. */
  public synchronized void cutAt(String word, When when) {
    cut = new Cut(word, when);
  }

  /** Cuts all connections. */
  public void cutAll() {
    List<Socket> all;
    synchronized (this) {
      all = new ArrayList<>(open);
    }
    all.forEach(CuttingProxy::close);
  }

  /** Leads later connections to another local server. */
  public synchronized void leadTo(int other) {
    server = other;
  }

  /** Has everything wait, what is sent and who connects, until {@link #thaw}. */
  public void freeze() {
    freeze("");
  }

  /** Has connections wait whose client said a word at first. */
  public synchronized void freeze(String word) {
    frozen = Optional.of(word);
  }

  /** Has it go on. */
  public synchronized void thaw() {
    frozen = Optional.empty();
    notifyAll();
  }

  private synchronized int awaitServer(String said) throws IOException {
    try {
      while (frozen.filter(said::contains).isPresent()) {
        wait();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(e);
    }
    return server;
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
      begin(() -> connect(client));
    }
  }

  private void connect(Socket client) throws IOException {
    Socket upstream;
    try {
      upstream = new Socket(InetAddress.getLoopbackAddress(), awaitServer(""));
    } catch (IOException e) {
      client.close();
      throw e;
    }
    synchronized (this) {
      open.add(client);
      open.add(upstream);
    }
    Connection connection = new Connection(client, upstream);
    begin(() -> forth(connection));
    begin(() -> back(connection));
  }

  private void forth(Connection connection) throws IOException {
    try (Socket client = connection.client;
        Socket upstream = connection.server) {
      byte[] buffer = new byte[1 << 16];
      InputStream in = client.getInputStream();
      OutputStream out = upstream.getOutputStream();
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        String said = new String(buffer, 0, read, StandardCharsets.ISO_8859_1);
        if (connection.said.isEmpty()) {
          connection.said = said;
        }
        if (isCut(said, When.BEFORE)) {
          return;
        }
        if (isCut(said, When.AFTER)) {
          connection.silent = true;
        }
        awaitServer(connection.said);
        out.write(buffer, 0, read);
      }
    } finally {
      forget(connection);
    }
  }

  private void back(Connection connection) throws IOException {
    try (Socket client = connection.client;
        Socket upstream = connection.server) {
      byte[] buffer = new byte[1 << 16];
      InputStream in = upstream.getInputStream();
      OutputStream out = client.getOutputStream();
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        if (connection.silent) {
          return;
        }
        awaitServer(connection.said);
        out.write(buffer, 0, read);
      }
    } finally {
      forget(connection);
    }
  }

  private synchronized void forget(Connection connection) {
    open.remove(connection.client);
    open.remove(connection.server);
  }

  private static void close(Socket socket) {
    try {
      socket.close();
    } catch (IOException e) {
      // It is closed for all that concerns the other end.
    }
  }

  @Override
  public void close() throws IOException {
    listening.close();
    cutAll();
  }
}
