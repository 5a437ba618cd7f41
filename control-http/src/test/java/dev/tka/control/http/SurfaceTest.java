package dev.tka.control.http;

import static dev.tka.control.http.Kit.TAILNET;
import static dev.tka.control.http.Kit.base64;
import static dev.tka.control.http.Kit.json;
import static dev.tka.control.http.Kit.lines;
import static dev.tka.control.http.Kit.node;
import static dev.tka.control.http.Kit.nodeKey;
import static dev.tka.control.http.Kit.text;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.Aum;
import dev.tka.core.AumKind;
import dev.tka.core.Bytes;
import dev.tka.testkit.TestKeys;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The table of service, section 10, over real sockets. */
class SurfaceTest {
  private static final String ROOT = "/v1/tailnets/" + TAILNET;

  @TempDir Path folder;

  @Test
  void aNodesRequestsPassThroughAsGetWithABodyAndAsPost() throws Exception {
    try (Kit kit = Kit.onSockets(folder)) {
      kit.lock(2);
      String head = Kit.genesis().hash().toString();
      String offer =
          text("Version", 148, "NodeKey", nodeKey(2), "Head", head, "Ancestors", List.of());
      for (String method : List.of("GET", "POST")) {
        RawHttp.Reply reply =
            kit.ask(Role.FORWARDER, method, node(2) + "/machine/tka/sync/offer", offer);
        assertThat(json(reply)).containsEntry("Head", head);
        assertThat(reply.headers())
            .containsEntry("etag", '"' + head + '"')
            .containsEntry("content-type", "application/json");
      }
      assertThat(
              json(
                  kit.ask(
                      Role.FORWARDER,
                      "GET",
                      node(2) + "/machine/tka/bootstrap",
                      text("Version", 148, "NodeKey", nodeKey(2), "Head", ""))))
          .containsEntry("GenesisAUM", Kit.base64(Kit.genesis().encoded()));
      assertThat(kit.log)
          .anySatisfy(
              line ->
                  assertThat(line)
                      .matches(
                          ".* role=forwarder tailnet=example.com node=2 key=\\[.{5}\\]"
                              + " rpc=sync/offer status=200 outcome=ok ms=[0-9]+"));
    }
  }

  @Test
  void theListOfNodesIsOneObjectALineAndUnknownOnesAreLeftOut() throws Exception {
    try (Kit kit = Kit.onSockets(folder)) {
      kit.lock(3);
      List<Map<String, Object>> all = lines(kit.ask(Role.FORWARDER, "GET", ROOT + "/nodes", ""));
      assertThat(all).hasSize(3);
      assertThat(all.get(0))
          .containsEntry("node", "1")
          .containsEntry("nodeKey", nodeKey(1))
          .containsEntry("nodeKeySignature", Kit.base64(Kit.signature(1)))
          .containsEntry("name", "node1")
          .containsEntry("mayInit", true);
      assertThat(lines(kit.ask(Role.FORWARDER, "GET", ROOT + "/nodes?node=3&node=9&node=1", "")))
          .extracting(each -> each.get("node"))
          .containsExactly("1", "3");
    }
  }

  @Test
  void aNodeIsStoredAsGivenRemovedTwiceAndTheWholeListReplaced() throws Exception {
    try (Kit kit = Kit.onSockets(folder)) {
      assertThat(
              kit.ask(Role.FORWARDER, "PUT", node(5), text("nodeKey", nodeKey(5), "name", "five"))
                  .status())
          .isEqualTo(204);
      assertThat(lines(kit.ask(Role.FORWARDER, "GET", ROOT + "/nodes", "")))
          .containsExactly(Map.of("node", "5", "nodeKey", nodeKey(5), "name", "five"));
      for (int i = 0; i < 2; i++) {
        assertThat(kit.ask(Role.FORWARDER, "DELETE", node(5), "").status()).isEqualTo(204);
      }
      String one = text("node", "1", "nodeKey", nodeKey(1));
      String two = text("node", "2", "nodeKey", nodeKey(2));
      for (String list : List.of("[" + one + "," + two + "]", one + "\n" + two + "\n", one + two)) {
        assertThat(kit.ask(Role.FORWARDER, "PUT", ROOT + "/nodes", list).status()).isEqualTo(204);
        assertThat(lines(kit.ask(Role.FORWARDER, "GET", ROOT + "/nodes", ""))).hasSize(2);
        assertThat(kit.ask(Role.FORWARDER, "PUT", ROOT + "/nodes", "[]").status()).isEqualTo(204);
        assertThat(kit.ask(Role.FORWARDER, "GET", ROOT + "/nodes", "").code())
            .isEqualTo("unknown-tailnet");
      }
    }
  }

