package dev.tka.cli.command;

import dev.tka.cli.output.Texts;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.newsclub.net.unix.AFUNIXDatagramSocket;
import org.newsclub.net.unix.AFUNIXSocketAddress;

/**
 * Tells systemd, or who else reads the socket that {@code NOTIFY_SOCKET} names, how the service
 * stands. Nothing depends on its being heard. Nothing of the library for such sockets is loaded
 * unless one is named.
 */
final class ServiceManager {
  /** Where the library unpacks its native part, if it is set. */
  private static final String FOLDER = "org.newsclub.net.unix.library.tmpdir";

  private final Optional<String> socket;

  private ServiceManager(Optional<String> socket) {
    this.socket = socket;
  }

  /** The one that the environment of this process names. */
  static ServiceManager ofProcess() {
    return of(System.getenv("NOTIFY_SOCKET"));
  }

  /** The one at a socket, if it is one. */
  static ServiceManager of(@Nullable String notifySocket) {
    return new ServiceManager(
        Optional.ofNullable(notifySocket)
            .filter(name -> name.length() > 1 && (name.startsWith("/") || name.startsWith("@"))));
  }

  /** It does its work, whatever control does. */
  Optional<String> ready() {
    return tell("READY=1");
  }

  /** It is about to end. */
  Optional<String> stopping() {
    return tell("STOPPING=1");
  }

  /** What it waits for; a line of its own in a message would be another message. */
  Optional<String> status(String line) {
    return tell("STATUS=" + Texts.printable(line));
  }

  /**
   * Sends a message.
   *
   * @return why it could not be sent
   */
  private synchronized Optional<String> tell(String message) {
    if (socket.isEmpty()) {
      return Optional.empty();
    }
    String name = socket.get();
    try {
      // The library prints a stack if it cannot be unpacked.
      Files.delete(
          Files.createTempFile(
              Path.of(System.getProperty(FOLDER, System.getProperty("java.io.tmpdir"))),
              "tka",
              null));
      SocketAddress address =
          name.startsWith("@")
              ? AFUNIXSocketAddress.inAbstractNamespace(name.substring(1))
              : AFUNIXSocketAddress.of(Path.of(name));
      byte[] bytes = message.getBytes(StandardCharsets.UTF_8);
      try (AFUNIXDatagramSocket sender = AFUNIXDatagramSocket.newInstance()) {
        sender.connect(address);
        sender.send(new DatagramPacket(bytes, bytes.length));
      }
      return Optional.empty();
    } catch (IOException | RuntimeException | LinkageError e) {
      return Optional.of(
          "the service manager could not be told at " + name + ": " + e.getMessage());
    }
  }
}
