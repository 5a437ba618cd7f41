package dev.tka.control.http;

import static dev.tka.control.http.Kit.TAILNET;
import static dev.tka.control.http.Kit.nodeKey;
import static dev.tka.control.http.Kit.text;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.jr.ob.JSON;
import dev.tka.core.Bytes;
import dev.tka.core.store.StoreException;
import dev.tka.store.records.ControlRecords;
import dev.tka.store.records.Fence.Standing;
import dev.tka.sync.rpc.Rpc;
import dev.tka.testkit.TestKeys;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What is answered for a tailnet that was moved, or is a copy that is not finished. */
@Timeout(300)
class MovedSurfaceTest {
  private static final String SERVER = "https://new.example:8443/tka";
  private static final Instant AT = Instant.parse("2026-01-02T03:04:05Z");
  private static final Standing MOVED =
      new Standing.Moved("postgresql://new/db", Optional.of(URI.create(SERVER + "/")), AT);
  private static final Standing SHADOW = new Standing.Shadow("postgresql://old/db");

  /** The tailnet's name as a client may write it: it is redirected as it came. */
  private static final String RAW = "example%2ecom";

  private static final Map<Role, String> TOKENS =
      Map.of(Role.FORWARDER, Kit.TOKEN, Role.OPERATOR, Kit.OPERATOR_TOKEN);

  @TempDir Path folder;

  private static void stand(Kit kit, Standing standing) throws StoreException {
    ControlRecords records = kit.place.records().orElseThrow();
    records.fence(
        TAILNET, records.fence(TAILNET), records.fence(TAILNET).next("0123456789abcdef", standing));
  }

  /** A request that a route serves while the tailnet lives here, as far as its form goes. */
  private record Asked(Route route, String method, String path, String body) {}

  /** One body that has the fields of all RPCs. */
  private static String rpc() {
    return text(
        "Version", 148,
        "NodeKey", nodeKey(2),
        "Head", Kit.genesis().hash().toString(),
        "Ancestors", List.of(),
        "MissingAUMs", List.of(),
        "Signature", Kit.base64(Kit.signature(2)),
        "GenesisAUM", Kit.base64(Kit.genesis().encoded()),
        "Signatures", Map.of(),
        "KeyID", Kit.base64(TestKeys.publicKey(1).bytes()),
        "DisablementSecret", Kit.base64(Kit.SECRET_BYTES));
  }

  private static String body(Route route) {
    return switch (route) {
      case NODE_RPC, OWN_RPC, ADMIN_RPC -> rpc();
      case LOGIN, PUT_NODE, PUT_NODES, OWN_LOGIN ->
          text("nodeKey", nodeKey(2))
              .replace("{", route == Route.PUT_NODES ? "{\"node\":\"2\"," : "{");
      case MAY_INIT -> "true";
      case SET_THRESHOLDS -> "{\"addKey\":1}";
      case PROPOSE -> "{\"disable\":true}";
      case APPROVE ->
          text(
              "sigHash",
              Kit.base64(Bytes.copyOf(new byte[32])),
              "key",
              TestKeys.publicKey(1).toString(),
              "signature",
              Kit.base64(Bytes.copyOf(new byte[64])));
      case SIGN_IN -> "token=" + Kit.READ_TOKEN;
      default -> "";
    };
  }

  private static String query(Route route) {
    return switch (route) {
      case NODES -> "?node=2&node=%33";
      case ANNOUNCEMENT -> "?node=2&wait=1s";
      case OWN_ANNOUNCEMENT -> "?wait=1s";
      case LOG -> "?limit=3";
      case GRAPH -> "?from=0&count=3";
      case REVOCATION -> "?key=" + TestKeys.publicKey(1);
      default -> "";
    };
  }

  private static List<Asked> requests() {
    List<Asked> all = new ArrayList<>();
    for (Route route : Route.values()) {
      Set<String> rests = new LinkedHashSet<>();
      rests.add("");
      if (route.template().endsWith("{rpc}")) {
        rests.clear();
        for (Rpc each : Rpc.values()) {
          rests.add(each.path());
        }
        if (route == Route.ADMIN_RPC) {
          rests.remove(Rpc.BOOTSTRAP.path());
        }
      }
      for (String rest : rests) {
        for (String method : route.methods()) {
          String path =
              route
                  .template()
                  .replace("{tailnet}", RAW)
                  .replace("{node}", "2")
                  .replace("{token}", "ab".repeat(32))
                  .replace("{proposal}", "abcdefghij")
                  .replace("{update}", Kit.genesis().hash().toString())
                  .replace("{file}", "app.js")
                  .replace("{path}", "tile/entries/000.p/1")
                  .replace("{rpc}", rest);
          all.add(new Asked(route, method, path + query(route), body(route)));
        }
      }
    }
    return all;
  }

