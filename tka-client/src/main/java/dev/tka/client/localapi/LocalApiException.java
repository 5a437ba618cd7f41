package dev.tka.client.localapi;

import java.util.Optional;

/**
 * A daemon did not do what it was asked for. The message is one line for a person, and quotes no
 * secret. Each kind says what can be done about it.
 */
public abstract sealed class LocalApiException extends Exception {
  private final String message;
  private final String remedy;

  private LocalApiException(String message, String remedy) {
    super(message);
    this.message = message;
    this.remedy = remedy;
  }

  @Override
  public String getMessage() {
    return message;
  }

  /** What a person can do, as the part of a sentence; empty if the message says it all. */
  public Optional<String> remedy() {
    return remedy.isEmpty() ? Optional.empty() : Optional.of(remedy);
  }

  /** Whether a change that was asked for may have been made all the same. */
  public boolean isInDoubt() {
    return false;
  }

  /** There is no daemon: no socket, or nobody listens on it. */
  public static final class NotRunning extends LocalApiException {
    NotRunning(String message) {
      super(
          message, "start tailscaled; if it listens on another socket, name it: tailscaled:SOCKET");
    }
  }

  /** The person who runs this may not ask for it. */
  public static final class NotPermitted extends LocalApiException {
    NotPermitted() {
      super(
          "tailscaled lets only root and its operator do this",
          "run this as root, or let root make you the operator: 'tailscale set --operator=NAME'");
    }

    NotPermitted(String message) {
      super(message, "run this as root");
    }
  }

  /** The tailnet has no lock, as far as the daemon knows. */
  public static final class NotEnabled extends LocalApiException {
    NotEnabled() {
      super("tailnet lock is not enabled there", "'tka init tailscaled:' enables it");
    }
  }

  /** The daemon is in no tailnet. */
  public static final class NotLoggedIn extends LocalApiException {
    NotLoggedIn() {
      super("this node is not logged in to a tailnet", "log it in: 'tailscale up'");
    }
  }

  /** The node's own key is not trusted, so nothing that it signs counts. */
  public static final class NotTrusted extends LocalApiException {
    NotTrusted() {
      super(
          "this node's own key is not trusted: it can sign nothing",
          "do it on a node whose key is trusted, or have that one trust this key");
    }
  }

  /** Control does not offer a lock to this tailnet. */
  public static final class NotOffered extends LocalApiException {
    NotOffered() {
      super(
          "control does not offer tailnet lock to this node",
          "it may be that the tailnet's plan has none, or that the node is not logged in");
    }
  }

  /** Another edit came first, and this one was not made. */
  public static final class TryAgain extends LocalApiException {
    TryAgain() {
      super("another edit came first; this one was not made", "try it again");
    }
  }

  /** The secret is none of this authority. */
  public static final class WrongSecret extends LocalApiException {
    WrongSecret() {
      super(
          "expected a disablement secret of this authority, found another one; nothing was changed",
          "");
    }
  }

  /** The node's own signature is on it. */
  public static final class AlreadySigned extends LocalApiException {
    AlreadySigned() {
      super("this node has already signed this recovery update; a signature counts once", "");
    }
  }

  /** None of the keys is trusted, so there is nothing to revoke. */
  public static final class NothingToRevoke extends LocalApiException {
    NothingToRevoke() {
      super("none of these keys is trusted now", "'tka status' lists the trusted keys");
    }
  }

  /** Control answered, and said no. Nothing was changed. */
  public static final class ControlRefused extends LocalApiException {
    private final int status;

    ControlRefused(int status, String line) {
      super(
          line.isEmpty() ? "control answered with status " + status : "control says: " + line, "");
      this.status = status;
    }

    /** The HTTP status of control's answer. */
    public int status() {
      return status;
    }
  }

  /** The daemon said no, for a reason of its own. Nothing was changed. */
  public static final class Refused extends LocalApiException {
    private final int status;

    Refused(int status, String line) {
      super(
          line.isEmpty() ? "tailscaled answered with status " + status : "tailscaled says: " + line,
          "");
      this.status = status;
    }

    /** The HTTP status: 400 for input that it does not understand. */
    public int status() {
      return status;
    }
  }

  /** Control failed, or the daemon has no whole answer of it. */
  public static final class ControlSilent extends LocalApiException {
    ControlSilent(String line) {
      super(line, "");
    }

    @Override
    public boolean isInDoubt() {
      return true;
    }
  }

  /** The daemon did not answer to the end. */
  public static final class NoAnswer extends LocalApiException {
    NoAnswer(String message) {
      super(message, "see whether tailscaled runs: 'tailscale status'");
    }

    @Override
    public boolean isInDoubt() {
      return true;
    }
  }

  /** The answer is none that a daemon gives. */
  public static final class BadAnswer extends LocalApiException {
    BadAnswer(String message) {
      super(message, "see whether tailscaled listens on this socket, and which version it is");
    }

    @Override
    public boolean isInDoubt() {
      return true;
    }
  }
}
