package dev.tka.control.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.jr.ob.JSON;
import dev.tka.testkit.NodeKeySignatures;
import dev.tka.testkit.TestKeys;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What operators read of a tailnet that has to be worked out first. */
class ViewsTest {
  private static final String ROOT = "/v1/tailnets/" + PageKit.TAILNET;

  @TempDir static Path folder;
  private static PageKit kit;

  @BeforeAll
  static void start() throws Exception {
    kit = new PageKit(folder);
  }

  @AfterAll
  static void stop() throws Exception {
    kit.close();
  }

  private static RawHttp.Reply ask(String path) throws Exception {
    RawHttp.Reply reply =
        RawHttp.ask(
            kit.server.address(Role.OPERATOR).orElseThrow(),
            "GET "
                + path
                + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer "
                + PageKit.TOKEN
                + "\r\n\r\n");
    if (reply.status() >= 400) {
      Kit.requirePlain(reply);
    }
    return reply;
  }

  /** An answer, which has the fields that the document names, and no others. */
  private static Map<String, Object> view(String path, String schema) throws Exception {
    RawHttp.Reply reply = ask(path);
    assertThat(reply.status()).as("%s", reply).isEqualTo(200);
    Map<String, Object> value = JSON.std.mapFrom(reply.body());
    Map<String, Object> document;
    try (var in = Surface.class.getResourceAsStream("openapi.json")) {
      document = JSON.std.mapFrom(in);
    }
    requireFields(value, object(object(object(document, "components"), "schemas"), schema));
    return value;
  }

