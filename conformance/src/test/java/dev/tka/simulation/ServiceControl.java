package dev.tka.simulation;

import com.fasterxml.jackson.jr.ob.JSON;
import dev.tka.control.Caller;
import dev.tka.control.ControlException;
import dev.tka.control.ControlService;
import dev.tka.control.ControlSettings;
import dev.tka.control.Login;
import dev.tka.control.LoginAnswer;
import dev.tka.control.SimulatedService;
import dev.tka.core.Aum;
import dev.tka.core.Bytes;
import dev.tka.core.LockPublicKey;
import dev.tka.core.NodeKey;
import dev.tka.core.TextException;
import dev.tka.core.TkaException;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.node.ControlTransport;
import dev.tka.store.MemoryTailnets;
import dev.tka.store.records.ControlRecords;
import dev.tka.store.records.RecordsChange;
import dev.tka.sync.SyncAnswer;
import dev.tka.sync.SyncOffer;
import dev.tka.sync.SyncSend;
import dev.tka.sync.rpc.Announcement;
import dev.tka.sync.rpc.RpcAnswer;
import dev.tka.sync.rpc.RpcRequest;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** The control service, on a place in memory. */
final class ServiceControl implements ControlEndpoint {
  static final String TAILNET = "example.com";

  /** As long as those of {@link EngineControl}. */
  private static final ControlSettings SETTINGS =
      ControlSettings.DEFAULTS.withMostAnswerBytes(16 << 10);

  private final MachineClock clock;
  private final List<SimulatedService> services = new ArrayList<>();
  private MemoryTailnets place = new MemoryTailnets();

  /** Which of the services answers next. */
  private int turn;

  /** Who asks now, and with what request; nobody while the operator does. */
  private Optional<Asking> asking = Optional.empty();

  ServiceControl(Aum genesis, MachineClock clock) throws TkaException {
    this.clock = clock;
    services.add(start());
    calls(
        service -> {
          Caller operator = Caller.operator(TAILNET);
          service.create(TAILNET);
          service.call(operator, new RpcRequest.InitBegin(0, Optional.empty(), genesis.encoded()));
          service.call(
              operator, new RpcRequest.InitFinish(0, Optional.empty(), Map.of(), Optional.empty()));
          return service;
        });
  }

  private SimulatedService service() {
    return services.get(Math.floorMod(turn, services.size()));
  }

  private SimulatedService start() {
    return SimulatedService.start(place, SETTINGS, clock.clocks());
  }

  /**
   * A node, and what it asks.
   *
   * @param request empty while it is told something
   */
  private record Asking(long node, Optional<RpcRequest> request) {}

  /** What asks the service. */
  interface Call<T> {
    T to(ControlService service) throws ControlException;
  }

  /** Asks for something. */
  <T> T to(Call<T> call) throws ControlException {
    return call.to(service().calls());
  }

  /** Asks for what cannot be refused. */
  <T> T calls(Call<T> call) {
    try {
      return to(call);
    } catch (ControlException e) {
      throw new IllegalStateException(e.code() + ": " + e.getMessage(), e);
    }
  }

  /** A node's request, as it came. */
  RpcAnswer answer(long node, RpcRequest request) throws ControlException {
    return service().calls().call(Caller.node(TAILNET, node), request);
  }

  /** A node sends a request; what reaches the service is what the way there leaves of it. */
  <T> T asked(long node, RpcRequest request, RoundPart<T> part) throws RoundFailed {
    return asked(new Asking(node, Optional.of(request)), part);
  }

  /** A node logs in, with a body in JSON. */
  CompletableFuture<ControlTransport.Reply> login(long node, ControlTransport.LogIn ask) {
    try {
      Map<String, Object> said = JSON.std.mapFrom(ask.body().toByteArray());
      Login login = Login.of(NodeKey.parse((String) said.get("nodeKey")));
      if (said.get("nodeKeySignature") instanceof String signature) {
        login = login.withSignature(Bytes.copyOf(Base64.getDecoder().decode(signature)));
      }
      if (said.get("rotationKey") instanceof String key) {
        login =
            login.withRotationKey(new LockPublicKey(Bytes.copyOf(Base64.getDecoder().decode(key))));
      }
      LoginAnswer answer = service().calls().login(TAILNET, node, login);
      Map<String, Object> told = new HashMap<>();
      if (answer instanceof LoginAnswer.HandBack back) {
        told.put("handBack", Base64.getEncoder().encodeToString(back.signature().toByteArray()));
      } else {
        ((LoginAnswer.Stored) answer).refused().ifPresent(why -> told.put("refused", why));
      }
      return CompletableFuture.completedFuture(
          ControlTransport.Reply.of(200, Bytes.copyOf(JSON.std.asBytes(told))));
    } catch (ControlException | TextException | IOException e) {
      throw new IllegalStateException("an agent's own login", e);
    }
  }

