package dev.tka.bench;

import dev.tka.core.TkaException;
import dev.tka.core.authority.Authority;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.store.directory.NodeDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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

/** Opening an authority. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class OpenBenchmark {
  /** A store in memory. */
  @State(Scope.Benchmark)
  @SuppressWarnings("NullAway.Init") // JMH calls the setup.
  public static class Memory {
    /** The length of the chain. */
    @Param({"100", "1900", "10000", "100000"})
    public int length;

    private MemoryAumStore store;

    /** Fills the store. */
    @Setup
    public void fill() throws IOException, TkaException {
      store = Chain.store(Chain.decode(Chain.encodings(length)));
    }
  }

  /** A node's directory. */
  @State(Scope.Benchmark)
  @SuppressWarnings("NullAway.Init") // JMH calls the setup.
  public static class Directory {
    /** The length of the chain. */
    @Param({"100", "1900", "10000", "100000"})
    public int length;

    private Path path;
    private NodeDirectory directory;

    /** Writes the files. */
    @Setup
    public void write() throws IOException, TkaException {
      path = Files.createTempDirectory("tka-bench");
      Chain.writeDirectory(path, Chain.decode(Chain.encodings(length)));
      directory = NodeDirectory.at(path);
    }

    /** Deletes the files. */
    @TearDown
    public void delete() throws IOException {
      Chain.deleteDirectory(path);
    }
  }

  /** From memory. */
  @Benchmark
  public Authority memory(Memory memory) throws TkaException {
    return Authority.open(memory.store);
  }

  /** From files in the operating system's cache. */
  @Benchmark
  public Authority directory(Directory directory) throws TkaException {
    return Authority.open(directory.directory);
  }
}
