package dev.tka.bench;

import dev.tka.core.NodeKey;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.Clocks;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.nodekey.Peer;
import dev.tka.core.nodekey.PeerChange;
import dev.tka.core.store.StoreException;
import dev.tka.node.AgentDirectory;
import dev.tka.node.NodeAgent;
import dev.tka.node.PeerAccess;
import dev.tka.store.directory.NodeDirectory;
import dev.tka.testkit.Chains;
import dev.tka.testkit.NodeKeySignatures;
import dev.tka.testkit.TestKeys;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** A node's agent and its peers: from its folder to the first decision, and after a delta. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class AgentBenchmark {
  private static final NodeKey SELF = NodeKeySignatures.nodeKey(1_000_000);

  /** A folder with peers, all signed, and another signed key for one of them. */
  @State(Scope.Thread)
  @SuppressWarnings("NullAway.Init") // JMH calls the setup.
  public static class Folder {
    /** The number of peers. */
    @Param({"1000", "10000"})
    public int peers;

    private Path directory;
    private AgentDirectory folder;
    private NodeAgent agent;
    private List<Peer> changed;
    private NodeKey last;
    private boolean odd;

    /** Signs all node keys, and keeps them. */
    @Setup
    public void keep() throws Exception {
      directory = Chain.newDirectory();
      LiveAuthority.bootstrap(
          NodeDirectory.create(directory.resolve("aums"), Clock.systemUTC()),
          Chains.genesis(List.of(TestKeys.key(Chain.SIGNER, 1)), Chain.SIGNER),
          AdmissionPolicy.NODE,
          Clock.systemUTC());
      folder = AgentDirectory.open(directory, Clock.systemUTC());
      agent = open();
      List<Peer> all = new ArrayList<>();
      for (int i = 0; i < peers; i++) {
        all.add(peer(i, i));
      }
      agent.peers(PeerChange.whole(all), Map.of());
      int one = peers / 2;
      changed = List.of(peer(one, one), peer(one, peers));
      last = all.get(peers - 1).nodeKey();
    }

    private NodeAgent open() throws StoreException {
      return NodeAgent.open(folder, SELF, Clocks.of(Clock.systemUTC()));
    }

    private static Peer peer(int id, int nodeKey) {
      return new Peer(
          Integer.toString(id),
          NodeKeySignatures.nodeKey(nodeKey),
          NodeKeySignatures.direct(nodeKey, Chain.SIGNER).encoded(),
          false);
    }

    /** Deletes the folder. */
    @TearDown
    public void delete() throws IOException, StoreException {
      folder.close();
      Chain.deleteDirectory(directory);
    }
  }

  private static PeerAccess full(PeerAccess access) {
    if (access != PeerAccess.FULL) {
      throw new AssertionError("not let in");
    }
    return access;
  }

  /** Opens the folder, and decides about a packet. */
  @Benchmark
  public PeerAccess start(Folder folder) throws StoreException {
    return full(folder.open().access(folder.last));
  }

  /** Decides about a packet. */
  @Benchmark
  public PeerAccess access(Folder folder) {
    return full(folder.agent.access(folder.last));
  }

  /** Takes in another key of one peer, keeps it, and decides about a packet. */
  @Benchmark
  public PeerAccess delta(Folder folder) throws StoreException {
    folder.odd = !folder.odd;
    Peer one = folder.changed.get(folder.odd ? 1 : 0);
    folder.agent.peers(PeerChange.upserts(List.of(one)), Map.of());
    return full(folder.agent.access(one.nodeKey()));
  }
}
