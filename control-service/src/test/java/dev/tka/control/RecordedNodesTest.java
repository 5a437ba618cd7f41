package dev.tka.control;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.jr.ob.JSON;
import dev.tka.core.AumHash;
import dev.tka.core.LockPublicKey;
import dev.tka.core.NodeKey;
import dev.tka.core.nodekey.NodeKeySignature;
import dev.tka.core.store.AumEntry;
import dev.tka.store.MemoryTailnets;
import dev.tka.store.Tailnets;
import dev.tka.store.records.AuthorityName;
import dev.tka.store.records.NodeRecord;
import dev.tka.store.records.RecordsChange;
import dev.tka.store.records.RetiredAuthority;
import dev.tka.store.records.TailnetRecord;
import dev.tka.store.sql.PostgresDatabase;
import dev.tka.store.sql.PostgresSettings;
import dev.tka.store.sql.SqliteFile;
import dev.tka.store.sql.testkit.PostgresServer;
import dev.tka.sync.rpc.Announcement;
import dev.tka.sync.rpc.Rpc;
import dev.tka.sync.rpc.RpcAnswer;
import dev.tka.sync.rpc.RpcJson;
import dev.tka.sync.rpc.RpcRequest;
import dev.tka.testkit.FakeClock;
import dev.tka.testkit.GoldenData;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What four real nodes asked of a control server on the reference library, asked of this service
 * (testdata/recorded). The service hears of nodes as that server did: out of band.
 */
class RecordedNodesTest {
  private static final String TAILNET = "example.com";

  /** Where this service answers otherwise, and why. Everything else must be equal. */
  private static final Map<String, String> DIFFERENCES =
      Map.of(
          "rpc 159",
          "node2 has compacted past the fork point of a revocation; the reference finds no"
              + " intersection (400), and this service answers with its own offer and what follows"
              + " the fork point, which it finds on the branch that lost",
          "rpc 190",
          "node3 slept through disable and init; the reference finds no intersection (400), and"
              + " this service answers with its own offer and nothing to apply, and tells the node"
              + " that the lock is disabled",
          "rescue.rpc 190",
          "the same, in another run");

  /** What is kept in the end when each request came once, to one service in memory. */
  private static final Lazy END =
      new Lazy(
          () -> {
            try (Replay replay = replay(1, false)) {
              return replay.end();
            }
          });

  /** A text that is made once. */
  private static final class Lazy {
    private final Callable<String> making;
    private String made = "";

    Lazy(Callable<String> making) {
      this.making = making;
    }

    synchronized String get() throws Exception {
      if (made.isEmpty()) {
        made = making.call();
      }
      return made;
    }
  }

  /** A request and what was answered. */
  private record Exchange(
      String name, int n, String node, Rpc rpc, String request, int status, Object response) {
    String id() {
      return name + " " + n;
    }

    RpcRequest read() throws Exception {
      return RpcJson.readRequest(rpc, stream(request));
    }

    RpcAnswer answer() throws Exception {
      return RpcJson.readAnswer(rpc, stream(JSON.std.asString(response)));
    }
  }

  private static ByteArrayInputStream stream(String text) {
    return new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
  }

  private static List<Exchange> exchanges(String name) throws IOException {
    List<Exchange> exchanges = new ArrayList<>();
    for (String line : GoldenData.lines("recorded/" + name)) {
      Map<String, Object> json = JSON.std.mapFrom(line);
      String path = (String) json.get("path");
      exchanges.add(
          new Exchange(
              name,
              ((Number) json.get("n")).intValue(),
              (String) json.get("node"),
              Rpc.of(path.substring("/machine/tka/".length())).orElseThrow(),
              JSON.std.asString(json.get("request")),
              ((Number) json.get("status")).intValue(),
              json.get("response")));
    }
    return exchanges;
  }

  /** The nodes as the recorded control knew them, and one or two services over one place. */
  private static final class Replay implements AutoCloseable {
    final Tailnets place;
    final List<ControlService> services = new ArrayList<>();
    final Map<String, Long> numbers = new LinkedHashMap<>();
    final Map<NodeKey, String> owners = new HashMap<>();
    final Map<String, LockPublicKey> rotationKeys = new HashMap<>();
    final Map<String, NodeKey> keys = new HashMap<>();
    final List<String> differences = new ArrayList<>();
    final boolean twice;
    private int asked;

