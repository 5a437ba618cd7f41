package dev.tka.testkit;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/**
 * A way to a server that loses requests, loses answers, and delivers requests late and in another
 * order, until it is healed. For one thread.
 */
public final class BadTransport {
  private static final int FATES = 5;

  private final Random random;
  private final List<Delayed> delayed = new ArrayList<>();
  private boolean healed;

  /** A bad transport; what happens to a request comes from here. */
  public BadTransport(Random random) {
    this.random = random;
  }

  /**
   * What a server does with a request.
   *
   * @param <A> what it answers
   * @param <E> how it fails
   */
  public interface Request<A, E extends Exception> {
    /** Arrives. */
    A arrive() throws E;
  }

  private interface Delayed {
    void arrive() throws Exception;
  }

  /**
   * Sends a request, or seems to.
   *
   * @throws IOException if the caller hears nothing: the request was lost, or its answer was, or it
   *     is still under way
   * @throws E if the server fails
   */
  public <A, E extends Exception> A call(Request<A, E> request) throws E, IOException {
    if (healed) {
      return request.arrive();
    }
    switch (random.nextInt(FATES)) {
      case 0 -> throw new IOException("request lost");
      case 1 -> {
        delayed.add(request::arrive);
        throw new IOException("request delayed");
      }
      case 2 -> {
        request.arrive();
        throw new IOException("answer lost");
      }
      default -> {
        return request.arrive();
      }
    }
  }

  /** Delivers what is under way, in any order; nobody waits for the answers by then. */
  public void deliverDelayed() throws Exception {
    Collections.shuffle(delayed, random);
    List<Delayed> arriving = List.copyOf(delayed);
    delayed.clear();
    for (Delayed request : arriving) {
      request.arrive();
    }
  }

  /** From now on every request arrives and is answered. */
  public void heal() {
    healed = true;
  }
}
