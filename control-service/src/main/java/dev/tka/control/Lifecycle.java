package dev.tka.control;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.DecodeException;
import dev.tka.core.DisablementSecret;
import dev.tka.core.Key;
import dev.tka.core.KeyDefect;
import dev.tka.core.NodeKey;
import dev.tka.core.State;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.InformException;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.authority.OpenException;
import dev.tka.core.nodekey.NodeKeyAuthorization;
import dev.tka.core.nodekey.NodeKeySignature;
import dev.tka.core.store.Limits;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.core.store.StoreException;
import dev.tka.store.records.AuthorityName;
import dev.tka.store.records.ControlRecords;
import dev.tka.store.records.NodeRecord;
import dev.tka.store.records.PendingInit;
import dev.tka.store.records.RecordsChange;
import dev.tka.store.records.RetiredAuthority;
import dev.tka.store.records.TailnetRecord;
import dev.tka.sync.rpc.RpcAnswer;
import dev.tka.sync.rpc.RpcJson;
import dev.tka.sync.rpc.RpcRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * How an authority begins and ends: init, bootstrap and disable (service, sections 2 and 3). A
 * beginning is no edit, so no threshold is asked of it; an end may need votes (service, section
 * 11).
 */
final class Lifecycle {
  /** An attempt costs 16 MiB and 50 ms; this many run at once in a process. */
  static final Semaphore ATTEMPTS = new Semaphore(2);

  private static final Duration LONGEST_WAIT = Duration.ofMillis(500);
  private static final int NODE_BURST = 5;
  private static final Duration NODE_EACH = Duration.ofSeconds(12);
  private static final int TAILNET_BURST = 20;
  private static final Duration TAILNET_EACH = Duration.ofSeconds(3);

  private final Premises premises;
  private final ControlRecords records;
  private final RateLimit<Caller> ofNodes;
  private final RateLimit<String> ofTailnets;

  Lifecycle(Premises premises, LongSupplier nanoTime) {
    this.premises = premises;
    this.records = premises.records();
    this.ofNodes = new RateLimit<>(NODE_BURST, NODE_EACH, nanoTime);
    this.ofTailnets = new RateLimit<>(TAILNET_BURST, TAILNET_EACH, nanoTime);
  }

  RpcAnswer.InitBegin begin(
      String tailnet, Optional<NodeRecord> asking, RpcRequest.InitBegin request)
      throws ControlException, StoreException, OpenException {
    if (asking.isPresent() && !asking.get().mayInit()) {
      throw new ControlException.Forbidden(
          "this node may not begin a lock: the operator of the control server has to allow it");
    }
    ControlRecords.Seen seen = premises.seen(tailnet);
    if (premises.live(tailnet).isPresent()) {
      throw new ControlException.LockOn();
    }
    Aum genesis = requireGenesis(request.genesis());
    if (premises.retired().holding(seen.tailnet(), genesis.hash()).isPresent()) {
      throw new ControlException.Refused("this lock was ended before: make another one");
    }
    RpcAnswer.InitBegin answer = new RpcAnswer.InitBegin(nodesToSign(tailnet, request.version()));
    Optional<Long> by = asking.map(NodeRecord::id);
    TailnetRecord before = seen.tailnet();
    boolean repeated =
        before
            .begun()
            .filter(begun -> begun.genesis().equals(genesis) && begun.by().equals(by))
            .isPresent();
    if (!repeated) {
      records.commit(
          tailnet,
          RecordsChange.ofTailnet(
              before, before.withBegun(new PendingInit(genesis, by, premises.now()))));
    }
    return answer;
  }

  /** Checks that bytes are a genesis that its own state accepts, with sound keys. */
  private Aum requireGenesis(Bytes encoded) throws ControlException, OpenException, StoreException {
    if (encoded.size() > Limits.MAX_AUM_BYTES_AT_CONTROL) {
      throw new ControlException.TooLarge(
          "the first AUM has "
              + encoded.size()
              + " bytes, and at most "
              + Limits.MAX_AUM_BYTES_AT_CONTROL
              + " are taken");
    }
    Aum genesis;
    try {
      genesis = Aum.decode(encoded.toByteArray());
    } catch (DecodeException e) {
      throw new ControlException.Malformed("GenesisAUM: " + e.getMessage());
    }
    if (genesis.parent().isPresent()) {
      throw new ControlException.Refused(
          "a lock begins with an AUM without a parent, and this one has one");
    }
    if (premises.settings().refusesWeakKeys() && genesis.state().isPresent()) {
      for (Key key : genesis.state().get().keys()) {
        Optional<KeyDefect> defect = key.defect();
        if (defect.isPresent()) {
          throw new ControlException.Refused(Rounds.weak(key, defect.get()));
        }
      }
    }
    alone(genesis);
    return genesis;
  }

