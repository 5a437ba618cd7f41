package dev.tka.node;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.tka.control.Caller;
import dev.tka.control.ControlException;
import dev.tka.control.ControlService;
import dev.tka.control.ControlSettings;
import dev.tka.control.Login;
import dev.tka.control.NodeEntry;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumKind;
import dev.tka.core.Bytes;
import dev.tka.core.DisablementSecret;
import dev.tka.core.Key;
import dev.tka.core.NodeKey;
import dev.tka.core.State;
import dev.tka.core.TextException;
import dev.tka.store.MemoryTailnets;
import dev.tka.store.Tailnets;
import dev.tka.sync.SyncSend;
import dev.tka.sync.rpc.Announcement;
import dev.tka.sync.rpc.RpcAnswer;
import dev.tka.sync.rpc.RpcJson;
import dev.tka.sync.rpc.RpcRequest;
import dev.tka.testkit.Chains;
import dev.tka.testkit.FakeClock;
import dev.tka.testkit.NodeKeySignatures;
import dev.tka.testkit.TestKeys;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A control of the real service in memory. Node 1, 2, … has node key and lock key 1, 2, … and node
 * 1 may begin an authority; key 1 has two votes and key 2 one.
 */
final class TestTailnet implements AutoCloseable {
  static final String NAME = "example.com";
  static final int VERSION = 148;
  static final DisablementSecret SECRET =
      DisablementSecret.of("the secret of tests".getBytes(StandardCharsets.UTF_8));
  private static final Bytes VALUE = SECRET.value();

  final FakeClock clock = new FakeClock();
  final ControlService service;
  final List<Aum> chain = new ArrayList<>();

  /** How many requests were answered. */
  final AtomicInteger asked = new AtomicInteger();

  private TestTailnet(Tailnets place) {
    service = ControlService.over(place, ControlSettings.DEFAULTS, clock);
  }

  /** Some nodes, and the lock on; all but the last are signed. */
  static TestTailnet locked(int nodes) throws Exception {
    return locked(nodes, genesis(1), nodes - 1);
  }

  /** The same with another authority, and the first so many nodes signed by key 1. */
  static TestTailnet locked(int nodes, Aum genesis, int signed) throws Exception {
    return locked(new MemoryTailnets(), nodes, genesis, signed);
  }

  /** The same in a place. */
  static TestTailnet locked(Tailnets place, int nodes, Aum genesis, int signed) throws Exception {
    TestTailnet tailnet = new TestTailnet(place);
    for (int node = 1; node <= nodes; node++) {
      tailnet.service.login(
          NAME,
          node,
          Login.of(nodeKey(node))
              .withRotationKey(TestKeys.publicKey(100 + node))
              .withName("node" + node)
              .withMayInit(node == 1));
    }
    tailnet.lock(genesis, signed);
    return tailnet;
  }

  static NodeKey nodeKey(int node) {
    return NodeKeySignatures.nodeKey(node);
  }

  static Aum genesis(long number) {
    return genesis(number, 1, TestKeys.key(1, 2), TestKeys.key(2, 1));
  }

  static Aum genesis(long number, int signer, Key... keys) {
    return TestKeys.sign(
        Aum.builder(AumKind.CHECKPOINT)
            .state(State.of(List.of(VALUE), List.of(keys), number, number))
            .build(),
        signer);
  }

  /** Begins an authority, and signs the first so many nodes. */
  void lock(long number, int signed) throws Exception {
    lock(genesis(number), signed);
  }

  private void lock(Aum genesis, int signed) throws Exception {
    call(1, new RpcRequest.InitBegin(VERSION, Optional.of(nodeKey(1)), genesis.encoded()));
    Map<Long, Bytes> signatures = new TreeMap<>();
    for (int node = 1; node <= signed; node++) {
      signatures.put((long) node, NodeKeySignatures.direct(node, 1, 100 + node).encoded());
    }
    call(
        1,
        new RpcRequest.InitFinish(VERSION, Optional.of(nodeKey(1)), signatures, Optional.empty()));
    chain.clear();
    chain.add(genesis);
  }

