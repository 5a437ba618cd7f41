package dev.tka.bench;

import dev.tka.control.AuthorityCache;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.TkaException;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.Commit;
import dev.tka.store.sql.SqliteFile;
import dev.tka.sync.Intersection;
import dev.tka.sync.MissingAums;
import dev.tka.sync.SyncOffer;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * Measures the cost of thousands of tailnets in one process, and of one very long tailnet, in a
 * SQLite file and the cache in front of it: time, memory, disk. Because machines differ, each line
 * is compared with the same in memory, or with another line of the same run.
 *
 * <p>Every tailnet holds a copy of the beginning of {@link Chain}; they share nothing, neither in
 * the file nor in memory. Files are in the operating system's cache.
 */
public final class Scale {
  private static final int TAILNETS = 10_000;
  private static final int AUMS_EACH = 200;
  private static final int HOT = 1_000;
  private static final int ASKS = 50_000;
  private static final int THREADS = 2;

  /** A quarter of the heap that the command sets: not all tailnets fit. */
  private static final long CACHE_BYTES = 256L << 20;

  private static final int BEHIND = 50;
  private static final int APPENDED = 200;
  private static final int OPENINGS = 7;
  private static final int WARMING_UP = 2_000;

  /** AUMs in one commit of the long tailnet. */
  private static final int BATCH = 1_000;

  private static final Duration OLD = Duration.ofMinutes(1);
  private static final double MEGABYTE = 1e6;
  private static final long SEED = 1;

  private final PrintStream out;

  /** Uses the results, so that the measured code is not optimized away. */
  private int sink;

  private Scale(PrintStream out) {
    this.out = out;
  }

  /** Work to be timed. */
  @FunctionalInterface
  private interface Work {
    void run() throws IOException, TkaException;
  }

  /**
   * Fills the files that do not exist yet, measures, and prints a table.
   *
   * @param args none
   */
  public static void main(String[] args) throws IOException, TkaException, InterruptedException {
    Chain.prepare();
    Scale scale = new Scale(new PrintStream(System.out, true, StandardCharsets.UTF_8));
    scale.out.printf(
        Locale.ROOT,
        "%,d tailnets of %,d AUMs in one process with a heap of %,.0f MB, of which the cache may"
            + " take %,.0f MB%n%n",
        TAILNETS,
        AUMS_EACH,
        Runtime.getRuntime().maxMemory() / MEGABYTE,
        CACHE_BYTES / MEGABYTE);
    scale.row("what", "figure", "compared with");
    scale.out.println("|---|--:|---|");
    scale.manyTailnets();
    scale.longTailnet();
    scale.out.println();
    Yardstick.find()
        .ifPresent(
            yardstick ->
                scale.out.printf(
                    Locale.ROOT, "One verification took %.1f µs.%n", yardstick.measure()));
    if (scale.sink == 0) {
      throw new AssertionError("nothing was measured");
    }
  }

  private void manyTailnets() throws IOException, TkaException, InterruptedException {
    Path place = Chain.file().resolveSibling("scale-many.db");
    fillMany(place);
    row(
        "disk, " + count(TAILNETS) + " tailnets",
        String.format(Locale.ROOT, "%.0f B/AUM", bytesAnAum(place, (long) TAILNETS * AUMS_EACH)),
        bodies(AUMS_EACH));
    List<Integer> order = new ArrayList<>(IntStream.range(0, TAILNETS).boxed().toList());
    Collections.shuffle(order, new Random(SEED));
    Authority inMemory = inMemory(AUMS_EACH);
    double openInMemory =
        median(times(WARMING_UP, i -> sink += Authority.open(inMemory.snapshot()).length()));
    long before = usedHeap();
    try (AuthorityCache cache =
        AuthorityCache.over(
            SqliteFile.at(place, Clock.systemUTC()),
            AdmissionPolicy.CONTROL,
            Clock.systemUTC(),
            CACHE_BYTES)) {
      double[] cold = times(TAILNETS, i -> offer(cache, order.get(i)));
      double coldMedian = median(cold);
      row(
          "offer, cold: opened, median",
          time(coldMedian),
          ratio(coldMedian, openInMemory) + " opening from memory");
      row("offer, cold, 99 of 100 are below", time(percentile(cold, 99)), "");
      row(
          "heap after one offer of each",
          megabytes(usedHeap() - before),
          "bound " + megabytes(CACHE_BYTES));

      for (int i = 0; i < HOT; i++) {
        offer(cache, i);
      }
      double[] hot = times(ASKS, i -> offer(cache, i % HOT));
      row(
          "offer, hot, median",
          time(median(hot)),
          ratio(coldMedian, median(hot)) + " for a cold one");
      row("offer, hot, 99 of 100 are below", time(percentile(hot, 99)), "");

      long start = System.nanoTime();
      askAtRandom(cache);
      double seconds = (System.nanoTime() - start) / 1e9;
      row(
          "offers of any tailnet at random",
          String.format(Locale.ROOT, "%,.0f a second", ASKS * THREADS / seconds),
          THREADS + " threads; tailnets that are not held are opened");
      row("heap after that", megabytes(usedHeap() - before), "bound " + megabytes(CACHE_BYTES));
    }
  }