  /** The authority of a genesis alone, whose own state must accept it. */
  private Authority alone(Aum genesis) throws ControlException, OpenException, StoreException {
    try {
      return LiveAuthority.bootstrap(
              new MemoryAumStore(), genesis, AdmissionPolicy.CONTROL, premises.clock())
          .current();
    } catch (InformException e) {
      throw new ControlException.Refused("this lock cannot begin: " + e.getMessage());
    }
  }

  private List<RpcAnswer.NodeToSign> nodesToSign(String tailnet, int version)
      throws ControlException, StoreException {
    List<RpcAnswer.NodeToSign> nodes = new ArrayList<>();
    long[] bytes = new long[1];
    records.allNodes(
        tailnet,
        node -> {
          RpcAnswer.NodeToSign entry =
              new RpcAnswer.NodeToSign(node.id(), node.nodeKey(), node.rotationKey());
          bytes[0] += RpcJson.mostBytesOf(entry);
          nodes.add(entry);
        });
    if (bytes[0] > ClientLimits.of(version).list()) {
      throw new ControlException.TooLarge(
          "this tailnet has "
              + nodes.size()
              + " nodes, more than this client can sign: begin the lock with a newer client");
    }
    return nodes;
  }

  /**
   * What an init stores.
   *
   * @param unsigned the nodes that have no signature, in order
   */
  record Finished(RpcAnswer.InitFinish answer, List<Long> unsigned) {}

  Finished finish(String tailnet, Optional<NodeRecord> asking, RpcRequest.InitFinish request)
      throws ControlException, StoreException, OpenException {
    Finished done = new Finished(new RpcAnswer.InitFinish(), List.of());
    ControlRecords.Seen seen = premises.seen(tailnet);
    TailnetRecord before = seen.tailnet();
    Optional<LiveAuthority> live = premises.live(tailnet);
    if (before.begun().isEmpty()) {
      throw live.isPresent()
          ? new ControlException.LockOn()
          : new ControlException.Conflict("no lock was begun here: run the command again");
    }
    PendingInit begun = before.begun().get();
    if (!begun.by().equals(asking.map(NodeRecord::id))) {
      throw new ControlException.Forbidden(
          "another node has begun a lock since: only that node can finish it");
    }
    AumHash genesis = begun.genesis().hash();
    if (live.isPresent()) {
      if (Premises.nameOf(live.get().current()).genesis().equals(genesis)) {
        return done;
      }
      throw new ControlException.LockOn();
    }
    if (request.support().isPresent() && !premises.settings().takesSupportSecrets()) {
      throw new ControlException.Refused(
          "this control server takes no disablement secret for support: "
              + "run the command again without --gen-disablement-for-support");
    }
    if (request.signatures().size() > premises.settings().mostNodes()) {
      throw new ControlException.TooLarge(
          "there are more signatures than nodes that this tailnet may have");
    }
    Authority alone = alone(begun.genesis());
    // First the signatures, which count for nothing yet, and then the authority that they are of.
    store(tailnet, before, begun, alone, request, true);
    switchOn(tailnet, begun.genesis());
    premises.untilFirst(
        () -> {
          // Another init may have come between the two.
          TailnetRecord now = records.tailnet(tailnet);
          if (!isOf(now, begun)) {
            store(tailnet, now, begun, alone, request, false);
          }
          return now;
        });
    List<Long> unsigned = new ArrayList<>();
    records.allNodes(
        tailnet,
        node -> {
          if (SignatureRules.counting(node, Optional.of(genesis)).isEmpty()
              && !node.unsignedPeerApiOnly()) {
            unsigned.add(node.id());
          }
        });
    return new Finished(done.answer(), unsigned);
  }

