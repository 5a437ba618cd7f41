package dev.tka.control;

import dev.tka.core.store.StoreException;
import java.net.URI;
import java.time.Duration;
import java.util.Optional;

/**
 * Why control does not do what it was asked for (service, sections 3 and 10). The message is one
 * plain line for the person who waits; it names no class, no file and no secret.
 */
public abstract sealed class ControlException extends Exception {
  private final int status;
  private final String code;

  private ControlException(int status, String code, String message) {
    super(message);
    this.status = status;
    this.code = code;
  }

  private ControlException(int status, String code, String message, Throwable cause) {
    super(message, cause);
    this.status = status;
    this.code = code;
  }

  /** The HTTP status that fits. */
  public int status() {
    return status;
  }

  /** A stable code for programs: the value of the {@code Tka-Error} header. */
  public String code() {
    return code;
  }

  /** The request cannot be read, or is none. */
  public static final class Malformed extends ControlException {
    Malformed(String message) {
      super(400, "malformed", message);
    }
  }

  /** This caller may not do this. */
  public static final class Forbidden extends ControlException {
    Forbidden(String message) {
      super(403, "forbidden", message);
    }
  }

  /** The secret does not end this authority. */
  public static final class WrongSecret extends ControlException {
    WrongSecret() {
      super(403, "wrong-secret", "this is not a disablement secret of this tailnet's lock");
    }
  }

  /** There is no such tailnet. */
  public static final class UnknownTailnet extends ControlException {
    UnknownTailnet() {
      super(404, "unknown-tailnet", "there is no such tailnet");
    }
  }

  /** There is no such node. */
  public static final class UnknownNode extends ControlException {
    UnknownNode(String message) {
      super(404, "unknown-node", message);
    }
  }

  /** There is no such proposal. */
  public static final class UnknownProposal extends ControlException {
    UnknownProposal() {
      super(404, "not-found", "this tailnet has no such proposal");
    }
  }

  /** The lock is off. */
  public static final class LockOff extends ControlException {
    LockOff() {
      super(409, "lock-off", "tailnet lock is not enabled");
    }
  }

  /** The lock is on already. */
  public static final class LockOn extends ControlException {
    LockOn() {
      super(409, "lock-on", "tailnet lock is enabled already");
    }
  }

  /** The change breaks a rule; trying again does not help. */
  public static final class Refused extends ControlException {
    Refused(String message) {
      super(409, "refused", message);
    }
  }

  /** Another change was first; trying again helps. */
  public static final class Conflict extends ControlException {
    Conflict(String message) {
      super(409, "conflict", message);
    }
  }

  /** The answer would be longer than this client reads, or the request is too long. */
  public static final class TooLarge extends ControlException {
    TooLarge(String message) {
      super(413, "too-large", message);
    }
  }

  /** There were too many such requests. */
  public static final class TooMany extends ControlException {
    private final Duration retryAfter;

    TooMany(String message, Duration retryAfter) {
      super(429, "too-many", message);
      this.retryAfter = retryAfter;
    }

    /** When to try again. */
    public Duration retryAfter() {
      return retryAfter;
    }
  }

  /** The tailnet was moved to another place (service, section 7); nothing was done here. */
  public static final class Moved extends ControlException {
    /** Whoever is not told where to go has to ask a person. */
    private static final int REDIRECT = 307;

    private static final int GONE = 410;

    private final transient Optional<URI> server;

    Moved(Optional<URI> server) {
      super(
          server.isPresent() ? REDIRECT : GONE,
          "moved",
          server.isPresent()
              ? "this tailnet was moved: it is served by " + server.get()
              : "this tailnet was moved to another server, whose operator knows where it is");
      this.server = server;
    }

    /** Where the servers of that place are; empty if this one was not told. */
    public Optional<URI> server() {
      return server;
    }
  }

  /** This place has a copy of the tailnet that a move has not finished. It lives elsewhere. */
  public static final class Unfinished extends ControlException {
    Unfinished() {
      super(
          503,
          "unavailable",
          "this tailnet is being moved here, and is served by its old place until that is done");
    }
  }

  /** The place was lost during a change, and it is not known whether it happened. */
  public static final class InDoubt extends ControlException {
    InDoubt(StoreException cause) {
      super(
          503,
          "in-doubt",
          "the database was lost during this change: look whether it happened, or try again",
          cause);
    }
  }

  /** The place cannot be read or written now. */
  public static final class Unavailable extends ControlException {
    Unavailable(StoreException cause) {
      this("the database cannot be used now: try again later", cause);
    }

    Unavailable(String message, Exception cause) {
      super(503, "unavailable", message, cause);
    }
  }
}
