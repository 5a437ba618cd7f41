package dev.tka.control.http;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;

/**
 * An answer that is whole in memory.
 *
 * @param status of HTTP
 * @param type its media type; empty for an answer without a body
 * @param body not copied
 * @param headers further ones
 */
@SuppressWarnings("ArrayRecordComponent") // Made once and written once.
record Answer(int status, String type, byte[] body, Map<String, String> headers) {
  static final String JSON = "application/json";
  static final String LINES = "application/x-ndjson";
  static final String TEXT = "text/plain; charset=utf-8";

  static Answer json(byte[] body) {
    return new Answer(200, JSON, body, Map.of());
  }

  /** The head of an answer whose body is written piece by piece. */
  static Answer head(String type) {
    return new Answer(200, type, new byte[0], Map.of());
  }

  static Answer text(String text) {
    return new Answer(200, TEXT, text.getBytes(StandardCharsets.UTF_8), Map.of());
  }

  static Answer empty(int status) {
    return new Answer(status, "", new byte[0], Map.of());
  }

  /** An error: one line of text, with its stable code beside it. */
  static Answer of(HttpFailure failure) {
    Map<String, String> headers = new TreeMap<>();
    headers.put("Tka-Error", failure.code());
    headers.put("Cache-Control", "no-store");
    failure
        .retryAfter()
        .ifPresent(
            after ->
                headers.put(
                    "Retry-After", String.valueOf(Math.max(1, (after.toMillis() + 999) / 1000))));
    failure.location().ifPresent(location -> headers.put("Location", location));
    failure.allow().ifPresent(allow -> headers.put("Allow", allow));
    if (failure.status() == 401) {
      headers.put("WWW-Authenticate", "Bearer");
    }
    String line = failure.line().replaceAll("\\p{Cntrl}+", " ");
    return new Answer(
        failure.status(), TEXT, (line + "\n").getBytes(StandardCharsets.UTF_8), headers);
  }

  Answer with(String header, String value) {
    Map<String, String> more = new TreeMap<>(headers);
    more.put(header, value);
    return new Answer(status, type, body, more);
  }
}
