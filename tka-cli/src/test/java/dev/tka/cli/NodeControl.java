package dev.tka.cli;

import dev.tka.control.Caller;
import dev.tka.control.ControlService;
import dev.tka.control.ControlSettings;
import dev.tka.control.Login;
import dev.tka.control.http.ControlServer;
import dev.tka.control.http.Listener;
import dev.tka.control.http.Role;
import dev.tka.control.http.ServerSettings;
import dev.tka.core.Aum;
import dev.tka.core.AumKind;
import dev.tka.core.Bytes;
import dev.tka.core.DisablementSecret;
import dev.tka.core.NodeKey;
import dev.tka.core.State;
import dev.tka.store.MemoryTailnets;
import dev.tka.sync.SyncSend;
import dev.tka.sync.rpc.RpcAnswer;
import dev.tka.sync.rpc.RpcRequest;
import dev.tka.testkit.Chains;
import dev.tka.testkit.NodeKeySignatures;
import dev.tka.testkit.TestKeys;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** A real server in this process with one locked tailnet, of which nodes come by themselves. */
final class NodeControl implements AutoCloseable {
  /** The node whose agent is tested; node 1 edits, and node 4 is not signed. */
  static final int SELF = 2;

  static final int NODES = 4;
  private static final String NAME = "example.com";
  private static final int VERSION = 148;
  private static final DisablementSecret SECRET =
      DisablementSecret.of("the secret of tests".getBytes(StandardCharsets.UTF_8));

  /** Made once: it takes long, on purpose. */
  private static final Bytes VALUE = SECRET.value();

  final ControlService service =
      ControlService.over(new MemoryTailnets(), ControlSettings.DEFAULTS, Clock.systemUTC());
  final Path tokenFile;
  private final ControlServer server;
  private final String url;
  private Aum head;

  NodeControl(Path folder) throws Exception {
    server =
        ControlServer.start(
            new ControlServer.Parts(service, new MemoryTailnets(), line -> {}, 1000),
            ServerSettings.of(Listener.of(Role.NODE, new Listener.Address.Tcp("127.0.0.1", 0))));
    url = "http://" + server.address(Role.NODE).orElseThrow();
    for (int node = 1; node <= NODES; node++) {
      login(node, nodeKey(node));
    }
    head =
        TestKeys.sign(
            Aum.builder(AumKind.CHECKPOINT)
                .state(State.of(List.of(VALUE), List.of(TestKeys.key(1, 1)), 7, 7))
                .build(),
            1);
    call(new RpcRequest.InitBegin(VERSION, Optional.of(nodeKey(1)), head.encoded()));
    Map<Long, Bytes> signatures = new TreeMap<>();
    for (int node = 1; node < NODES; node++) {
      signatures.put((long) node, NodeKeySignatures.direct(node, 1).encoded());
    }
    call(new RpcRequest.InitFinish(VERSION, Optional.of(nodeKey(1)), signatures, Optional.empty()));
    tokenFile = Files.writeString(folder.resolve("node.token"), service.makeToken(NAME, SELF));
  }

  static NodeKey nodeKey(int node) {
    return NodeKeySignatures.nodeKey(node);
  }

  private void login(int node, NodeKey key) throws Exception {
    service.login(
        NAME, node, Login.of(key).withName("node" + node + "\u001b[2J").withMayInit(node == 1));
  }

  private RpcAnswer call(RpcRequest request) throws Exception {
    return service.call(Caller.node(NAME, 1), request);
  }

  String url() {
    return url;
  }

  Aum head() {
    return head;
  }

  /** Commits an update that changes nothing. */
  void commit(String label) throws Exception {
    Aum next = Chains.noOp(head, label, 1);
    SyncSend send = new SyncSend(next.hash(), List.of(next.encoded()));
    call(new RpcRequest.Send(VERSION, Optional.of(nodeKey(1)), send, false, true));
    head = next;
  }

  /** Gives a node another key, which is signed or not. */
  void replace(int node, int key, boolean signed) throws Exception {
    Login login = Login.of(nodeKey(key)).withName("node" + node);
    service.login(
        NAME,
        node,
        signed ? login.withSignature(NodeKeySignatures.direct(key, 1).encoded()) : login);
  }

  void disable() throws Exception {
    call(
        new RpcRequest.Disable(VERSION, Optional.of(nodeKey(1)), Optional.of(head.hash()), SECRET));
  }

  void revokeToken() throws Exception {
    service.revokeToken(NAME, service.tokens(NAME).get(0).hash());
  }

  @Override
  public void close() {
    server.close();
    service.close();
  }
}