  @Test
  void anOperatorMakesATailnetAndFindsItMade() throws Exception {
    try (Kit kit = Kit.onSockets(folder)) {
      for (int i = 0; i < 2; i++) {
        assertThat(kit.ask(Role.OPERATOR, "PUT", ROOT, "").status()).isEqualTo(204);
      }
      assertThat(kit.ask(Role.FORWARDER, "GET", ROOT + "/announcement", "").body()).isEqualTo("{}");
      assertThat(kit.ask(Role.OPERATOR, "PUT", "/v1/tailnets/a%2Fb", "").code())
          .isEqualTo("malformed");
      assertThat(kit.ask(Role.FORWARDER, "PUT", ROOT, "").status()).isEqualTo(403);
    }
  }

  @Test
  void whatIsListedCanBePutBack() throws Exception {
    try (Kit kit = Kit.onSockets(folder)) {
      kit.lock(3);
      String list = kit.ask(Role.FORWARDER, "GET", ROOT + "/nodes", "").body();
      assertThat(kit.ask(Role.FORWARDER, "PUT", ROOT + "/nodes", list).status()).isEqualTo(204);
      assertThat(kit.ask(Role.FORWARDER, "GET", ROOT + "/nodes", "").body()).isEqualTo(list);
    }
  }

  @Test
  void anAnnouncementHasATagOfItsOwnAlsoWhenTheLockIsOffOrWasNeverOn() throws Exception {
    try (Kit kit = Kit.onSockets(folder)) {
      kit.ask(Role.FORWARDER, "POST", node(1) + "/login", Kit.login(1));
      RawHttp.Reply never = kit.ask(Role.FORWARDER, "GET", ROOT + "/announcement", "");
      assertThat(never.body()).isEqualTo("{}");
      assertThat(never.headers()).containsEntry("etag", "\"never\"");
      kit.lock(2);
      String head = Kit.genesis().hash().toString();
      RawHttp.Reply on = kit.ask(Role.FORWARDER, "GET", ROOT + "/announcement?node=2", "");
      assertThat(json(on)).isEqualTo(Map.of("Head", head));
      assertThat(on.headers()).containsEntry("etag", '"' + head + '"');
      RawHttp.Reply same =
          kit.ask(
              Role.FORWARDER,
              "GET",
              ROOT + "/announcement",
              "",
              "If-None-Match: \"x\", W/\"" + head + "\"");
      assertThat(same.status()).isEqualTo(304);
      assertThat(same.headers()).containsEntry("etag", '"' + head + '"');
      json(kit.disable(head));
      RawHttp.Reply off = kit.ask(Role.FORWARDER, "GET", ROOT + "/announcement", "");
      assertThat(json(off)).isEqualTo(Map.of("Disabled", true));
      assertThat(off.headers()).containsEntry("etag", "\"disabled\"");
    }
  }