  /** Whether the path or the token says which tailnet is meant. */
  private static boolean isOfTailnet(Route route) {
    return route.template().contains("{tailnet}") || route.roles().contains(Role.NODE);
  }

  private static Role role(Route route) {
    return route.roles().stream().findFirst().orElse(Role.OPERATOR);
  }

  private static RawHttp.Reply ask(Kit kit, Asked asked, String nodeToken) throws IOException {
    Role role = role(asked.route());
    return kit.ask(
        role,
        asked.method(),
        asked.path(),
        asked.body(),
        "Authorization: Bearer " + TOKENS.getOrDefault(role, nodeToken));
  }

  private Kit locked() throws IOException {
    Kit kit = Kit.onTcp(folder);
    kit.lock(2, "Authorization: Bearer " + Kit.TOKEN);
    return kit;
  }

  private static String token(Kit kit) throws Exception {
    return kit.secret(kit.service.makeToken(TAILNET, 2));
  }

  @Test
  void eachRouteOfATailnetThatWasMovedRedirectsToTheSamePathAndQueryAtItsServer() throws Exception {
    try (Kit kit = locked()) {
      String token = token(kit);
      stand(kit, MOVED);
      for (Asked each : requests()) {
        if (isOfTailnet(each.route())) {
          RawHttp.Reply reply = ask(kit, each, token);
          assertThat(reply.status()).as("%s: %s", each, reply).isEqualTo(307);
          assertThat(reply.headers())
              .as("%s", each)
              .containsEntry("location", SERVER + each.path())
              .containsEntry("tka-error", "moved")
              .containsEntry("cache-control", "no-store");
          Kit.requirePlain(reply);
        }
      }
      assertThat(kit.log)
          .anySatisfy(
              line -> assertThat(line).contains(" rpc=sync/send status=307 outcome=moved "));
    }
  }

  @Test
  void withoutAKnownServerATailnetThatWasMovedIsGoneAndItsPlaceIsNotSaid() throws Exception {
    try (Kit kit = locked()) {
      String token = token(kit);
      stand(kit, new Standing.Moved("postgresql://secret-host/db", Optional.empty(), AT));
      for (Asked each : requests()) {
        if (isOfTailnet(each.route())) {
          RawHttp.Reply reply = ask(kit, each, token);
          assertThat(reply.status()).as("%s: %s", each, reply).isEqualTo(410);
          assertThat(reply.code()).isEqualTo("moved");
          assertThat(reply.headers()).doesNotContainKey("location");
          assertThat(reply.body()).doesNotContain("secret-host");
        }
      }
    }
  }

  @Test
  void eachRouteOfACopyThatIsNotFinishedIsUnavailable() throws Exception {
    try (Kit kit = locked()) {
      String token = token(kit);
      stand(kit, MOVED);
      stand(kit, SHADOW);
      for (Asked each : requests()) {
        if (isOfTailnet(each.route())) {
          RawHttp.Reply reply = ask(kit, each, token);
          assertThat(reply.status()).as("%s: %s", each, reply).isEqualTo(503);
          assertThat(reply.code()).isEqualTo("unavailable");
          assertThat(reply.body()).contains("is being moved here");
        }
      }
    }
  }

  @Test
  void nobodyWithoutAValidTokenIsToldWhereATailnetIs() throws Exception {
    try (Kit kit = locked()) {
      stand(kit, MOVED);
      for (Asked each : requests()) {
        if (isOfTailnet(each.route())) {
          RawHttp.Reply reply =
              kit.ask(role(each.route()), each.method(), each.path(), each.body());
          assertThat(reply.status()).as("%s", each).isEqualTo(401);
          assertThat(reply.headers()).doesNotContainKey("location");
        }
      }
    }
  }

