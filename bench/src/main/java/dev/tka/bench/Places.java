package dev.tka.bench;

import dev.tka.core.Aum;
import dev.tka.core.TkaException;
import dev.tka.core.authority.Authority;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.Commit;
import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import dev.tka.store.StoreKinds;
import dev.tka.store.StorePlace;
import dev.tka.store.Tailnets;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * What a commit, a read, and hearing of the other's commit cost at places of several kinds, in one
 * run: {@code bench/run.sh --places URL...}. Two handles of one place stand for two replicas. The
 * tailnets of a run have names of their own, and stay.
 */
final class Places {
  private static final int COMMITS = 300;
  private static final int WARMING_UP = 50;
  private static final int READS = 2_000;
  private static final int LONG_BATCH = 1_000;
  private static final int PATIENCE_SECONDS = 30;
  private static final double MEGABYTE = 1e6;

  /** Places where each commit writes everything are not asked for that much. */
  private static final String WHOLE = "json:";

  private final PrintStream out;
  private final String run = UUID.randomUUID().toString().substring(0, 8);
  private final int many;
  private final int each;
  private final int length;

  private Places(PrintStream out, int many, int each, int length) {
    this.out = out;
    this.many = many;
    this.each = each;
    this.length = length;
  }

  /**
   * Measures, and prints a table for each place.
   *
   * @param args the URLs
   */
  public static void main(String[] args) throws Exception {
    if (args.length == 0) {
      System.err.println("usage: bench/run.sh --places URL...");
      System.exit(2);
    }
    Chain.prepare();
    Places places =
        new Places(
            new PrintStream(System.out, true, StandardCharsets.UTF_8),
            Integer.getInteger("tka.tailnets", 10_000),
            Integer.getInteger("tka.aums", 20),
            Integer.getInteger("tka.length", Chain.LONGEST));
    for (String url : args) {
      StorePlace place = StoreKinds.installed().parse(url);
      if (!(place instanceof StorePlace.OfMany ofMany)) {
        throw new IllegalArgumentException("expected a place for many tailnets, found " + url);
      }
      places.measure(ofMany);
    }
  }

  private void measure(StorePlace.OfMany place) throws Exception {
    out.printf("%n%s%n%n| what | figure |%n|---|--:|%n", place.url());
    List<Aum> aums = Chain.decode(Chain.encodings(length + COMMITS));
    try (Tailnets one = place.create(Clock.systemUTC());
        Tailnets other = place.open(Clock.systemUTC())) {
      shortTailnet(one, other, aums);
    }
    if (!place.url().startsWith(WHOLE)) {
      longTailnet(place, aums);
      manyTailnets(place, aums.subList(0, each));
    }
  }

  private void shortTailnet(Tailnets one, Tailnets other, List<Aum> aums) throws Exception {
    String name = "short-" + run;
    AumStore here = one.tailnet(name);
    AumStore there = other.tailnet(name);
    append(here, aums.subList(0, 1));
    BlockingQueue<Long> heard = new LinkedBlockingQueue<>();
    Revision[] awaited = {new Revision(-1)};
    Tailnets.Watcher watcher =
        new Tailnets.Watcher() {
          @Override
          public void found(Map<String, Revision> revisions) {
            synchronized (awaited) {
              if (awaited[0].equals(revisions.get(name))) {
                heard.add(System.nanoTime());
                awaited[0] = new Revision(-1);
              }
            }
          }

          @Override
          public void caughtUp(long moment) {}

          @Override
          public void lost(StoreException why) {
            throw new AssertionError("the place is lost", why);
          }
        };
    double[] commits = new double[COMMITS];
    double[] reads = new double[COMMITS];
    double[] hearing = new double[COMMITS];
    Tailnets.Watch watch = other.watch(watcher);
    try {
      for (int i = -WARMING_UP; i < COMMITS; i++) {
        int next = i + WARMING_UP + 1;
        long begun = System.nanoTime();
        Revision revision;
        synchronized (awaited) {
          // Nobody hears of it before it is known what to listen for.
          revision = append(here, aums.subList(next, next + 1));
          awaited[0] = revision;
        }
        long committed = System.nanoTime();
        there.read();
        long read = System.nanoTime();
        Long at = heard.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
        if (at == null) {
          throw new AssertionError("a commit was not heard of");
        }
        if (i >= 0) {
          commits[i] = (committed - begun) / 1e3;
          reads[i] = (read - committed) / 1e3;
          hearing[i] = Math.max(0, at - committed) / 1e3;
        }
      }
    } finally {
      watch.close();
    }
    row("commit of one AUM", commits);
    row("read at the other replica after it", reads);
    row("heard of there, after the commit returned", hearing);
    double[] again = new double[READS];
    for (int i = -READS; i < READS; i++) {
      long begun = System.nanoTime();
      there.read();
      again[Math.max(i, 0)] = (System.nanoTime() - begun) / 1e3;
    }
    row("read when nothing changed", again);
  }

