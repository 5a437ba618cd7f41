package dev.tka.bench;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.TkaException;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.sync.AnswerPolicy;
import dev.tka.sync.ControlEnd;
import dev.tka.sync.Intersection;
import dev.tka.sync.MissingAums;
import dev.tka.sync.NodeSync;
import dev.tka.sync.SyncAnswer;
import dev.tka.sync.SyncOffer;
import dev.tka.sync.SyncOutcome;
import dev.tka.sync.SyncReceipt;
import dev.tka.sync.SyncSend;
import java.io.IOException;
import java.time.Clock;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** Offers, answers and whole rounds, in memory. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class SyncBenchmark {
  private static final int BEHIND_SOME = 50;
  private static final int BEHIND_MANY = 700;
  private static final int FORKED = 5;
  private static final int MAX_ANSWER_BYTES = 1 << 20;

  /** An authority and the offers of its peers. */
  @State(Scope.Benchmark)
  @SuppressWarnings("NullAway.Init") // JMH calls the setup.
  public static class Peers {
    /** The length of the chain. */
    @Param({"100", "1000", "1900", "10000", "100000"})
    public int length;

    private Authority authority;
    private SyncOffer equal;
    private SyncOffer oneBehind;
    private SyncOffer someBehind;
    private SyncOffer manyBehind;
    private SyncOffer forked;

    /** Reads the chain. */
    @Setup
    public void open() throws IOException, TkaException {
      List<Aum> aums = Chain.decode(Chain.encodings(length));
      authority = Authority.open(Chain.store(aums));
      equal = SyncOffer.of(authority);
      oneBehind = behind(aums, 1);
      someBehind = behind(aums, BEHIND_SOME);
      manyBehind = behind(aums, Math.min(BEHIND_MANY, length - 1));
      // Its head is an AUM of its own.
      forked = new SyncOffer(AumHash.of(new byte[AumHash.SIZE]), behind(aums, FORKED).ancestors());
    }

    private static SyncOffer behind(List<Aum> aums, int count) throws TkaException {
      return SyncOffer.of(Authority.open(Chain.store(aums.subList(0, aums.size() - count))));
    }

    private MissingAums missing(SyncOffer remote) throws TkaException {
      return MissingAums.of(authority, Intersection.find(authority, remote));
    }
  }

  /** A control that is one AUM ahead of its node before each round. */
  @State(Scope.Thread)
  @SuppressWarnings("NullAway.Init") // JMH calls the setup.
  public static class Pair {
    private static final int FEWEST_ROUNDS = 100;

    /** The initial length of the chain; it grows by a tenth, or by a hundred, then starts over. */
    @Param({"100", "1000", "10000", "100000"})
    public int length;

    private List<byte[]> encodings;
    private int next;
    private LiveAuthority node;
    private LiveAuthority control;

    /** Reads the chain. */
    @Setup
    public void readChain() throws IOException {
      encodings = Chain.encodings(length + Math.max(FEWEST_ROUNDS, length / 10));
      next = encodings.size();
    }

    /** Moves control one AUM ahead. */
    @Setup(Level.Invocation)
    public void advance() throws TkaException {
      if (next == encodings.size()) {
        List<Aum> aums = Chain.decode(encodings.subList(0, length));
        node = open(aums, AdmissionPolicy.NODE);
        control = open(aums, AdmissionPolicy.CONTROL);
        next = length;
      }
      control.inform(Chain.decode(encodings.subList(next, next + 1)));
      next++;
    }

    private static LiveAuthority open(List<Aum> aums, AdmissionPolicy policy) throws TkaException {
      return LiveAuthority.open(Chain.store(aums), policy, Clock.systemUTC());
    }
  }

  /** Making an offer. */
  @Benchmark
  public SyncOffer offer(Peers peers) {
    return SyncOffer.of(peers.authority);
  }

  /** The AUMs that a peer with the same head lacks. */
  @Benchmark
  public MissingAums missingEqual(Peers peers) throws TkaException {
    return peers.missing(peers.equal);
  }

  /** The AUMs that a peer lacks if it is 1 behind. */
  @Benchmark
  public MissingAums missing1(Peers peers) throws TkaException {
    return peers.missing(peers.oneBehind);
  }

  /** The AUMs that a peer lacks if it is 50 behind. */
  @Benchmark
  public MissingAums missing50(Peers peers) throws TkaException {
    return peers.missing(peers.someBehind);
  }

  /** The AUMs that a peer lacks if it is 700 behind. */
  @Benchmark
  public MissingAums missing700(Peers peers) throws TkaException {
    return peers.missing(peers.manyBehind);
  }

  /** The AUMs that a peer lacks if it forked 5 AUMs ago. */
  @Benchmark
  public MissingAums missingForked(Peers peers) throws TkaException {
    return peers.missing(peers.forked);
  }

  /** A whole round: the node applies the one AUM that it lacks, and verifies its signature. */
  @Benchmark
  public SyncOutcome round(Pair pair) throws TkaException {
    ControlEnd end = new ControlEnd(pair.control, AnswerPolicy.bounded(MAX_ANSWER_BYTES));
    return new NodeSync(pair.node)
        .run(
            new NodeSync.Control<TkaException>() {
              @Override
              public SyncAnswer offer(SyncOffer offer) throws TkaException {
                return end.answer(offer).message();
              }

              @Override
              public SyncReceipt send(SyncSend send) throws TkaException {
                return end.receive(send).message();
              }
            },
            any -> {});
  }
}
