package dev.tka.signer.testkit;

import dev.tka.core.Bytes;
import dev.tka.testkit.TestKeys;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;

/** Something at a Unix socket that behaves like an ssh-agent with one key, but for one fault. */
public final class FalseAgent implements AutoCloseable {
  private static final byte REQUEST_IDENTITIES = 11;
  private static final byte IDENTITIES = 12;
  private static final byte SIGNATURE = 14;
  private static final byte FAILURE = 5;
  private static final int LARGE = 4096;

  private final int number;
  private final SignerContract.Fault fault;
  private final ServerSocketChannel server;

  private FalseAgent(int number, SignerContract.Fault fault, ServerSocketChannel server) {
    this.number = number;
    this.fault = fault;
    this.server = server;
  }

  /**
   * Starts one.
   *
   * @param number the number of its key
   */
  public static FalseAgent start(Path socket, int number, SignerContract.Fault fault)
      throws IOException {
    ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(socket));
    FalseAgent agent = new FalseAgent(number, fault, server);
    Thread thread = new Thread(agent::serve, "false agent");
    thread.setDaemon(true);
    thread.start();
    return agent;
  }

  private void serve() {
    try {
      while (true) {
        SocketChannel channel = server.accept();
        Thread thread = new Thread(() -> answer(channel), "false agent's answer");
        thread.setDaemon(true);
        thread.start();
      }
    } catch (IOException e) {
      // It was closed.
    }
  }

  private void answer(SocketChannel channel) {
    try (channel) {
      ByteBuffer request = read(channel);
      ByteBuffer answer = answer(request);
      if (fault == SignerContract.Fault.DIES) {
        answer.limit(answer.limit() / 2);
      }
      while (answer.hasRemaining()) {
        channel.write(answer);
      }
    } catch (IOException e) {
      // The other end is gone.
    }
  }

  private ByteBuffer answer(ByteBuffer request) throws IOException {
    if (request.get() == REQUEST_IDENTITIES) {
      if (fault == SignerContract.Fault.HANGS_AT_ONCE) {
        hang();
      }
      if (fault == SignerContract.Fault.NONSENSE) {
        return framed(new byte[] {IDENTITIES, 127, 127, 127, 127, 1, 2, 3});
      }
      ByteBuffer answer = ByteBuffer.allocate(LARGE).put(IDENTITIES).putInt(1);
      string(answer, blob());
      string(answer, "a comment".getBytes(StandardCharsets.US_ASCII));
      return framed(answer);
    }
    if (fault == SignerContract.Fault.HANGS) {
      hang();
    }
    if (fault == SignerContract.Fault.REFUSES) {
      return framed(new byte[] {FAILURE});
    }
    string(request);
    byte[] signature = signature(Bytes.copyOf(string(request))).toByteArray();
    ByteBuffer inner = ByteBuffer.allocate(LARGE);
    string(inner, "ssh-ed25519".getBytes(StandardCharsets.US_ASCII));
    string(inner, Arrays.copyOf(signature, size(signature.length)));
    ByteBuffer answer = ByteBuffer.allocate(LARGE).put(SIGNATURE);
    string(answer, Arrays.copyOf(inner.array(), inner.position()));
    return framed(answer);
  }

  private Bytes signature(Bytes message) {
    return switch (fault) {
      case OTHER_BYTES -> TestKeys.signature(number, Bytes.copyOf(TestKeys.seed(1)));
      case OTHER_KEY -> TestKeys.signature(number + 1, message);
      default -> TestKeys.signature(number, message);
    };
  }

  private int size(int size) {
    return switch (fault) {
      case MORE_BYTES -> size + 1;
      case FEWER_BYTES -> size - 1;
      default -> size;
    };
  }

  private byte[] blob() {
    ByteBuffer blob = ByteBuffer.allocate(LARGE);
    string(blob, "ssh-ed25519".getBytes(StandardCharsets.US_ASCII));
    string(blob, TestKeys.id(number).toByteArray());
    return Arrays.copyOf(blob.array(), blob.position());
  }

  private static void hang() throws IOException {
    try {
      Thread.sleep(Long.MAX_VALUE);
    } catch (InterruptedException e) {
      throw new InterruptedIOException();
    }
  }

  private static ByteBuffer framed(ByteBuffer answer) {
    byte[] bytes = new byte[answer.flip().remaining()];
    answer.get(bytes);
    return framed(bytes);
  }

  private static ByteBuffer framed(byte[] answer) {
    return ByteBuffer.allocate(Integer.BYTES + answer.length)
        .putInt(answer.length)
        .put(answer)
        .flip();
  }

  private static void string(ByteBuffer target, byte[] string) {
    target.putInt(string.length).put(string);
  }

  private static byte[] string(ByteBuffer from) {
    byte[] string = new byte[from.getInt()];
    from.get(string);
    return string;
  }

  private static ByteBuffer read(SocketChannel channel) throws IOException {
    ByteBuffer length = ByteBuffer.allocate(Integer.BYTES);
    fill(channel, length);
    ByteBuffer body = ByteBuffer.allocate(length.flip().getInt());
    fill(channel, body);
    return body.flip();
  }

  private static void fill(SocketChannel channel, ByteBuffer target) throws IOException {
    while (target.hasRemaining()) {
      if (channel.read(target) < 0) {
        throw new IOException("closed");
      }
    }
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