  @Test
  void aListOfNodesHasATagThatIsAnotherOneAfterEachChange() throws Exception {
    try (Kit kit = Kit.onSockets(folder)) {
      for (int node = 1; node <= 2; node++) {
        kit.ask(Role.FORWARDER, "POST", node(node) + "/login", Kit.login(node));
      }
      String tag = "";
      List<Change> changes =
          List.of(
              () -> {},
              () -> kit.ask(Role.FORWARDER, "PUT", node(1), entry("name", "one")),
              () -> kit.ask(Role.FORWARDER, "PUT", node(1), entry("name", "two")),
              () -> kit.ask(Role.FORWARDER, "PUT", node(1), entry("name", "one")),
              () -> kit.ask(Role.FORWARDER, "PUT", node(1), entry("unsignedPeerApiOnly", true)),
              () -> kit.ask(Role.FORWARDER, "PUT", node(1), text("nodeKey", nodeKey(7))),
              () -> kit.ask(Role.FORWARDER, "PUT", node(3), entry("name", "three")),
              () -> kit.ask(Role.FORWARDER, "DELETE", node(3), ""),
              () -> kit.lock(2),
              () -> kit.disable(Kit.genesis().hash().toString()));
      Set<String> tags = new HashSet<>();
      for (int i = 0; i < changes.size(); i++) {
        changes.get(i).make();
        RawHttp.Reply now = listed(kit, tag);
        long end = System.nanoTime() + 60_000_000_000L;
        while (now.status() == 304 || !now.headers().containsKey("etag")) {
          assertThat(System.nanoTime()).as("change " + i).isLessThan(end);
          Thread.sleep(5);
          now = listed(kit, tag);
        }
        tag = now.headers().get("etag");
        assertThat(tags.add(tag)).as("change " + i).isTrue();
        assertThat(now.headers()).containsEntry("cache-control", "no-cache");
        assertThat(now.body())
            .as("change " + i)
            .isEqualTo(kit.ask(Role.FORWARDER, "GET", ROOT + "/nodes", "").body());
        // Until the last commit of the change is heard of, it may be another one.
        RawHttp.Reply same = listed(kit, tag);
        while (same.status() != 304) {
          assertThat(System.nanoTime()).as("change " + i).isLessThan(end);
          tag = same.headers().getOrDefault("etag", tag);
          tags.add(tag);
          same = listed(kit, tag);
        }
        assertThat(same.headers()).containsEntry("etag", tag);
        assertThat(same.body()).isEmpty();
      }
    }
  }

  @FunctionalInterface
  private interface Change {
    void make() throws Exception;
  }

  private static String entry(String field, Object value) {
    return text("nodeKey", nodeKey(1), field, value);
  }

  private static RawHttp.Reply listed(Kit kit, String tag) throws IOException {
    return kit.ask(Role.FORWARDER, "GET", ROOT + "/nodes", "", "If-None-Match: " + tag);
  }

  @Test
  void aLongPollEndsWithTheChangeOrWith304AndHoldsNoThread() throws Exception {
    try (Kit kit = Kit.onSockets(folder)) {
      kit.ask(Role.FORWARDER, "POST", node(1) + "/login", Kit.login(1));
      assertThat(
              kit.ask(
                      Role.FORWARDER,
                      "GET",
                      ROOT + "/announcement?wait=50ms",
                      "",
                      "If-None-Match: \"never\"")
                  .status())
          .isEqualTo(304);
      // More of them than there are threads.
      List<RawHttp> waiting = new java.util.ArrayList<>();
      for (int i = 0; i < 200; i++) {
        RawHttp http = new RawHttp(kit.address(Role.FORWARDER));
        http.send(
            "GET "
                + ROOT
                + "/announcement?wait=55s&node=1 HTTP/1.1\r\nHost: x\r\nIf-None-Match: \"never\"\r\n\r\n");
        waiting.add(http);
      }
      kit.lock(2);
      for (RawHttp each : waiting) {
        assertThat(json(each.read())).containsEntry("Head", Kit.genesis().hash().toString());
        each.close();
      }
    }
  }

  @Test
  @Timeout(300)
  void aStoppingServerIsNotReadyAnswersWhoWaitsAndFinishesWhatIsInFlight() throws Exception {
    try (Kit kit = Kit.onSockets(folder)) {
      kit.ask(Role.FORWARDER, "POST", node(1) + "/login", Kit.login(1));
      // Not before the place was looked at for the first time.
      while (!kit.ask(Role.FORWARDER, "GET", "/readyz", "").body().equals("ready\n")) {
        Thread.sleep(5);
      }
      try (RawHttp waiting = new RawHttp(kit.address(Role.FORWARDER))) {
        waiting.send(
            "GET "
                + ROOT
                + "/announcement?wait=55s HTTP/1.1\r\nHost: x\r\nIf-None-Match: \"never\"\r\n\r\n");
        // Until it waits: what comes after it was taken after it.
        while (!kit.ask(Role.OPERATOR, "GET", "/metrics", "")
            .body()
            .contains("tka_announcement_waits 1")) {
          Thread.onSpinWait();
        }
        assertThat(kit.server.drain(java.time.Duration.ofSeconds(60))).isTrue();
        assertThat(waiting.read().status()).isEqualTo(304);
      }
      assertThat(kit.ask(Role.FORWARDER, "GET", "/livez", "").status()).isEqualTo(200);
      assertThat(kit.ask(Role.FORWARDER, "GET", ROOT + "/nodes", "").code())
          .isEqualTo("unavailable");
      assertThat(
              kit.send(Role.OPERATOR, "GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n").status())
          .isEqualTo(503);
    }
  }