  /** What a node is told, by control or by whoever says to be it. */
  Announcement told(long node, ControlPort by) throws RoundFailed {
    return asked(new Asking(node, Optional.empty()), by::announced);
  }

  private <T> T asked(Asking by, RoundPart<T> part) throws RoundFailed {
    asking = Optional.of(by);
    try {
      return part.run();
    } finally {
      asking = Optional.empty();
    }
  }

  /** A part of a round. */
  interface RoundPart<T> {
    T run() throws RoundFailed;
  }

  @Override
  public Announcement announced() {
    turn++;
    return calls(service -> service.announcement(TAILNET, asking.map(Asking::node)));
  }

  private LiveAuthority live() {
    try {
      return service().live(TAILNET);
    } catch (TkaException e) {
      throw new IllegalStateException("a store in memory", e);
    }
  }

  @Override
  public Authority authority() {
    return live().current();
  }

  @Override
  public SyncAnswer offer(SyncOffer offer) {
    RpcRequest.Offer request =
        asking
            .flatMap(Asking::request)
            .map(sent -> new RpcRequest.Offer(sent.version(), sent.nodeKey(), offer))
            .orElse(new RpcRequest.Offer(0, Optional.empty(), offer));
    RpcAnswer answer = calls(service -> service.call(caller(), request));
    turn++;
    return ((RpcAnswer.Offer) answer).answer();
  }

  @Override
  public Reply send(SyncSend send) {
    RpcRequest.Send request =
        asking
            .flatMap(Asking::request)
            .map(each -> (RpcRequest.Send) each)
            .map(
                sent ->
                    new RpcRequest.Send(
                        sent.version(),
                        sent.nodeKey(),
                        send,
                        sent.interactive(),
                        sent.wantRefused()))
            .orElse(new RpcRequest.Send(0, Optional.empty(), send, true, true));
    RpcAnswer.Send answer = (RpcAnswer.Send) calls(service -> service.call(caller(), request));
    turn++;
    return new Reply(answer.receipt(), List.of());
  }

  private Caller caller() {
    return asking.map(by -> Caller.node(TAILNET, by.node())).orElse(Caller.operator(TAILNET));
  }

  @Override
  public Optional<String> diagnosis(SyncOffer remote) {
    return Optional.empty();
  }

  @Override
  public Instant ownTime() {
    return live().ownTime();
  }

  @Override
  public void goOn() throws TkaException {
    for (SimulatedService service : services) {
      service.goOn();
    }
  }

  /** So many services answer from now on. */
  void replicas(int count) throws TkaException {
    stop();
    for (int i = 0; i < count; i++) {
      start(place);
    }
  }

  /** Everything goes to another place, with another service. */
  void move() throws TkaException {
    MemoryTailnets other = new MemoryTailnets();
    Tailnet.copy(place.tailnet(TAILNET).read(), other.tailnet(TAILNET));
    ControlRecords from = place.records().orElseThrow();
    List<RecordsChange.OfNode> nodes = new ArrayList<>();
    from.allNodes(
        TAILNET, node -> nodes.add(new RecordsChange.OfNode(Optional.empty(), Optional.of(node))));
    ControlRecords to = other.records().orElseThrow();
    to.commit(
        TAILNET,
        new RecordsChange(
            Optional.of(new RecordsChange.OfTailnet(to.tailnet(TAILNET), from.tailnet(TAILNET))),
            nodes));
    int replicas = services.size();
    stop();
    place.close();
    place = other;
    for (int i = 0; i < replicas; i++) {
      start(place);
    }
  }

  @Override
  public void restart() throws TkaException {
    replicas(services.size());
  }

  private void start(MemoryTailnets on) throws TkaException {
    SimulatedService service = SimulatedService.start(on, SETTINGS, clock.clocks());
    services.add(service);
    // A tailnet's time goes on from when somebody asks for it.
    service.live(TAILNET);
    service.opened();
  }

  private void stop() {
    services.forEach(SimulatedService::close);
    services.clear();
  }

  @Override
  public void restore(MemoryAumStore copy) throws TkaException {
    place.tailnet(TAILNET).wipe();
    Tailnet.copy(copy.read(), place.tailnet(TAILNET));
    restart();
    setRestored(true);
  }

  @Override
  public void recovered() throws TkaException {
    setRestored(false);
  }

  private void setRestored(boolean is) {
    try {
      services.get(0).calls().restored(TAILNET, is);
    } catch (ControlException e) {
      throw new IllegalStateException("the lock is on", e);
    }
  }

  @Override
  public void close() {
    stop();
    place.close();
  }
}