  @Test
  void theListOfTailnetsSaysWhichDoNotLiveHere() throws Exception {
    try (Kit kit = locked()) {
      Asked list = new Asked(Route.TAILNETS, "GET", "/v1/tailnets", "");
      assertThat(Kit.lines(ask(kit, list, "")).get(0))
          .containsEntry("lock", "on")
          .doesNotContainKeys("fenced", "moved", "shadow");
      stand(kit, new Standing.Fenced(AT));
      assertThat(Kit.lines(ask(kit, list, "")).get(0))
          .containsEntry("lock", "on")
          .containsEntry("fenced", Map.of("since", AT.toString()));
      stand(kit, MOVED);
      assertThat(Kit.lines(ask(kit, list, "")).get(0))
          .containsEntry("lock", "unknown")
          .containsEntry(
              "moved",
              Map.of("to", "postgresql://new/db", "server", SERVER + "/", "at", AT.toString()));
      stand(kit, SHADOW);
      assertThat(Kit.lines(ask(kit, list, "")).get(0))
          .containsEntry("shadow", Map.of("from", "postgresql://old/db"));
    }
  }

  /**
   * The lines of a watch, without beats and those before it, from the one that says where the
   * tailnet went. What was committed right before the reader came may be told first.
   */
  private static List<Map<String, Object>> fromMoved(List<Map<String, Object>> lines) {
    assertThat(lines.get(0)).containsEntry("resync", true);
    return lines.stream()
        .dropWhile(line -> line.containsKey("resync") || line.containsKey("announcement"))
        .toList();
  }

  /** The lines of a watch, without beats, up to a last one or the end. */
  private static List<Map<String, Object>> lines(
      RawHttp http, Predicate<Map<String, Object>> isLast) throws IOException {
    List<Map<String, Object>> lines = new ArrayList<>();
    StringBuilder rest = new StringBuilder();
    while (lines.stream().noneMatch(isLast)) {
      byte[] chunk = http.chunk();
      if (chunk.length == 0) {
        break;
      }
      rest.append(new String(chunk, StandardCharsets.UTF_8));
      for (int end = rest.indexOf("\n"); end >= 0; end = rest.indexOf("\n")) {
        Map<String, Object> line = JSON.std.mapFrom(rest.substring(0, end));
        rest.delete(0, end + 1);
        assertThat(line).containsKey("token");
        if (!line.containsKey("beat")) {
          lines.add(line);
        }
      }
    }
    return lines;
  }

  @Test
  void aWatchSaysWhereATailnetWentAndThatOfTheTailnetAloneEnds() throws Exception {
    try (Kit kit = locked();
        RawHttp all = new RawHttp(kit.address(Role.FORWARDER));
        RawHttp one = new RawHttp(kit.address(Role.FORWARDER))) {
      String end =
          " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + Kit.TOKEN + "\r\n\r\n";
      all.send("GET /v1/watch" + end);
      one.send("GET /v1/tailnets/" + TAILNET + "/watch" + end);
      assertThat(all.head().status()).isEqualTo(200);
      assertThat(one.head().status()).isEqualTo(200);
      stand(kit, MOVED);
      assertThat(fromMoved(lines(one, line -> false)))
          .singleElement()
          .satisfies(
              line ->
                  assertThat(line)
                      .containsEntry("tailnet", TAILNET)
                      .containsEntry("moved", SERVER + "/"));
      assertThat(fromMoved(lines(all, line -> line.containsKey("moved"))).get(0))
          .containsEntry("moved", SERVER + "/");
    }
  }

  @Test
  void aNodeThatWaitsIsRedirectedWhenItsTailnetIsMoved() throws Exception {
    try (Kit kit = locked()) {
      String token = token(kit);
      Asked wait = new Asked(Route.OWN_ANNOUNCEMENT, "GET", "/v1/node/announcement?wait=55s", "");
      CompletableFuture<RawHttp.Reply> waiting =
          CompletableFuture.supplyAsync(
              () -> {
                try {
                  return kit.ask(
                      Role.NODE,
                      wait.method(),
                      wait.path(),
                      "",
                      "Authorization: Bearer " + token,
                      "If-None-Match: \"" + Kit.genesis().hash() + '"');
                } catch (IOException e) {
                  throw new AssertionError(e);
                }
              });
      while (kit.service.waiting() == 0) {
        assertThat(waiting).isNotDone();
        Thread.sleep(1);
      }
      stand(kit, MOVED);
      RawHttp.Reply reply = waiting.get(30, TimeUnit.SECONDS);
      assertThat(reply.status()).isEqualTo(307);
      assertThat(reply.headers()).containsEntry("location", SERVER + wait.path());
    }
  }
}
