package dev.tka.signer.internal;

import dev.tka.core.AumSignature;
import dev.tka.core.Bytes;
import dev.tka.core.LockPublicKey;
import dev.tka.core.SigningException;
import java.io.EOFException;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * Asks an ssh-agent for its Ed25519 keys and for signatures, over its Unix socket; RFC 8709 has the
 * form of such keys and signatures. Each request has a connection of its own, so an agent may be
 * started anew between two. A key that lives on a FIDO device is of another type, which signs more
 * than the bytes, and is left out.
 */
final class SshAgentClient {
  private static final byte[] ED25519 = "ssh-ed25519".getBytes(StandardCharsets.US_ASCII);

  private static final byte FAILURE = 5;
  private static final byte REQUEST_IDENTITIES = 11;
  private static final byte IDENTITIES = 12;
  private static final byte SIGN_REQUEST = 13;
  private static final byte SIGNATURE = 14;

  /** No agent sends more. */
  private static final int MAX_ANSWER = 256 * 1024;

  private static final String OTHER = "its answer is not one of an ssh-agent";

  private final Path socket;
  private final Duration limit;

  /** For an agent, with the time limit of each answer. */
  SshAgentClient(Path socket, Duration limit) {
    this.socket = socket;
    this.limit = limit;
  }

  /** Its Ed25519 keys, in its order. */
  List<LockPublicKey> keys() throws SigningException {
    ByteBuffer answer = ask(ByteBuffer.allocate(1).put(REQUEST_IDENTITIES).flip());
    try {
      if (answer.get() != IDENTITIES) {
        throw failure("it does not list its keys");
      }
      List<LockPublicKey> keys = new ArrayList<>();
      int count = answer.getInt();
      for (int i = 0; i < count; i++) {
        ByteBuffer key = string(answer);
        string(answer);
        if (Arrays.equals(bytes(string(key)), ED25519)) {
          keys.add(new LockPublicKey(exactly(LockPublicKey.SIZE, string(key))));
          requireEnd(key);
        }
      }
      requireEnd(answer);
      return keys;
    } catch (BufferUnderflowException e) {
      throw failure(OTHER);
    }
  }

  /** Its signature over these bytes, 64 bytes; whether it verifies is not checked. */
  Bytes sign(LockPublicKey key, Bytes message) throws SigningException {
    ByteBuffer blob = ByteBuffer.allocate(2 * Integer.BYTES + ED25519.length + LockPublicKey.SIZE);
    put(blob, ED25519);
    put(blob, key.bytes().toByteArray());
    ByteBuffer request =
        ByteBuffer.allocate(1 + 3 * Integer.BYTES + blob.capacity() + message.size());
    request.put(SIGN_REQUEST);
    put(request, blob.array());
    put(request, message.toByteArray());
    request.putInt(0);
    ByteBuffer answer = ask(request.flip());
    try {
      byte type = answer.get();
      if (type == FAILURE) {
        throw failure("it did not sign: the key is gone, it is locked, or somebody said no");
      }
      if (type != SIGNATURE) {
        throw failure(OTHER);
      }
      ByteBuffer signature = string(answer);
      requireEnd(answer);
      if (!Arrays.equals(bytes(string(signature)), ED25519)) {
        throw failure("its signature is not one of Ed25519");
      }
      Bytes made = exactly(AumSignature.SIGNATURE_SIZE, string(signature));
      requireEnd(signature);
      return made;
    } catch (BufferUnderflowException e) {
      throw failure(OTHER);
    }
  }

  private ByteBuffer ask(ByteBuffer request) throws SigningException {
    try {
      return exchange(request);
    } catch (IOException e) {
      String what =
          Files.notExists(socket)
              ? "no such socket"
              : Objects.requireNonNullElse(e.getMessage(), "");
      throw new SigningException(this + ": " + (what.isEmpty() ? "no answer" : what), e);
    }
  }

  private ByteBuffer exchange(ByteBuffer request) throws IOException {
    long end = System.nanoTime() + limit.toNanos();
    try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        Selector selector = Selector.open()) {
      channel.configureBlocking(false);
      SelectionKey key = channel.register(selector, 0);
      if (!channel.connect(UnixDomainSocketAddress.of(socket))) {
        await(key, SelectionKey.OP_CONNECT, end);
        channel.finishConnect();
      }
      ByteBuffer framed = ByteBuffer.allocate(Integer.BYTES + request.remaining());
      framed.putInt(request.remaining()).put(request).flip();
      while (framed.hasRemaining()) {
        if (channel.write(framed) == 0) {
          await(key, SelectionKey.OP_WRITE, end);
        }
      }
      int length = read(channel, key, ByteBuffer.allocate(Integer.BYTES), end).getInt();
      if (length < 1 || length > MAX_ANSWER) {
        throw new IOException(OTHER);
      }
      return read(channel, key, ByteBuffer.allocate(length), end);
    }
  }

  private static ByteBuffer read(
      SocketChannel channel, SelectionKey key, ByteBuffer target, long end) throws IOException {
    while (target.hasRemaining()) {
      int count = channel.read(target);
      if (count < 0) {
        throw new EOFException("it ended the connection before its answer");
      }
      if (count == 0) {
        await(key, SelectionKey.OP_READ, end);
      }
    }
    return target.flip();
  }

  private static void await(SelectionKey key, int operation, long end) throws IOException {
    key.interestOps(operation);
    long millis = Duration.ofNanos(end - System.nanoTime()).toMillis();
    if (millis <= 0 || key.selector().select(millis) == 0) {
      if (Thread.currentThread().isInterrupted()) {
        throw new IOException("interrupted");
      }
      throw new SocketTimeoutException("no answer in time");
    }
    key.selector().selectedKeys().clear();
  }

  /** A string of the protocol: its length, and its bytes. */
  private static ByteBuffer string(ByteBuffer from) {
    int length = from.getInt();
    if (length < 0 || length > from.remaining()) {
      throw new BufferUnderflowException();
    }
    ByteBuffer string = from.slice(from.position(), length);
    from.position(from.position() + length);
    return string;
  }

  private static void put(ByteBuffer target, byte[] string) {
    target.putInt(string.length).put(string);
  }

  private static byte[] bytes(ByteBuffer from) {
    byte[] bytes = new byte[from.remaining()];
    from.get(bytes);
    return bytes;
  }

  private Bytes exactly(int size, ByteBuffer from) throws SigningException {
    if (from.remaining() != size) {
      throw failure("expected " + size + " bytes in its answer, found " + from.remaining());
    }
    return Bytes.copyOf(bytes(from));
  }

  private void requireEnd(ByteBuffer from) throws SigningException {
    if (from.hasRemaining()) {
      throw failure(OTHER);
    }
  }

  private SigningException failure(String what) {
    return new SigningException(this + ": " + what);
  }

  /** For messages. */
  @Override
  public String toString() {
    return "ssh-agent at " + socket;
  }
}