  @Test
  void anOperatorEditsAndReadsWithoutANode() throws Exception {
    try (Kit kit = Kit.onSockets(folder)) {
      kit.lock(2);
      String head = Kit.genesis().hash().toString();
      assertThat(lines(kit.ask(Role.OPERATOR, "GET", "/v1/tailnets", "")))
          .singleElement()
          .satisfies(
              each ->
                  assertThat(each)
                      .containsEntry("tailnet", TAILNET)
                      .containsEntry("lock", "on")
                      .containsEntry("head", head)
                      .containsEntry("nodes", 2));
      assertThat(json(kit.ask(Role.OPERATOR, "GET", ROOT, ""))).containsEntry("keys", 1);
      assertThat(lines(kit.ask(Role.OPERATOR, "GET", ROOT + "/log?limit=1", "")))
          .extracting(each -> each.get("Hash"))
          .containsExactly(head);
      assertThat(kit.ask(Role.OPERATOR, "GET", ROOT + "/export", "").body()).isNotEmpty();
      assertThat(lines(kit.ask(Role.OPERATOR, "GET", ROOT + "/fleet", ""))).hasSize(2);
      assertThat(
              json(
                  kit.ask(
                      Role.OPERATOR,
                      "POST",
                      ROOT + "/machine/tka/sync/offer",
                      text("Version", 148, "Head", head, "Ancestors", List.of()))))
          .containsEntry("Head", head);
      assertThat(kit.ask(Role.OPERATOR, "PUT", node(2) + "/may-init", "true").status())
          .isEqualTo(204);
      assertThat(lines(kit.ask(Role.FORWARDER, "GET", ROOT + "/nodes?node=2", "")).get(0))
          .containsEntry("mayInit", true)
          .containsKey("nodeKeySignature");
      assertThat(kit.ask(Role.OPERATOR, "DELETE", ROOT, "").status()).isEqualTo(204);
      assertThat(lines(kit.ask(Role.OPERATOR, "GET", "/v1/tailnets", ""))).isEmpty();
    }
  }

  @Test
  void anOperatorSaysThatATailnetWasRestoredAndSeesItUntilThatIsOver() throws Exception {
    try (Kit kit = Kit.onSockets(folder)) {
      kit.lock(1);
      assertThat(json(kit.ask(Role.OPERATOR, "GET", ROOT, ""))).doesNotContainKey("restored");
      for (int time = 1; time <= 2; time++) {
        assertThat(kit.ask(Role.OPERATOR, "PUT", ROOT + "/restored", "").status()).isEqualTo(204);
      }
      assertThat(json(kit.ask(Role.OPERATOR, "GET", ROOT, ""))).containsKey("restored");
      assertThat(lines(kit.ask(Role.OPERATOR, "GET", "/v1/tailnets", "")).get(0))
          .containsKey("restored");
      for (int time = 1; time <= 2; time++) {
        assertThat(kit.ask(Role.OPERATOR, "DELETE", ROOT + "/restored", "").status())
            .isEqualTo(204);
      }
      assertThat(json(kit.ask(Role.OPERATOR, "GET", ROOT, ""))).doesNotContainKey("restored");
    }
  }