  private void offer(AuthorityCache cache, int tailnet) throws TkaException {
    sink += SyncOffer.of(cache.live(name(tailnet), OLD).current()).ancestors().size();
  }

  private void askAtRandom(AuthorityCache cache) throws InterruptedException {
    List<Thread> threads = new ArrayList<>();
    List<Throwable> failures = Collections.synchronizedList(new ArrayList<>());
    for (int t = 0; t < THREADS; t++) {
      Random random = new Random(SEED + t);
      Thread thread =
          new Thread(
              () -> {
                try {
                  for (int i = 0; i < ASKS; i++) {
                    cache.live(name(random.nextInt(TAILNETS)), OLD);
                  }
                } catch (TkaException e) {
                  failures.add(e);
                }
              });
      thread.setUncaughtExceptionHandler((any, failure) -> failures.add(failure));
      threads.add(thread);
      thread.start();
    }
    for (Thread thread : threads) {
      thread.join();
    }
    if (!failures.isEmpty()) {
      throw new AssertionError("a request failed", failures.get(0));
    }
  }

  private static void fillMany(Path place) throws IOException, TkaException {
    if (Files.exists(place)) {
      return;
    }
    System.err.println("filling " + place + " ...");
    List<Aum> aums = Chain.decode(Chain.encodings(AUMS_EACH));
    Path unfinished = place.resolveSibling("unfinished.db");
    Files.deleteIfExists(unfinished);
    try (SqliteFile file = SqliteFile.create(unfinished, Clock.systemUTC())) {
      for (int i = 0; i < TAILNETS; i++) {
        append(file.tailnet(name(i)), aums);
      }
    }
    Files.move(unfinished, place);
  }

  private static void append(AumStore store, List<Aum> aums) throws TkaException {
    Commit.Builder commit = Commit.on(store.read().revision());
    aums.forEach(aum -> commit.add(aum, Chain.COMMITTED_AT));
    if (aums.get(0).parent().isEmpty()) {
      commit.lastActiveAncestor(aums.get(0).hash());
    }
    store.commit(commit.build());
  }

  private void longTailnet() throws IOException, TkaException {
    List<Aum> aums = Chain.decode(Chain.encodings(Chain.LONGEST + APPENDED));
    Path place = Chain.file().resolveSibling("scale-long.db");
    Files.deleteIfExists(place);
    try (SqliteFile file = SqliteFile.create(place, Clock.systemUTC())) {
      AumStore store = file.tailnet(name(0));
      for (int from = 0; from < Chain.LONGEST; from += BATCH) {
        append(store, aums.subList(from, from + BATCH));
      }
    }
    row(
        "disk, one tailnet of " + count(Chain.LONGEST),
        String.format(Locale.ROOT, "%.0f B/AUM", bytesAnAum(place, Chain.LONGEST)),
        bodies(Chain.LONGEST));

    Authority inMemory = inMemory(Chain.LONGEST);
    double openInMemory =
        median(times(OPENINGS, i -> sink += Authority.open(inMemory.snapshot()).length()));
    double[] opening =
        times(
            OPENINGS,
            i -> {
              try (SqliteFile file = SqliteFile.at(place, Clock.systemUTC())) {
                sink += Authority.open(file.tailnet(name(0))).length();
              }
            });
    row(
        "cold open of " + count(Chain.LONGEST) + ", median",
        time(median(opening)),
        ratio(median(opening), openInMemory) + " opening from memory");

    SyncOffer behind = behind(aums);
    try (AuthorityCache cache =
        AuthorityCache.over(
            SqliteFile.at(place, Clock.systemUTC()),
            AdmissionPolicy.CONTROL,
            Clock.systemUTC(),
            CACHE_BYTES)) {
      Authority authority = cache.live(name(0), OLD).current();
      compare(
          "offer, of " + count(Chain.LONGEST),
          () -> sink += SyncOffer.of(cache.live(name(0), OLD).current()).ancestors().size(),
          () -> sink += SyncOffer.of(inMemory).ancestors().size());
      compare(
          "missing 50, bodies read from the file",
          () -> sink += missing(authority, behind),
          () -> sink += missing(inMemory, behind));
      appending(cache, aums.subList(Chain.LONGEST, aums.size()), inMemory);
    }
    Files.delete(place);
  }

