package dev.tka.node;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;

/** Why control gave no answer that can be used. The message says so on one line. */
public abstract sealed class ControlFailure extends Exception {
  private final String message;

  private ControlFailure(String message) {
    super(message);
    this.message = message;
  }

  @Override
  public String getMessage() {
    return message;
  }

  /** How long control asks the node to wait before it asks again; empty if it does not say. */
  public Optional<Duration> retryAfter() {
    return Optional.empty();
  }

  /** It cannot be reached, or its answer did not come, whole and in time. */
  public static final class Unreachable extends ControlFailure {
    /** Says why, as a phrase. */
    public Unreachable(String why) {
      super("control cannot be reached: " + why);
    }
  }

  /** It refuses the request. */
  public static final class Refused extends ControlFailure {
    private final int status;
    private final String line;
    private final Optional<String> code;
    private final Optional<Duration> retryAfter;

    Refused(ControlTransport.Reply reply) {
      super("control answers " + reply.status() + line(reply));
      this.status = reply.status();
      this.line = line(reply);
      this.code = reply.code();
      this.retryAfter = reply.retryAfter();
    }

    /** The first line of what control says. */
    private static String line(ControlTransport.Reply reply) {
      String text = new String(reply.body().toByteArray(), StandardCharsets.UTF_8);
      String first = PlainLine.of(text.lines().findFirst().orElse("").strip());
      return first.isEmpty() ? "" : ": " + first;
    }

    /** The HTTP status. */
    public int status() {
      return status;
    }

    /** What control says, on one line; may be empty. */
    public String line() {
      return line.isEmpty() ? "" : line.substring(2);
    }

    /** A stable word for what went wrong, from a control of ours. */
    public Optional<String> code() {
      return code;
    }

    @Override
    public Optional<Duration> retryAfter() {
      return retryAfter;
    }
  }

  /** It answered with something that is not an answer. */
  public static final class BadAnswer extends ControlFailure {
    /** Says what is wrong with it, in words that quote nothing. */
    public BadAnswer(String why) {
      super("control's answer cannot be used: " + why);
    }
  }
}
