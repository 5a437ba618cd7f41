package dev.tka.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.cli.output.ExitCode;
import dev.tka.core.NodeKey;
import dev.tka.core.authority.Clocks;
import dev.tka.node.AgentDirectory;
import dev.tka.node.JudgedPeer;
import dev.tka.node.NodeAgent;
import dev.tka.node.PeerAccess;
import dev.tka.store.testkit.Kills;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A running agent is killed, for real and at random moments, while control commits and peers change
 * their keys: without control it then knows its last good peers, and lets in none that is not
 * signed (service, section 9). {@code -Dtka.kills} makes it longer.
 */
class NodeAgentKillTest {
  private static final int MOST_MILLIS = 600;
  private static final int MOST_KILLS = 20 * Kills.COUNT;

  /** Peers with these numbers have another key for each generation, signed and not signed. */
  private static final int SIGNED = 3;

  private static final int UNSIGNED = 4;
  private static final int FIRST_SIGNED_KEY = 1000;
  private static final int FIRST_UNSIGNED_KEY = 1_000_000;

  private final long seed = System.nanoTime();
  private final Random random = new Random(seed);
  private final AtomicBoolean over = new AtomicBoolean();
  private final AtomicInteger generation = new AtomicInteger();
  private final AtomicReference<Throwable> failure = new AtomicReference<>();

  @TempDir Path folder;

  @Test
  void aKilledAgentKnowsItsLastGoodPeersBeforeItAsksAnybodyAndNeverAnUnsignedOne()
      throws Exception {
    Path node = folder.resolve("node");
    NodeKey self = NodeControl.nodeKey(NodeControl.SELF);
    try (NodeControl control = new NodeControl(folder)) {
      change(control);
      assertThat(
              Cli.run(
                      "node",
                      "once",
                      node,
                      control.url(),
                      "--token-file",
                      control.tokenFile,
                      "--node-key",
                      self)
                  .exitCode())
          .isEqualTo(ExitCode.OK);
      Thread changing = new Thread(() -> keepChanging(control));
      changing.start();
      List<String> command =
          Cli.process("node", "run", node, control.url(), "--token-file", control.tokenFile);
      int before = 1;
      int moved = 0;
      int kills = 0;
      // By chance the folder moved on at none of a few.
      while (kills < Kills.COUNT || (moved == 0 && kills < MOST_KILLS)) {
        Process process =
            new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("said").toFile())
                .start();
        if (kills % 4 > 0) {
          awaitWork(process);
        }
        Thread.sleep(random.nextInt(MOST_MILLIS));
        process.destroyForcibly().waitFor();
        int now = check(node, self, before);
        moved += now > before ? 1 : 0;
        before = now;
        kills++;
      }
      over.set(true);
      changing.join();
      assertThat(failure.get()).isNull();
      assertThat(moved).isPositive();
      System.out.println(
          kills
              + " kills, seed "
              + seed
              + ": the folder had moved on at "
              + moved
              + " of them; "
              + generation.get()
              + " changes");
    } finally {
      over.set(true);
    }
  }

  /** Some are killed before they have begun to follow, the others while they do. */
  private void awaitWork(Process process) throws Exception {
    while (!Files.readString(folder.resolve("said")).contains(" lock: ")) {
      assertThat(process.isAlive()).isTrue();
      Thread.sleep(5);
    }
  }

  private void keepChanging(NodeControl control) {
    try {
      while (!over.get()) {
        change(control);
        Thread.sleep(random.nextInt(MOST_MILLIS));
      }
    } catch (Throwable e) {
      failure.set(e);
    }
  }

  private void change(NodeControl control) throws Exception {
    int number = generation.incrementAndGet();
    control.replace(SIGNED, FIRST_SIGNED_KEY + number, true);
    control.replace(UNSIGNED, FIRST_UNSIGNED_KEY + number, false);
    control.commit("change " + number);
  }

  /** Opens what the agent left, and returns how new it is. */
  private int check(Path node, NodeKey self, int before) throws Exception {
    try (AgentDirectory kept = AgentDirectory.open(node, Clock.systemUTC())) {
      NodeAgent agent = NodeAgent.open(kept, self, Clocks.of(Clock.systemUTC()));
      String seeded = "seed " + seed;
      assertThat(agent.status().problems()).as(seeded).isEmpty();
      assertThat(agent.status().lock()).as(seeded).isEqualTo("on");
      List<String> let = new ArrayList<>();
      int found = 0;
      for (JudgedPeer peer : agent.peers()) {
        NodeKey key = peer.known().peer().nodeKey();
        assertThat(agent.access(key)).as(seeded).isEqualTo(peer.access());
        if (peer.access() != PeerAccess.NONE) {
          let.add(peer.known().peer().id());
        }
        for (int number = 1; number <= generation.get(); number++) {
          if (key.equals(NodeControl.nodeKey(FIRST_SIGNED_KEY + number))) {
            found = number;
          }
          assertThat(agent.access(NodeControl.nodeKey(FIRST_UNSIGNED_KEY + number)))
              .as(seeded)
              .isEqualTo(PeerAccess.NONE);
        }
      }
      assertThat(let).as(seeded).containsExactly("1", Integer.toString(SIGNED));
      assertThat(found).as(seeded).isGreaterThanOrEqualTo(before);
      return found;
    }
  }
}