    /** A replay in memory, which that many services share. */
    Replay(List<Exchange> exchanges, int services, boolean twice) throws Exception {
      this(exchanges, sharing(new MemoryTailnets(), services), twice);
    }

    private static List<Tailnets> sharing(Tailnets place, int services) {
      return Collections.nCopies(services, new SharedPlace(place));
    }

    /** A replay with a service over each of these, which are one place. */
    Replay(List<Exchange> exchanges, List<Tailnets> places, boolean twice) throws Exception {
      this.twice = twice;
      this.place = places.get(0);
      for (Tailnets each : places) {
        this.services.add(
            ControlService.over(
                each, ControlSettings.DEFAULTS.takingSupportSecrets(true), new FakeClock()));
      }
      for (Exchange each : exchanges) {
        owners.put(each.read().nodeKey().orElseThrow(), each.node());
      }
      for (Exchange each : exchanges) {
        if (each.rpc() == Rpc.INIT_BEGIN) {
          for (RpcAnswer.NodeToSign node : ((RpcAnswer.InitBegin) each.answer()).nodes()) {
            String owner = owners.computeIfAbsent(node.nodeKey(), key -> "node" + node.node());
            numbers.put(owner, node.node());
            node.rotationKey().ifPresent(key -> rotationKeys.put(owner, key));
          }
        }
      }
    }

    ControlService next() {
      return services.get(asked++ % services.size());
    }

    void know(String owner, NodeKey key) throws Exception {
      if (key.equals(keys.put(owner, key))) {
        return;
      }
      next()
          .putNode(
              TAILNET,
              new NodeEntry(
                  numbers.get(owner),
                  key,
                  Optional.empty(),
                  Optional.ofNullable(rotationKeys.get(owner)),
                  Optional.of(owner),
                  false,
                  true));
    }

    void ask(Exchange exchange) throws Exception {
      RpcRequest request = exchange.read();
      know(exchange.node(), request.nodeKey().orElseThrow());
      if (request instanceof RpcRequest.InitBegin) {
        for (RpcAnswer.NodeToSign node : ((RpcAnswer.InitBegin) exchange.answer()).nodes()) {
          know(owners.get(node.nodeKey()), node.nodeKey());
        }
      }
      if (request instanceof RpcRequest.Sign sign) {
        NodeKey signed =
            NodeKeySignature.decode(sign.signature().toByteArray()).nodeKey().orElseThrow();
        know(owners.get(signed), signed);
      }
      Caller caller = Caller.node(TAILNET, numbers.get(exchange.node()));
      RpcAnswer answer = next().call(caller, request);
      if (twice) {
        assertThat(next().call(caller, request)).as(exchange.id()).isEqualTo(answer);
      }
      boolean same = exchange.status() == 200 && isSame(answer, exchange.answer());
      if (!same) {
        differences.add(exchange.id());
      }
      if (exchange.status() != 200) {
        assertThat(answer).isInstanceOf(RpcAnswer.Offer.class);
      }
    }

    /** Equal in meaning: an offer may also name the newest AUM that both ends have. */
    private static boolean isSame(RpcAnswer answer, RpcAnswer recorded) {
      if (answer instanceof RpcAnswer.Offer ours && recorded instanceof RpcAnswer.Offer theirs) {
        List<AumHash> more = new ArrayList<>(ours.answer().offer().ancestors());
        more.removeAll(theirs.answer().offer().ancestors());
        return ours.answer().offer().head().equals(theirs.answer().offer().head())
            && ours.answer().missing().equals(theirs.answer().missing())
            && new HashSet<>(ours.answer().offer().ancestors())
                .containsAll(theirs.answer().offer().ancestors())
            && more.size() <= 1;
      }
      if (answer instanceof RpcAnswer.InitBegin ours
          && recorded instanceof RpcAnswer.InitBegin theirs) {
        return new HashSet<>(ours.nodes()).equals(new HashSet<>(theirs.nodes()));
      }
      return answer.equals(recorded);
    }

