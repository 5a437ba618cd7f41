package dev.tka.control.http;

import java.time.Duration;
import java.util.Optional;

/**
 * A request that is not answered as asked: its status, its stable code, and one sentence that a
 * person can act on (service, sections 3 and 10).
 */
@SuppressWarnings("serial") // Exceptions are not serialized.
final class HttpFailure extends Exception {
  private static final long serialVersionUID = 1;

  private final int status;
  private final String code;
  private final Optional<Duration> retryAfter;
  private final Optional<String> allow;
  private final Optional<String> location;

  HttpFailure(int status, String code, String message) {
    this(status, code, message, Optional.empty(), Optional.empty(), Optional.empty());
  }

  private HttpFailure(
      int status,
      String code,
      String message,
      Optional<Duration> retryAfter,
      Optional<String> allow,
      Optional<String> location) {
    super(message, null, false, false);
    this.status = status;
    this.code = code;
    this.retryAfter = retryAfter;
    this.allow = allow;
    this.location = location;
  }

  static HttpFailure malformed(String message) {
    return new HttpFailure(400, "malformed", message);
  }

  static HttpFailure unauthorized(String message) {
    return new HttpFailure(401, "unauthorized", message);
  }

  static HttpFailure forbidden(String message) {
    return new HttpFailure(403, "forbidden", message);
  }

  static HttpFailure notFound(String message) {
    return new HttpFailure(404, "not-found", message);
  }

  static HttpFailure badMethod(String message, String allow) {
    return new HttpFailure(
        405, "bad-method", message, Optional.empty(), Optional.of(allow), Optional.empty());
  }

  static HttpFailure tooSlow(String message) {
    return new HttpFailure(408, "malformed", message);
  }

  static HttpFailure tooLarge(String message) {
    return new HttpFailure(413, "too-large", message);
  }

  static HttpFailure tooMany(String message, Duration retryAfter) {
    return new HttpFailure(
        429, "too-many", message, Optional.of(retryAfter), Optional.empty(), Optional.empty());
  }

  static HttpFailure unavailable(String message, Duration retryAfter) {
    return new HttpFailure(
        503, "unavailable", message, Optional.of(retryAfter), Optional.empty(), Optional.empty());
  }

  /** A failure of the core, as it is. */
  static HttpFailure of(int status, String code, String message, Optional<Duration> retryAfter) {
    return new HttpFailure(status, code, message, retryAfter, Optional.empty(), Optional.empty());
  }

  /** A failure of the core that sends the client to another server. */
  static HttpFailure elsewhere(int status, String code, String message, String location) {
    return new HttpFailure(
        status, code, message, Optional.empty(), Optional.empty(), Optional.of(location));
  }

  int status() {
    return status;
  }

  String code() {
    return code;
  }

  /** The sentence; it has one line. */
  String line() {
    return String.valueOf(getMessage());
  }

  Optional<Duration> retryAfter() {
    return retryAfter;
  }

  /** Where to send the request instead. */
  Optional<String> location() {
    return location;
  }

  /** The methods that a path has. */
  Optional<String> allow() {
    return allow;
  }
}