  @Test
  void operatorsSetThresholdsProposeAndCollectSignatures() throws Exception {
    try (Kit kit = Kit.onSockets(folder)) {
      kit.lock(1);
      String thresholds = ROOT + "/thresholds";
      assertThat(json(kit.ask(Role.OPERATOR, "GET", thresholds, "")))
          .isEqualTo(Map.of("addKey", 0, "removeKey", 0, "checkpoint", 0, "disable", 0));
      for (String one : List.of("{\"addKey\":1}", "{\"disable\":1}", "{}", "{\"removeKey\":0}")) {
        assertThat(kit.ask(Role.OPERATOR, "PUT", thresholds, one).status()).isEqualTo(204);
      }
      // One that a request leaves out stays as it is.
      assertThat(json(kit.ask(Role.OPERATOR, "GET", thresholds, "")))
          .isEqualTo(Map.of("addKey", 1, "removeKey", 0, "checkpoint", 0, "disable", 1));
      assertThat(kit.ask(Role.OPERATOR, "PUT", thresholds, "{\"addKey\":9999}").code())
          .isEqualTo("refused");
      String head = json(kit.ask(Role.OPERATOR, "GET", ROOT, "")).get("head").toString();
      RawHttp.Reply early = kit.disable(head);
      assertThat(early.status()).isEqualTo(409);
      assertThat(early.body()).contains("tka propose --disable");

      Aum edit = Aum.builder(AumKind.ADD_KEY).key(TestKeys.key(5, 1)).build();
      String proposals = ROOT + "/proposals";
      Map<String, Object> made =
          json(
              kit.ask(
                  Role.OPERATOR,
                  "POST",
                  proposals,
                  text("operations", List.of(base64(edit.encoded())))));
      assertThat(made)
          .containsEntry("state", "open")
          .containsEntry("needed", 1)
          .containsEntry("has", 0)
          .containsEntry("signed", List.of());
      String one = proposals + "/" + made.get("id");
      Aum update = Aum.decode(Base64.getDecoder().decode(made.get("update").toString()));
      assertThat(made).containsEntry("sigHash", base64(update.sigHash()));
      assertThat(lines(kit.ask(Role.OPERATOR, "GET", proposals, ""))).containsExactly(made);
      assertThat(json(kit.ask(Role.OPERATOR, "GET", one, ""))).isEqualTo(made);
      String stale = approval(1, edit.sigHash());
      assertThat(kit.ask(Role.OPERATOR, "POST", one + "/signatures", stale).code())
          .isEqualTo("conflict");
      String stranger = approval(9, update.sigHash());
      assertThat(kit.ask(Role.OPERATOR, "POST", one + "/signatures", stranger).code())
          .isEqualTo("refused");
      for (int time = 1; time <= 2; time++) {
        Map<String, Object> done =
            json(
                kit.ask(Role.OPERATOR, "POST", one + "/signatures", approval(1, update.sigHash())));
        assertThat(done)
            .containsEntry("state", "done")
            .containsEntry("aum", json(kit.ask(Role.OPERATOR, "GET", ROOT, "")).get("head"));
      }

      Map<String, Object> end =
          json(kit.ask(Role.OPERATOR, "POST", proposals, "{\"disable\":true}"));
      assertThat(end).doesNotContainKey("update");
      String other = proposals + "/" + end.get("id");
      for (int time = 1; time <= 2; time++) {
        assertThat(kit.ask(Role.OPERATOR, "DELETE", other, "").status()).isEqualTo(204);
      }
      assertThat(json(kit.ask(Role.OPERATOR, "GET", other, "")))
          .containsEntry("state", "ended")
          .containsEntry("reason", "it was withdrawn");
      Map<String, Object> again =
          json(kit.ask(Role.OPERATOR, "POST", proposals, "{\"disable\":true}"));
      Bytes hash = Bytes.copyOf(Base64.getDecoder().decode(again.get("sigHash").toString()));
      assertThat(
              json(
                  kit.ask(
                      Role.OPERATOR,
                      "POST",
                      proposals + "/" + again.get("id") + "/signatures",
                      approval(1, hash))))
          .containsEntry("state", "approved");
      String now = json(kit.ask(Role.OPERATOR, "GET", ROOT, "")).get("head").toString();
      assertThat(kit.disable(now).status()).isEqualTo(200);
    }
  }

  private static String approval(int key, Bytes sigHash) {
    return text(
        "key",
        TestKeys.publicKey(key).toString(),
        "sigHash",
        base64(sigHash),
        "signature",
        base64(TestKeys.signature(key, sigHash)));
  }

