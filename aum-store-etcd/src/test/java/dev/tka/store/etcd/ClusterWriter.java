package dev.tka.store.etcd;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.store.AumEntry;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.Commit;
import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import dev.tka.store.Tailnets;
import dev.tka.store.testkit.History;
import dev.tka.store.testkit.History.Event;
import dev.tka.store.testkit.History.Kind;
import dev.tka.testkit.Chains;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * A process whose threads extend the chain of one tailnet, each commit by one AUM on the head that
 * was read, until it is told to stop; then it prints its {@link History}. As revisions are random
 * numbers here, the number of AUMs stands for them.
 */
final class ClusterWriter {
  static final String TAILNET = "t";
  static final String READY = "# ready";
  private static final int THREADS = 4;
  private static final Instant NOON = Instant.parse("2026-01-02T12:00:00Z");

  private final EtcdTailnets place;
  private final String name;
  private final List<Event> events = Collections.synchronizedList(new ArrayList<>());
  private volatile boolean stopped;

  private ClusterWriter(EtcdTailnets place, String name) {
    this.place = place;
    this.name = name;
  }

  static Process start(String place, String name, Path output) throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-Xmx256m",
            "-cp",
            System.getProperty("java.class.path"),
            ClusterWriter.class.getName(),
            place,
            name)
        .redirectOutput(output.toFile())
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }

  /**
   * Writes until a line comes in.
   *
   * @param args the place, and the process's name, a letter
   */
  public static void main(String[] args) throws Exception {
    try (EtcdTailnets place = EtcdTailnets.at(EtcdSettings.parse(args[0]))) {
      new ClusterWriter(place, args[1]).run();
    }
    System.exit(0);
  }

  private void run() throws Exception {
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < THREADS; i++) {
      String own = name + i;
      threads.add(new Thread(() -> write(own)));
    }
    System.out.println(READY);
    System.out.flush();
    threads.forEach(Thread::start);
    try (Tailnets.Watch watch = place.watch(new Hearing())) {
      if (watch == null || System.in.read() < 0) {
        throw new IllegalStateException();
      }
      stopped = true;
      for (Thread each : threads) {
        each.join(TimeUnit.SECONDS.toMillis(60));
      }
      // The last commits are heard of.
      Thread.sleep(1500);
    }
    synchronized (events) {
      events.forEach(each -> System.out.println(each.line()));
    }
    System.out.flush();
  }

  /** Reads whenever the watch tells of a change. */
  private final class Hearing implements Tailnets.Watcher {
    @Override
    public void found(Map<String, Revision> revisions) {
      try {
        AumSnapshot now = place.tailnet(TAILNET).read();
        note(name + "h", Kind.HEARD, head(now).hash(), now.entries().size());
      } catch (StoreException e) {
        // It is told again.
        throw new IllegalStateException(e);
      }
    }

    @Override
    public void caughtUp(long moment) {}

    @Override
    public void lost(StoreException why) {}
  }

  private void note(String thread, Kind kind, AumHash aum, long revision) {
    Instant now = Instant.now();
    events.add(
        new Event(
            thread,
            kind,
            aum,
            revision,
            TimeUnit.SECONDS.toMicros(now.getEpochSecond()) + now.getNano() / 1000));
  }

  static AumEntry head(AumSnapshot snapshot) {
    return snapshot.entries().stream()
        .map(AumEntry.class::cast)
        .max(Comparator.comparingInt(AumEntry::height))
        .orElseThrow();
  }

  private void write(String own) {
    AumStore store = place.tailnet(TAILNET);
    for (int i = 0; !stopped; i++) {
      Optional<Aum> next = Optional.empty();
      try {
        AumSnapshot before = store.read();
        AumEntry head = head(before);
        note(own, Kind.SAW, head.hash(), before.entries().size());
        next = Optional.of(Chains.noOp(before.get(head.hash()), own + " " + i, 1));
        note(own, Kind.TRIES, next.get().hash(), 0);
        AumSnapshot after =
            store.commit(Commit.on(before.revision()).add(next.get(), NOON).build());
        note(own, Kind.EXTENDED, next.get().hash(), after.entries().size());
      } catch (StoreException.InDoubt e) {
        note(own, Kind.IN_DOUBT, next.orElseThrow().hash(), 0);
      } catch (StoreException e) {
        next.ifPresent(
            aum ->
                note(
                    own,
                    e instanceof StoreException.Conflict ? Kind.CONFLICT : Kind.REFUSED,
                    aum.hash(),
                    0));
      } catch (RuntimeException e) {
        e.printStackTrace();
        return;
      }
    }
  }
}
