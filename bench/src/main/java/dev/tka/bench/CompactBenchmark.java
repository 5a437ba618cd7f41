package dev.tka.bench;

import dev.tka.compaction.CompactionPlan;
import dev.tka.compaction.CompactionPolicy;
import dev.tka.core.Aum;
import dev.tka.core.TkaException;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.Authority;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumStore;
import dev.tka.store.directory.NodeDirectory;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
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
import org.openjdk.jmh.annotations.TearDown;

/** Compacting a chain of old AUMs with the defaults: the plan and its one commit. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class CompactBenchmark {
  private static final Instant NOW = Chain.COMMITTED_AT.plus(CompactionPolicy.DEFAULT.minAge());

  /** The chain of a benchmark. */
  @State(Scope.Benchmark)
  @SuppressWarnings("NullAway.Init") // JMH calls the setup.
  public static class Length {
    /** The length of the chain. */
    @Param({"100", "1000", "1900", "10000", "100000"})
    public int length;

    private List<Aum> aums;

    /** Reads the chain. */
    @Setup
    public void readChain() throws IOException, TkaException {
      aums = Chain.decode(Chain.encodings(length));
    }
  }

  /** An open authority over an uncompacted store in memory. */
  @State(Scope.Thread)
  @SuppressWarnings("NullAway.Init") // JMH calls the setup.
  public static class Memory {
    private AumStore store;
    private Authority authority;

    /** Fills a fresh store. */
    @Setup(Level.Invocation)
    public void fill(Length length) throws TkaException {
      store = Chain.store(length.aums);
      authority = Authority.open(store);
    }
  }

  /** An open authority over an uncompacted directory. */
  @State(Scope.Thread)
  @SuppressWarnings("NullAway.Init") // JMH calls the setup.
  public static class Directory {
    private Path path;
    private AumStore store;
    private Authority authority;

    /** Writes a fresh directory. */
    @Setup(Level.Invocation)
    public void write(Length length) throws IOException, TkaException {
      path = Chain.newDirectory();
      Chain.writeDirectory(path, length.aums);
      store = NodeDirectory.at(path);
      authority = Authority.open(store);
    }

    /** Deletes it. */
    @TearDown(Level.Invocation)
    public void delete() throws IOException {
      Chain.deleteDirectory(path);
    }
  }

  private static AumSnapshot compact(Authority authority, AumStore store) throws TkaException {
    CompactionPlan plan = CompactionPlan.of(authority, CompactionPolicy.DEFAULT, NOW);
    return ((CompactionPlan.Decided) plan).applyTo(store, AdmissionPolicy.REFERENCE);
  }

  /** In memory. */
  @Benchmark
  public AumSnapshot memory(Memory memory) throws TkaException {
    return compact(memory.authority, memory.store);
  }

  /** In a directory; it is on the disk when this returns. */
  @Benchmark
  public AumSnapshot directory(Directory directory) throws TkaException {
    return compact(directory.authority, directory.store);
  }
}