  private static boolean isOf(TailnetRecord record, PendingInit begun) {
    return record.begun().equals(Optional.of(begun))
        && record
            .authority()
            .filter(name -> name.genesis().equals(begun.genesis().hash()))
            .isPresent();
  }

  /**
   * Stores the signatures of an init under its genesis, and names the authority.
   *
   * @param all whether each signature must verify for the key that its node has now
   */
  private void store(
      String tailnet,
      TailnetRecord before,
      PendingInit begun,
      Authority alone,
      RpcRequest.InitFinish request,
      boolean all)
      throws ControlException, StoreException {
    AumHash genesis = begun.genesis().hash();
    Map<Long, NodeRecord> nodes = new HashMap<>();
    records.nodes(tailnet, request.signatures().keySet()).forEach(n -> nodes.put(n.id(), n));
    if (all) {
      requireVerified(alone, request, nodes);
    }
    List<RecordsChange.OfNode> changes = new ArrayList<>();
    for (NodeRecord node : nodes.values()) {
      Bytes signature = Optional.ofNullable(request.signatures().get(node.id())).orElseThrow();
      NodeRecord signed =
          node.withSignature(Optional.of(new NodeRecord.Signature(signature, genesis)));
      boolean verifies = all || problem(alone, node.id(), signature, Optional.of(node)).isEmpty();
      if (verifies && !signed.equals(node)) {
        changes.add(new RecordsChange.OfNode(Optional.of(node), Optional.of(signed)));
      }
    }
    TailnetRecord after =
        before
            .withBegun(begun)
            .withAuthority(
                new AuthorityName(genesis, alone.state().stateId1(), alone.state().stateId2()))
            .withSupport(request.support());
    records.commit(
        tailnet,
        new RecordsChange(Optional.of(new RecordsChange.OfTailnet(before, after)), changes));
  }

  /** Checks every signature; those of nodes that are gone must be of some node. */
  private static void requireVerified(
      Authority authority, RpcRequest.InitFinish request, Map<Long, NodeRecord> nodes)
      throws ControlException {
    Optional<String> problem =
        request.signatures().entrySet().parallelStream()
            .flatMap(
                each ->
                    problem(
                        authority,
                        each.getKey(),
                        each.getValue(),
                        Optional.ofNullable(nodes.get(each.getKey())))
                        .stream())
            .findFirst();
    if (problem.isPresent()) {
      throw new ControlException.Refused(problem.get());
    }
  }

  private static Optional<String> problem(
      Authority authority, long id, Bytes signature, Optional<NodeRecord> node) {
    Optional<NodeKey> key = node.map(NodeRecord::nodeKey).or(() -> nodeKeyOf(signature));
    NodeKeyAuthorization verdict =
        key.isPresent()
            ? NodeKeyAuthorization.of(authority, key.get(), signature)
            : new NodeKeyAuthorization.Unsigned();
    return verdict instanceof NodeKeyAuthorization.Denied denied
        ? Optional.of(
            "the signature of node "
                + id
                + " is refused, and nothing was stored: "
                + denied.reason()
                + (denied instanceof NodeKeyAuthorization.OtherNodeKey
                    ? "; if its key has changed since, run the command again"
                    : ""))
        : Optional.empty();
  }

  private static Optional<NodeKey> nodeKeyOf(Bytes signature) {
    try {
      return NodeKeySignature.decode(signature.toByteArray()).nodeKey();
    } catch (DecodeException e) {
      return Optional.empty();
    }
  }

  private void switchOn(String tailnet, Aum genesis)
      throws ControlException, StoreException, OpenException {
    try {
      LiveAuthority.bootstrap(
          premises.cache().tailnet(tailnet), genesis, AdmissionPolicy.CONTROL, premises.clock());
    } catch (InformException.AlreadyBegun e) {
      // Whoever was first is found by the next attempt.
      throw new StoreException.Conflict("another writer began an authority");
    } catch (InformException e) {
      throw new ControlException.Refused("this lock cannot begin: " + e.getMessage());
    }
  }

