package example.node;

import dev.tka.core.NodeKey;
import dev.tka.core.TkaException;
import dev.tka.core.authority.Clocks;
import dev.tka.node.AgentDirectory;
import dev.tka.node.AgentEvent;
import dev.tka.node.AgentPool;
import dev.tka.node.AgentRunner;
import dev.tka.node.HttpConnections;
import dev.tka.node.HttpTransport;
import dev.tka.node.NodeAgent;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * A node in a program of one's own: it follows a server once, and says what it knows of its lock.
 */
public final class Node {
  private Node() {}

  /**
   * Runs it.
   *
   * @param args the node's folder, which is made if it is missing, the server's address for nodes,
   *     the file of the node's token, and the node's key
   */
  public static void main(String[] args) throws TkaException, IOException, InterruptedException {
    Clocks clocks = Clocks.of(Clock.systemUTC());
    BlockingQueue<AgentEvent> events = new LinkedBlockingQueue<>();
    try (HttpConnections connections = HttpConnections.open();
        AgentPool pool = AgentPool.of(1);
        AgentDirectory folder = AgentDirectory.open(Path.of(args[0]), clocks.wall())) {
      NodeAgent agent = NodeAgent.open(folder, NodeKey.parse(args[3]), clocks);
      HttpTransport control = HttpTransport.toServer(connections, args[1], Path.of(args[2]));
      try (AgentRunner runner = AgentRunner.start(agent, control, pool, events::add)) {
        System.out.println(events.take().line() + "; waits for " + runner.waitsFor());
      }
    }
  }
}
