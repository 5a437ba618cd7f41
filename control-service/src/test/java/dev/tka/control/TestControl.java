package dev.tka.control;

import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumKind;
import dev.tka.core.Bytes;
import dev.tka.core.DisablementSecret;
import dev.tka.core.Key;
import dev.tka.core.LockPublicKey;
import dev.tka.core.NodeKey;
import dev.tka.core.State;
import dev.tka.core.authority.Clocks;
import dev.tka.core.authority.Thresholds;
import dev.tka.store.MemoryTailnets;
import dev.tka.store.records.NodeRecord;
import dev.tka.sync.SyncOffer;
import dev.tka.sync.SyncSend;
import dev.tka.sync.rpc.Announcement;
import dev.tka.sync.rpc.RpcAnswer;
import dev.tka.sync.rpc.RpcRequest;
import dev.tka.testkit.FakeClock;
import dev.tka.testkit.NodeKeySignatures;
import dev.tka.testkit.TestKeys;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

/**
 * A service in memory. Node 1, 2, … has node key 1, 2, …, and the lock key 101, 102, …; node 1 may
 * begin an authority.
 */
final class TestControl implements AutoCloseable {
  static final String TAILNET = "example.com";
  static final int VERSION = 148;

  /** The secret that ends what {@link #genesis} begins. */
  static final DisablementSecret SECRET =
      DisablementSecret.of("the secret of tests".getBytes(StandardCharsets.UTF_8));

  static final DisablementSecret OTHER_SECRET =
      DisablementSecret.of("another".getBytes(StandardCharsets.UTF_8));

  private static final Bytes VALUE = SECRET.value();

  final MemoryTailnets place = new MemoryTailnets();
  final FakeClock clock = new FakeClock();
  final AtomicLong nanos = new AtomicLong();
  final List<ControlListener.Event> events = new ArrayList<>();
  final List<Long> unsigned = new ArrayList<>();

  /** How many nodes came to a tailnet that was restored, and which did not, each time it ended. */
  final List<Map.Entry<Long, List<Long>>> gaveBack = new ArrayList<>();

  final List<String> failed = new CopyOnWriteArrayList<>();
  final ControlService service;

  /** How requests wait. */
  volatile Attempts.Sleep sleep = Thread::sleep;

  TestControl() {
    this(ControlSettings.DEFAULTS);
  }

  TestControl(ControlSettings settings) {
    this.service =
        ControlService.over(
            place,
            settings,
            Clocks.of(clock),
            new ControlListener() {
              @Override
              public void served(Event event) {
                events.add(event);
              }

              @Override
              public void unsigned(String tailnet, List<Long> nodes) {
                unsigned.addAll(nodes);
              }

              @Override
              public void gaveBack(String tailnet, long came, List<Long> missing) {
                gaveBack.add(Map.entry(came, List.copyOf(missing)));
              }

              @Override
              public void failed(String what, Exception why) {
                failed.add(what + ": " + why);
              }
            },
            nanos::get,
            time -> sleep.millis(time));
  }

  /** Some nodes, and the lock on with key 1 of two votes and key 2 of one; all nodes are signed. */
  static TestControl locked(int nodes) throws Exception {
    return locked(ControlSettings.DEFAULTS, nodes);
  }

  static TestControl locked(ControlSettings settings, int nodes) throws Exception {
    TestControl control = new TestControl(settings);
    for (int node = 1; node <= nodes; node++) {
      control.login(node);
    }
    control.lock(genesis(1), nodes);
    return control;
  }

  /** Begins and finishes an authority from node 1. */
  void lock(Aum genesis, int nodes) throws Exception {
    call(1, begin(1, genesis));
    Map<Long, Bytes> signatures = new TreeMap<>();
    for (int node = 1; node <= nodes; node++) {
      signatures.put((long) node, signature(node));
    }
    call(1, finish(1, signatures));
  }

  /** A genesis of key 1 with two votes and key 2 with one; numbers make others. */
  static Aum genesis(long number) {
    return genesis(number, TestKeys.key(1, 2), TestKeys.key(2, 1));
  }

  static Aum genesis(long number, Key... keys) {
    return TestKeys.sign(
        Aum.builder(AumKind.CHECKPOINT)
            .state(State.of(List.of(VALUE), List.of(keys), number, number))
            .build(),
        1);
  }

  static NodeKey nodeKey(int node) {
    return NodeKeySignatures.nodeKey(node);
  }

  static LockPublicKey lockKey(int node) {
    return TestKeys.publicKey(100 + node);
  }

