package dev.tka.control.http;

import static dev.tka.control.http.Kit.TAILNET;
import static dev.tka.control.http.Kit.base64;
import static dev.tka.control.http.Kit.node;
import static dev.tka.control.http.Kit.nodeKey;
import static dev.tka.control.http.Kit.text;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.Bytes;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Requests that are wrong, or from whoever may not make them: each has its status, its code and one
 * sentence, changes nothing, and leaves no secret in the log (which {@link Kit} looks for).
 */
class BadRequestsTest {
  private static final String ROOT = "/v1/tailnets/" + TAILNET;
  private static final String HEAD = Kit.genesis().hash().toString();
  private static final String BIG = "A".repeat(2_000_000);

  @TempDir Path folder;

  /** A request and what it must get. */
  private record Case(Role role, String request, int status, String code) {
    String shown() {
      return request.length() > 200 ? request.substring(0, 200) : request;
    }
  }

  private final List<Case> cases = new ArrayList<>();

  private void bad(
      Role role, String method, String path, String body, int status, String code, String... more) {
    StringBuilder head =
        new StringBuilder(method + " " + path + " HTTP/1.1\r\nHost: localhost\r\n");
    for (String each : more) {
      head.append(each).append("\r\n");
    }
    head.append("Content-Length: ")
        .append(body.getBytes(StandardCharsets.UTF_8).length)
        .append("\r\n\r\n");
    cases.add(new Case(role, head + body, status, code));
  }

  private void ofForwarder(String method, String path, String body, int status, String code) {
    bad(Role.FORWARDER, method, path, body, status, code);
  }

  private void rpc(int node, String rpc, String body, int status, String code) {
    ofForwarder("GET", node(node) + "/machine/tka/" + rpc, body, status, code);
  }

  private void raw(String request, int status, String code) {
    cases.add(new Case(Role.FORWARDER, request, status, code));
  }

  private void paths() {
    for (String name :
        List.of("a;b", "%2e%2e", "..", ".", "%2E", "%ff", "%c3", "%zz", "%", "\u00fc", "a%00")) {
      ofForwarder("GET", "/v1/tailnets/" + name + "/nodes", "", 400, "malformed");
    }
    for (String name : List.of("none", "a%2Fb", "%252e%252e", "a%3Bb")) {
      ofForwarder("GET", "/v1/tailnets/" + name + "/nodes", "", 404, "unknown-tailnet");
    }
    for (String name : List.of("a%2Fb", "%252e", "a%3Bb", "a%20%20", "%E2%80%AE")) {
      ofForwarder(
          "POST", "/v1/tailnets/" + name + "/nodes/1/login", Kit.login(1), 400, "malformed");
    }
    for (String path :
        List.of("/v1", "/v1/", "/v2/watch", "/v1/tailnets/", ROOT + "/", ROOT + "/x", "//")) {
      ofForwarder("GET", path, "", 404, "not-found");
    }
    ofForwarder("GET", "/v1/tailnets//nodes", "", 404, "not-found");
    ofForwarder("GET", node(1) + "/machine/tka/", "", 404, "not-found");
    rpc(1, "unknown", "{}", 404, "not-found");
    rpc(1, "sync/offer/x", "{}", 404, "not-found");
    ofForwarder("GET", "/", "", 403, "forbidden");
    ofForwarder("GET", "/metrics", "", 403, "forbidden");
    ofForwarder("GET", "/v1/tailnets", "", 403, "forbidden");
    ofForwarder("POST", ROOT + "/machine/tka/sign", "{}", 403, "forbidden");
    ofForwarder("GET", "/v1/node/peers", "", 403, "forbidden");
    bad(Role.OPERATOR, "GET", ROOT + "/nodes", "", 403, "forbidden");
    bad(Role.OPERATOR, "POST", ROOT + "/machine/tka/bootstrap", "{}", 404, "not-found");
    for (String number : List.of("0", "-1", "x", "01", "9223372036854775808", "1e3", "%31%20")) {
      ofForwarder("DELETE", ROOT + "/nodes/" + number, "", 400, "malformed");
    }
  }