  @Test
  void sayingWhoMayInitNeverUndoesAKeyChange() throws Exception {
    ExecutorService other = Executors.newSingleThreadExecutor();
    try (Kit kit = Kit.onSockets(folder)) {
      kit.ask(Role.FORWARDER, "POST", node(2) + "/login", Kit.login(2));
      for (int round = 1; round <= 60; round++) {
        String key = nodeKey(2 + round);
        boolean may = round % 2 == 1;
        Future<RawHttp.Reply> said =
            other.submit(
                () -> kit.ask(Role.OPERATOR, "PUT", node(2) + "/may-init", String.valueOf(may)));
        kit.ask(Role.FORWARDER, "POST", node(2) + "/login", text("nodeKey", key));
        assertThat(said.get().status()).isEqualTo(204);
        Map<String, Object> listed =
            lines(kit.ask(Role.FORWARDER, "GET", ROOT + "/nodes?node=2", "")).get(0);
        assertThat(listed).containsEntry("nodeKey", key);
        assertThat(listed.containsKey("mayInit")).isEqualTo(may);
      }
    } finally {
      other.shutdownNow();
    }
  }

  @Test
  void aNodeComesByItselfWithATokenThatCanBeRevoked() throws Exception {
    try (Kit kit = Kit.onTcp(folder)) {
      String forwarder = "Authorization: Bearer " + Kit.TOKEN;
      String operator = "Authorization: Bearer " + Kit.OPERATOR_TOKEN;
      kit.lock(2, forwarder);
      String token =
          kit.secret(
              (String)
                  json(kit.ask(Role.OPERATOR, "POST", node(2) + "/tokens", "", operator))
                      .get("token"));
      String bearer = "Authorization: Bearer " + token;
      String head = Kit.genesis().hash().toString();
      assertThat(json(kit.ask(Role.NODE, "GET", "/v1/node/announcement", "", bearer)))
          .containsEntry("Head", head);
      assertThat(
              json(
                  kit.ask(
                      Role.NODE,
                      "POST",
                      "/v1/node/machine/tka/sync/offer",
                      text(
                          "Version",
                          148,
                          "NodeKey",
                          nodeKey(2),
                          "Head",
                          head,
                          "Ancestors",
                          List.of()),
                      bearer)))
          .containsEntry("Head", head);
      RawHttp.Reply peers = kit.ask(Role.NODE, "GET", "/v1/node/peers", "", bearer);
      assertThat(lines(peers)).extracting(each -> each.get("node")).containsExactly("1");
      String tag = peers.headers().getOrDefault("etag", "\"unknown yet\"");
      assertThat(tag).matches("\"[0-9a-f]+-[0-9]+-2\"|\"unknown yet\"");
      assertThat(
              kit.ask(
                      Role.NODE,
                      "POST",
                      "/v1/node/login",
                      text(
                          "nodeKey",
                          nodeKey(2),
                          "rotationKey",
                          Kit.base64(TestKeys.publicKey(102).bytes())),
                      bearer)
                  .body())
          .isEqualTo("{}");
      RawHttp.Reply mayInit =
          kit.ask(
              Role.NODE,
              "POST",
              "/v1/node/login",
              text("nodeKey", nodeKey(2), "mayInit", true),
              bearer);
      assertThat(mayInit.code()).isEqualTo("forbidden");
      assertThat(kit.ask(Role.NODE, "PUT", node(1), "{}", bearer).code()).isEqualTo("forbidden");

      List<Map<String, Object>> tokens =
          lines(kit.ask(Role.OPERATOR, "GET", ROOT + "/tokens", "", operator));
      assertThat(tokens).singleElement().extracting(each -> each.get("node")).isEqualTo("2");
      assertThat(
              kit.ask(
                      Role.OPERATOR,
                      "DELETE",
                      ROOT + "/tokens/" + tokens.get(0).get("id"),
                      "",
                      operator)
                  .status())
          .isEqualTo(204);
      assertThat(kit.ask(Role.NODE, "GET", "/v1/node/announcement", "", bearer).code())
          .isEqualTo("unauthorized");
    }
  }

