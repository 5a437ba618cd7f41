package dev.tka.bench;

import dev.tka.compaction.CompactionPlan;
import dev.tka.compaction.CompactionPolicy;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.TkaException;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.Commit;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.sync.SyncOffer;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.infra.Blackhole;

/** The cost to a node of remembering 100,000 purged AUMs, in memory. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class TrailBenchmark {
  private static final int ONE_BY_ONE = 100;

  /** A store of the newest AUMs of the longest chain, with a trail if the policy remembers. */
  static MemoryAumStore compacted(AdmissionPolicy policy) throws IOException, TkaException {
    MemoryAumStore store = Chain.store(Chain.decode(Chain.encodings(Chain.LONGEST)));
    CompactionPlan plan =
        CompactionPlan.of(
            Authority.open(store),
            CompactionPolicy.DEFAULT,
            Chain.COMMITTED_AT.plus(Duration.ofDays(365)));
    ((CompactionPlan.Decided) plan).applyTo(store, policy);
    return store;
  }

  /** A node that grows, AUM by AUM, on a compacted store. */
  @State(Scope.Thread)
  @SuppressWarnings("NullAway.Init") // JMH calls the setup.
  public static class Node {
    /** Whose rules apply; the reference's remember nothing. */
    @Param({"REFERENCE", "NODE"})
    public AdmissionPolicy policy;

    private AumSnapshot begin;
    private List<byte[]> following;
    private int next;
    private LiveAuthority live;
    private List<Aum> updates;

    /** Reads the chain. */
    @Setup
    public void compact() throws IOException, TkaException {
      begin = compacted(policy).read();
      List<byte[]> chain = Chain.encodings(Chain.LONGEST + Chain.BEYOND);
      following = chain.subList(Chain.LONGEST, chain.size());
      next = following.size();
    }

    /** Decodes the next AUM, and starts over at the end of the chain. */
    @Setup(Level.Invocation)
    public void advance() throws TkaException {
      if (next == following.size()) {
        MemoryAumStore store = new MemoryAumStore();
        Commit.Builder commit = Commit.on(store.read().revision()).trail(begin.trail().entries());
        for (Aum aum : held(begin)) {
          commit.add(aum, Chain.COMMITTED_AT);
        }
        store.commit(commit.build());
        live = LiveAuthority.open(store, policy, Clock.systemUTC());
        next = 0;
      }
      updates = Chain.decode(following.subList(next, next + ONE_BY_ONE));
      next += ONE_BY_ONE;
    }

    private static List<Aum> held(AumSnapshot snapshot) throws TkaException {
      Authority authority = Authority.open(snapshot);
      List<Aum> held = new ArrayList<>();
      for (AumHash hash : authority.newestFirst(authority.length())) {
        held.add(0, snapshot.get(hash));
      }
      return held;
    }
  }

  /** An authority with a trail. */
  @State(Scope.Benchmark)
  @SuppressWarnings("NullAway.Init") // JMH calls the setup.
  public static class Remembering {
    private Authority authority;

    /** Reads the chain. */
    @Setup
    public void compact() throws IOException, TkaException {
      authority = Authority.open(compacted(AdmissionPolicy.NODE));
    }
  }

  /** One AUM on the head. */
  @Benchmark
  @OperationsPerInvocation(ONE_BY_ONE)
  public void one(Node node, Blackhole blackhole) throws TkaException {
    for (Aum update : node.updates) {
      blackhole.consume(node.live.inform(List.of(update)));
    }
  }

  /** An offer that names every checkpoint of the trail. */
  @Benchmark
  public SyncOffer offer(Remembering remembering) {
    return SyncOffer.withTrail(remembering.authority);
  }
}
