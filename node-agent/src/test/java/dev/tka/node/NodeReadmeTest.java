package dev.tka.node;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.control.http.ControlServer;
import dev.tka.control.http.Listener;
import dev.tka.control.http.Role;
import dev.tka.control.http.ServerSettings;
import dev.tka.core.NodeKey;
import dev.tka.core.authority.Clocks;
import dev.tka.store.MemoryTailnets;
import dev.tka.testkit.PageExample;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The example of a node in docs/embedding.md compiles, runs, and is the same as here. */
class NodeReadmeTest {
  @TempDir Path directory;

  @Test
  void theExampleRuns() throws Exception {
    try (TestTailnet tailnet = TestTailnet.locked(3);
        ControlServer server =
            ControlServer.start(
                new ControlServer.Parts(tailnet.service, new MemoryTailnets(), line -> {}, 1000),
                ServerSettings.of(
                    Listener.of(Role.NODE, new Listener.Address.Tcp("127.0.0.1", 0))))) {
      String url = "http://" + server.address(Role.NODE).orElseThrow();
      Path tokenFile =
          Files.writeString(
              directory.resolve("token"), tailnet.service.makeToken(TestTailnet.NAME, 2));
      Path path = directory.resolve("node");
      NodeKey nodeKey = TestTailnet.nodeKey(2);
      NodeKey peer = TestTailnet.nodeKey(1);
      BlockingQueue<AgentEvent> events = new LinkedBlockingQueue<>();
      run(url, tokenFile, path, nodeKey, peer, events);
    }
  }

  private static void run(
      String url,
      Path tokenFile,
      Path path,
      NodeKey nodeKey,
      NodeKey peer,
      BlockingQueue<AgentEvent> events)
      throws Exception {
    Clocks clocks = Clocks.of(Clock.systemUTC());

    // begin
    try (HttpConnections connections = HttpConnections.open();
        AgentPool pool = AgentPool.of(2);
        AgentDirectory folder = AgentDirectory.open(path, clocks.wall())) {
      // What the node knew last counts at once, before control is asked.
      NodeAgent agent = NodeAgent.open(folder, nodeKey, clocks);
      HttpTransport control = HttpTransport.toServer(connections, url, tokenFile);
      try (AgentRunner runner = AgentRunner.start(agent, control, pool, events::add)) {
        System.out.println(events.take().line() + "; waits for " + runner.waitsFor());
        // For each packet: one look-up, which never blocks.
        System.out.println(agent.access(peer));
      }
    }
    // end

    try (AgentDirectory folder = AgentDirectory.open(path, clocks.wall())) {
      assertThat(NodeAgent.open(folder, nodeKey, clocks).status().lock()).isEqualTo("on");
    }
  }

  @Test
  void theExampleIsTheOneInTheReadme() throws Exception {
    PageExample.requireSame(NodeReadmeTest.class, "node-agent", "docs/embedding.md");
  }
}
