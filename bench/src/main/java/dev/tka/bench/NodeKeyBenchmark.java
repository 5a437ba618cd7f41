package dev.tka.bench;

import dev.tka.core.Bytes;
import dev.tka.core.authority.Authority;
import dev.tka.core.nodekey.NodeKeyAuthorization;
import dev.tka.core.nodekey.NodeKeySignature;
import dev.tka.core.nodekey.Peer;
import dev.tka.core.nodekey.PeerChange;
import dev.tka.core.nodekey.PeerFilter;
import dev.tka.core.nodekey.PeerVerdict;
import dev.tka.testkit.NodeKeySignatures;
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

/** Judging node keys and filtering peers, from the bytes of their signatures. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class NodeKeyBenchmark {
  private static final int WRAPPING_KEY = 2;

  private static Peer peer(int id, int nodeKey) {
    return new Peer(
        Integer.toString(id),
        NodeKeySignatures.nodeKey(nodeKey),
        NodeKeySignatures.direct(nodeKey, Chain.SIGNER, WRAPPING_KEY).encoded(),
        false);
  }

  private static <T> T kept(T verdict, boolean kept) {
    if (!kept) {
      throw new AssertionError("not authorized: " + verdict);
    }
    return verdict;
  }

  /** A direct signature. */
  @State(Scope.Benchmark)
  public static class Direct {
    private final Authority authority = NodeKeySignatures.trusting(Chain.SIGNER);
    private final Peer peer = peer(0, 0);
  }

  /** A direct signature under rotations. */
  @State(Scope.Benchmark)
  @SuppressWarnings("NullAway.Init") // JMH calls the setup.
  public static class Rotations {
    /** The number of rotations. */
    @Param({"1", "5", "15"})
    public int depth;

    private final Authority authority = NodeKeySignatures.trusting(Chain.SIGNER);
    private Bytes encoded;

    /** Makes the signatures. */
    @Setup
    public void sign() {
      NodeKeySignature chain = NodeKeySignatures.direct(0, Chain.SIGNER, WRAPPING_KEY);
      for (int nodeKey = 1; nodeKey <= depth; nodeKey++) {
        chain = NodeKeySignatures.rotation(chain, nodeKey, WRAPPING_KEY);
      }
      encoded = chain.encoded();
    }
  }

  /** Peers with direct signatures, and another node key for one of them. */
  @State(Scope.Thread)
  @SuppressWarnings("NullAway.Init") // JMH calls the setup.
  public static class Peers {
    /** The number of peers. */
    @Param({"1000", "10000"})
    public int peers;

    private final Authority authority = NodeKeySignatures.trusting(Chain.SIGNER);
    private List<Peer> all;
    private List<Peer> changed;
    private PeerFilter filter;
    private boolean odd;

    /** Signs all node keys, and filters once. */
    @Setup
    public void sign() {
      all = new ArrayList<>();
      for (int i = 0; i < peers; i++) {
        all.add(peer(i, i));
      }
      int one = peers / 2;
      changed = List.of(peer(one, one), peer(one, peers));
      filter = new PeerFilter(authority);
      filter.apply(PeerChange.whole(all));
    }
  }

  /** Authorizes a node key by a direct signature. */
  @Benchmark
  public NodeKeyAuthorization direct(Direct direct) {
    NodeKeyAuthorization verdict =
        NodeKeyAuthorization.of(direct.authority, direct.peer.nodeKey(), direct.peer.signature());
    return kept(verdict, verdict instanceof NodeKeyAuthorization.Authorized);
  }

  /** Authorizes a node key by rotations. */
  @Benchmark
  public NodeKeyAuthorization rotation(Rotations rotations) {
    NodeKeyAuthorization verdict =
        NodeKeyAuthorization.of(
            rotations.authority, NodeKeySignatures.nodeKey(rotations.depth), rotations.encoded);
    return kept(verdict, verdict instanceof NodeKeyAuthorization.Authorized);
  }

  /** Filters all peers. */
  @Benchmark
  public Map<String, PeerVerdict> filter(Peers peers) {
    return PeerFilter.filter(peers.authority, peers.all);
  }

  /** Filters again after one peer changed. */
  @Benchmark
  public Map<String, PeerVerdict> changed(Peers peers) {
    peers.odd = !peers.odd;
    Map<String, PeerVerdict> changes =
        peers
            .filter
            .apply(PeerChange.upserts(List.of(peers.changed.get(peers.odd ? 1 : 0))))
            .verdicts();
    // The verdict is the same one: kept, by the same key.
    return kept(changes, changes.isEmpty());
  }
}
