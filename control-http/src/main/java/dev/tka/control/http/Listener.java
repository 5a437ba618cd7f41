package dev.tka.control.http;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Where the server listens, for whom, and what it asks of them (service, section 5).
 *
 * @param role whom it serves
 * @param address where
 * @param tokenFile the file of the tokens that are let in; a node's tokens are in the store
 * @param readTokenFile the file of the tokens of operators that may only read
 * @param clientCa a file of certificates in PEM; whoever shows a certificate that one of them
 *     signed is let in without a token
 */
public record Listener(
    Role role,
    Address address,
    Optional<Path> tokenFile,
    Optional<Path> readTokenFile,
    Optional<Path> clientCa) {

  /** A listener without tokens and certificates. */
  public static Listener of(Role role, Address address) {
    return new Listener(role, address, Optional.empty(), Optional.empty(), Optional.empty());
  }

  /** With a file of tokens. */
  public Listener withTokenFile(Path file) {
    return new Listener(role, address, Optional.of(file), readTokenFile, clientCa);
  }

  /** With a file of tokens that may only read. */
  public Listener withReadTokenFile(Path file) {
    return new Listener(role, address, tokenFile, Optional.of(file), clientCa);
  }

  /** With certificates that sign those of clients. */
  public Listener withClientCa(Path file) {
    return new Listener(role, address, tokenFile, readTokenFile, Optional.of(file));
  }

  /** Where a listener listens. */
  public sealed interface Address {
    /**
     * A Unix socket.
     *
     * @param path its file
     */
    record Unix(Path path) implements Address {
      @Override
      public String toString() {
        return "unix:" + path;
      }
    }

    /**
     * A TCP port.
     *
     * @param host a name or a literal address
     * @param port 0 for any free one
     */
    record Tcp(String host, int port) implements Address {
      /** Whether only programs on this machine can connect; a name that is not known is not. */
      public boolean isLoopback() {
        InetAddress address = new InetSocketAddress(host, port).getAddress();
        return address != null && address.isLoopbackAddress();
      }

      @Override
      public String toString() {
        return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
      }
    }

    /**
     * Reads {@code unix:PATH} or {@code HOST:PORT}.
     *
     * @throws IllegalArgumentException if it is neither; the message says what was expected
     */
    static Address parse(String text) {
      if (text.startsWith("unix:")) {
        String path = text.substring("unix:".length());
        if (path.isEmpty()) {
          throw new IllegalArgumentException("expected a path after unix:, found none");
        }
        return new Unix(Path.of(path));
      }
      int colon = text.lastIndexOf(':');
      String host = colon < 0 ? "" : text.substring(0, colon);
      if (host.startsWith("[") && host.endsWith("]")) {
        host = host.substring(1, host.length() - 1);
      } else if (host.indexOf(':') >= 0) {
        throw new IllegalArgumentException("expected [ADDRESS]:PORT, found " + text);
      }
      if (host.isEmpty() || !text.substring(colon + 1).matches("[0-9]{1,5}")) {
        throw new IllegalArgumentException("expected unix:PATH or HOST:PORT, found " + text);
      }
      int port = Integer.parseInt(text.substring(colon + 1));
      if (port > 65_535) {
        throw new IllegalArgumentException("expected a port of at most 65535, found " + port);
      }
      return new Tcp(host, port);
    }
  }
}