  @Test
  void anOperatorWhoMayReadOnlyChangesNothing() throws Exception {
    try (Kit kit = Kit.onTcp(folder)) {
      kit.lock(1, "Authorization: Bearer " + Kit.TOKEN);
      String reader = "Authorization: Bearer " + Kit.READ_TOKEN;
      assertThat(kit.ask(Role.OPERATOR, "GET", ROOT, "", reader).status()).isEqualTo(200);
      assertThat(kit.ask(Role.OPERATOR, "GET", "/metrics", "", reader).status()).isEqualTo(200);
      for (Route each : Route.values()) {
        if (each.roles().contains(Role.OPERATOR) && each.needsIdentity() && each.changes()) {
          String path =
              each.template()
                  .replace("{tailnet}", TAILNET)
                  .replace("{node}", "1")
                  .replace("{rpc}", "disable")
                  .replace("{token}", "0");
          String method = each.methods().iterator().next();
          assertThat(kit.ask(Role.OPERATOR, method, path, "", reader).code())
              .as("%s", each)
              .isEqualTo("forbidden");
        }
      }
    }
  }

  @Test
  void metricsAreOpenMetricsWithBoundedLabelsForOperatorsOnly() throws Exception {
    try (Kit kit = Kit.onSockets(folder)) {
      kit.lock(1);
      RawHttp.Reply metrics = kit.ask(Role.OPERATOR, "GET", "/metrics", "");
      assertThat(metrics.headers().get("content-type")).startsWith("application/openmetrics-text");
      assertThat(metrics.body())
          .contains(
              "tka_requests_total{outcome=\"ok\",role=\"forwarder\",rpc=\"init/begin\"} 1.0",
              "tka_request_duration_seconds_bucket",
              "tka_database_last_read_age_seconds",
              "tka_request_bytes_total")
          .doesNotContain(TAILNET)
          .endsWith("# EOF\n");
      assertThat(metrics.body().lines().filter(line -> !line.startsWith("#")))
          .allMatch(line -> line.startsWith("tka_"));
      assertThat(kit.ask(Role.FORWARDER, "GET", "/metrics", "").status()).isEqualTo(403);
    }
  }

  @Test
  void http2IsSpokenWithoutTlsTooAlsoForGetWithABody() throws Exception {
    try (Kit kit = Kit.onTcp(folder)) {
      kit.lock(2, "Authorization: Bearer " + Kit.TOKEN);
      Listener.Address.Tcp tcp = (Listener.Address.Tcp) kit.address(Role.FORWARDER);
      HttpClient client = HttpClient.newHttpClient();
      String head = Kit.genesis().hash().toString();
      String offer =
          text("Version", 148, "NodeKey", nodeKey(2), "Head", head, "Ancestors", List.of());
      String server = "http://localhost:" + tcp.port();
      // A request without a body asks to change the protocol, and the next ones speak it.
      client.send(
          HttpRequest.newBuilder(URI.create(server + "/livez")).build(),
          HttpResponse.BodyHandlers.ofString());
      HttpResponse<String> answer =
          client.send(
              HttpRequest.newBuilder(URI.create(server + node(2) + "/machine/tka/sync/offer"))
                  .header("Authorization", "Bearer " + Kit.TOKEN)
                  .method("GET", HttpRequest.BodyPublishers.ofString(offer))
                  .build(),
              HttpResponse.BodyHandlers.ofString());
      assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
      assertThat(answer.body()).contains(head);
      assertThat(answer.version()).isEqualTo(HttpClient.Version.HTTP_2);
    }
  }

  @Test
  void aTailnetsNameMayHaveAnyLetterAndComesEncoded() throws Exception {
    try (Kit kit = Kit.onSockets(folder)) {
      String root = "/v1/tailnets/%C3%BCber%20all%26/";
      assertThat(kit.ask(Role.FORWARDER, "POST", root + "nodes/1/login", Kit.login(1)).status())
          .isEqualTo(200);
      assertThat(lines(kit.ask(Role.OPERATOR, "GET", "/v1/tailnets", "")))
          .extracting(each -> each.get("tailnet"))
          .containsExactly("\u00fcber all&");
      assertThat(kit.log).anyMatch(line -> line.contains(" tailnet=\"\u00fcber all&\" "));
    }
  }
}
