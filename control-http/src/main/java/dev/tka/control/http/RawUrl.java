package dev.tka.control.http;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A request's path and query, taken apart as they came (service, section 10): each segment is
 * decoded once, nothing is normalized, and what a server might read in two ways is refused.
 */
final class RawUrl {
  private RawUrl() {}

  /**
   * The decoded segments of a path.
   *
   * @param path as it came, beginning with a slash
   */
  static List<String> segments(String path) throws HttpFailure {
    if (!path.startsWith("/")) {
      throw HttpFailure.malformed("the path must begin with a slash");
    }
    List<String> segments = new ArrayList<>();
    for (String raw : path.substring(1).split("/", -1)) {
      if (raw.indexOf(';') >= 0) {
        throw HttpFailure.malformed("the path must not contain a ';'; encode it as %3B");
      }
      String segment = decode(raw, false, "path");
      if (segment.equals(".") || segment.equals("..")) {
        throw HttpFailure.malformed("the path must not contain '.' or '..' as a segment");
      }
      segments.add(segment);
    }
    return segments;
  }

  /**
   * The decoded parameters of a query, each with its values in order.
   *
   * @param query as it came, without the question mark; may be empty
   */
  static Map<String, List<String>> query(String query) throws HttpFailure {
    Map<String, List<String>> parameters = new TreeMap<>();
    if (query.isEmpty()) {
      return parameters;
    }
    for (String pair : query.split("&", -1)) {
      int equals = pair.indexOf('=');
      String name = decode(equals < 0 ? pair : pair.substring(0, equals), true, "query");
      String value = equals < 0 ? "" : decode(pair.substring(equals + 1), true, "query");
      parameters.computeIfAbsent(name, none -> new ArrayList<>()).add(value);
    }
    return parameters;
  }

  private static String decode(String raw, boolean plusIsSpace, String where) throws HttpFailure {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(raw.length());
    for (int i = 0; i < raw.length(); i++) {
      char c = raw.charAt(i);
      if (c == '%') {
        bytes.write(byteAt(raw, i, where));
        i += 2;
      } else if (c <= ' ' || c >= 0x7f) {
        throw HttpFailure.malformed(
            "the " + where + " must be plain ASCII; percent-encode other characters as UTF-8");
      } else {
        bytes.write(plusIsSpace && c == '+' ? ' ' : c);
      }
    }
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .decode(ByteBuffer.wrap(bytes.toByteArray()))
          .toString();
    } catch (CharacterCodingException e) {
      throw HttpFailure.malformed("the " + where + " is not UTF-8 once it is decoded");
    }
  }

  private static int byteAt(String raw, int percent, String where) throws HttpFailure {
    if (percent + 2 < raw.length()) {
      int high = Character.digit(raw.charAt(percent + 1), 16);
      int low = Character.digit(raw.charAt(percent + 2), 16);
      if (high >= 0
          && low >= 0
          && raw.charAt(percent + 1) < 0x80
          && raw.charAt(percent + 2) < 0x80) {
        return high * 16 + low;
      }
    }
    throw HttpFailure.malformed("the " + where + " has a '%' without two hexadecimal digits");
  }
}
