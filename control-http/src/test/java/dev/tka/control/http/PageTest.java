package dev.tka.control.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.control.http.page.PageFile;
import dev.tka.control.http.page.PageSession;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The page's files and sessions (service, section 5), without a browser. */
class PageTest {
  private static final String ORIGIN = "Origin: http://localhost";
  private static final String ROOT = "/v1/tailnets/" + Kit.TAILNET;

  @TempDir Path folder;

  private static String signIn(Kit kit, String token) throws Exception {
    RawHttp.Reply reply = kit.ask(Role.OPERATOR, "POST", "/session", "token=" + token, ORIGIN);
    assertThat(reply.status()).as("%s", reply).isEqualTo(204);
    return reply.headers().get("set-cookie");
  }

  private static String cookie(String header) {
    return "Cookie: " + header.replaceFirst(";.*", "");
  }

  @Test
  void eachFileComesWithoutATokenAndWithTheHeadersThatKeepItAlone() throws Exception {
    try (Kit kit = Kit.onTcp(folder)) {
      for (String name : PageFile.names()) {
        RawHttp.Reply reply = kit.ask(Role.OPERATOR, "GET", "/page/" + name, "");
        assertThat(reply.status()).as(name).isEqualTo(200);
        assertThat(reply.headers())
            .containsEntry("x-content-type-options", "nosniff")
            .containsEntry("referrer-policy", "no-referrer")
            .containsEntry("cache-control", "no-cache");
        assertThat(reply.headers().get("content-security-policy"))
            .startsWith("default-src 'none'; ")
            .contains("frame-ancestors 'none'", "script-src 'self'", "style-src 'self'")
            .doesNotContain("unsafe", "http:", "https:", "data:", "*");
        String tag = reply.headers().get("etag");
        RawHttp.Reply again =
            kit.ask(Role.OPERATOR, "GET", "/page/" + name, "", "If-None-Match: " + tag);
        assertThat(again.status()).isEqualTo(304);
        assertThat(again.headers()).containsKey("content-security-policy");
      }
      RawHttp.Reply index = kit.ask(Role.OPERATOR, "GET", "/", "");
      assertThat(index.headers()).containsEntry("content-type", "text/html; charset=utf-8");
      assertThat(index.body()).startsWith("<!doctype html>");
      assertThat(kit.ask(Role.OPERATOR, "GET", "/page/..%2fopenapi.json", "").status())
          .isEqualTo(404);
      assertThat(kit.ask(Role.FORWARDER, "GET", "/", "").code()).isEqualTo("forbidden");
    }
  }

  @Test
  void theFilesNameEachOtherAndNothingElsewhereAndHoldNoMarkupInScripts() {
    TreeSet<String> named = new TreeSet<>(List.of(PageFile.INDEX));
    for (String name : PageFile.names()) {
      String text = new String(PageFile.find(name).orElseThrow().body(), StandardCharsets.UTF_8);
      assertThat(text.replace("http://www.w3.org/2000/svg", ""))
          .as(name)
          .doesNotContain("http://", "https://", "innerHTML", "outerHTML", "insertAdjacentHTML")
          .doesNotContain("document.write", "eval(", "new Function", "setTimeout('", "@import");
      if (name.endsWith(".html")) {
        assertThat(text).doesNotContain("<style", "style=", "onclick=", "onload=");
        assertThat(text).doesNotContainPattern("<script(?![^>]* src=)");
      }
      Matcher file = Pattern.compile("(?:/page/|\\./)([a-z]+\\.[a-z]+)['\"]").matcher(text);
      while (file.find()) {
        named.add(file.group(1));
      }
    }
    assertThat(named).isEqualTo(new TreeSet<>(PageFile.names()));
  }

  @Test
  void aTokenIsExchangedForACookieThatReadsAndChangesNothing() throws Exception {
    try (Kit kit = Kit.onTcp(folder)) {
      kit.lock(1, "Authorization: Bearer " + Kit.TOKEN);
      for (String token : List.of(Kit.OPERATOR_TOKEN, Kit.READ_TOKEN)) {
        String header = signIn(kit, token);
        assertThat(header)
            .matches("tka-page=[^;]+; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict")
            .doesNotContain(token);
        String cookie = cookie(header);
        assertThat(kit.ask(Role.OPERATOR, "GET", ROOT, "", cookie).status()).isEqualTo(200);
        assertThat(kit.ask(Role.OPERATOR, "GET", "/session", "", cookie).body())
            .isEqualTo("{\"byCookie\":true,\"signedIn\":true}");
        for (Route each : Route.values()) {
          if (each.roles().contains(Role.OPERATOR) && each.needsIdentity() && each.changes()) {
            String path =
                each.template()
                    .replace("{tailnet}", Kit.TAILNET)
                    .replace("{node}", "1")
                    .replaceAll("\\{.*\\}", "x");
            String method = each.methods().iterator().next();
            assertThat(kit.ask(Role.OPERATOR, method, path, "", cookie).code())
                .as("%s", each)
                .isEqualTo("forbidden");
          }
        }
        assertThat(kit.ask(Role.FORWARDER, "GET", ROOT + "/nodes", "", cookie).code())
            .isEqualTo("unauthorized");
        assertThat(
                kit.ask(Role.OPERATOR, "DELETE", "/session", "", cookie, ORIGIN)
                    .headers()
                    .get("set-cookie"))
            .startsWith("tka-page=; Path=/; Max-Age=0; ");
      }
      assertThat(kit.ask(Role.OPERATOR, "GET", "/session", "").body())
          .isEqualTo("{\"byCookie\":false,\"signedIn\":false}");
    }
  }

