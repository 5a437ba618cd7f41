package dev.tka.node;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.jr.ob.JSON;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.LockPrivateKey;
import dev.tka.core.NodeKey;
import dev.tka.core.authority.Clocks;
import dev.tka.core.nodekey.NodeKeySignature;
import dev.tka.sync.rpc.Announcement;
import dev.tka.sync.rpc.Rpc;
import dev.tka.sync.rpc.RpcJson;
import dev.tka.sync.rpc.RpcRequest;
import dev.tka.testkit.FakeClock;
import dev.tka.testkit.GoldenData;
import dev.tka.testkit.NodeKeySignatures;
import dev.tka.testkit.TestKeys;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/**
 * The node side of what four real nodes asked (testdata/recorded): an agent that is announced and
 * answered what each of them was, asks in meaning what they asked. Every difference has a reason.
 */
class RecordedAgentTest {
  /** Requests that a person's command sent, from one of the nodes: an agent has no commands. */
  private static final String COMMAND =
      "a command's: what it changed came back to the node that sent it with the next announcement";

  private static final String OFFERS_MORE =
      "the commit times of node2 were moved back by 30 days, so that it compacted; not so here";

  private static final String STAYS_DISABLED =
      "after a local disable, a real node joins again until it is restarted, and ours does not";

  /** Where the agent asks otherwise: the number of the request, and why. */
  private final Map<Integer, String> differences = new TreeMap<>();

  /** One thing that happened to a node, in the order of the recording. */
  private sealed interface Event {
    int after();
  }

  private record Told(int after, Announcement announcement) implements Event {}

  private record Asked(int after, Rpc rpc, String request, int status, String response)
      implements Event {
    RpcRequest read() throws Exception {
      return RpcJson.readRequest(rpc, stream(request));
    }

    /** Whether a person's command sent it. */
    boolean isCommand() throws Exception {
      return switch (rpc) {
        case INIT_BEGIN, INIT_FINISH, SIGN, AFFECTED_SIGS, DISABLE -> true;
        case BOOTSTRAP, SYNC_OFFER -> false;
        case SYNC_SEND -> {
          RpcRequest.Send send = (RpcRequest.Send) read();
          List<Bytes> aums = send.send().missing();
          // A finished revocation is one AUM that is its own head.
          yield send.interactive()
              || (aums.size() == 1 && AumHash.ofEncoding(aums.get(0)).equals(send.send().head()));
        }
      };
    }
  }

  private static ByteArrayInputStream stream(String text) {
    return new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
  }

  private static Map<String, List<Event>> recorded() throws Exception {
    Map<String, List<Event>> events = new TreeMap<>();
    for (String line : GoldenData.lines("recorded/rpc")) {
      Map<String, Object> json = JSON.std.mapFrom(line);
      String path = (String) json.get("path");
      int status = ((Number) json.get("status")).intValue();
      events
          .computeIfAbsent((String) json.get("node"), any -> new ArrayList<>())
          .add(
              new Asked(
                  ((Number) json.get("n")).intValue(),
                  Rpc.of(path.substring("/machine/tka/".length())).orElseThrow(),
                  JSON.std.asString(json.get("request")),
                  status,
                  status == 200
                      ? JSON.std.asString(json.get("response"))
                      : String.valueOf(json.get("response"))));
    }
    for (String line : GoldenData.lines("recorded/announced")) {
      Map<String, Object> json = JSON.std.mapFrom(line);
      Object info = json.get("tka_info");
      events
          .get((String) json.get("node"))
          .add(
              new Told(
                  ((Number) json.get("after_rpc")).intValue(),
                  dev.tka.sync.rpc.AnnouncementJson.read(
                      stream(info == null ? "{}" : JSON.std.asString(info)))));
    }
    // An announcement came after the request whose number it has.
    events
        .values()
        .forEach(
            each ->
                each.sort(
                    Comparator.comparingInt(Event::after)
                        .thenComparing(event -> event instanceof Told)));
    return events;
  }

  /** Answers what control answered to the recorded requests, in their order. */
  private final class Script implements ControlTransport {
    private final Iterator<Asked> expected;

    Script(List<Asked> expected) {
      this.expected = expected.iterator();
    }

