package dev.tka.control.http;

import dev.tka.control.ControlService;
import dev.tka.control.ControlSettings;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.Key;
import dev.tka.core.LockPublicKey;
import dev.tka.core.State;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.Commit;
import dev.tka.core.store.StoreException;
import dev.tka.store.records.AuthorityName;
import dev.tka.store.records.ControlRecords;
import dev.tka.store.records.Fence;
import dev.tka.store.records.NodeRecord;
import dev.tka.store.records.NodeSighting;
import dev.tka.store.records.RecordsChange;
import dev.tka.store.records.TailnetRecord;
import dev.tka.store.sql.SqliteFile;
import dev.tka.testkit.Chains;
import dev.tka.testkit.NodeKeySignatures;
import dev.tka.testkit.TestKeys;
import dev.tka.testkit.WeakKeys;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A server with its page on a SQLite file, which holds tailnets in every state. */
final class PageKit implements AutoCloseable {
  static final String TAILNET = "example.com";
  static final String TOKEN = "operator-token-0123456789abcdef";

  /** Names as a stranger would choose them. */
  static final String MARKUP = "<img src=x onerror=\"document.title='taken'\">";

  static final String TURNED = "safe\u202egpj.exe\u2066\u200bx";

  /** As a new tailnet may be called; what is hidden may only be in older names. */
  static final String RIGHT_TO_LEFT = "\u05d0\u05d1\u05d2 (1).example";

  /** As long as a name can be. */
  static final String LONG = "long-" + "n".repeat(250);

  static final String HUGE = "<b>huge</b> ".repeat(900);

  static final Instant THEN = Instant.parse("2026-01-02T03:04:05Z");

  /** Forks, a checkpoint, a key that is removed, and displaced branches, one within the other. */
  static final Chains CHAIN =
      Chains.draw(
          List.of(
              TestKeys.key(1, 2).withMeta(Map.of("name", "Ada's laptop")),
              TestKeys.key(2, 1).withMeta(Map.of("name", MARKUP, TURNED, "turned")),
              TestKeys.key(3, 1)),
          """
          A -> B[add:4*1] -> C -> D[checkpoint] -> E[remove:4] -> F[add:5*1] -> G
          B -> X(2) -> Y(2)
          X -> W(3)
          D -> Z(2)
          G -> H(3) -> I(3)
          """);

  private final ServerSocket elsewhere = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());

  final Path folder;
  final SqliteFile place;
  final ControlService service;
  final ControlServer server;

  PageKit(Path folder) throws IOException, StoreException {
    this.folder = folder;
    place = SqliteFile.create(folder.resolve("control.db"), Clock.systemUTC());
    fill();
    service = ControlService.over(place, ControlSettings.DEFAULTS, Clock.systemUTC());
    Listener.Address.Tcp any = new Listener.Address.Tcp("127.0.0.1", 0);
    server =
        ControlServer.start(
            new ControlServer.Parts(
                service, place, line -> {}, ControlSettings.DEFAULTS.mostNodes()),
            ServerSettings.of(
                Listener.of(Role.OPERATOR, any)
                    .withTokenFile(Files.writeString(folder.resolve("operator"), TOKEN))));
  }

  /** The server of a tailnet that was moved, where nobody answers. */
  URI other() {
    return URI.create("http://127.0.0.1:" + elsewhere.getLocalPort());
  }

  /** Whether anybody has come to the other server since the last time. */
  boolean wasLeft() throws IOException {
    elsewhere.setSoTimeout(1);
    try (Socket came = elsewhere.accept()) {
      return came.isConnected();
    } catch (SocketTimeoutException e) {
      return false;
    }
  }

  /** Where the page is. */
  URI url() {
    return URI.create("http://" + server.address(Role.OPERATOR).orElseThrow() + "/");
  }

  private void fill() throws StoreException {
    keep(TAILNET, CHAIN.all());
    AumHash head = CHAIN.get("I").hash();
    node(TAILNET, 1, Optional.of("laptop"), Optional.of(1));
    saw(TAILNET, 1, Optional.of(head), "ok", "");
    node(TAILNET, 2, Optional.of("phone"), Optional.of(2));
    saw(TAILNET, 2, Optional.of(CHAIN.get("D").hash()), "ok", "");
    node(TAILNET, 3, Optional.of("tablet"), Optional.empty());
    node(TAILNET, 4, Optional.of("lost"), Optional.of(3));
    saw(TAILNET, 4, Optional.of(CHAIN.get("Y").hash()), "nothing-known", HUGE);
    node(TAILNET, 5, Optional.of(MARKUP), Optional.of(3));
    node(TAILNET, 6, Optional.of(TURNED), Optional.of(1));
    node(TAILNET, 7, Optional.of(LONG), Optional.of(1));
    keep("weak.example", weak());
    make("off.example");
    make(MARKUP);
    make(RIGHT_TO_LEFT);
    make("moved.example");
    ControlRecords records = records();
    Fence fence = records.fence("moved.example");
    records.fence(
        "moved.example",
        fence,
        fence.next(
            "0123456789abcdef",
            new Fence.Standing.Moved("postgresql://db", Optional.of(other()), THEN)));
  }

  private static List<Aum> weak() {
    Key anybodys = Key.of(WeakKeys.IDENTITY, 1);
    return List.of(Chains.genesis(List.of(TestKeys.key(1, 1), anybodys), 1));
  }

  ControlRecords records() {
    return place.records().orElseThrow();
  }

  /** Stores AUMs as they are, and names their authority. */
  void keep(String tailnet, List<Aum> aums) throws StoreException {
    AumStore store = place.tailnet(tailnet);
    Commit.Builder commit = Commit.on(store.read().revision());
    aums.forEach(aum -> commit.add(aum, THEN));
    store.commit(commit.build());
    State state = aums.get(0).state().orElseThrow();
    TailnetRecord before = records().tailnet(tailnet);
    records()
        .commit(
            tailnet,
            RecordsChange.ofTailnet(
                before,
                before
                    .withMade()
                    .withAuthority(
                        new AuthorityName(
                            aums.get(0).hash(), state.stateId1(), state.stateId2()))));
  }

  void make(String tailnet) throws StoreException {
    TailnetRecord before = records().tailnet(tailnet);
    records().commit(tailnet, RecordsChange.ofTailnet(before, before.withMade()));
  }

  void node(String tailnet, int number, Optional<String> name, Optional<Integer> signer)
      throws StoreException {
    AumHash genesis = CHAIN.get("A").hash();
    Optional<Bytes> signature =
        signer.map(key -> NodeKeySignatures.direct(number, key, 100 + number).encoded());
    records()
        .commit(
            tailnet,
            RecordsChange.ofNode(
                Optional.empty(),
                Optional.of(
                    NodeRecord.of(number, NodeKeySignatures.nodeKey(number))
                        .withName(name)
                        .withRotationKey(Optional.of(new LockPublicKey(TestKeys.id(100 + number))))
                        .withSignature(
                            signature.map(bytes -> new NodeRecord.Signature(bytes, genesis))))));
  }

  void saw(String tailnet, long node, Optional<AumHash> head, String outcome, String detail)
      throws StoreException {
    records()
        .noteSightings(
            tailnet,
            List.of(
                new NodeSighting(
                    node, THEN, head, Optional.of(CHAIN.get("A").hash()), outcome, detail)));
  }

  @Override
  public void close() throws IOException {
    server.close();
    service.close();
    elsewhere.close();
  }
}