  private void methods() {
    ofForwarder("DELETE", ROOT + "/nodes", "", 405, "bad-method");
    ofForwarder("PUT", node(1) + "/machine/tka/sign", "{}", 405, "bad-method");
    ofForwarder("TRACE", "/livez", "", 405, "bad-method");
    ofForwarder("OPTIONS", ROOT + "/nodes", "", 405, "bad-method");
    ofForwarder("HACK", ROOT + "/announcement", "", 405, "bad-method");
    bad(Role.OPERATOR, "GET", ROOT + "/machine/tka/sign", "", 405, "bad-method");
  }

  private void parameters() {
    ofForwarder("GET", ROOT + "/nodes?nod=1", "", 400, "malformed");
    ofForwarder("GET", ROOT + "/nodes?node=x", "", 400, "malformed");
    ofForwarder("GET", ROOT + "/nodes?node=%zz", "", 400, "malformed");
    ofForwarder("GET", ROOT + "/announcement?node=1&node=2", "", 400, "malformed");
    for (String wait : List.of("", "1h", "55", "-1s", "6m", "99999999999s", "1.5s")) {
      ofForwarder("GET", ROOT + "/announcement?wait=" + wait, "", 400, "malformed");
    }
    ofForwarder("GET", ROOT + "/announcement?node=99", "", 404, "unknown-node");
    bad(Role.OPERATOR, "GET", ROOT + "/log?limit=0", "", 400, "malformed");
    bad(Role.OPERATOR, "DELETE", ROOT + "/tokens/xyz", "", 400, "malformed");
    bad(Role.OPERATOR, "POST", node(99) + "/tokens", "", 404, "unknown-node");
  }

  private void bodies() {
    String login = node(1) + "/login";
    for (String body :
        List.of(
            "",
            "null",
            "[]",
            "\"x\"",
            "{",
            "{}",
            "{\"nodeKey\":1}",
            "{\"nodeKey\":\"nodekey:00\"}",
            "{\"nodeKey\":null}",
            text("nodeKey", nodeKey(1), "mayInit", "yes"),
            text("nodeKey", nodeKey(1), "mayinit", true),
            text("nodeKey", nodeKey(1), "rotationKey", "AAAA"),
            text("nodeKey", nodeKey(1), "rotationKey", "not base64!"),
            text("nodeKey", nodeKey(1), "name", ""),
            text("nodeKey", nodeKey(1), "name", "x".repeat(300)),
            text("nodeKey", nodeKey(1), "node", "1"),
            text("nodeKey", nodeKey(1)) + "{}",
            "{\"nodeKey\":\"" + nodeKey(1) + "\",\"nodeKey\":\"" + nodeKey(2) + "\"}",
            "{\"a\":".repeat(1_000) + "1" + "}".repeat(1_000),
            "[".repeat(100_000),
            "{\"name\":" + "1".repeat(10_000) + "}",
            "{\"name\":\"" + BIG + "\"}",
            "\u0000\u0001")) {
      ofForwarder("POST", login, body, 400, "malformed");
    }
    ofForwarder("PUT", node(1), text("nodeKey", nodeKey(1), "node", "2"), 400, "malformed");
    ofForwarder("PUT", ROOT + "/nodes", text("nodeKey", nodeKey(1)), 400, "malformed");
    ofForwarder("PUT", ROOT + "/nodes", "[{\"node\":\"1\"}]", 400, "malformed");
    String one = text("node", "1", "nodeKey", nodeKey(1));
    ofForwarder("PUT", ROOT + "/nodes", "[" + one + "," + one + "]", 400, "malformed");
    ofForwarder("PUT", ROOT + "/nodes", "[" + one, 400, "malformed");
    ofForwarder("PUT", ROOT + "/nodes", "[" + one + "] x", 400, "malformed");
    for (String body :
        List.of(
            "",
            "nothing",
            "[]",
            "{\"Version\":\"x\"}",
            text("Version", 148),
            text("Version", 148, "NodeKey", nodeKey(1)),
            text("Version", 148, "NodeKey", nodeKey(1), "Head", 7, "Ancestors", List.of()),
            text("Version", 148, "NodeKey", nodeKey(1), "Head", "x", "Ancestors", List.of()),
            text("Version", 148, "NodeKey", nodeKey(1), "Head", HEAD, "Ancestors", Map.of()))) {
      rpc(1, "sync/offer", body, 400, "malformed");
    }
    rpc(1, "sync/send", "{\"MissingAUMs\":[\"!\"]}", 400, "malformed");
    rpc(1, "affected-sigs", text("NodeKey", nodeKey(1), "KeyID", "!"), 400, "malformed");
    rpc(1, "sign", text("NodeKey", nodeKey(1), "Signature", "AAAA"), 400, "malformed");
    bad(Role.OPERATOR, "PUT", node(1) + "/may-init", "\"true\"", 400, "malformed");
    bad(Role.OPERATOR, "PUT", node(99) + "/may-init", "true", 404, "unknown-node");
    bad(Role.OPERATOR, "PUT", "/v1/tailnets/elsewhere/restored", "", 404, "unknown-tailnet");
    for (String body :
        List.of(
            "",
            "[]",
            "{\"addKey\":-1}",
            "{\"addKey\":\"1\"}",
            "{\"addKey\":1.5}",
            "{\"addKey\":99999999}",
            "{\"addKey\":1,\"addKey\":1}",
            "{\"add\":1}",
            "{} x")) {
      bad(Role.OPERATOR, "PUT", ROOT + "/thresholds", body, 400, "malformed");
    }
    for (String body :
        List.of(
            "{}",
            "{\"disable\":false}",
            "{\"disable\":true,\"operations\":[\"oA==\"]}",
            "{\"operations\":[]}",
            "{\"operations\":[1]}",
            "{\"operations\":[\"!\"]}",
            "{\"operations\":[\"AA==\"]}",
            "{\"operations\":{}}",
            "{\"other\":1}")) {
      bad(Role.OPERATOR, "POST", ROOT + "/proposals", body, 400, "malformed");
    }
    bad(Role.OPERATOR, "GET", ROOT + "/proposals/x", "", 404, "not-found");
    bad(Role.OPERATOR, "DELETE", ROOT + "/proposals/x", "", 404, "not-found");
    for (String body :
        List.of("{}", "{\"key\":\"x\"}", "{\"signature\":\"AA==\"}", "{\"more\":1}")) {
      bad(Role.OPERATOR, "POST", ROOT + "/proposals/x/signatures", body, 400, "malformed");
    }
  }