  /** Key 1's signature of a node key, which the node's lock key may rotate. */
  static Bytes signature(int node) {
    return NodeKeySignatures.direct(node, 1, 100 + node).encoded();
  }

  /** Logs a node in for the first time. */
  LoginAnswer login(int node) throws ControlException {
    return service.login(
        TAILNET,
        node,
        Login.of(nodeKey(node))
            .withRotationKey(lockKey(node))
            .withName("node" + node)
            .withMayInit(node == 1));
  }

  RpcAnswer call(int node, RpcRequest request) throws ControlException {
    return service.call(Caller.node(TAILNET, node), request);
  }

  /** The error of a request. */
  ControlException refusal(int node, RpcRequest request) {
    return refusal(() -> call(node, request));
  }

  static ControlException refusal(ThrowingCallable call) {
    ControlException refusal = catchThrowableOfType(ControlException.class, call);
    if (refusal == null) {
      throw new AssertionError("expected an error, found none");
    }
    if (!String.valueOf(refusal.getMessage()).matches("[ -~]{10,400}")) {
      throw new AssertionError("expected one plain line, found: " + refusal.getMessage());
    }
    return refusal;
  }

  NodeRecord node(int node) throws Exception {
    return place.records().orElseThrow().node(TAILNET, node).orElseThrow();
  }

  Optional<Bytes> listed(int node) throws Exception {
    List<NodeEntry> entries = new ArrayList<>();
    service.nodes(TAILNET, Optional.of(List.of((long) node)), entries::add);
    return entries.get(0).signature();
  }

  Announcement announced() throws ControlException {
    return service.announcement(TAILNET, Optional.empty());
  }

  Announcement announced(int node) throws ControlException {
    return service.announcement(TAILNET, Optional.of((long) node));
  }

  /** Control's head. */
  AumHash head() throws ControlException {
    return ((Announcement.Enabled) announced()).head();
  }

  static RpcRequest.InitBegin begin(int node, Aum genesis) {
    return new RpcRequest.InitBegin(VERSION, Optional.of(nodeKey(node)), genesis.encoded());
  }

  static RpcRequest.InitFinish finish(int node, Map<Long, Bytes> signatures) {
    return new RpcRequest.InitFinish(
        VERSION, Optional.of(nodeKey(node)), signatures, Optional.empty());
  }

  static RpcRequest.Bootstrap bootstrap(int node, Optional<AumHash> head) {
    return new RpcRequest.Bootstrap(VERSION, Optional.of(nodeKey(node)), head);
  }

  static RpcRequest.Offer offer(int node, AumHash head, AumHash... ancestors) {
    return new RpcRequest.Offer(
        VERSION, Optional.of(nodeKey(node)), new SyncOffer(head, List.of(ancestors)));
  }

  /** What follows a round. */
  static RpcRequest.Send send(int node, AumHash head, Aum... aums) {
    return send(node, head, false, false, aums);
  }

  /** What a person does. */
  static RpcRequest.Send edit(int node, AumHash head, Aum... aums) {
    return send(node, head, true, false, aums);
  }

  static RpcRequest.Send send(
      int node, AumHash head, boolean interactive, boolean wantRefused, Aum... aums) {
    return new RpcRequest.Send(
        VERSION,
        Optional.of(nodeKey(node)),
        new SyncSend(head, Arrays.stream(aums).map(Aum::encoded).toList()),
        interactive,
        wantRefused);
  }

  /** All thresholds, as those that are to be set. */
  static Map<Thresholds.Kind, Long> each(Thresholds thresholds) {
    Map<Thresholds.Kind, Long> each = new EnumMap<>(Thresholds.Kind.class);
    for (Thresholds.Kind kind : Thresholds.Kind.values()) {
      each.put(kind, thresholds.of(kind));
    }
    return each;
  }

  static RpcRequest.Disable disable(int node, AumHash head, DisablementSecret secret) {
    return new RpcRequest.Disable(VERSION, Optional.of(nodeKey(node)), Optional.of(head), secret);
  }

  static RpcRequest.Sign sign(int node, Bytes signature) {
    return new RpcRequest.Sign(VERSION, Optional.of(nodeKey(node)), signature);
  }

  static RpcRequest.AffectedSigs affected(int node, Bytes keyId) {
    return new RpcRequest.AffectedSigs(VERSION, Optional.of(nodeKey(node)), keyId);
  }

  @Override
  public void close() {
    service.close();
  }
}
