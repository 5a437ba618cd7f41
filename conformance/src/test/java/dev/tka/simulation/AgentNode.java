package dev.tka.simulation;

import dev.tka.control.ControlException;
import dev.tka.control.Login;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.NodeKey;
import dev.tka.core.Signer;
import dev.tka.core.TextException;
import dev.tka.core.TkaException;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.InformResult;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.nodekey.Peer;
import dev.tka.core.store.AumEntry;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.Commit;
import dev.tka.node.ControlFailure;
import dev.tka.node.ControlTransport;
import dev.tka.node.Followed;
import dev.tka.node.NodeAgent;
import dev.tka.sync.Intake;
import dev.tka.sync.NodeRound;
import dev.tka.sync.rpc.Announcement;
import dev.tka.sync.rpc.Rpc;
import dev.tka.sync.rpc.RpcAnswer;
import dev.tka.sync.rpc.RpcJson;
import dev.tka.sync.rpc.RpcRequest;
import dev.tka.testkit.NodeKeySignatures;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/** Our node agent. What it asks and is answered goes as bytes. */
final class AgentNode implements NodeEndpoint {
  private final MemoryFolder folder = new MemoryFolder();
  private final MachineClock clock;
  private final ServiceControl control;
  private final long number;
  private NodeKey key;
  private final Set<AumHash> reported = new HashSet<>();

  /** Purged by the last sync. */
  private Set<AumHash> purged = Set.of();

  /** The last answer, in bytes: what is cut off on the way is a part of such. */
  private Bytes lastAnswer = Bytes.copyOf("{}".getBytes(StandardCharsets.UTF_8));

  private NodeAgent agent;

  AgentNode(Aum genesis, MachineClock clock, ServiceControl control, long number)
      throws TkaException {
    this.clock = clock;
    this.control = control;
    this.number = number;
    this.key = NodeKeySignatures.nodeKey((int) number);
    control.calls(service -> service.login(ServiceControl.TAILNET, number, Login.of(key)));
    this.agent = NodeAgent.open(folder, key, clock.clocks());
    begin(genesis);
  }

  /** Follows what an honest control tells it. */
  Followed follow() {
    return follow(control);
  }

  /** Follows what it is told, by whoever says to be control. */
  Followed follow(ControlPort port) {
    try {
      return agent.follow(control.told(number, port), ask -> send(ask, port, new Lost()));
    } catch (ControlFailure | TkaException | RoundFailed e) {
      throw new IllegalStateException(e);
    }
  }

  MemoryFolder folder() {
    return folder;
  }

  /** Begins with the genesis, and has then no connection. */
  void begin(Aum genesis) throws TkaException {
    ControlTransport showing =
        ask ->
            ask instanceof ControlTransport.Call call && call.rpc() == Rpc.BOOTSTRAP
                ? answered(
                    new RpcAnswer.Bootstrap(Optional.of(genesis.encoded()), Optional.empty()))
                : CompletableFuture.failedFuture(new ControlFailure.Unreachable("it is down"));
    // Some other head, so that the two are not taken to agree.
    Announcement enabled = new Announcement.Enabled(AumHash.ofEncoding(Bytes.empty()));
    try {
      agent.follow(enabled, showing);
      throw new IllegalStateException("control is down");
    } catch (ControlFailure.Unreachable e) {
      // As it should be.
    } catch (ControlFailure e) {
      throw new IllegalStateException(e);
    }
  }

  NodeAgent agent() {
    return agent;
  }

  long number() {
    return number;
  }

  private LiveAuthority live() {
    return agent
        .authority()
        .orElseThrow(() -> new IllegalStateException("the lock is not on: " + agent.status()));
  }

  @Override
  public Authority authority() {
    return live().current();
  }

  @Override
  public void takeOwn(Authority base, List<Aum> updates) throws TkaException {
    note(live().informOn(base, updates));
    agent.refresh();
  }

  private void note(InformResult result) {
    result.refusals().forEach(refusal -> reported.add(refusal.update()));
    result.setAside().forEach(edit -> reported.add(edit.aum().hash()));
    reported.addAll(result.displacedOwn());
  }

  @Override
  public void takeFile(List<Aum> aums) throws TkaException {
    live().inform(aums);
    agent.refresh();
  }

  @Override
  public Instant ownTime() {
    return live().ownTime();
  }

  @Override
  public void goOn(Optional<Instant> agreed) throws TkaException {
    if (agreed.isPresent()) {
      // What many equal announcements in a row come to, in one commit.
      AumSnapshot before = live().current().snapshot();
      folder
          .aums()
          .commit(
              Commit.on(before.revision()).ownAums(before.ownAums().agreed(agreed.get())).build());
      live().refresh();
    }
    agent.noteTime();
  }

  /** A part of a round that did not go well, where the agent sees only bytes. */
  private static final class Lost {
    Optional<RoundFailed> failure = Optional.empty();
  }

  @Override
  public SyncReport sync(ControlPort port) throws TkaException {
    List<ControlPort.Refused> refused = new ArrayList<>();
    Lost lost = new Lost();
    AumSnapshot before = live().current().snapshot();
    SyncReport report;
    try {
      Followed followed =
          agent.follow(
              control.told(number, port), ask -> send(ask, port, lost), end -> note(end, refused));
      report = new SyncReport(failure(followed), refused);
    } catch (RoundFailed e) {
      report = new SyncReport(Optional.of(e), refused);
    } catch (ControlFailure e) {
      // What was lost or cut off, and nothing else: our control's answers are read.
      report = new SyncReport(Optional.of(lost.failure.orElseThrow()), refused);
    }
    purged = gone(before, live().current().snapshot());
    return report;
  }

