package dev.tka.control;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.TextException;
import dev.tka.core.TkaException;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.InformResult;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.StoreException;
import dev.tka.store.Tailnets;
import dev.tka.store.sql.PostgresDatabase;
import dev.tka.store.sql.PostgresSettings;
import dev.tka.store.sql.SqlRevisions;
import dev.tka.store.sql.SqliteFile;
import dev.tka.store.sql.testkit.PostgresServer;
import dev.tka.store.testkit.History;
import dev.tka.store.testkit.History.Event;
import dev.tka.store.testkit.History.Kind;
import dev.tka.testkit.Chains;
import dev.tka.testkit.TestKeys;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A process whose threads write to one tailnet and read it, and print their {@link History}. The
 * writers share one cache, and the readers another, which gets its news only from the watch.
 */
public final class WritingProcess {
  static final String TAILNET = "contended";

  private static final int WRITERS = 4;
  private static final int READERS = 2;
  private static final int MOST_PAUSE_MILLIS = 50;
  private static final Duration BOUND = Duration.ofSeconds(1);

  /** Longer than the process runs, so that the cache never queries the store by itself. */
  private static final Duration NEVER_ASK = Duration.ofHours(10);

  private static final long MOST_BYTES = 1 << 26;

  /** Printed when a process is ready to begin; then it waits for a line. */
  static final String READY = "# ready";

  /**
   * Printed when all writers have finished; then it waits for a line with the store's last
   * revision, which its readers wait for.
   */
  static final String WRITTEN = "# written";

  private static final int LEAST_COMMITS = 8;
  static final int MOST_SECONDS_MORE = 60;

  /** How long readers wait for the last revision. */
  static final int PATIENCE_SECONDS = 60;

  private final AuthorityCache cache;
  private final AuthorityCache told;
  private final String process;
  private final PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);

  private final AtomicInteger committed = new AtomicInteger();

  /** The store's last revision, once it is known. */
  private final CompletableFuture<Long> last = new CompletableFuture<>();

  private WritingProcess(AuthorityCache cache, AuthorityCache told, String process) {
    this.cache = cache;
    this.told = told;
    this.process = process;
  }

  /**
   * Opens a place by its name, and creates it if it does not exist.
   *
   * @param place a SQLite file, or the URL of a database on the tests' server
   */
  static Tailnets open(String place) throws StoreException, TextException {
    return place.startsWith("postgresql:")
        ? PostgresDatabase.create(
            PostgresSettings.parse(place).withPassword(PostgresServer.PASSWORD), Clock.systemUTC())
        : SqliteFile.create(Path.of(place), Clock.systemUTC());
  }

  static Process start(String place, String process, int seconds, Path output) throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:+UseSerialGC",
            "-cp",
            System.getProperty("java.class.path"),
            WritingProcess.class.getName(),
            place,
            process,
            Integer.toString(seconds))
        .redirectOutput(output.toFile())
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }

  /**
   * Writes and reads for some time.
   *
   * @param args the place, a letter for this process, and the number of seconds
   */
  public static void main(String[] args) throws Exception {
    try (AuthorityCache cache = cache(args[0]);
        AuthorityCache told = cache(args[0])) {
      new WritingProcess(cache, told, args[1]).run(Duration.ofSeconds(Long.parseLong(args[2])));
    }
  }

  private static AuthorityCache cache(String place) throws StoreException, TextException {
    return AuthorityCache.over(open(place), AdmissionPolicy.CONTROL, Clock.systemUTC(), MOST_BYTES);
  }

  private void run(Duration time) throws Exception {
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    ExecutorService threads = Executors.newFixedThreadPool(WRITERS + READERS);
    try {
      // Loads everything that is loaded only once.
      TestKeys.sign(cache.live(TAILNET, BOUND).current().snapshot().get(genesis()), 1);
      mark(READY);
      in.readLine();
      long end = System.nanoTime() + time.toNanos();
      List<Future<?>> writers = new ArrayList<>();
      List<Future<?>> readers = new ArrayList<>();
      for (int i = 1; i <= WRITERS; i++) {
        String name = process + i;
        writers.add(threads.submit(() -> write(name, end)));
      }
      for (int i = 1; i <= READERS; i++) {
        String name = process + (WRITERS + i);
        readers.add(threads.submit(() -> read(name)));
      }
      for (Future<?> each : writers) {
        each.get();
      }
      mark(WRITTEN);
      last.complete(Long.valueOf(in.readLine()));
      for (Future<?> each : readers) {
        each.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
      }
    } catch (TimeoutException e) {
      throw new IllegalStateException(
          process + ": its readers did not hear of revision " + last.join(), e);
    } finally {
      threads.shutdownNow();
      out.flush();
    }
  }

  private AumHash genesis() throws TkaException {
    return cache.live(TAILNET, BOUND).current().oldestAncestor();
  }

  private synchronized void mark(String step) {
    out.println(step);
    out.flush();
  }

  private synchronized void say(String thread, Kind kind, AumHash aum, long revision) {
    long micros = ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now());
    out.println(new Event(thread, kind, aum, revision, micros).line());
  }

  private Void write(String name, long end) throws TkaException, InterruptedException {
    Random random = new Random(name.hashCode());
    Duration bound = BOUND;
    // On a slow machine, continue until it has committed a few times.
    for (int i = 0; System.nanoTime() - end < 0 || isYetToCommit(end); i++) {
      LiveAuthority live = cache.live(TAILNET, bound);
      Authority seen = live.current();
      AumSnapshot snapshot = seen.snapshot();
      say(name, Kind.SAW, seen.head(), SqlRevisions.number(snapshot.revision()));
      // Now and then it builds on an AUM that already has a child, and loses there or is refused.
      List<AumHash> newest = seen.newestFirst(2);
      boolean forks = newest.size() == 2 && random.nextInt(8) == 0;
      Aum parent = snapshot.get(newest.get(forks ? 1 : 0));
      Aum next = Chains.noOp(parent, name + " " + i, 1);
      say(name, Kind.TRIES, next.hash(), 0);
      try {
        InformResult result =
            forks ? live.inform(List.of(next)) : live.informOn(seen, List.of(next));
        Kind kind =
            result.added().isEmpty()
                ? Kind.REFUSED
                : result.after().isActive(next.hash()) ? Kind.EXTENDED : Kind.LOST;
        committed.incrementAndGet();
        say(name, kind, next.hash(), SqlRevisions.number(result.after().snapshot().revision()));
        bound = BOUND;
      } catch (StoreException.Conflict e) {
        say(name, Kind.CONFLICT, next.hash(), 0);
        bound = Duration.ZERO;
      } catch (StoreException.Busy | StoreException.InDoubt e) {
        say(name, Kind.IN_DOUBT, next.hash(), 0);
        bound = Duration.ZERO;
      }
      // SQLite's processes poll for the lock: without a pause, one would keep the others out.
      Thread.sleep(random.nextInt(MOST_PAUSE_MILLIS));
    }
    return null;
  }

  private boolean isYetToCommit(long end) {
    return committed.get() < LEAST_COMMITS
        && System.nanoTime() - end < TimeUnit.SECONDS.toNanos(MOST_SECONDS_MORE);
  }

  private Void read(String name) throws TkaException, InterruptedException {
    long shown = -1;
    while (shown < last.getNow(Long.MAX_VALUE)) {
      Authority seen = told.live(TAILNET, NEVER_ASK).current();
      long revision = SqlRevisions.number(seen.snapshot().revision());
      if (revision != shown) {
        say(name, Kind.HEARD, seen.head(), revision);
        shown = revision;
      }
      Thread.sleep(1);
    }
    return null;
  }
}