  private static void requireFields(Object value, Map<String, Object> schema) {
    if (value instanceof Map<?, ?> map && schema.get("properties") != null) {
      assertThat(new TreeSet<Object>(map.keySet()))
          .isSubsetOf(object(schema, "properties").keySet());
      Set<Object> required = new TreeSet<>((List<?>) schema.get("required"));
      assertThat(new TreeSet<Object>(map.keySet())).containsAll(required);
      map.forEach((name, each) -> requireFields(each, object(object(schema, "properties"), name)));
    } else if (value instanceof List<?> list && schema.get("items") != null) {
      list.forEach(each -> requireFields(each, object(schema, "items")));
    }
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> object(Map<String, Object> map, Object name) {
    assertThat(map).containsKey((String) name);
    return (Map<String, Object>) map.get(name);
  }

  @SuppressWarnings("unchecked")
  private static List<Map<String, Object>> list(Map<String, Object> map, String name) {
    return (List<Map<String, Object>>) map.get(name);
  }

  private static String hash(String name) {
    return PageKit.CHAIN.get(name).hash().toString();
  }

  @Test
  void theSummaryCountsNodesAndAlarms() throws Exception {
    Map<String, Object> summary = view(ROOT + "/summary", "Summary");
    assertThat(summary).containsEntry("nodes", 7).containsEntry("behind", 1);
    assertThat(list(summary, "conditions"))
        .contains(
            Map.of("condition", "stranded", "nodes", 1),
            Map.of("condition", "locked-out", "nodes", 1),
            Map.of("condition", "current", "nodes", 1));
    assertThat(list(summary, "alarms")).isEmpty();
    assertThat(list(view("/v1/tailnets/weak.example/summary", "Summary"), "alarms"))
        .singleElement()
        .extracting("kind")
        .isEqualTo("anybody-can-sign");
    assertThat(view("/v1/tailnets/off.example/summary", "Summary")).containsEntry("nodes", 0);
  }

  @Test
  void theKeysHaveWhatDependsOnThem() throws Exception {
    Map<String, Object> keys = view(ROOT + "/keys", "Keys");
    assertThat(keys).containsEntry("keysUsed", 4).containsEntry("head", hash("I"));
    assertThat(list(keys, "keys").get(0))
        .containsEntry("key", TestKeys.publicKey(1).toString())
        .containsEntry("votes", 2)
        .containsEntry("othersVotes", 3)
        .containsEntry("canBeOutvoted", true);
    assertThat(list(keys, "findings")).extracting("kind").containsExactly("one-disablement-value");
    Map<String, Object> weak = view("/v1/tailnets/weak.example/keys", "Keys");
    // A key that anybody can sign for helps nobody.
    assertThat(list(weak, "keys").get(0))
        .containsEntry("othersVotes", 0)
        .containsEntry("canBeOutvoted", false);
    assertThat(list(weak, "keys").get(1)).doesNotContainKey("othersVotes");
    assertThat(list(weak, "findings"))
        .extracting("kind")
        .startsWith("anybody-can-sign", "one-signing-key");
  }

  @Test
  void theGraphComesInWindowsThatTogetherAreTheWhole() throws Exception {
    int all = PageKit.CHAIN.all().size();
    Map<String, Object> whole = view(ROOT + "/graph?count=1000", "Graph");
    assertThat(whole).containsEntry("rows", all).containsEntry("from", 0);
    assertThat(list(whole, "updates")).hasSize(all);
    List<Map<String, Object>> pieces = new ArrayList<>();
    for (int from = 0; from < all; from += 4) {
      pieces.addAll(list(view(ROOT + "/graph?count=4&from=" + from, "Graph"), "updates"));
    }
    assertThat(pieces).isEqualTo(list(whole, "updates"));
    assertThat(pieces.get(0)).containsEntry("hash", hash("I")).containsEntry("lane", 0);
    assertThat(list(view(ROOT + "/graph?from=99", "Graph"), "updates")).isEmpty();
    Map<String, Object> around = view(ROOT + "/graph?count=3&at=" + hash("D"), "Graph");
    assertThat(list(around, "updates")).extracting("hash").contains(hash("D"));
    assertThat(pieces.get((Integer) around.get("at"))).containsEntry("hash", hash("D"));
    for (String bad : List.of("count=0", "count=1001", "from=-1", "from=x", "at=x")) {
      assertThat(ask(ROOT + "/graph?" + bad).code()).as(bad).isEqualTo("malformed");
    }
    String unknown = Kit.genesis().hash().toString();
    assertThat(ask(ROOT + "/graph?at=" + unknown).code()).isEqualTo("not-found");
    assertThat(ask("/v1/tailnets/off.example/graph").code()).isEqualTo("lock-off");
  }

  @Test
  void anUpdateHasItsFieldsAndWhoSignedIt() throws Exception {
    Map<String, Object> update = view(ROOT + "/updates/" + hash("E"), "UpdateDetail");
    assertThat(update).containsEntry("active", true).containsEntry("children", List.of(hash("F")));
    assertThat(list(update, "signers"))
        .containsExactly(
            Map.of(
                "key",
                TestKeys.publicKey(1).toString(),
                "verifies",
                true,
                "trusted",
                true,
                "votes",
                2,
                "meta",
                Map.of("name", "Ada's laptop")));
    assertThat(view(ROOT + "/updates/" + hash("Y"), "UpdateDetail")).containsEntry("active", false);
    assertThat(view(ROOT + "/updates/" + hash("A"), "UpdateDetail")).containsKey("signers");
    assertThat(ask(ROOT + "/updates/" + Kit.genesis().hash()).code()).isEqualTo("not-found");
    assertThat(ask(ROOT + "/updates/x").code()).isEqualTo("malformed");
  }

  @Test
  void aNodeIsExplained() throws Exception {
    Map<String, Object> kept = view(ROOT + "/nodes/2/explanation", "Explanation");
    assertThat(kept).containsEntry("kept", true).containsEntry("verdict", "signed");
    assertThat(list(kept, "layers")).hasSize(1);
    Map<String, Object> dropped = view(ROOT + "/nodes/3/explanation", "Explanation");
    assertThat(dropped).containsEntry("kept", false);
    assertThat((String) dropped.get("help"))
        .startsWith("tka sign http://localhost")
        .contains(" --tailnet example.com " + NodeKeySignatures.nodeKey(3) + " tlpub:");
    assertThat(ask(ROOT + "/nodes/99/explanation").code()).isEqualTo("unknown-node");
  }

  @Test
  void theFleetHasTheCommandThatHelps() throws Exception {
    Map<String, Object> document;
    try (var in = Surface.class.getResourceAsStream("openapi.json")) {
      document = JSON.std.mapFrom(in);
    }
    Map<String, Object> commands = new TreeMap<>();
    for (Map<String, Object> each : Kit.lines(ask(ROOT + "/fleet"))) {
      requireFields(each, object(object(object(document, "components"), "schemas"), "FleetEntry"));
      commands.put((String) each.get("node"), each.getOrDefault("command", ""));
    }
    assertThat(commands).hasSize(7).containsEntry("1", "").containsEntry("2", "");
    assertThat((String) commands.get("3")).startsWith("tka sign http://localhost");
    assertThat(commands).containsEntry("4", "tailscale lock local-disable");
  }

  @Test
  void aRevocationIsPlanned() throws Exception {
    Map<String, Object> plan =
        view(ROOT + "/revocation?key=" + TestKeys.publicKey(3), "RevocationPlan");
    assertThat(list(plan, "revoked"))
        .extracting("key")
        .containsExactly(TestKeys.publicKey(3).toString());
    assertThat(list(plan, "erased")).extracting("hash").contains(hash("H"), hash("I"));
    assertThat(list(plan, "affected")).extracting("node").contains("4", "5");
    Map<String, Object> later =
        view(
            ROOT + "/revocation?key=" + TestKeys.publicKey(3) + "&forkFrom=" + hash("G"),
            "RevocationPlan");
    assertThat(list(later, "erased")).extracting("hash").containsExactly(hash("H"), hash("I"));
    assertThat(ask(ROOT + "/revocation").code()).isEqualTo("malformed");
    assertThat(ask(ROOT + "/revocation?key=x").code()).isEqualTo("malformed");
    assertThat(ask(ROOT + "/revocation?key=" + TestKeys.publicKey(77)).code()).isEqualTo("refused");
  }
}