    /** What is kept in the end. */
    String end() throws Exception {
      TailnetRecord record = place.records().orElseThrow().tailnet(TAILNET);
      List<NodeRecord> nodes = new ArrayList<>();
      place.records().orElseThrow().allNodes(TAILNET, nodes::add);
      Map<String, Set<String>> stores = new TreeMap<>();
      stores.put("on", hashes(TAILNET));
      for (RetiredAuthority each : record.retired()) {
        stores.put(each.name().genesis().toString(), hashes(each.store()));
      }
      return record.authority() + " " + record.begun() + " " + nodes + " " + stores;
    }

    private Set<String> hashes(String store) throws Exception {
      Set<String> hashes = new TreeSet<>();
      for (AumEntry entry : place.tailnet(store).read().entries()) {
        hashes.add(entry.hash().toString());
      }
      return hashes;
    }

    @Override
    public void close() {
      services.forEach(ControlService::close);
    }
  }

  private static Replay replayed(Replay replay) throws Exception {
    for (Exchange each : exchanges("rpc")) {
      replay.ask(each);
    }
    return replay;
  }

  private static Replay replay(int services, boolean twice) throws Exception {
    return replayed(new Replay(exchanges("rpc"), services, twice));
  }

  @Test
  void recordedRequestsGetTheRecordedAnswersAndEachDifferenceHasAReason() throws Exception {
    try (Replay replay = replay(1, false)) {
      assertThat(replay.differences)
          .containsExactlyElementsOf(
              DIFFERENCES.keySet().stream().filter(id -> id.startsWith("rpc")).sorted().toList());
      // A lost node gets control's offer, and nothing that is of another lock.
      Exchange last = exchanges("rpc").get(189);
      Caller lost = Caller.node(TAILNET, replay.numbers.get(last.node()));
      RpcAnswer.Offer answer = (RpcAnswer.Offer) replay.next().call(lost, last.read());
      assertThat(answer.answer().missing()).isEmpty();
      assertThat(replay.next().announcement(TAILNET, Optional.empty()))
          .isEqualTo(new Announcement.Enabled(answer.answer().offer().head()));
    }
  }

  @Test
  void everyRequestTwiceEndsTheSame() throws Exception {
    requireSameEnd(1, true);
  }

  @Test
  void twoServicesInTurnEndTheSame() throws Exception {
    requireSameEnd(2, false);
  }

  private static void requireSameEnd(int services, boolean twice) throws Exception {
    try (Replay replay = replay(services, twice)) {
      assertThat(replay.end()).isEqualTo(END.get());
    }
  }

  @Test
  void twoServicesInTurnOnOneSqliteFileAnswerAsRecorded(@TempDir Path directory) throws Exception {
    Path file = directory.resolve("control.db");
    requireAsRecorded(
        List.of(
            SqliteFile.create(file, Clock.systemUTC()),
            SqliteFile.create(file, Clock.systemUTC())));
  }

  @Test
  void twoServicesInTurnOnOnePostgresAnswerAsRecorded() throws Exception {
    PostgresSettings settings = PostgresServer.shared().newDatabase();
    requireAsRecorded(
        List.of(
            PostgresDatabase.create(settings, Clock.systemUTC()),
            PostgresDatabase.create(settings, Clock.systemUTC())));
  }

  private static void requireAsRecorded(List<Tailnets> places) throws Exception {
    try (Replay replay = replayed(new Replay(exchanges("rpc"), places, true))) {
      assertThat(replay.differences).containsExactly("rpc 159", "rpc 190");
      assertThat(replay.end()).isEqualTo(END.get());
    }
  }

