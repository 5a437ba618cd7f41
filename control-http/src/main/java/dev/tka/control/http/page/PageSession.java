package dev.tka.control.http.page;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Optional;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * What a browser has in place of an operator's token (service, section 5): the time at which it
 * ends, with a code over it whose key is the token's hash. So the server keeps nothing, each server
 * with the same file of tokens knows it, and it ends when the token is withdrawn. Nobody can make a
 * token of it.
 *
 * @param ends in seconds since 1970
 * @param code of the end, in base64url
 */
public record PageSession(long ends, String code) {
  /** How long one lasts: a working day. */
  public static final Duration LASTS = Duration.ofHours(12);

  private static final String OVER_TLS = "__Host-tka-page";
  private static final String PLAIN = "tka-page";

  /**
   * Begins one.
   *
   * @param tokenHash the SHA-256 of the token
   */
  public static PageSession begin(byte[] tokenHash, Instant now) {
    long ends = now.plus(LASTS).getEpochSecond();
    return new PageSession(ends, code(tokenHash, ends));
  }

  /** Whether it was begun with a token and has not ended. */
  public boolean isOf(byte[] tokenHash, Instant now) {
    return now.getEpochSecond() < ends
        && MessageDigest.isEqual(
            code.getBytes(StandardCharsets.UTF_8),
            code(tokenHash, ends).getBytes(StandardCharsets.UTF_8));
  }

  private static String code(byte[] tokenHash, long ends) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(tokenHash, "HmacSHA256"));
      byte[] code =
          mac.doFinal(("tka page session until " + ends).getBytes(StandardCharsets.UTF_8));
      return Base64.getUrlEncoder().withoutPadding().encodeToString(code);
    } catch (GeneralSecurityException e) {
      throw new AssertionError("every Java has HMAC with SHA-256", e);
    }
  }

  /**
   * Reads a cookie.
   *
   * @param name as it came
   * @param value as it came
   * @param secure whether it came over TLS: there only a cookie that no plain page can have set
   *     counts
   * @return empty if it is another cookie, or not of this form
   */
  public static Optional<PageSession> read(String name, String value, boolean secure) {
    int dot = value.indexOf('.');
    if (!name.equals(secure ? OVER_TLS : PLAIN)
        || dot < 1
        || !value.substring(0, dot).matches("[0-9]{1,12}")) {
      return Optional.empty();
    }
    return Optional.of(
        new PageSession(Long.parseLong(value.substring(0, dot)), value.substring(dot + 1)));
  }

  /** The header {@code Set-Cookie} that gives it to a browser. */
  public String cookie(boolean secure) {
    return cookie(ends + "." + code, LASTS.toSeconds(), secure);
  }

  /** The header {@code Set-Cookie} that has a browser forget it. */
  public static String noCookie(boolean secure) {
    return cookie("", 0, secure);
  }

  private static String cookie(String value, long seconds, boolean secure) {
    return (secure ? OVER_TLS : PLAIN)
        + "="
        + value
        + "; Path=/; Max-Age="
        + seconds
        + "; HttpOnly; SameSite=Strict"
        + (secure ? "; Secure" : "");
  }

  /** Shows nothing that could be used. */
  @Override
  public String toString() {
    return "session until " + Instant.ofEpochSecond(ends);
  }
}
