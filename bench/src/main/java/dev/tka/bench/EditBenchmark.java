package dev.tka.bench;

import dev.tka.core.Aum;
import dev.tka.core.Key;
import dev.tka.core.LockPrivateKey;
import dev.tka.core.TkaException;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.InformResult;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.authority.UpdateBuilder;
import dev.tka.store.directory.NodeDirectory;
import dev.tka.testkit.TestKeys;
import java.io.IOException;
import java.nio.file.Path;
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
import org.openjdk.jmh.annotations.TearDown;

/** Building updates, and applying them durably. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class EditBenchmark {
  /** Ten AUMs after a checkpoint, so that none is due. */
  private static final int LENGTH = 110;

  private static final int NEW_KEY = 1000;

  /** An authority, in memory or in a directory, and a signer. */
  @State(Scope.Benchmark)
  @SuppressWarnings("NullAway.Init") // JMH calls the setup.
  public static class Editor {
    private final LockPrivateKey signer = TestKeys.privateKey(Chain.SIGNER);
    private final Key key = TestKeys.key(NEW_KEY, 1);

    /** The kind of store. */
    @Param({"memory", "directory"})
    public String place;

    private Path directory;
    private Authority authority;

    /** Opens the authority. */
    @Setup
    public void open() throws IOException, TkaException {
      List<Aum> aums = Chain.decode(Chain.encodings(LENGTH));
      directory = Chain.newDirectory();
      if (place.equals("directory")) {
        Chain.writeDirectory(directory, aums);
        authority = Authority.open(NodeDirectory.at(directory));
      } else {
        authority = Authority.open(Chain.store(aums));
      }
    }

    /** Deletes it. */
    @TearDown
    public void delete() throws IOException {
      Chain.deleteDirectory(directory);
    }
  }

  /** A directory that has not seen a batch. */
  @State(Scope.Thread)
  @SuppressWarnings("NullAway.Init") // JMH calls the setup.
  public static class Batch {
    /** The number of AUMs. */
    @Param({"1", "10", "100", "900"})
    public int size;

    private List<Aum> under;
    private List<Aum> updates;
    private Path directory;
    private LiveAuthority live;

    /** Reads the chain. */
    @Setup
    public void readChain() throws IOException, TkaException {
      List<Aum> chain = Chain.decode(Chain.encodings(LENGTH + size));
      under = chain.subList(0, LENGTH);
      updates = chain.subList(LENGTH, chain.size());
    }

    /** Writes a fresh directory. */
    @Setup(Level.Invocation)
    public void begin() throws IOException, TkaException {
      directory = Chain.newDirectory();
      Chain.writeDirectory(directory, under);
      live =
          LiveAuthority.open(
              NodeDirectory.at(directory), AdmissionPolicy.REFERENCE, Clock.systemUTC());
    }

    /** Deletes it. */
    @TearDown(Level.Invocation)
    public void delete() throws IOException {
      Chain.deleteDirectory(directory);
    }
  }

  /** Signs and builds an add-key. */
  @Benchmark
  public UpdateBuilder.Batch build(Editor editor) throws TkaException {
    return new UpdateBuilder(editor.authority, editor.signer).addKey(editor.key).build();
  }

  /** A batch on the head, in a directory; it is on the disk when this returns. */
  @Benchmark
  public InformResult directory(Batch batch) throws TkaException {
    return batch.live.inform(batch.updates);
  }

  /** As many files written, flushed and renamed one after another, for comparison. */
  @Benchmark
  public void oneByOne(Batch batch) throws IOException {
    Directories.writeOneByOne(batch.directory, batch.updates);
  }
}
