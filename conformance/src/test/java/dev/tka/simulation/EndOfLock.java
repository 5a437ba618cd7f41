package dev.tka.simulation;

import dev.tka.control.ControlException;
import dev.tka.core.Aum;
import dev.tka.core.AumKind;
import dev.tka.core.Bytes;
import dev.tka.core.DisablementSecret;
import dev.tka.core.Key;
import dev.tka.core.NodeKey;
import dev.tka.core.State;
import dev.tka.core.TkaException;
import dev.tka.core.nodekey.NodeKeySigning;
import dev.tka.node.Followed;
import dev.tka.node.NodeAgent;
import dev.tka.sync.rpc.RpcAnswer;
import dev.tka.sync.rpc.RpcRequest;
import dev.tka.testkit.TestKeys;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The last that happens to a tailnet: the lock is ended with its secret, and may begin anew, while
 * some nodes are away. Every node must end with what is on then, and lets in by what it knows until
 * it does.
 */
final class EndOfLock {
  static final DisablementSecret SECRET =
      DisablementSecret.of("the secret of the simulation".getBytes(StandardCharsets.UTF_8));

  /** Computed once: it costs some tens of milliseconds. */
  static final Bytes VALUE = SECRET.value();

  /** One is told that the lock is disabled, wipes, is told of the new one, and joins. */
  private static final int MOST_ANNOUNCEMENTS = 4;

  private final Tailnet tailnet;
  private final Roster roster;
  private final ServiceControl control;
  private final Event.EndLock event;

  EndOfLock(Tailnet tailnet, Roster roster, ServiceControl control, Event.EndLock event) {
    this.tailnet = tailnet;
    this.roster = roster;
    this.control = control;
    this.event = event;
  }

  void happen() throws TkaException {
    List<Member> members = new ArrayList<>(tailnet.members());
    // Whoever is apart for a reason stays so.
    members.removeIf(member -> !member.end.authority().head().equals(control.authority().head()));
    if (members.isEmpty()) {
      return;
    }
    List<Member> away = new ArrayList<>();
    List<Member> present = new ArrayList<>();
    for (Member member : members) {
      boolean isAway =
          (event.away() >> member.index & 1) == 1 && present.size() + 1 < members.size();
      (isAway ? away : present).add(member);
    }
    if (present.isEmpty()) {
      present.add(away.remove(0));
    }
    if (event.editsAway()) {
      away.forEach(tailnet::editHere);
    }
    if (event.disablesHere()) {
      disableHere(present.get(present.size() - 1));
    }
    tailnet.judge().tally().add("end of the lock: scenarios");
    disable(present.get(0));
    for (Member member : present) {
      follow(member, 1);
      expect(member, Optional.empty());
    }
    if (!event.beginsAnew()) {
      away.forEach(member -> comesBack(member, Optional.empty()));
      return;
    }
    Aum genesis = begin(present.get(0));
    present.forEach(member -> comesBack(member, Optional.of(genesis)));
    away.forEach(member -> comesBack(member, Optional.of(genesis)));
  }

  private static NodeAgent agent(Member member) {
    return Roster.agent(member).agent();
  }

  /** A person ends the lock on one node alone; what control says of that lock does not count. */
  private void disableHere(Member member) throws TkaException {
    agent(member).disableHere();
    member.end.restart();
    expect(member, Optional.empty());
    follow(member, 1);
    expect(member, Optional.empty());
  }

  private void disable(Member by) {
    RpcRequest request =
        new RpcRequest.Disable(
            0, Optional.of(agent(by).nodeKey()), Optional.of(control.authority().head()), SECRET);
    call(by, request);
  }

  private RpcAnswer call(Member by, RpcRequest request) {
    try {
      return control.answer(Roster.agent(by).number(), request);
    } catch (ControlException e) {
      throw new IllegalStateException(e.code() + ": " + e.getMessage(), e);
    }
  }

  /** The lock begins again, with other keys; every other node is signed. */
  private Aum begin(Member by) throws TkaException {
    int key = by.makeKey();
    State state = State.of(List.of(VALUE), List.of(TestKeys.key(key, 1)), 90, by.index);
    Aum genesis = Signing.sign(Aum.builder(AumKind.CHECKPOINT).state(state).build(), List.of(key));
    long number = Roster.agent(by).number();
    Optional<NodeKey> self = Optional.of(agent(by).nodeKey());
    control.calls(service -> service.allowInit(ServiceControl.TAILNET, number, true));
    RpcAnswer.InitBegin begun =
        (RpcAnswer.InitBegin) call(by, new RpcRequest.InitBegin(148, self, genesis.encoded()));
    Map<Long, Bytes> signatures = new TreeMap<>();
    for (RpcAnswer.NodeToSign node : begun.nodes()) {
      if (node.node() % 2 == 1) {
        signatures.put(
            node.node(),
            NodeKeySigning.direct(node.nodeKey(), node.rotationKey(), Signing.signer(key))
                .encoded());
      }
    }
    call(by, new RpcRequest.InitFinish(148, self, signatures, Optional.empty()));
    return genesis;
  }

  /** A node is told what it is to be told, so many times. */
  private Followed follow(Member member, int times) {
    Followed followed = new Followed.LockOff();
    for (int i = 0; i < times; i++) {
      followed = Roster.agent(member).follow();
      roster.checkKnowing(member);
      if (event.restarts()) {
        Unchecked.run(member.end::restart);
        roster.checkKnowing(member);
      }
    }
    return followed;
  }

  private void comesBack(Member member, Optional<Aum> genesis) {
    Followed followed = follow(member, MOST_ANNOUNCEMENTS);
    boolean on =
        agent(member).authority().map(live -> live.current().head()).equals(genesis.map(Aum::hash));
    if (!on || !followed.isSettled()) {
      tailnet
          .judge()
          .violation(
              "a node does not come back from a lock that ended",
              "node " + member.index + ": " + followed.reason() + "; " + agent(member).status());
      return;
    }
    roster.tell(member, true);
    roster.checkKnowing(member);
    tailnet.judge().tally().add("end of the lock: nodes that came back");
  }

  private void expect(Member member, Optional<Aum> genesis) {
    if (agent(member).authority().isPresent() != genesis.isPresent()) {
      tailnet
          .judge()
          .violation(
              "the lock did not end on a node",
              "node " + member.index + ": " + agent(member).status());
    }
    roster.checkKnowing(member);
  }

  /** What the genesis of such a tailnet says. */
  static State state(List<Key> keys) {
    return State.of(List.of(VALUE), keys, 7, 8);
  }
}
