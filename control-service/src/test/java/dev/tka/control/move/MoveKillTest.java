package dev.tka.control.move;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.store.StoreException;
import dev.tka.store.Tailnets;
import dev.tka.store.records.ControlRecords;
import dev.tka.store.testkit.Kills;
import java.io.BufferedReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Moves back and forth, by processes that are killed at random moments, while others write. {@code
 * -Dtka.moves} is the number of moves; half of them are killed.
 */
final class MoveKillTest {
  private static final int MOVES = Integer.getInteger("tka.moves", 4);

  /** The mover is known to be dead: its fence need not be waited for. */
  private static final Waiting HASTY =
      new Waiting(() -> System.nanoTime() * 1000, time -> Thread.sleep(1));

  /** About as long as a move takes. */
  private static final int MOST_MILLIS = Integer.getInteger("tka.kill.millis", 120);

  private static final int PAUSE_MILLIS = 5;

  /** Few, or many moves end with a tailnet that takes long to move. */
  private static final int WRITES_A_MOVE = 8;

  @TempDir private Path folder;

  private final Set<AumHash> acknowledged = ConcurrentHashMap.newKeySet();
  private final AtomicInteger nodes = new AtomicInteger();
  private final AtomicBoolean ends = new AtomicBoolean();
  private final Semaphore writes = new Semaphore(0);
  private final List<MovePlace> places = new ArrayList<>();

  /** Goes on where the tailnet lives, as clients do that servers redirect. */
  private Void write() throws Exception {
    Random random = new Random(1);
    int at = 0;
    while (!ends.get()) {
      MovePlace place = places.get(at);
      try {
        Edits edits = new Edits(place.tailnets());
        ControlRecords.Seen seen = Pair.records(place).seen(Edits.TAILNET);
        if (!seen.fence().livesHere() || !seen.known()) {
          at = 1 - at;
        } else if (!writes.tryAcquire(PAUSE_MILLIS, TimeUnit.MILLISECONDS)) {
          continue;
        } else if (random.nextInt(4) == 0) {
          edits.put(1 + random.nextInt(20));
          nodes.incrementAndGet();
        } else {
          List<AumHash> added = edits.grow(1).stream().map(Aum::hash).toList();
          acknowledged.addAll(added);
        }
      } catch (StoreException.Fenced | StoreException.Conflict | StoreException.Busy e) {
        // The tailnet is moving: where it lives is asked next time.
      }
      Thread.sleep(PAUSE_MILLIS);
    }
    return null;
  }

  @Test
  void whereverMoversAreKilledOnePlaceIsWritableAndNothingAcknowledgedIsLost() throws Exception {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    List<Path> files = List.of(folder.resolve("a.db"), folder.resolve("b.db"));
    for (Path each : files) {
      places.add(MovingProcess.place(each));
    }
    new Edits(places.get(0).tailnets()).fill(50, 20);
    Set<Integer> killed = new HashSet<>();
    List<Integer> all = new ArrayList<>();
    for (int i = 0; i < MOVES; i++) {
      all.add(i);
    }
    Collections.shuffle(all, random);
    killed.addAll(all.subList(0, MOVES / 2));
    ExecutorService threads = Executors.newCachedThreadPool();
    int unfinished = 0;
    List<Long> pauses = new ArrayList<>();
    Future<Void> writer = threads.submit(this::write);
    Mover next = new Mover(threads);
    try {
      for (int i = 0; i < MOVES; i++) {
        MovePlace from = places.get(i % 2);
        MovePlace to = places.get(1 - i % 2);
        Mover mover = next;
        writes.release(WRITES_A_MOVE);
        mover.tell(files.get(i % 2) + " " + files.get(1 - i % 2));
        if (killed.contains(i)) {
          // The next process starts meanwhile: half of the time of this test is Java's start.
          next = new Mover(threads);
          TimeUnit.MICROSECONDS.sleep(random.nextInt(MOST_MILLIS * 1000));
          mover.kill();
          requireAtMostOneWritable("seed " + seed + ", killed move " + i);
          if (!Pair.fence(to).isOpen() || !Pair.records(to).seen(Edits.TAILNET).known()) {
            unfinished++;
          }
          MovingProcess.move(from, to, HASTY).run();
        } else {
          String said = mover.hear();
          assertThat(said).as("seed " + seed).startsWith(MovingProcess.DONE);
          pauses.add(Long.valueOf(said.substring(MovingProcess.DONE.length() + 1)));
        }
        requireOneWritable("seed " + seed + ", move " + i, to);
      }
    } finally {
      ends.set(true);
      next.kill();
    }
    writer.get(30, TimeUnit.SECONDS);
    threads.shutdown();
    MovePlace last = places.get(MOVES % 2);
    pauses.sort(null);
    assertThat(hashes(last.tailnets())).containsAll(acknowledged);
    System.out.printf(
        "%d moves, %d killed, %d of these before the end; %d AUMs and %d changes of nodes"
            + " acknowledged, none lost; pause p50 %d us, p99 %d us%n",
        MOVES,
        killed.size(),
        unfinished,
        acknowledged.size(),
        nodes.get(),
        pauses.isEmpty() ? 0 : pauses.get(pauses.size() / 2),
        pauses.isEmpty() ? 0 : pauses.get(pauses.size() * 99 / 100));
    places.forEach(each -> each.tailnets().close());
  }

  private void requireAtMostOneWritable(String when) throws StoreException {
    // The target first: it opens only after the source was seen moved.
    boolean isThere = lives(places.get(1));
    boolean isHere = lives(places.get(0));
    assertThat(isThere && isHere).as(when).isFalse();
  }

  private static boolean lives(MovePlace place) throws StoreException {
    ControlRecords.Seen seen = Pair.records(place).seen(Edits.TAILNET);
    return seen.known() && seen.fence().livesHere();
  }

  /** Also that what is left at the source is whole. */
  private void requireOneWritable(String when, MovePlace place) throws Exception {
    MovePlace other = places.get(place.equals(places.get(0)) ? 1 : 0);
    assertThat(Pair.fence(place).isOpen()).as(when).isTrue();
    assertThat(lives(other)).as(when).isFalse();
    Kills.requireClean(when, place.tailnets().tailnet(Edits.TAILNET).read());
    Set<AumHash> left = hashes(Pair.records(other).under(Edits.TAILNET, Pair.fence(other)));
    assertThat(hashes(place.tailnets())).as(when).containsAll(left);
  }

  private static Set<AumHash> hashes(Tailnets place) throws StoreException {
    Set<AumHash> hashes = new HashSet<>();
    place.tailnet(Edits.TAILNET).read().entries().forEach(entry -> hashes.add(entry.hash()));
    return hashes;
  }

  /** A process that is ready to move. */
  private static final class Mover {
    private final Process process;
    private final BufferedReader out;
    private final Future<String> ready;

    Mover(ExecutorService threads) throws Exception {
      process = MovingProcess.start();
      out = process.inputReader(StandardCharsets.UTF_8);
      ready = threads.submit(out::readLine);
    }

    void tell(String line) throws Exception {
      assertThat(ready.get(60, TimeUnit.SECONDS)).isEqualTo(MovingProcess.READY);
      process.getOutputStream().write((line + "\n").getBytes(StandardCharsets.UTF_8));
      process.getOutputStream().flush();
    }

    String hear() throws Exception {
      return String.valueOf(out.readLine());
    }

    void kill() throws InterruptedException {
      process.destroyForcibly();
      assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    }
  }
}
