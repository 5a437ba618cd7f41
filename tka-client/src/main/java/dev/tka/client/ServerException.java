package dev.tka.client;

import java.time.Duration;
import java.util.Optional;

/**
 * A server did not do what it was asked for. The message is one line for a person; it does not name
 * the server, and holds no token.
 */
public abstract sealed class ServerException extends Exception {
  private static final int SERVER_ERROR = 500;

  private final String message;
  private final ServerUrl server;

  private ServerException(ServerUrl server, String message) {
    super(message);
    this.message = message;
    this.server = server;
  }

  @Override
  public String getMessage() {
    return message;
  }

  /**
   * Whether the request may have had its effect nevertheless: it may have come to the server, which
   * did not say no.
   */
  public boolean mayHaveHappened() {
    return false;
  }

  /** The server that was asked, or was to be. */
  public ServerUrl server() {
    return server;
  }

  /** The server answered, and said no. */
  public static final class Refused extends ServerException {
    private final int status;
    private final String code;
    private final String line;
    private final transient Optional<Duration> retryAfter;

    Refused(ServerUrl server, int status, String code, String line, Optional<Duration> retryAfter) {
      super(
          server,
          line.isEmpty()
              ? "the server answered with status " + status
              : "the server says: " + line);
      this.status = status;
      this.code = code;
      this.line = line;
      this.retryAfter = retryAfter;
    }

    /** {@inheritDoc} A server of ours knows, and something between may not. */
    @Override
    public boolean mayHaveHappened() {
      return code.equals("in-doubt") || (code.isEmpty() && status >= SERVER_ERROR);
    }

    /** How long to wait before asking again; empty if asking again does not help. */
    public Optional<Duration> retryAfter() {
      return retryAfter;
    }

    /** The HTTP status. */
    public int status() {
      return status;
    }

    /** The stable code, of the {@code Tka-Error} header; empty if there was none. */
    public String code() {
      return code;
    }

    /** The server's own line; empty if it gave none. */
    public String line() {
      return line;
    }
  }

  /** The server could not be reached, or did not answer to the end. */
  public static final class NoAnswer extends ServerException {
    private final boolean mayHaveHappened;

    NoAnswer(ServerUrl server, String message, boolean mayHaveHappened) {
      super(server, message);
      this.mayHaveHappened = mayHaveHappened;
    }

    @Override
    public boolean mayHaveHappened() {
      return mayHaveHappened;
    }
  }

  /** Its certificate is not signed by an authority that is trusted here. */
  public static final class Untrusted extends ServerException {
    Untrusted(ServerUrl server) {
      super(server, "its certificate is not signed by an authority that is trusted here");
    }
  }

  /** The answer is none that a server of ours gives. */
  public static final class BadAnswer extends ServerException {
    BadAnswer(ServerUrl server, String message) {
      super(server, message);
    }

    @Override
    public boolean mayHaveHappened() {
      return true;
    }
  }

  /** Nothing was sent: the token or a certificate cannot be read, or may not be sent there. */
  public static final class NotSent extends ServerException {
    NotSent(ServerUrl server, String message) {
      super(server, message);
    }
  }
}
