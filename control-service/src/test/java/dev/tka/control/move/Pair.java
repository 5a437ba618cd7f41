package dev.tka.control.move;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.tka.core.store.StoreException;
import dev.tka.store.Tailnets;
import dev.tka.store.records.ControlRecords;
import dev.tka.store.records.Fence;
import dev.tka.testkit.FakeClock;
import java.net.URI;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

/** Two places, and moves between them. */
final class Pair implements AutoCloseable {
  static final URI SERVER = URI.create("https://b.example.com");
  private static final SecureRandom RANDOM = new SecureRandom();

  /** Nobody waits in tests: time passes so much faster. */
  private static final int HASTE = 20;

  final FakeClock clock = new FakeClock();
  private final AtomicLong nanos = new AtomicLong();
  final Waiting waiting = new Waiting(nanos::get, time -> pass(time.multipliedBy(HASTE)));
  final MovePlace a;
  final MovePlace b;
  final List<Step.Kind> steps = new ArrayList<>();
  final List<String> differences = new ArrayList<>();
  final MoveListener listener =
      new MoveListener() {
        @Override
        public void step(Step.Kind kind) {
          steps.add(kind);
        }

        @Override
        public void differs(String how) {
          differences.add(how);
        }
      };

  Pair(Tailnets a, Tailnets b) {
    this.a = new MovePlace(a, "sqlite:/a.db");
    this.b = new MovePlace(b, "postgresql://b/tka");
  }

  Move move(MovePlace from, MovePlace to) throws MoveException {
    return Move.of(from, to, Edits.TAILNET, Optional.of(SERVER), clock, waiting, RANDOM, listener);
  }

  Mirror mirror() throws MoveException {
    return mirror(a);
  }

  Mirror mirror(MovePlace from) throws MoveException {
    return Mirror.of(from, b, Edits.TAILNET, clock, waiting, RANDOM, listener);
  }

  /** A move whose process ends at a write. */
  Move stopping(MovePlace from, MovePlace to, AtomicInteger left, boolean after)
      throws MoveException {
    return Move.of(
        new MovePlace(StoppingPlace.of(from.tailnets(), left, after), from.name()),
        new MovePlace(StoppingPlace.of(to.tailnets(), left, after), to.name()),
        Edits.TAILNET,
        Optional.of(SERVER),
        clock,
        waiting,
        RANDOM,
        MoveListener.NONE);
  }

  static ControlRecords records(MovePlace place) {
    return place.tailnets().records().orElseThrow();
  }

  static Fence fence(MovePlace place) throws StoreException {
    return records(place).fence(Edits.TAILNET);
  }

  static Fence.Standing standing(MovePlace place) throws StoreException {
    return fence(place).standing();
  }

  /** Sets a tailnet's fence by hand. */
  static void stand(MovePlace place, String move, Fence.Standing standing) throws StoreException {
    Fence before = fence(place);
    records(place).fence(Edits.TAILNET, before, before.next(move, standing));
  }

  /** What a place holds, whoever may read it. */
  static String contentOf(MovePlace place) throws StoreException {
    return Edits.contentOf(records(place).under(Edits.TAILNET, fence(place)), false);
  }

  /** The places where anybody can write to the tailnet, or soon can. */
  List<MovePlace> writable() throws StoreException {
    List<MovePlace> writable = new ArrayList<>();
    for (MovePlace each : List.of(a, b)) {
      ControlRecords.Seen seen = records(each).seen(Edits.TAILNET);
      if (seen.known() && seen.fence().livesHere()) {
        writable.add(each);
      }
    }
    return writable;
  }

  static MoveException refusal(MoveException.Reason reason, ThrowingCallable call) {
    MoveException refusal = catchThrowableOfType(MoveException.class, call);
    assertThat(refusal).as("refuses: " + reason).isNotNull();
    assertThat(refusal.reason()).as(refusal.getMessage()).isEqualTo(reason);
    assertThat(refusal.getMessage()).matches("[ -~]{10,300}");
    return refusal;
  }

  /** Deletes the tailnet at both places, with its fences. */
  void reset() throws StoreException {
    for (MovePlace each : List.of(a, b)) {
      stand(each, "0", new Fence.Standing.Open());
      Copying.clear(each.tailnets(), Edits.TAILNET);
    }
  }

  void pass(Duration time) {
    clock.advance(time);
    nanos.addAndGet(time.toNanos());
  }

  @Override
  public void close() {
    a.tailnets().close();
    b.tailnets().close();
  }
}
