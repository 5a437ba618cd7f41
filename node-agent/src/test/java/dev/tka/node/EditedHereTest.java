package dev.tka.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.NodeKey;
import dev.tka.core.authority.Clocks;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.nodekey.Peer;
import dev.tka.core.nodekey.PeerChange;
import dev.tka.sync.rpc.Announcement;
import dev.tka.sync.rpc.RpcAnswer;
import dev.tka.sync.rpc.RpcJson;
import dev.tka.testkit.Chains;
import dev.tka.testkit.FakeClock;
import dev.tka.testkit.NodeKeySignatures;
import dev.tka.testkit.TestKeys;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Peers are judged by the authority as it is, whoever has changed it. */
class EditedHereTest {
  private static final NodeKey SELF = NodeKeySignatures.nodeKey(1);
  private static final NodeKey PEER = NodeKeySignatures.nodeKey(2);
  private static final Aum GENESIS =
      Chains.genesis(List.of(TestKeys.key(1, 1), TestKeys.key(2, 1)), 1);

  @Test
  void aPeerWhoseKeyIsRemovedHereIsDroppedAtOnce(@TempDir Path folder) throws Exception {
    try (AgentDirectory directory = AgentDirectory.open(folder, new FakeClock())) {
      NodeAgent agent = NodeAgent.open(directory, SELF, Clocks.of(new FakeClock()));
      begin(agent);
      agent.peers(
          PeerChange.whole(
              List.of(new Peer("2", PEER, NodeKeySignatures.direct(2, 2).encoded(), false))),
          Map.of());
      assertThat(agent.access(PEER)).isEqualTo(PeerAccess.FULL);

      LiveAuthority live = agent.authority().orElseThrow();
      live.informOn(live.current(), List.of(Chains.removeKey(GENESIS, TestKeys.id(2), 1)));
      agent.refresh();

      assertThat(agent.access(PEER)).isEqualTo(PeerAccess.NONE);
    }
  }

  /** Joins, and has no connection afterwards. */
  private static void begin(NodeAgent agent) {
    ControlTransport control =
        ask -> {
          if (agent.authority().isPresent()) {
            return CompletableFuture.failedFuture(new ControlFailure.Unreachable("it is down"));
          }
          ByteArrayOutputStream out = new ByteArrayOutputStream();
          try {
            RpcJson.writeAnswer(
                new RpcAnswer.Bootstrap(Optional.of(GENESIS.encoded()), Optional.empty()), out);
          } catch (IOException e) {
            throw new AssertionError(e);
          }
          return CompletableFuture.completedFuture(
              ControlTransport.Reply.of(200, Bytes.copyOf(out.toByteArray())));
        };
    assertThatThrownBy(
            () ->
                agent.follow(new Announcement.Enabled(AumHash.ofEncoding(Bytes.empty())), control))
        .isInstanceOf(ControlFailure.Unreachable.class);
  }
}