  @Test
  void onlyTheServersOwnPageSignsInWithAFormThatHoldsAValidToken() throws Exception {
    try (Kit kit = Kit.onTcp(folder)) {
      String form = "token=" + Kit.OPERATOR_TOKEN;
      for (String origin : List.of("http://evil.example", "null", "http://localhost:81")) {
        assertThat(kit.ask(Role.OPERATOR, "POST", "/session", form, "Origin: " + origin).code())
            .isEqualTo("forbidden");
      }
      assertThat(kit.ask(Role.OPERATOR, "POST", "/session", form).code()).isEqualTo("forbidden");
      for (String wrong : List.of("token=" + Kit.TOKEN, "token=")) {
        assertThat(kit.ask(Role.OPERATOR, "POST", "/session", wrong, ORIGIN).code())
            .isEqualTo("unauthorized");
      }
      for (String bad : List.of("", "token=a&token=b", "{\"token\":1}", "token=%zz")) {
        assertThat(kit.ask(Role.OPERATOR, "POST", "/session", bad, ORIGIN).code())
            .isEqualTo("malformed");
      }
      assertThat(
              kit.ask(Role.OPERATOR, "POST", "/session", "token=" + "x".repeat(5_000), ORIGIN)
                  .code())
          .isEqualTo("too-large");
    }
  }

  @Test
  void aSessionEndsWithItsTokenAndByItselfAndCannotBeMade() throws Exception {
    byte[] hash =
        MessageDigest.getInstance("SHA-256")
            .digest(Kit.OPERATOR_TOKEN.getBytes(StandardCharsets.UTF_8));
    Instant now = Instant.parse("2026-01-02T03:04:05Z");
    PageSession session = PageSession.begin(hash, now);
    Instant end = now.plus(PageSession.LASTS);
    assertThat(session.isOf(hash, end.minusSeconds(1))).isTrue();
    assertThat(session.isOf(hash, end)).isFalse();
    assertThat(new PageSession(session.ends() + 60, session.code()).isOf(hash, now)).isFalse();
    assertThat(session.isOf(new byte[32], now)).isFalse();
    assertThat(session.toString()).doesNotContain(session.code());
    String header = session.cookie(true);
    assertThat(header).startsWith("__Host-tka-page=").endsWith("; SameSite=Strict; Secure");
    String value = header.replaceFirst("[^=]*=", "").replaceFirst(";.*", "");
    assertThat(PageSession.read("__Host-tka-page", value, true)).contains(session);
    assertThat(PageSession.read("tka-page", value, true)).isEmpty();
    for (String bad : List.of("", ".", "1", "x.y", "1234567890123.y", "-1.y", ".y")) {
      assertThat(PageSession.read("tka-page", bad, false)).as(bad).isEqualTo(Optional.empty());
    }

    try (Kit kit = Kit.onTcp(folder)) {
      String cookie = cookie(signIn(kit, Kit.OPERATOR_TOKEN));
      Files.writeString(folder.resolve("operator"), "another-token-0123456789abcdef");
      assertThat(kit.ask(Role.OPERATOR, "GET", "/v1/tailnets", "", cookie).code())
          .isEqualTo("unauthorized");
    }
  }

  @Test
  void aWebPageThatReachesAnOperatorsSocketThroughATunnelChangesNothing() throws Exception {
    try (Kit kit = Kit.onSockets(folder)) {
      assertThat(kit.ask(Role.OPERATOR, "GET", "/session", "").body())
          .isEqualTo("{\"byCookie\":false,\"signedIn\":true}");
      assertThat(kit.ask(Role.OPERATOR, "PUT", ROOT, "", "Origin: http://evil.example").code())
          .isEqualTo("forbidden");
      assertThat(
              kit.send(Role.OPERATOR, "GET /v1/tailnets HTTP/1.1\r\nHost: evil.example\r\n\r\n")
                  .status())
          .isEqualTo(421);
      assertThat(kit.ask(Role.OPERATOR, "PUT", ROOT, "").status()).isEqualTo(204);
    }
  }
}
