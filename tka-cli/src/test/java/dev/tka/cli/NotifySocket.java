package dev.tka.cli;

import java.io.IOException;
import java.net.DatagramPacket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.newsclub.net.unix.AFUNIXDatagramSocket;
import org.newsclub.net.unix.AFUNIXSocketAddress;

/** What a service manager such as systemd listens on, by the name in {@code NOTIFY_SOCKET}. */
final class NotifySocket implements AutoCloseable {
  private static final int PATIENCE_MS = 30_000;
  private static final int LARGEST = 8192;

  private final AFUNIXDatagramSocket socket;

  /** Listens: at a path, or at a name without a file if it begins with {@code @}. */
  NotifySocket(String name) throws IOException {
    socket = AFUNIXDatagramSocket.newInstance();
    socket.bind(
        name.startsWith("@")
            ? AFUNIXSocketAddress.inAbstractNamespace(name.substring(1))
            : AFUNIXSocketAddress.of(Path.of(name)));
    socket.setSoTimeout(PATIENCE_MS);
  }

  /** The next message. */
  String heard() throws IOException {
    DatagramPacket packet = new DatagramPacket(new byte[LARGEST], LARGEST);
    socket.receive(packet);
    return new String(packet.getData(), 0, packet.getLength(), StandardCharsets.UTF_8);
  }

  @Override
  public void close() {
    socket.close();
  }
}