    @Override
    public CompletableFuture<Reply> send(Ask ask) {
      try {
        Call call = (Call) ask;
        RpcRequest ours =
            RpcJson.readRequest(call.rpc(), new ByteArrayInputStream(call.body().toByteArray()));
        assertThat(expected.hasNext()).as("nothing more was asked than %s", ours).isTrue();
        Asked asked = expected.next();
        assertThat(call.rpc()).as("request %d", asked.after()).isEqualTo(asked.rpc());
        compare(ours, asked);
        return CompletableFuture.completedFuture(
            Reply.of(
                asked.status(), Bytes.copyOf(asked.response().getBytes(StandardCharsets.UTF_8))));
      } catch (Exception e) {
        throw new AssertionError(e);
      }
    }
  }

  private void compare(RpcRequest ours, Asked asked) throws Exception {
    RpcRequest theirs = asked.read();
    assertThat(ours.nodeKey()).isEqualTo(theirs.nodeKey());
    if (ours instanceof RpcRequest.Offer mine && theirs instanceof RpcRequest.Offer recorded) {
      assertThat(mine.offer().head())
          .as("offer %d", asked.after())
          .isEqualTo(recorded.offer().head());
      List<AumHash> more = new ArrayList<>(mine.offer().ancestors());
      assertThat(new HashSet<>(more)).containsAll(recorded.offer().ancestors());
      more.removeAll(recorded.offer().ancestors());
      if (!more.isEmpty()) {
        differences.put(asked.after(), OFFERS_MORE);
      }
    } else if (ours instanceof RpcRequest.Send mine && theirs instanceof RpcRequest.Send recorded) {
      assertThat(mine.send().head()).as("send %d", asked.after()).isEqualTo(recorded.send().head());
      assertThat(mine.interactive()).isFalse();
      assertThat(mine.wantRefused()).isTrue();
      assertThat(mine.send().missing()).isEqualTo(recorded.send().missing());
    } else if (ours instanceof RpcRequest.Bootstrap mine) {
      assertThat(mine.head()).isEqualTo(((RpcRequest.Bootstrap) theirs).head());
    } else {
      RpcRequest.Disable mine = (RpcRequest.Disable) ours;
      RpcRequest.Disable recorded = (RpcRequest.Disable) theirs;
      assertThat(mine.head()).isEqualTo(recorded.head());
      assertThat(mine.secret()).isEqualTo(recorded.secret());
    }
  }

  private static final Clocks CLOCKS = clocks();

  private static Clocks clocks() {
    FakeClock clock = new FakeClock();
    return new Clocks(clock, () -> Duration.between(FakeClock.START, clock.instant()));
  }

  /** Lives through what happened to a node, and ends as it did. */
  private NodeAgent live(String node, List<Event> events) throws Exception {
    AgentFolder folder = new PeerLogProperties.MemoryFolder();
    NodeAgent agent = NodeAgent.open(folder, key(events), CLOCKS);
    for (int i = 0; i < events.size(); i++) {
      if (events.get(i) instanceof Asked asked && asked.isCommand()) {
        if (asked.read() instanceof RpcRequest.Disable disable) {
          agent.disable(disable.secret(), new Script(List.of(asked)));
        } else {
          differences.put(asked.after(), COMMAND);
        }
      }
      if (!(events.get(i) instanceof Told told)) {
        continue;
      }
      List<Asked> answering = new ArrayList<>();
      for (int j = i + 1; j < events.size() && events.get(j) instanceof Asked asked; j++) {
        if (!asked.isCommand()) {
          answering.add(asked);
        }
      }
      agent = withKey(agent, folder, answering);
      if (node.equals("node4") && told.after() == 139) {
        agent.disableHere();
        for (Asked again : answering.subList(1, answering.size())) {
          differences.put(again.after(), STAYS_DISABLED);
        }
        answering = answering.subList(0, 1);
      }
      Script script = new Script(answering);
      try {
        agent.follow(told.announcement(), script);
      } catch (ControlFailure.Refused e) {
        assertThat(e.status()).isEqualTo(400);
      }
      assertThat(script.expected.hasNext())
          .as("%s asks all that it asked after %d", node, told.after())
          .isFalse();
    }
    return agent;
  }

  private static NodeKey key(List<Event> events) throws Exception {
    for (Event event : events) {
      if (event instanceof Asked asked) {
        return asked.read().nodeKey().orElseThrow();
      }
    }
    throw new AssertionError("a node that asked nothing");
  }

