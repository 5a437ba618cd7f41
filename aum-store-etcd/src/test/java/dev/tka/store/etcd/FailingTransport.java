package dev.tka.store.etcd;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A transport whose process ends at one of its requests, before the request was sent or after it
 * took effect: nothing of later ones arrives.
 */
final class FailingTransport implements Transport {
  /** When a process ends, relative to a request. */
  enum When {
    /** Nothing was sent. */
    BEFORE,
    /** The request was executed, and the answer is lost. */
    AFTER
  }

  private final Transport real;
  private final AtomicInteger requests = new AtomicInteger();
  private volatile int last = Integer.MAX_VALUE;
  private volatile When when = When.BEFORE;
  private volatile boolean ended;

  FailingTransport(EtcdSettings settings) throws IOException {
    this.real = Gateway.open(settings.authorities());
  }

  /** A client with it, which gives up at the first failure: later requests would fail, too. */
  EtcdClient client(EtcdSettings settings) {
    return new EtcdClient(settings, this, 1000, Duration.ZERO);
  }

  /** Has it end at a later request. */
  void endAt(int request, When at) {
    requests.set(0);
    when = at;
    last = request;
  }

  /** Whether it has ended. */
  boolean hasEnded() {
    return ended;
  }

  @Override
  public byte[] ask(Member member, String path, byte[] json, String token, Duration patience)
      throws EtcdFailure {
    Optional<When> end = Optional.empty();
    synchronized (this) {
      if (ended) {
        throw gone();
      }
      if (requests.incrementAndGet() == last) {
        ended = true;
        end = Optional.of(when);
      }
    }
    if (end.isPresent() && end.get() == When.BEFORE) {
      throw gone();
    }
    byte[] answer = real.ask(member, path, json, token, patience);
    if (end.isPresent()) {
      throw new EtcdFailure.Lost("told to be lost", null);
    }
    return answer;
  }

  private static EtcdFailure gone() {
    return new EtcdFailure.Unreachable("told to be gone", null);
  }

  @Override
  public Stream open(Member member, String path, byte[] json, String token, Duration patience)
      throws EtcdFailure {
    if (ended) {
      throw gone();
    }
    return real.open(member, path, json, token, patience);
  }

  @Override
  public void close() {
    real.close();
  }
}