  @Test
  void whatIsAnnouncedIsWhatTheRecordedNodesWereTold() throws Exception {
    List<Exchange> exchanges = exchanges("rpc");
    List<String> told = GoldenData.lines("recorded/announced");
    int heard = 0;
    try (Replay replay = new Replay(exchanges, 1, false)) {
      replay.know("node1", exchanges.get(0).read().nodeKey().orElseThrow());
      replay.know("node2", exchanges.get(3).read().nodeKey().orElseThrow());
      for (int n = 0; n <= exchanges.size(); n++) {
        if (n > 0) {
          replay.ask(exchanges.get(n - 1));
        }
        for (String line : told) {
          Map<String, Object> json = JSON.std.mapFrom(line);
          if (((Number) json.get("after_rpc")).intValue() == n) {
            Object info = json.get("tka_info");
            String node = (String) json.get("node");
            Announcement announced =
                replay.numbers.containsKey(node) && replay.keys.containsKey(node)
                    ? replay
                        .services
                        .get(0)
                        .announcement(TAILNET, Optional.of(replay.numbers.get(node)))
                    : replay.services.get(0).announcement(TAILNET, Optional.empty());
            assertThat(info(announced)).as(line).isEqualTo(info == null ? Map.of() : info);
            heard++;
          }
        }
      }
      assertThat(heard).isEqualTo(told.size()).isEqualTo(89);
      // The recording ends here: that server went on to tell node3 the new head, and it was stuck.
      assertThat(
              replay
                  .services
                  .get(0)
                  .announcement(TAILNET, Optional.of(replay.numbers.get("node3"))))
          .isEqualTo(new Announcement.Disabled());
    }
  }

  private static Map<String, Object> info(Announcement announcement) {
    if (announcement instanceof Announcement.Enabled enabled) {
      return Map.of("Head", enabled.head().toString());
    }
    return announcement instanceof Announcement.Disabled ? Map.of("Disabled", true) : Map.of();
  }

  @Test
  void aNodeThatSleptThroughDisableAndInitIsToldSoAloneAndGetsTheNewLock() throws Exception {
    List<Exchange> exchanges = exchanges("rescue.rpc");
    for (boolean twice : List.of(false, true)) {
      try (Replay replay = new Replay(exchanges, 2, twice)) {
        // The recording begins when the first lock ends: its AUMs are not in it.
        RpcRequest.Disable disable = (RpcRequest.Disable) exchanges.get(0).read();
        AumHash old = disable.head().orElseThrow();
        replay
            .place
            .records()
            .orElseThrow()
            .commit(
                TAILNET,
                RecordsChange.ofTailnet(
                    TailnetRecord.NONE,
                    new TailnetRecord(
                        Optional.empty(),
                        Optional.empty(),
                        List.of(
                            new RetiredAuthority(
                                new AuthorityName(old, 1, 2),
                                disable.secret(),
                                FakeClock.START,
                                "its AUMs")),
                        Optional.empty(),
                        false,
                        Optional.empty())));
        ControlService service = replay.services.get(0);
        for (Exchange each : exchanges) {
          replay.ask(each);
          if (each.n() < 190) {
            continue;
          }
          Announcement most = service.announcement(TAILNET, Optional.empty());
          for (String node : List.of("node1", "node2", "node4")) {
            assertThat(service.announcement(TAILNET, Optional.of(replay.numbers.get(node))))
                .isEqualTo(most);
          }
          assertThat(service.announcement(TAILNET, Optional.of(replay.numbers.get("node3"))))
              .isEqualTo(each.n() == 190 ? new Announcement.Disabled() : most);
        }
        assertThat(replay.differences).containsExactly("rescue.rpc 190");
        assertThat(DIFFERENCES).containsKey("rescue.rpc 190");
      }
    }
  }

  @Test
  void whatIsWrittenIsWhatWasRecorded() throws Exception {
    int compared = 0;
    for (String name : List.of("rpc", "rescue.rpc")) {
      for (Exchange each : exchanges(name)) {
        ByteArrayOutputStream request = new ByteArrayOutputStream();
        RpcJson.writeRequest(each.read(), request);
        assertThat(JSON.std.mapFrom(request.toString(StandardCharsets.UTF_8)))
            .as(each.id())
            .isEqualTo(JSON.std.mapFrom(each.request()));
        if (each.status() == 200) {
          ByteArrayOutputStream response = new ByteArrayOutputStream();
          RpcJson.writeAnswer(each.answer(), response);
          assertThat(JSON.std.mapFrom(response.toString(StandardCharsets.UTF_8)))
              .as(each.id())
              .isEqualTo(each.response());
          compared++;
        }
      }
    }
    assertThat(compared).isEqualTo(203);
  }
}