  /** Real nodes change their key in a login, which is not among these requests. */
  private static NodeAgent withKey(NodeAgent agent, AgentFolder folder, List<Asked> asked)
      throws Exception {
    if (asked.isEmpty() || asked.get(0).read().nodeKey().orElseThrow().equals(agent.nodeKey())) {
      return agent;
    }
    return NodeAgent.open(folder, asked.get(0).read().nodeKey().orElseThrow(), CLOCKS);
  }

  @Test
  void theAgentAsksWhatRecordedNodesAskedAndEachDifferenceHasAReason() throws Exception {
    Map<String, Optional<AumHash>> heads = new TreeMap<>();
    for (Map.Entry<String, List<Event>> node : recorded().entrySet()) {
      heads.put(
          node.getKey(),
          live(node.getKey(), node.getValue()).authority().map(live -> live.current().head()));
    }

    assertThat(differences).hasSize(37);
    assertThat(numbersOf(OFFERS_MORE)).containsExactly(133, 139, 153, 159);
    assertThat(numbersOf(STAYS_DISABLED)).containsExactly(143, 147);
    assertThat(numbersOf(COMMAND)).hasSize(31);
    Optional<AumHash> last =
        recorded().get("node1").stream()
            .filter(Told.class::isInstance)
            .map(event -> ((Told) event).announcement())
            .filter(Announcement.Enabled.class::isInstance)
            .map(told -> ((Announcement.Enabled) told).head())
            .reduce((one, next) -> next);
    assertThat(heads).containsEntry("node1", last).containsEntry("node2", last);
    assertThat(heads).containsEntry("node4", last);
  }

  private List<Integer> numbersOf(String reason) {
    return differences.entrySet().stream()
        .filter(each -> each.getValue().equals(reason))
        .map(Map.Entry::getKey)
        .toList();
  }

  /** What control hands back at a login, and then stores. */
  private static ControlTransport handingBack(NodeKeySignature signature, List<String> bodies) {
    return ask -> {
      String body =
          new String(((ControlTransport.LogIn) ask).body().toByteArray(), StandardCharsets.UTF_8);
      bodies.add(body);
      String answer =
          bodies.size() == 1
              ? "{\"handBack\":\""
                  + Base64.getEncoder().encodeToString(signature.encoded().toByteArray())
                  + "\"}"
              : "{}";
      return CompletableFuture.completedFuture(
          ControlTransport.Reply.of(200, Bytes.copyOf(answer.getBytes(StandardCharsets.UTF_8))));
    };
  }

  @Test
  void aSignatureThatIsHandedBackAtLoginComesBackRotated() throws Exception {
    LockPrivateKey lockKey = TestKeys.privateKey(103);
    NodeKeySignature old = NodeKeySignatures.direct(3, 1, 103);
    NodeAgent agent =
        NodeAgent.open(new PeerLogProperties.MemoryFolder(), NodeKeySignatures.nodeKey(3), CLOCKS);
    List<String> bodies = new ArrayList<>();

    NodeAgent.LoggedIn loggedIn =
        agent.logIn(NodeKeySignatures.nodeKey(4), lockKey, handingBack(old, bodies));

    assertThat(loggedIn).isEqualTo(new NodeAgent.LoggedIn(true, Optional.empty()));
    assertThat(agent.nodeKey()).isEqualTo(NodeKeySignatures.nodeKey(4));
    assertThat(bodies.get(0)).doesNotContain("nodeKeySignature").contains("rotationKey");
    NodeKeySignature ours =
        NodeKeySignature.decode(
            Base64.getDecoder()
                .decode((String) JSON.std.mapFrom(bodies.get(1)).get("nodeKeySignature")));
    // As a real node's: it names neither a key nor another wrapping key.
    assertThat(form(ours)).isEqualTo("2 over (1 key id wrapping key)");
    assertThat(ours.nested()).contains(old);
  }

  /** Which fields a signature and those in it have. */
  private static String form(NodeKeySignature signature) {
    return signature.kind()
        + (signature.keyId().isEmpty() ? "" : " key id")
        + (signature.wrappingPubkey().isEmpty() ? "" : " wrapping key")
        + signature.nested().map(nested -> " over (" + form(nested) + ")").orElse("");
  }
}
