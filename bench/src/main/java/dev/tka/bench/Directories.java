package dev.tka.bench;

import dev.tka.compaction.CompactionPlan;
import dev.tka.compaction.CompactionPolicy;
import dev.tka.core.Aum;
import dev.tka.core.TkaException;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.internal.CanonicalWriter;
import dev.tka.store.directory.NodeDirectory;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Clock;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * What a durable commit to a node's directory costs, beside what the reference writes for it on the
 * same disk: one file after another, flushed and renamed, without a flush of its folder. Both are
 * measured in turns in one run, because disks are noisy.
 */
public final class Directories {
  /** Ten AUMs after a checkpoint, so that none is due. */
  private static final int UNDER = 110;

  private static final int COMPACTED = 1900;

  private final PrintStream out;

  private Directories(PrintStream out) {
    this.out = out;
  }

  /** A way to write to a directory that was filled before. */
  @FunctionalInterface
  private interface Writing {
    void to(Path directory) throws IOException, TkaException;
  }

  /** A way to prepare for that, which is not measured. */
  @FunctionalInterface
  private interface Preparing {
    Writing at(Path directory) throws IOException, TkaException;
  }

  /** Measures and prints. */
  public static void main(String[] args) throws IOException, TkaException {
    Chain.prepare();
    new Directories(new PrintStream(System.out, true, StandardCharsets.UTF_8)).run();
  }

  private void run() throws IOException, TkaException {
    out.println("| what | ours | one by one | ours / one by one | goal |");
    out.println("|---|--:|--:|--:|--:|");
    inform(1, 200, 4);
    inform(10, 50, 1.5);
    inform(100, 10, 1.2);
    inform(900, 4, 1.1);
    compact(4);
    following(10, 50);
  }

  private void inform(int size, int rounds, double goal) throws IOException, TkaException {
    List<Aum> chain = Chain.decode(Chain.encodings(UNDER + size));
    List<Aum> under = chain.subList(0, UNDER);
    List<Aum> updates = chain.subList(UNDER, chain.size());
    compare(
        "inform of " + size,
        under,
        rounds,
        String.valueOf(goal),
        directory -> informing(directory, updates),
        directory -> written -> writeOneByOne(written, updates));
  }

  private static Writing informing(Path directory, List<Aum> updates) throws TkaException {
    LiveAuthority live =
        LiveAuthority.open(
            NodeDirectory.at(directory), AdmissionPolicy.REFERENCE, Clock.systemUTC());
    return written -> live.inform(updates);
  }

  private void compact(int rounds) throws IOException, TkaException {
    List<Aum> aums = Chain.decode(Chain.encodings(COMPACTED));
    Instant now = Chain.COMMITTED_AT.plus(CompactionPolicy.DEFAULT.minAge());
    compare(
        "compact " + COMPACTED,
        aums,
        rounds,
        "0.8",
        directory -> {
          NodeDirectory store = NodeDirectory.at(directory);
          Authority authority = Authority.open(store);
          return written -> plan(authority, now).applyTo(store, AdmissionPolicy.REFERENCE);
        },
        directory -> {
          CompactionPlan.Decided plan = plan(Authority.open(NodeDirectory.at(directory)), now);
          List<Aum> purged =
              aums.stream().filter(aum -> plan.purged().contains(aum.hash())).toList();
          return written -> purgeOneByOne(written, purged, now);
        });
  }

  private static CompactionPlan.Decided plan(Authority authority, Instant now) throws TkaException {
    return (CompactionPlan.Decided) CompactionPlan.of(authority, CompactionPolicy.DEFAULT, now);
  }

  /** A batch that follows another, so that what was put off is paid, too. */
  private void following(int size, int rounds) throws IOException, TkaException {
    List<Aum> chain = Chain.decode(Chain.encodings(UNDER + 2 * size));
    List<Aum> first = chain.subList(UNDER, UNDER + size);
    List<Aum> second = chain.subList(UNDER + size, chain.size());
    compare(
        "inform of " + size + " after " + size,
        chain.subList(0, UNDER),
        rounds,
        "",
        directory -> {
          informing(directory, first).to(directory);
          return informing(directory, second);
        },
        directory -> {
          writeOneByOne(directory, first);
          return written -> writeOneByOne(written, second);
        });
  }

  private void compare(
      String what, List<Aum> under, int rounds, String goal, Preparing ours, Preparing oneByOne)
      throws IOException, TkaException {
    double[] times = new double[rounds];
    double[] others = new double[rounds];
    // As many again before, to warm up.
    for (int round = -rounds; round < rounds; round++) {
      double time = time(under, ours);
      double other = time(under, oneByOne);
      if (round >= 0) {
        times[round] = time;
        others[round] = other;
      }
    }
    double time = median(times);
    double other = median(others);
    out.printf(
        Locale.ROOT,
        "| %s | %.2f ms | %.2f ms | %.2f | %s |%n",
        what,
        time,
        other,
        time / other,
        goal);
  }

  private static double time(List<Aum> under, Preparing preparing)
      throws IOException, TkaException {
    Path directory = Chain.newDirectory();
    try {
      Chain.writeDirectory(directory, under);
      age(directory);
      Writing writing = preparing.at(directory);
      // Nothing that was written before is left for the measured flushes.
      flush(directory.resolve(NodeDirectory.LAST_ACTIVE_ANCESTOR));
      long start = System.nanoTime();
      writing.to(directory);
      return (System.nanoTime() - start) / 1e6;
    } finally {
      Chain.deleteDirectory(directory);
    }
  }

  /** Makes folders as old as they usually are: those that have just changed are read again. */
  private static void age(Path directory) throws IOException {
    try (Stream<Path> all = Files.walk(directory)) {
      for (Path folder : all.filter(Files::isDirectory).toList()) {
        Files.setLastModifiedTime(folder, FileTime.from(Instant.now().minusSeconds(60)));
      }
    }
  }

  private static void flush(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.force(true);
    }
  }

  private static double median(double[] times) {
    Arrays.sort(times);
    return times[times.length / 2];
  }

  /** The reference's way to commit AUMs: it leaves half a batch after a crash. */
  static void writeOneByOne(Path directory, List<Aum> aums) throws IOException {
    for (Aum aum : aums) {
      writeWhole(
          directory,
          aum,
          new CanonicalWriter(aum.encoded().size() + Chain.ENVELOPE)
              .map(2)
              .unsigned(2)
              .raw(aum.encoded().toByteArray())
              .unsigned(3)
              .unsigned(Chain.COMMITTED_AT.getEpochSecond())
              .toByteArray());
    }
  }

  /** The reference's way to purge AUMs, without reading their files first. */
  private static void purgeOneByOne(Path directory, List<Aum> aums, Instant now)
      throws IOException {
    for (Aum aum : aums) {
      writeWhole(
          directory,
          aum,
          new CanonicalWriter(aum.encoded().size() + Chain.ENVELOPE)
              .map(3)
              .unsigned(2)
              .raw(aum.encoded().toByteArray())
              .unsigned(3)
              .unsigned(Chain.COMMITTED_AT.getEpochSecond())
              .unsigned(4)
              .unsigned(now.getEpochSecond())
              .toByteArray());
    }
  }

  private static void writeWhole(Path directory, Aum aum, byte[] content) throws IOException {
    String name = aum.hash().toString();
    Path folder = Files.createDirectories(directory.resolve(name.substring(0, 2)));
    Path file = folder.resolve(name + ".tmp");
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(content));
      channel.force(true);
    }
    Files.move(file, folder.resolve(name), StandardCopyOption.ATOMIC_MOVE);
  }
}
