package dev.tka.bench;

import dev.tka.core.Aum;
import dev.tka.core.DecodeException;
import dev.tka.core.IllFormedException;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.Commit;
import dev.tka.core.store.Limits;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** One AUM on its own: bytes to value, value to bytes, and the rules that need no state. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@SuppressWarnings("NullAway.Init") // JMH calls the setup.
public class CodecBenchmark {
  /** The kind of AUM, and a checkpoint's number of keys. */
  public enum Shape {
    /** An add-key. */
    ADD_KEY,
    /** A checkpoint of an ordinary tailnet. */
    CHECKPOINT_20,
    /** The checkpoint with the most keys. */
    CHECKPOINT_512
  }

  /** The shape of the AUM. */
  @Param public Shape shape;

  private Aum aum;
  private byte[] encoded;
  private AumSnapshot stored;

  /** Makes the AUM. */
  @Setup
  public void setUp() throws StoreException {
    aum =
        switch (shape) {
          case ADD_KEY -> Chain.addKey(20);
          case CHECKPOINT_20 -> Chain.genesis(20);
          case CHECKPOINT_512 -> Chain.genesis(512);
        };
    encoded = aum.encoded().toByteArray();
    MemoryAumStore store = new MemoryAumStore();
    Revision empty = store.read().revision();
    stored = store.commit(Commit.on(empty).add(aum, Limits.EARLIEST_COMMIT).build());
  }

  /** Parses, encodes again to compare, and hashes. */
  @Benchmark
  public Aum decode() throws DecodeException {
    return Aum.decode(encoded);
  }

  /** Only parses, as is done for a store's own bytes. */
  @Benchmark
  public Aum decodeStored() throws StoreException {
    return stored.get(aum.hash());
  }

  /** Encodes and hashes, which is what building does. */
  @Benchmark
  public Aum build() {
    return aum.withSignatures(aum.signatures());
  }

  /** Protocol, section 3. */
  @Benchmark
  public Aum wellFormed() throws IllFormedException {
    aum.requireWellFormed();
    return aum;
  }
}
