package dev.tka.bench;

import dev.tka.core.Aum;
import dev.tka.core.DecodeException;
import dev.tka.core.TkaException;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.InformResult;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.authority.OpenException;
import dev.tka.core.store.StoreException;
import java.io.IOException;
import java.time.Clock;
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

/** Informing of AUMs, in memory. They are decoded, and so hashed, before the clock runs. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class InformBenchmark {
  private static final int ONE_BY_ONE = 100;
  private static final int KNOWN = 25;
  private static final int UNDER_BATCH = 100;

  private static LiveAuthority open(List<Aum> aums) throws OpenException, StoreException {
    return LiveAuthority.open(Chain.store(aums), AdmissionPolicy.REFERENCE, Clock.systemUTC());
  }

  /** A batch, and an authority that has not seen it. */
  @State(Scope.Thread)
  @SuppressWarnings("NullAway.Init") // JMH calls the setup.
  public static class Batch {
    /** The number of AUMs. */
    @Param({"10", "100", "900"})
    public int size;

    private List<Aum> under;
    private List<byte[]> encodings;
    private LiveAuthority live;
    private List<Aum> updates;

    /** Reads the chain. */
    @Setup
    public void readChain() throws IOException, DecodeException {
      List<byte[]> chain = Chain.encodings(UNDER_BATCH + size);
      under = Chain.decode(chain.subList(0, UNDER_BATCH));
      encodings = chain.subList(UNDER_BATCH, chain.size());
    }

    /** Starts over. */
    @Setup(Level.Invocation)
    public void begin() throws TkaException {
      live = open(under);
      updates = Chain.decode(encodings);
    }
  }

  /** An authority that grows, AUM by AUM, from an initial length. */
  @State(Scope.Thread)
  @SuppressWarnings("NullAway.Init") // JMH calls the setup.
  public static class Growing {
    /** The length of the chain, give or take a tenth of the longest. */
    @Param({"1000", "100000"})
    public int length;

    private List<Aum> under;
    private List<byte[]> following;
    private int next;
    private LiveAuthority live;
    private List<Aum> updates;

    /** Reads the chain. */
    @Setup
    public void readChain() throws IOException, DecodeException {
      List<byte[]> chain = Chain.encodings(length + Math.min(length, Chain.BEYOND));
      under = Chain.decode(chain.subList(0, length));
      following = chain.subList(length, chain.size());
      next = following.size();
    }

    /** Decodes the next AUM, and starts over at the end of the chain. */
    @Setup(Level.Invocation)
    public void advance() throws TkaException {
      if (next == following.size()) {
        live = open(under);
        next = 0;
      }
      updates = Chain.decode(following.subList(next, next + ONE_BY_ONE));
      next += ONE_BY_ONE;
    }
  }

  /** An authority and its last AUMs. */
  @State(Scope.Benchmark)
  @SuppressWarnings("NullAway.Init") // JMH calls the setup.
  public static class Known {
    /** The length of the chain. */
    @Param({"1900", "100000"})
    public int length;

    private LiveAuthority live;
    private List<Aum> updates;

    /** Reads the chain. */
    @Setup
    public void open() throws IOException, TkaException {
      List<Aum> aums = Chain.decode(Chain.encodings(length));
      live = InformBenchmark.open(aums);
      updates = List.copyOf(aums.subList(length - KNOWN, length));
    }
  }

  /** A batch on the head. */
  @Benchmark
  public InformResult batch(Batch batch) throws TkaException {
    return batch.live.inform(batch.updates);
  }

  /** One AUM on the head. */
  @Benchmark
  @OperationsPerInvocation(ONE_BY_ONE)
  public void one(Growing growing, Blackhole blackhole) throws TkaException {
    for (Aum update : growing.updates) {
      blackhole.consume(growing.live.inform(List.of(update)));
    }
  }

  /** AUMs that are already stored. */
  @Benchmark
  public InformResult known(Known known) throws TkaException {
    return known.live.inform(known.updates);
  }
}
