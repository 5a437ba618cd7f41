package dev.tka.bench;

import dev.tka.core.TkaException;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.Authority;
import dev.tka.core.store.MemoryAumStore;
import java.io.IOException;
import java.lang.ref.Reference;
import java.util.ArrayList;
import java.util.List;

/**
 * Measures the heap taken up by an open authority and its store in memory, each with its own AUMs.
 */
public final class HeapOfAuthority {
  /** Enough AUMs at a time that other changes in the heap do not matter. */
  private static final int AUMS_AT_A_TIME = 60_000;

  private static final int MOST_COLLECTIONS = 20;
  private static final long PAUSE_MILLIS = 30;

  /**
   * Bytes for the trail of {@link Chain#LONGEST} AUMs, less the few that stay. The bodies of
   * checkpoints are not shared.
   */
  static long measureTrail() throws IOException, TkaException, InterruptedException {
    MemoryAumStore first = TrailBenchmark.compacted(AdmissionPolicy.NODE);
    long before = used();
    MemoryAumStore second = TrailBenchmark.compacted(AdmissionPolicy.NODE);
    try {
      return used() - before;
    } finally {
      Reference.reachabilityFence(first);
      Reference.reachabilityFence(second);
    }
  }

  private record Opened(MemoryAumStore store, Authority authority) {}

  private HeapOfAuthority() {}

  /**
   * Prints bytes for chains of several lengths.
   *
   * @param args the lengths; by default 100, 750, 1900 and 10000
   */
  public static void main(String[] args) throws IOException, TkaException, InterruptedException {
    for (String length : args.length == 0 ? new String[] {"100", "750", "1900", "10000"} : args) {
      System.out.println(length + " " + measure(Integer.parseInt(length)));
    }
  }

  /** Bytes for one authority with a chain of the given length. */
  static long measure(int length) throws IOException, TkaException, InterruptedException {
    List<byte[]> encodings = Chain.encodings(length);
    // Loads the classes and fills everything that is filled once.
    Opened first = open(encodings);
    int count = Math.max(3, AUMS_AT_A_TIME / length);
    List<Opened> held = new ArrayList<>(count);
    long before = used();
    try {
      for (int i = 0; i < count; i++) {
        held.add(open(encodings));
      }
      return (used() - before) / count;
    } finally {
      Reference.reachabilityFence(first);
      Reference.reachabilityFence(held);
    }
  }

  private static Opened open(List<byte[]> encodings) throws TkaException {
    MemoryAumStore store = Chain.store(Chain.decode(encodings));
    return new Opened(store, Authority.open(store));
  }

  /** The used heap once garbage collection frees nothing more. */
  static long used() throws InterruptedException {
    long used = Long.MAX_VALUE;
    for (int i = 0; i < MOST_COLLECTIONS; i++) {
      System.gc();
      Thread.sleep(PAUSE_MILLIS);
      long now = Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
      if (i > 2 && now >= used) {
        break;
      }
      used = Math.min(used, now);
    }
    return used;
  }
}