  RpcAnswer call(int node, RpcRequest request) throws ControlException {
    return service.call(Caller.node(NAME, node), request);
  }

  Aum head() {
    return chain.get(chain.size() - 1);
  }

  /** Has control take in AUMs that follow its head. */
  void commit(Aum... aums) throws Exception {
    List<Bytes> encoded = Arrays.stream(aums).map(Aum::encoded).toList();
    AumHash last = aums[aums.length - 1].hash();
    RpcAnswer.Send answer =
        (RpcAnswer.Send)
            call(
                1,
                new RpcRequest.Send(
                    VERSION, Optional.of(nodeKey(1)), new SyncSend(last, encoded), false, true));
    if (!answer.receipt().head().equals(last)) {
      throw new AssertionError("not taken in: " + answer.receipt().refused());
    }
    chain.addAll(List.of(aums));
  }

  /** Commits updates that change nothing, with a checkpoint after each so many. */
  void commit(int updates, int checkpointEvery) throws Exception {
    State state = chain.get(0).state().orElseThrow();
    for (int i = 1; i <= updates; i++) {
      commit(
          i % checkpointEvery == 0
              ? Chains.checkpoint(head(), state.standingAt(head().hash()), 1)
              : Chains.noOp(head(), "update " + i, 1));
    }
  }

  void disable() throws Exception {
    call(
        1,
        new RpcRequest.Disable(
            VERSION, Optional.of(nodeKey(1)), Optional.of(head().hash()), SECRET));
  }

  Announcement announced(int node) throws ControlException {
    return service.announcement(NAME, Optional.of((long) node));
  }

  /** A node's way here: bytes, as HTTP carries them. */
  ControlTransport transport(int node) {
    return ask -> {
      asked.incrementAndGet();
      return CompletableFuture.completedFuture(answer(node, ask));
    };
  }

  private ControlTransport.Reply answer(int node, ControlTransport.Ask ask) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try {
      if (ask instanceof ControlTransport.Call call) {
        RpcRequest request =
            RpcJson.readRequest(call.rpc(), new ByteArrayInputStream(call.body().toByteArray()));
        RpcJson.writeAnswer(call(node, request), out);
      } else if (ask instanceof ControlTransport.ListPeers) {
        out.write(peers(node).getBytes(StandardCharsets.UTF_8));
      } else if (ask instanceof ControlTransport.ReadLog log) {
        Optional<byte[]> found = service.log(NAME, log.path());
        if (found.isEmpty()) {
          return ControlTransport.Reply.of(404, Bytes.empty());
        }
        out.write(found.get());
      } else {
        throw new AssertionError("not asked in these tests: " + ask);
      }
      return ControlTransport.Reply.of(200, Bytes.copyOf(out.toByteArray()));
    } catch (ControlException e) {
      return ControlTransport.Reply.of(
          e.status(),
          Bytes.copyOf(String.valueOf(e.getMessage()).getBytes(StandardCharsets.UTF_8)));
    } catch (IOException | TextException e) {
      throw new AssertionError(e);
    }
  }

  private String peers(int self) throws ControlException, IOException {
    StringWriter text = new StringWriter();
    try (JsonGenerator out = new JsonFactory().createGenerator(text)) {
      out.setRootValueSeparator(null);
      service.nodes(
          NAME,
          Optional.empty(),
          node -> {
            if (node.node() != self) {
              write(node, out);
            }
          });
    }
    return text.toString();
  }

  private static void write(NodeEntry node, JsonGenerator out) {
    try {
      out.writeStartObject();
      out.writeStringField("node", Long.toString(node.node()));
      out.writeStringField("nodeKey", node.nodeKey().toString());
      if (node.signature().isPresent()) {
        out.writeStringField(
            "nodeKeySignature",
            Base64.getEncoder().encodeToString(node.signature().get().toByteArray()));
      }
      if (node.name().isPresent()) {
        out.writeStringField("name", node.name().get());
      }
      out.writeEndObject();
      out.writeRaw('\n');
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    service.close();
  }
}
