package dev.tka.control.http.page;

import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A file of the page.
 *
 * @param type its media type
 * @param body not copied
 * @param etag its entity tag, which stays as long as its bytes do
 */
@SuppressWarnings("ArrayRecordComponent") // Read once and only written.
public record PageFile(String type, byte[] body, String etag) {
  /** The file that {@code /} is. */
  public static final String INDEX = "index.html";

  /**
   * Sent with each file. Nothing is loaded from elsewhere, no script or style stands within a file,
   * no text is ever read as markup, and nobody may put the page into a frame (service, section 5).
   */
  public static final Map<String, String> HEADERS =
      Map.of(
          "Content-Security-Policy",
          "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
              + " img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none';"
              + " require-trusted-types-for 'script'; trusted-types 'none'",
          "Referrer-Policy",
          "no-referrer",
          "Cross-Origin-Resource-Policy",
          "same-origin",
          "Cache-Control",
          "no-cache");

  /** All files, by name. */
  private static final List<String> NAMES =
      List.of(
          INDEX,
          "app.js",
          "chain.js",
          "dom.js",
          "icon.svg",
          "keys.js",
          "list.js",
          "live.js",
          "nodes.js",
          "page.css",
          "revocation.js",
          "server.js",
          "tailnets.js");

  private static final Map<String, PageFile> FILES = new TreeMap<>();

  static {
    for (String name : NAMES) {
      FILES.put(name, read(name));
    }
  }

  /** The names of all files. */
  public static List<String> names() {
    return NAMES;
  }

  /** One file. */
  public static Optional<PageFile> find(String name) {
    return Optional.ofNullable(FILES.get(name));
  }

  private static PageFile read(String name) {
    try (InputStream in = PageFile.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException(name + " is missing");
      }
      byte[] body = in.readAllBytes();
      byte[] hash = MessageDigest.getInstance("SHA-256").digest(body);
      return new PageFile(
          type(name),
          body,
          '"' + Base64.getUrlEncoder().encodeToString(hash).substring(0, 22) + '"');
    } catch (IOException | NoSuchAlgorithmException e) {
      throw new IllegalStateException(name, e);
    }
  }

  private static String type(String name) {
    return switch (name.substring(name.lastIndexOf('.') + 1)) {
      case "html" -> "text/html; charset=utf-8";
      case "css" -> "text/css; charset=utf-8";
      case "js" -> "text/javascript; charset=utf-8";
      default -> "image/svg+xml";
    };
  }
}