  private void http() {
    String post = "POST " + node(1) + "/login HTTP/1.1\r\nHost: x\r\n";
    raw(post + "Content-Length: 104857600\r\n\r\n", 413, "too-large");
    raw(
        "PUT " + ROOT + "/nodes HTTP/1.1\r\nHost: x\r\nContent-Length: 1048576000\r\n\r\n",
        413,
        "too-large");
    raw(post + "Content-Length: -1\r\n\r\n", 400, "malformed");
    raw(post + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n", 400, "malformed");
    raw(
        post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
        "malformed");
    raw(post + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400, "malformed");
    raw(post + "Transfer-Encoding: gzip\r\n\r\n", 400, "malformed");
    raw("GET /livez HTTP/1.1\r\n\r\n", 400, "malformed");
    raw("GET /livez HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "malformed");
    raw("GET /livez HTTP/1.1\r\nHost: a b\r\n\r\n", 400, "malformed");
    raw("GET /livez HTTP/9.9\r\nHost: x\r\n\r\n", 505, "malformed");
    raw("gibberish\r\n\r\n", 400, "malformed");
    raw("GET /livez HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n", 400, "malformed");
    raw("GET /livez HTTP/1.1\r\nHost: x\r\n folded: x\r\n\r\n", 400, "malformed");
    raw(
        "GET /livez HTTP/1.1\r\nHost: x\r\nx: " + "y".repeat(10_000) + "\r\n\r\n",
        431,
        "too-large");
    raw("GET /" + "y".repeat(10_000) + " HTTP/1.1\r\nHost: x\r\n\r\n", 414, "too-large");
    raw("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", 400, "malformed");
    raw("CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\n\r\n", 403, "forbidden");
    raw("GET http://e:99999/ HTTP/1.1\r\nHost: x\r\n\r\n", 400, "malformed");
  }

  /** Of node 2 unless said otherwise; the lock is on. */
  private void callers() {
    String version = "Version";
    String begin =
        text(version, 148, "NodeKey", nodeKey(2), "GenesisAUM", base64(Kit.genesis().encoded()));
    rpc(2, "init/begin", begin, 403, "forbidden");
    rpc(
        1,
        "init/begin",
        text(version, 148, "NodeKey", nodeKey(1), "GenesisAUM", base64(Kit.genesis().encoded())),
        409,
        "lock-on");
    String offer = text(version, 148, "NodeKey", nodeKey(1), "Head", HEAD, "Ancestors", List.of());
    rpc(2, "sync/offer", offer, 403, "forbidden");
    rpc(99, "sync/offer", offer, 404, "unknown-node");
    ofForwarder(
        "GET", "/v1/tailnets/other/nodes/1/machine/tka/sync/offer", offer, 404, "unknown-tailnet");
    rpc(
        2,
        "disable",
        text(
            version,
            148,
            "NodeKey",
            nodeKey(2),
            "Head",
            HEAD,
            "DisablementSecret",
            base64(Bytes.copyOf(new byte[32]))),
        403,
        "wrong-secret");
    rpc(
        2,
        "sign",
        text(
            version,
            148,
            "NodeKey",
            nodeKey(2),
            "Signature",
            base64(dev.tka.testkit.NodeKeySignatures.direct(77, 1, 177).encoded())),
        404,
        "unknown-node");
    rpc(
        2,
        "sign",
        text(
            version,
            148,
            "NodeKey",
            nodeKey(2),
            "Signature",
            base64(dev.tka.testkit.NodeKeySignatures.direct(2, 5, 102).encoded())),
        409,
        "refused");
    bad(Role.OPERATOR, "GET", "/v1/tailnets/none/log", "", 404, "unknown-tailnet");
    bad(Role.OPERATOR, "GET", "/v1/tailnets/none", "", 404, "unknown-tailnet");
    bad(Role.OPERATOR, "GET", "/v1/tailnets/none/fleet", "", 404, "unknown-tailnet");
  }

  @Test
  void eachWrongRequestHasItsStatusItsCodeAndOneSentenceAndChangesNothing() throws Exception {
    paths();
    methods();
    parameters();
    bodies();
    http();
    callers();
    assertThat(cases).hasSizeGreaterThan(100);
    try (Kit kit = Kit.onSockets(folder)) {
      kit.lock(2);
      String nodes = kit.ask(Role.FORWARDER, "GET", ROOT + "/nodes", "").body();
      String tailnets = kit.ask(Role.OPERATOR, "GET", "/v1/tailnets", "").body();
      List<String> wrong = new ArrayList<>();
      for (Case each : cases) {
        RawHttp.Reply reply = RawHttp.ask(kit.address(each.role()), each.request());
        if (reply.status() != each.status() || !reply.code().equals(each.code())) {
          wrong.add(
              each.shown() + " expected " + each.status() + " " + each.code() + " got " + reply);
        } else {
          Kit.requirePlain(reply);
        }
      }
      assertThat(wrong).isEmpty();
      assertThat(kit.ask(Role.FORWARDER, "GET", ROOT + "/nodes", "").body()).isEqualTo(nodes);
      assertThat(kit.ask(Role.OPERATOR, "GET", "/v1/tailnets", "").body()).isEqualTo(tailnets);
      assertThat(kit.log).noneMatch(line -> line.contains("failed: "));
      assertThat(kit.log).noneMatch(line -> line.contains(BIG.substring(0, 100)));
    }
  }

  @Test
  void whoTriesManyTokensIsSentAwayBeforeTheyAreLookedUp() throws Exception {
    try (Kit kit = Kit.onTcp(folder)) {
      String wrong = "Authorization: Bearer " + kit.secret("tka-node-" + "A".repeat(43));
      List<String> codes = new ArrayList<>();
      for (int i = 0; i < 500 && !codes.contains("too-many"); i++) {
        codes.add(kit.ask(Role.NODE, "GET", "/v1/node/announcement", "", wrong).code());
      }
      assertThat(codes).startsWith("unauthorized").endsWith("too-many").hasSizeGreaterThan(50);
    }
  }

  @Test
  void whoMayNotComeIsToldWhyAndNothingElse() throws Exception {
    try (Kit kit = Kit.onTcp(folder)) {
      kit.lock(2, "Authorization: Bearer " + Kit.TOKEN);
      String wrong = kit.secret("a-wrong-token-of-some-length");
      List<String> none = List.of();
      requireCode(kit, Role.FORWARDER, ROOT + "/nodes", 401, "unauthorized", none);
      requireCode(kit, Role.OPERATOR, "/v1/tailnets", 401, "unauthorized", none);
      requireCode(kit, Role.NODE, "/v1/node/peers", 401, "unauthorized", none);
      for (Role role : Role.values()) {
        String path =
            switch (role) {
              case FORWARDER -> ROOT + "/nodes";
              case OPERATOR -> "/v1/tailnets";
              case NODE -> "/v1/node/peers";
            };
        for (String header :
            List.of(
                "Authorization: Bearer " + wrong,
                "Authorization: Bearer",
                "Authorization: Bearer ",
                "Authorization: Basic " + wrong,
                "Authorization: " + Kit.TOKEN,
                "Authorization: Bearer "
                    + (role == Role.FORWARDER ? Kit.OPERATOR_TOKEN : Kit.TOKEN),
                "Authorization: Bearer " + Kit.TOKEN + "x",
                "Authorization: Bearer " + Kit.TOKEN + "\r\nAuthorization: Bearer " + Kit.TOKEN)) {
          requireCode(kit, role, path, 401, "unauthorized", List.of(header));
        }
      }
      // A foreign Host, as a page on a name that resolves to this address would send.
      for (String host : List.of("evil.example", "127.0.0.1.evil.example", "evil.example:80")) {
        RawHttp.Reply reply =
            kit.send(
                Role.FORWARDER,
                "GET "
                    + ROOT
                    + "/nodes HTTP/1.1\r\nHost: "
                    + host
                    + "\r\nAuthorization: Bearer "
                    + Kit.TOKEN
                    + "\r\n\r\n");
        assertThat(reply.status()).isEqualTo(421);
        assertThat(reply.code()).isEqualTo("forbidden");
      }
      for (String host : List.of("localhost", "LOCALHOST:1", "127.0.0.1:80", "[::1]:80")) {
        assertThat(
                kit.send(Role.FORWARDER, "GET /livez HTTP/1.1\r\nHost: " + host + "\r\n\r\n")
                    .status())
            .isEqualTo(200);
      }
    }
  }

  private static void requireCode(
      Kit kit, Role role, String path, int status, String code, List<String> headers)
      throws Exception {
    RawHttp.Reply reply = kit.ask(role, "GET", path, "", headers.toArray(String[]::new));
    assertThat(reply.status()).as("%s %s", headers, reply).isEqualTo(status);
    assertThat(reply.code()).isEqualTo(code);
    if (status == 401) {
      assertThat(reply.headers()).containsEntry("www-authenticate", "Bearer");
    }
  }

  @Test
  void manyWrongSecretsAtOnceAreBoundedAndEndNothing() throws Exception {
    try (Kit kit = Kit.onSockets(folder)) {
      kit.lock(2);
      List<RawHttp> asking = new ArrayList<>();
      for (int i = 0; i < 12; i++) {
        byte[] guess = new byte[32];
        guess[0] = (byte) (i + 1);
        String body =
            text(
                "Version",
                148,
                "NodeKey",
                nodeKey(2),
                "Head",
                HEAD,
                "DisablementSecret",
                kit.secret(base64(Bytes.copyOf(guess))));
        RawHttp http = new RawHttp(kit.address(Role.FORWARDER));
        http.send(
            "POST "
                + node(2)
                + "/machine/tka/disable HTTP/1.1\r\nHost: x\r\nContent-Length: "
                + body.length()
                + "\r\n\r\n"
                + body);
        asking.add(http);
      }
      List<String> codes = new ArrayList<>();
      for (RawHttp each : asking) {
        codes.add(each.read().code());
        each.close();
      }
      assertThat(codes).isSubsetOf("wrong-secret", "too-many").contains("too-many");
      assertThat(kit.ask(Role.FORWARDER, "GET", ROOT + "/announcement", "").body()).contains(HEAD);
    }
  }
}