  private static int missing(Authority authority, SyncOffer offer) throws TkaException {
    return MissingAums.of(authority, Intersection.find(authority, offer)).encoded().size();
  }

  private static SyncOffer behind(List<Aum> aums) throws TkaException {
    return SyncOffer.of(Authority.open(Chain.store(aums.subList(0, Chain.LONGEST - BEHIND))));
  }

  private void compare(String what, Work ours, Work inMemory) throws IOException, TkaException {
    times(WARMING_UP, i -> ours.run());
    double here = median(times(WARMING_UP, i -> ours.run()));
    times(WARMING_UP, i -> inMemory.run());
    double there = median(times(WARMING_UP, i -> inMemory.run()));
    row(what + ", median", time(here), ratio(here, there) + " in memory");
  }

  private void appending(AuthorityCache cache, List<Aum> more, Authority inMemory)
      throws IOException, TkaException {
    LiveAuthority live = cache.live(name(0), OLD);
    double[] appends = times(more.size(), i -> live.inform(List.of(more.get(i))));
    AumHash head = cache.live(name(0), OLD).current().head();
    if (!head.equals(more.get(more.size() - 1).hash())) {
      throw new AssertionError(
          "expected more than " + inMemory.length() + " AUMs, found head " + head);
    }
    Path file = Files.createTempFile(Chain.file().getParent(), "flush", ".tmp");
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      double flush =
          median(
              times(
                  more.size(),
                  i -> {
                    channel.write(ByteBuffer.allocate(4096));
                    channel.force(false);
                  }));
      row(
          "append one AUM to " + count(Chain.LONGEST) + ", median",
          time(median(appends)),
          ratio(median(appends), flush) + " a flush of 4 kB to this disk");
    } finally {
      Files.delete(file);
    }
  }

  private static Authority inMemory(int length) throws IOException, TkaException {
    return Authority.open(Chain.store(Chain.decode(Chain.encodings(length))));
  }

  private static String bodies(int length) throws IOException {
    double bytes = Chain.encodings(length).stream().mapToInt(each -> each.length).sum();
    return String.format(Locale.ROOT, "bodies %.0f B/AUM", bytes / length);
  }

  private static double bytesAnAum(Path place, long aums) throws IOException {
    return (double) Files.size(place) / aums;
  }

  private static String name(int tailnet) {
    return "tailnet-" + tailnet + ".example.com";
  }

  /** Work to be repeated. */
  @FunctionalInterface
  private interface Step {
    void run(int i) throws IOException, TkaException;
  }

  /** Microseconds for each of several runs. */
  private static double[] times(int count, Step step) throws IOException, TkaException {
    double[] times = new double[count];
    for (int i = 0; i < count; i++) {
      long start = System.nanoTime();
      step.run(i);
      times[i] = (System.nanoTime() - start) / 1e3;
    }
    return times;
  }

  private static double median(double[] times) {
    return percentile(times, 50);
  }

  private static double percentile(double[] times, int percent) {
    double[] sorted = times.clone();
    Arrays.sort(sorted);
    return sorted[(int) ((sorted.length - 1L) * percent / 100)];
  }

  private static long usedHeap() throws InterruptedException {
    return HeapOfAuthority.used();
  }

  private static String count(int number) {
    return String.format(Locale.ROOT, "%,d", number);
  }

  private static String megabytes(long bytes) {
    return String.format(Locale.ROOT, "%,.0f MB", bytes / MEGABYTE);
  }

  private static String time(double micros) {
    return micros < 1e3
        ? String.format(Locale.ROOT, "%.3g µs", micros)
        : String.format(Locale.ROOT, "%,.4g ms", micros / 1e3);
  }

  private static String ratio(double one, double other) {
    return String.format(Locale.ROOT, "%.3g ×", one / other);
  }

  private void row(String what, String figure, String beside) {
    out.printf(Locale.ROOT, "| %-45s | %14s | %-40s |%n", what, figure, beside);
  }
}
