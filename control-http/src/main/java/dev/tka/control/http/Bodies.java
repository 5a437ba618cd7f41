package dev.tka.control.http;

import java.io.ByteArrayOutputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Request;

/**
 * Reads the bodies of requests, without a thread for each, and within bounds (service, section 6):
 * the length of one, the rate at which it must come, and what all of them may take up together.
 */
final class Bodies {
  /** A body may be slower than the rate at its beginning. */
  private static final Duration GRACE = Duration.ofSeconds(5);

  private final ServerSettings.Limits limits;
  private final AtomicLong held = new AtomicLong();
  private final long mostHeld;

  Bodies(ServerSettings.Limits limits, long mostHeld) {
    this.limits = limits;
    this.mostHeld = mostHeld;
  }

  /** Receives a body. */
  interface Sink {
    /** It is there. */
    void body(byte[] body);

    /** It is not as it must be, or did not come. */
    void refused(HttpFailure why);
  }

  /** The bytes of bodies that are in memory. */
  long held() {
    return held.get();
  }

  /**
   * Reads a body.
   *
   * @param most its largest length in bytes
   */
  void read(Request request, int most, Sink sink) {
    if (request.getLength() > most) {
      sink.refused(tooLarge(most));
      return;
    }
    new Reading(request, most, sink).run();
  }

  /** A body that was given out is no longer needed. */
  void release(byte[] body) {
    held.addAndGet(-body.length);
  }

  private static HttpFailure tooLarge(int most) {
    return HttpFailure.tooLarge(
        "expected a body of at most " + most + " bytes, found a longer one");
  }

  private static HttpFailure tooSlow() {
    return HttpFailure.tooSlow("the body came too slowly");
  }

  private boolean isTooSlow(long bytes, long began) {
    long nanos = System.nanoTime() - began - GRACE.toNanos();
    return nanos > 0 && bytes < nanos / 1e9 * limits.slowest();
  }

  private final class Reading implements Runnable {
    private final Request request;
    private final int most;
    private final Sink sink;
    private final long began = System.nanoTime();
    private final ByteArrayOutputStream body = new ByteArrayOutputStream(256);

    Reading(Request request, int most, Sink sink) {
      this.request = request;
      this.most = most;
      this.sink = sink;
    }

    @Override
    public void run() {
      while (true) {
        Content.Chunk chunk = request.read();
        if (chunk == null) {
          if (isTooSlow(body.size(), began)) {
            refuse(tooSlow());
            return;
          }
          request.demand(this);
          return;
        }
        if (Content.Chunk.isFailure(chunk)) {
          refuse(
              chunk.getFailure() instanceof java.util.concurrent.TimeoutException
                  ? tooSlow()
                  : HttpFailure.malformed("the body broke off"));
          return;
        }
        int size = chunk.remaining();
        if (body.size() + (long) size > most) {
          chunk.release();
          refuse(tooLarge(most));
          return;
        }
        if (held.addAndGet(size) > mostHeld) {
          held.addAndGet(-size);
          chunk.release();
          refuse(
              HttpFailure.tooMany(
                  "too many large requests come at one time: try again later",
                  Duration.ofSeconds(1)));
          return;
        }
        byte[] bytes = new byte[size];
        chunk.getByteBuffer().get(bytes);
        boolean last = chunk.isLast();
        chunk.release();
        body.write(bytes, 0, size);
        if (last) {
          sink.body(body.toByteArray());
          return;
        }
        if (isTooSlow(body.size(), began)) {
          refuse(tooSlow());
          return;
        }
      }
    }

    private void refuse(HttpFailure why) {
      held.addAndGet(-body.size());
      sink.refused(why);
    }
  }

  /** Carries a failure through code that reads a stream. */
  static final class Refused extends IOException {
    private static final long serialVersionUID = 1;

    private final transient HttpFailure failure;

    Refused(HttpFailure failure) {
      super(failure.line());
      this.failure = failure;
    }

    HttpFailure failure() {
      return failure;
    }
  }

  /**
   * A body that is too long for memory, read as it comes. Reading blocks.
   *
   * @param count receives what was read, at the end
   */
  InputStream stream(Request request, int most, Consumer<Long> count) throws Refused {
    if (request.getLength() > most) {
      throw new Refused(tooLarge(most));
    }
    long began = System.nanoTime();
    return new FilterInputStream(Content.Source.asInputStream(request)) {
      private long bytes;
      private long counted;

      @Override
      public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
      }

      @Override
      public int read(byte[] into, int from, int size) throws IOException {
        int found = super.read(into, from, size);
        bytes += Math.max(found, 0);
        if (bytes > most) {
          throw new Refused(tooLarge(most));
        }
        if (isTooSlow(bytes, began)) {
          throw new Refused(tooSlow());
        }
        return found;
      }

      @Override
      public void close() throws IOException {
        // A reader of JSON closes it, too.
        count.accept(bytes - counted);
        counted = bytes;
        super.close();
      }
    };
  }
}