  RpcAnswer.Bootstrap bootstrap(
      String tailnet, Optional<NodeRecord> asking, RpcRequest.Bootstrap request)
      throws ControlException, StoreException, OpenException {
    ControlRecords.Seen seen = premises.seen(tailnet);
    Optional<LiveAuthority> live = premises.live(tailnet);
    Optional<Bytes> genesis = Optional.empty();
    if (live.isPresent()) {
      Authority authority = live.get().current();
      genesis = Optional.of(authority.snapshot().encoded(authority.oldestAncestor()));
    }
    Optional<RetiredAuthority> ended =
        request.head().isPresent()
            ? premises.retired().holding(seen.tailnet(), request.head().get())
            : Optional.empty();
    if (asking.isPresent() && asking.get().told().isPresent()) {
      boolean wiped = request.head().isEmpty() || ended.isPresent();
      if (wiped) {
        premises.commit(tailnet, asking, asking.get().withTold(Optional.empty()));
      }
    }
    return new RpcAnswer.Bootstrap(genesis, ended.map(RetiredAuthority::secret));
  }

  RpcAnswer.Disable disable(Caller caller, RpcRequest.Disable request)
      throws ControlException, StoreException, OpenException {
    String tailnet = caller.tailnet();
    ControlRecords.Seen seen = premises.seen(tailnet);
    if (isRepeated(seen.tailnet(), request)) {
      return new RpcAnswer.Disable();
    }
    Authority asked = premises.on(tailnet).current();
    // Before the secret: whoever lacks the votes need not be told whether it is right.
    Proposals.requireApproved(seen.tailnet(), asked);
    State verified = asked.state();
    requireSecret(caller, verified, request.secret());
    // Decided again without the cost of another attempt, as long as the secret stays right.
    premises.untilFirst(
        () -> {
          TailnetRecord before = records.tailnet(tailnet);
          if (isRepeated(before, request)) {
            return before;
          }
          Authority authority = premises.on(tailnet).current();
          if (!haveSameSecrets(authority.state(), verified)) {
            throw new ControlException.Conflict(
                "the lock was changed in this moment: run the command again");
          }
          // The end depends on this record, so an approval is good for it alone.
          Proposals.requireApproved(before, authority);
          AuthorityName name = Premises.nameOf(authority);
          AuthorityName named = before.authority().filter(name::isSameAs).orElse(name);
          return records.retire(
              tailnet,
              authority.snapshot().revision(),
              before,
              new RetiredAuthority(named, request.secret(), premises.now(), ""));
        });
    return new RpcAnswer.Disable();
  }

  /** Whether a request has had its effect already: its secret has ended the authority it names. */
  private boolean isRepeated(TailnetRecord record, RpcRequest.Disable request)
      throws StoreException {
    List<RetiredAuthority> retired = record.retired();
    for (int i = retired.size() - 1; i >= 0; i--) {
      RetiredAuthority each = retired.get(i);
      if (each.secret().equals(request.secret())
          && request.head().isPresent()
          && premises.retired().holds(each, request.head().get())) {
        return true;
      }
    }
    return false;
  }

  private static boolean haveSameSecrets(State one, State other) {
    return one.stateId1() == other.stateId1()
        && one.stateId2() == other.stateId2()
        && one.disablementValues().equals(other.disablementValues());
  }

  private void requireSecret(Caller caller, State state, DisablementSecret secret)
      throws ControlException {
    Duration wait = ofNodes.take(caller);
    if (wait.isZero() && caller.node().isPresent()) {
      wait = ofTailnets.take(caller.tailnet());
    }
    if (!wait.isZero()) {
      throw new ControlException.TooMany(
          "too many disablement secrets were tried: wait " + seconds(wait) + " s", wait);
    }
    boolean right;
    try {
      if (!ATTEMPTS.tryAcquire(LONGEST_WAIT.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new ControlException.TooMany(
            "others try disablement secrets now: try again in a moment", Duration.ofSeconds(1));
      }
      try {
        right = state.isDisabledBy(secret);
      } finally {
        ATTEMPTS.release();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ControlException.Unavailable("the server is about to stop: try again", e);
    }
    if (!right) {
      throw new ControlException.WrongSecret();
    }
  }

  private static long seconds(Duration wait) {
    return wait.plus(Duration.ofSeconds(1)).minusNanos(1).toSeconds();
  }
}