  private void longTailnet(StorePlace.OfMany place, List<Aum> aums) throws Exception {
    String name = "long-" + run;
    OptionalLong before = size(place);
    long begun = System.nanoTime();
    try (Tailnets one = place.open(Clock.systemUTC())) {
      for (int from = 0; from < length; from += LONG_BATCH) {
        append(one.tailnet(name), aums.subList(from, Math.min(length, from + LONG_BATCH)));
      }
      row(
          String.format(Locale.ROOT, "%,d AUMs written, %,d a commit", length, LONG_BATCH),
          String.format(Locale.ROOT, "%.1f s", (System.nanoTime() - begun) / 1e9));
    }
    OptionalLong after = size(place);
    if (before.isPresent() && after.isPresent()) {
      row(
          "bytes kept of an AUM, with what etcd forgets later",
          String.format(
              Locale.ROOT,
              "%.0f (%.0f encoded)",
              (double) (after.getAsLong() - before.getAsLong()) / length,
              aums.subList(0, length).stream()
                  .mapToInt(a -> a.encoded().size())
                  .average()
                  .orElse(0)));
    }
    begun = System.nanoTime();
    try (Tailnets other = place.open(Clock.systemUTC())) {
      AumStore store = other.tailnet(name);
      Authority authority = Authority.open(store.read());
      row(
          String.format(Locale.ROOT, "opened, of %,d AUMs", authority.length()),
          String.format(Locale.ROOT, "%.2f s", (System.nanoTime() - begun) / 1e9));
      double[] commits = new double[COMMITS];
      for (int i = 0; i < COMMITS; i++) {
        long start = System.nanoTime();
        append(store, aums.subList(length + i, length + i + 1));
        commits[i] = (System.nanoTime() - start) / 1e3;
      }
      row("commit of one AUM to it", commits);
    }
  }

  private void manyTailnets(StorePlace.OfMany place, List<Aum> aums) throws Exception {
    long begun = System.nanoTime();
    try (Tailnets one = place.open(Clock.systemUTC())) {
      for (int i = 0; i < many; i++) {
        append(one.tailnet("many-" + run + "-" + i), aums);
      }
    }
    row(
        String.format(Locale.ROOT, "%,d tailnets of %,d AUMs written", many, each),
        String.format(Locale.ROOT, "%.1f s", (System.nanoTime() - begun) / 1e9));
    long heap = HeapOfAuthority.used();
    OptionalDouble requests = requests(place);
    begun = System.nanoTime();
    try (Tailnets other = place.open(Clock.systemUTC())) {
      for (int i = 0; i < many; i++) {
        other.tailnet("many-" + run + "-" + i).read();
      }
      row(
          "opened, and each read once",
          String.format(Locale.ROOT, "%.1f s", (System.nanoTime() - begun) / 1e9));
      row(
          "heap of the place after that",
          String.format(Locale.ROOT, "%.0f MB", (HeapOfAuthority.used() - heap) / MEGABYTE));
      printRequests("requests for that, a tailnet", requests, requests(place), many);
      requests = requests(place);
      begun = System.nanoTime();
      for (int i = 0; i < many; i++) {
        other.tailnet("many-" + run + "-" + i).read();
      }
      row(
          "each read once more, a second",
          String.format(Locale.ROOT, "%,.0f", many / ((System.nanoTime() - begun) / 1e9)));
      printRequests("requests for that, a tailnet", requests, requests(place), many);
    }
  }

  private void printRequests(String what, OptionalDouble before, OptionalDouble after, int by) {
    if (before.isPresent() && after.isPresent()) {
      row(
          what,
          String.format(Locale.ROOT, "%.2f", (after.getAsDouble() - before.getAsDouble()) / by));
    }
  }

  private static Revision append(AumStore store, List<Aum> aums) throws TkaException {
    Commit.Builder commit = Commit.on(store.read().revision());
    aums.forEach(aum -> commit.add(aum, Chain.COMMITTED_AT));
    if (aums.get(0).parent().isEmpty()) {
      commit.lastActiveAncestor(aums.get(0).hash());
    }
    return store.commit(commit.build()).revision();
  }

  /** Bytes on disk, where a file or etcd tells. */
  private static OptionalLong size(StorePlace place) throws IOException, InterruptedException {
    if (place.path().isPresent()) {
      return OptionalLong.of(place.path().get().toFile().length());
    }
    OptionalDouble size = metric(place, "etcd_mvcc_db_total_size_in_use_in_bytes");
    return size.isPresent() ? OptionalLong.of((long) size.getAsDouble()) : OptionalLong.empty();
  }

  /** How many requests etcd served. */
  private static OptionalDouble requests(StorePlace place)
      throws IOException, InterruptedException {
    return metric(place, "grpc_server_handled_total{");
  }

  /** The sum of a metric of the first member of etcd; empty for other kinds of places. */
  private static OptionalDouble metric(StorePlace place, String name)
      throws IOException, InterruptedException {
    if (!place.url().startsWith("etcd://")) {
      return OptionalDouble.empty();
    }
    String address = place.url().replaceFirst("etcd://([^@/]*@)?([^,/]*).*", "http://$2/metrics");
    HttpResponse<String> answer =
        HttpClient.newHttpClient()
            .send(
                HttpRequest.newBuilder(URI.create(address)).build(),
                HttpResponse.BodyHandlers.ofString());
    return answer
        .body()
        .lines()
        .filter(line -> line.startsWith(name))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
        .reduce(Double::sum);
  }

  private void row(String what, double[] micros) {
    double[] sorted = micros.clone();
    Arrays.sort(sorted);
    row(
        what,
        String.format(
            Locale.ROOT,
            "p50 %,.0f µs, p99 %,.0f µs",
            sorted[(sorted.length - 1) / 2],
            sorted[(sorted.length - 1) * 99 / 100]));
  }

  private void row(String what, String figure) {
    out.printf(Locale.ROOT, "| %-52s | %30s |%n", what, figure);
  }
}
