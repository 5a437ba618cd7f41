package dev.tka.bench;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Any number of HTTP/1.1 connections to one server, which one thread serves. A client for general
 * use takes twice the processor time of the server that it is to measure; this one sends bytes that
 * are ready, and of an answer it reads the status and the body alone.
 */
final class Connections implements AutoCloseable {
  private static final int LONGEST_HEAD = 8 << 10;

  private final InetSocketAddress server;
  private final Selector selector;
  private final Queue<Talk> beginning = new ConcurrentLinkedQueue<>();
  private volatile boolean closed;

  /** Connections that are kept for the next talk; the thread's alone, as is what follows. */
  private final ArrayDeque<Connection> idle = new ArrayDeque<>();

  private final ByteBuffer in = ByteBuffer.allocateDirect(64 << 10);

  /** Requests of one party, one after the other on one connection. The thread calls it. */
  interface Talk {
    /** The first request. */
    byte[] first();

    /** The next request, after an answer; empty if that was the last. */
    Optional<byte[]> answered(int status, byte[] body);

    /** The connection broke, or what came is no answer. */
    void broke(IOException why);
  }

  Connections(InetSocketAddress server) throws IOException {
    this.server = server;
    this.selector = Selector.open();
    Thread thread = new Thread(this::serve, "load");
    thread.setDaemon(true);
    thread.start();
  }

  /** Begins a talk, on a connection that nobody else uses as long as it lasts. */
  void begin(Talk talk) {
    beginning.add(talk);
    selector.wakeup();
  }

  private void serve() {
    try (selector) {
      while (!closed) {
        selector.select(key -> ((Connection) key.attachment()).ready());
        // After what came: a server that went away has taken its connections with it.
        for (Talk next = beginning.poll(); next != null; next = beginning.poll()) {
          Connection free = idle.poll();
          try {
            (free == null ? new Connection() : free).begin(next);
          } catch (IOException e) {
            // Nobody listens there, which is told at once on this machine.
            next.broke(e);
          }
        }
      }
      for (SelectionKey each : selector.keys()) {
        each.channel().close();
      }
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    closed = true;
    selector.wakeup();
  }

  /** A connection, with what has come of one answer. */
  private final class Connection {
    private final SocketChannel channel = SocketChannel.open();
    private final SelectionKey key;
    private Optional<Talk> talk = Optional.empty();
    private ByteBuffer out = ByteBuffer.allocate(0);
    private byte[] head = new byte[0];
    private int status;
    private byte[] body = new byte[0];
    private int missing;

    Connection() throws IOException {
      channel.configureBlocking(false);
      channel.setOption(java.net.StandardSocketOptions.TCP_NODELAY, true);
      key = channel.register(selector, SelectionKey.OP_CONNECT, this);
      if (channel.connect(server)) {
        key.interestOps(SelectionKey.OP_READ);
      }
    }

    void begin(Talk next) {
      talk = Optional.of(next);
      try {
        send(next.first());
      } catch (IOException e) {
        broke(e);
      }
    }

    void ready() {
      try {
        if (key.isConnectable()) {
          channel.finishConnect();
          write();
        } else {
          if (key.isWritable()) {
            write();
          }
          if (key.isReadable()) {
            read();
          }
        }
      } catch (IOException e) {
        broke(e);
      }
    }

    private void send(byte[] request) throws IOException {
      out = ByteBuffer.wrap(request);
      if (channel.isConnected()) {
        write();
      }
    }

    private void write() throws IOException {
      channel.write(out);
      key.interestOps(
          out.hasRemaining() ? SelectionKey.OP_READ | SelectionKey.OP_WRITE : SelectionKey.OP_READ);
    }

    private void read() throws IOException {
      int count = channel.read(in.clear());
      if (count < 0) {
        throw new IOException("the server closed the connection");
      }
      in.flip();
      if (talk.isEmpty() && count > 0) {
        throw new IOException("an answer that nobody asked for");
      }
      if (missing == 0) {
        readHead();
      }
      int part = Math.min(missing, in.remaining());
      in.get(body, body.length - missing, part);
      missing -= part;
      if (in.hasRemaining()) {
        throw new IOException("more than an answer");
      }
      if (status != 0 && missing == 0) {
        answered();
      }
    }

    /** Takes what belongs to the head from what came; the status is known once it is whole. */
    private void readHead() throws IOException {
      int before = head.length;
      head = Arrays.copyOf(head, before + in.remaining());
      in.get(head, before, in.remaining());
      String text = new String(head, StandardCharsets.ISO_8859_1);
      int end = text.indexOf("\r\n\r\n");
      if (end < 0) {
        if (head.length > LONGEST_HEAD) {
          throw new IOException("too long a head");
        }
        return;
      }
      in.position(in.limit() - (head.length - end - 4));
      head = new byte[0];
      String lines = text.substring(0, end + 2).toLowerCase(Locale.ROOT);
      if (!lines.startsWith("http/1.1 ") || lines.contains("\r\ntransfer-encoding:")) {
        throw new IOException("expected an answer with its length, found " + lines);
      }
      status = Integer.parseInt(lines.substring(9, 12));
      body = new byte[status == 204 || status == 304 ? 0 : length(lines)];
      missing = body.length;
    }

    private static int length(String lines) throws IOException {
      String name = "\r\ncontent-length:";
      int from = lines.indexOf(name);
      if (from < 0) {
        throw new IOException("expected an answer with its length, found " + lines);
      }
      from += name.length();
      return Integer.parseInt(lines.substring(from, lines.indexOf('\r', from)).strip());
    }

    private void answered() throws IOException {
      int found = status;
      status = 0;
      Optional<byte[]> next = talk.orElseThrow().answered(found, body);
      if (next.isPresent()) {
        send(next.get());
      } else {
        talk = Optional.empty();
        idle.push(this);
      }
    }

    private void broke(IOException why) {
      key.cancel();
      idle.remove(this);
      talk.ifPresent(each -> each.broke(why));
      talk = Optional.empty();
      try {
        channel.close();
      } catch (IOException e) {
        why.addSuppressed(e);
      }
    }
  }
}