  private static Set<AumHash> gone(AumSnapshot before, AumSnapshot after) {
    Set<AumHash> gone = new HashSet<>();
    if (!after.revision().equals(before.revision())) {
      for (AumEntry entry : before.entries()) {
        if (after.find(entry.hash()).isEmpty()) {
          gone.add(entry.hash());
        }
      }
    }
    return gone;
  }

  private void note(NodeRound.End end, List<ControlPort.Refused> refused) {
    if (end.exchange().received() instanceof Intake.Done done) {
      done.refusals().forEach(refusal -> refused.add(ControlPort.Refused.of(refusal)));
    }
    end.notices().setAside().forEach(edit -> reported.add(edit.aum().hash()));
    reported.addAll(end.notices().displacedOwn());
    reported.addAll(end.notices().refusedRevocations());
  }

  /** What did not bring the heads together says why. */
  private static Optional<RoundFailed> failure(Followed followed) {
    if (followed instanceof Followed.Agrees) {
      return Optional.empty();
    }
    return followed instanceof Followed.Apart apart
        ? EngineNode.failure(apart.outcome())
        : Optional.of(new RoundFailed(RoundFailed.Cause.STALLED, followed.toString()));
  }

  private CompletableFuture<ControlTransport.Reply> send(
      ControlTransport.Ask ask, ControlPort port, Lost lost) {
    ControlTransport.Call call = (ControlTransport.Call) ask;
    try {
      RpcRequest request =
          RpcJson.readRequest(call.rpc(), new ByteArrayInputStream(call.body().toByteArray()));
      RpcAnswer answer = control.asked(number, request, () -> answer(request, port));
      return answered(answer);
    } catch (RoundFailed e) {
      lost.failure = Optional.of(e);
      return lost(e);
    } catch (TextException | IOException e) {
      throw new IllegalStateException("an agent's own request", e);
    }
  }

  /** Logs in with a new node key. */
  NodeAgent.LoggedIn logIn(NodeKey next, Signer lockKey) throws TkaException {
    try {
      NodeAgent.LoggedIn loggedIn =
          agent.logIn(next, lockKey, ask -> control.login(number, (ControlTransport.LogIn) ask));
      key = next;
      return loggedIn;
    } catch (ControlFailure e) {
      throw new IllegalStateException(e);
    }
  }

  /** Asks for all peers, which control lists so. */
  void fetchPeers(Collection<Peer> listed) throws TkaException {
    StringBuilder lines = new StringBuilder();
    for (Peer peer : listed) {
      lines.append("{\"node\":\"").append(peer.id());
      lines.append("\",\"nodeKey\":\"").append(peer.nodeKey());
      lines.append("\",\"unsignedPeerApiOnly\":").append(peer.unsignedPeerApiOnly());
      if (!peer.signature().isEmpty()) {
        lines.append(",\"nodeKeySignature\":\"");
        lines.append(Base64.getEncoder().encodeToString(peer.signature().toByteArray()));
        lines.append('"');
      }
      lines.append("}\n");
    }
    try {
      agent.fetchPeers(ask -> ok(Bytes.copyOf(lines.toString().getBytes(StandardCharsets.UTF_8))));
    } catch (ControlFailure e) {
      throw new IllegalStateException(e);
    }
  }

  private static CompletableFuture<ControlTransport.Reply> ok(Bytes body) {
    return CompletableFuture.completedFuture(ControlTransport.Reply.of(200, body));
  }

  private RpcAnswer answer(RpcRequest request, ControlPort port) throws RoundFailed {
    if (request instanceof RpcRequest.Offer offer) {
      return new RpcAnswer.Offer(port.offer(offer.offer()));
    }
    if (request instanceof RpcRequest.Send send) {
      return new RpcAnswer.Send(port.send(send.send()).receipt(), true);
    }
    if (request instanceof RpcRequest.Bootstrap) {
      Optional<RpcAnswer> lie = port.bootstrap();
      if (lie.isPresent()) {
        return lie.get();
      }
    }
    try {
      return control.answer(number, request);
    } catch (ControlException e) {
      throw new IllegalStateException(e.code() + ": " + e.getMessage(), e);
    }
  }

  private CompletableFuture<ControlTransport.Reply> answered(RpcAnswer answer) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try {
      RpcJson.writeAnswer(answer, out);
    } catch (IOException e) {
      throw new IllegalStateException("bytes in memory", e);
    }
    lastAnswer = Bytes.copyOf(out.toByteArray());
    return ok(lastAnswer);
  }

  /** An answer that is lost does not come, or only the beginning of it does. */
  private CompletableFuture<ControlTransport.Reply> lost(RoundFailed failure) {
    boolean answer =
        Event.Loss.ANSWER.toString().equals(failure.getMessage())
            || Event.Loss.ACKNOWLEDGEMENT.toString().equals(failure.getMessage());
    int cut = Math.floorMod(lastAnswer.hashCode(), 2 * lastAnswer.size());
    return answer && cut < lastAnswer.size()
        ? ok(Bytes.copyOf(Arrays.copyOf(lastAnswer.toByteArray(), cut)))
        : CompletableFuture.failedFuture(new ControlFailure.Unreachable("lost"));
  }

  @Override
  public Set<AumHash> compact() {
    // The agent has done that.
    return purged;
  }

  @Override
  public void restart() throws TkaException {
    agent = NodeAgent.open(folder, key, clock.clocks());
  }

  @Override
  public Set<AumHash> reportedEdits() {
    // A round that a lost message ends reports nothing; what it set aside is listed all the same.
    live()
        .current()
        .snapshot()
        .ownAums()
        .setAside()
        .forEach(edit -> reported.add(edit.aum().hash()));
    return Set.copyOf(reported);
  }
}
