package dev.tka.control.http;

import dev.tka.control.ControlException;
import dev.tka.control.Subscription;
import dev.tka.control.WatchLine;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.util.Callback;

/**
 * Writes the lines of a watch, each when the one before is written. It holds a thread only while it
 * writes, and one line at a time.
 */
final class WatchStream implements Callback {
  /** How long to wait before what could not be read is tried again. */
  private static final Duration TRY_AGAIN = Duration.ofSeconds(1);

  private final Exchange exchange;
  private final Content.Sink sink;
  private final Subscription lines;
  private final Function<WatchLine, byte[]> rendering;
  private final Executor executor;
  private final AtomicBoolean ended = new AtomicBoolean();

  /**
   * True while a line is made or written; what becomes ready meanwhile is noted in {@code more}.
   */
  private boolean busy = true;

  private boolean more;
  private boolean last;

  private WatchStream(
      Exchange exchange,
      Content.Sink sink,
      Subscription lines,
      Function<WatchLine, byte[]> rendering,
      Executor executor) {
    this.exchange = exchange;
    this.sink = sink;
    this.lines = lines;
    this.rendering = rendering;
    this.executor = executor;
  }

  /** Begins to write; the exchange ends when the watch does. */
  static void begin(Exchange exchange, Subscription lines, boolean events, Executor executor) {
    Optional<Content.Sink> sink =
        exchange.begin(Answer.head(events ? "text/event-stream" : Answer.LINES));
    if (sink.isEmpty()) {
      lines.close();
      return;
    }
    WatchStream stream =
        new WatchStream(
            exchange, sink.get(), lines, events ? WatchJson::event : WatchJson::text, executor);
    exchange.request().addIdleTimeoutListener(timeout -> false);
    exchange.request().addFailureListener(stream::end);
    lines.whenReady(stream::ready);
    stream.next();
  }

  /** There may be a line. Called by any thread. */
  private void ready() {
    synchronized (this) {
      more = true;
      if (busy) {
        return;
      }
      busy = true;
    }
    executor.execute(this::next);
  }

  /** Writes the next line, if there is one. */
  private void next() {
    while (!ended.get()) {
      synchronized (this) {
        more = false;
      }
      Optional<WatchLine> line;
      try {
        line = lines.next();
      } catch (ControlException e) {
        exchange
            .request()
            .getComponents()
            .getScheduler()
            .schedule(
                () -> executor.execute(this::next), TRY_AGAIN.toMillis(), TimeUnit.MILLISECONDS);
        return;
      }
      if (line.isPresent()) {
        last = lines.isEnded();
        sink.write(last, ByteBuffer.wrap(rendering.apply(line.get())), this);
        return;
      }
      synchronized (this) {
        if (!more) {
          busy = false;
          return;
        }
      }
    }
  }

  @Override
  public void succeeded() {
    if (!last) {
      // Not deeper and deeper, as writing may call back at once.
      executor.execute(this::next);
    } else if (!ended.getAndSet(true)) {
      lines.close();
      exchange.end("ok");
    }
  }

  @Override
  public void failed(Throwable why) {
    end(why);
  }

  private void end(Throwable why) {
    if (!ended.getAndSet(true)) {
      lines.close();
      exchange.abort(why);
    }
  }
}
