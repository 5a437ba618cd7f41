package dev.tka.control.http;

import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.util.Callback;

/**
 * Writes the lines of a watch, each when the one before is written. It holds a thread only while it
 * writes, and one line at a time.
 */
final class WatchStream implements Callback {
  private final Exchange exchange;
  private final Content.Sink sink;
  private final WatchSource.Reader reader;
  private final Function<WatchSource.Line, byte[]> rendering;
  private final Executor executor;
  private final Runnable whenEnded;
  private final AtomicBoolean ended = new AtomicBoolean();
  private boolean last;

  private WatchStream(
      Exchange exchange,
      Content.Sink sink,
      WatchSource.Reader reader,
      Function<WatchSource.Line, byte[]> rendering,
      Executor executor,
      Runnable whenEnded) {
    this.exchange = exchange;
    this.sink = sink;
    this.reader = reader;
    this.rendering = rendering;
    this.executor = executor;
    this.whenEnded = whenEnded;
  }

  /** Begins to write; the exchange ends when the watch does. */
  static void begin(
      Exchange exchange,
      WatchSource.Reader reader,
      boolean events,
      Executor executor,
      Runnable whenEnded) {
    Optional<Content.Sink> sink = exchange.begin(events ? "text/event-stream" : Answer.LINES);
    if (sink.isEmpty()) {
      reader.close();
      whenEnded.run();
      return;
    }
    WatchStream stream =
        new WatchStream(
            exchange,
            sink.get(),
            reader,
            events ? WatchJson::event : WatchJson::text,
            executor,
            whenEnded);
    exchange.request().addIdleTimeoutListener(timeout -> false);
    exchange.request().addFailureListener(stream::end);
    stream.next();
  }

  private void next() {
    if (ended.get()) {
      return;
    }
    Optional<WatchSource.Line> line = reader.next();
    if (line.isEmpty()) {
      reader.whenReady(() -> executor.execute(this::next));
      return;
    }
    last = line.get() instanceof WatchSource.Line.Reconnect;
    sink.write(last, ByteBuffer.wrap(rendering.apply(line.get())), this);
  }

  @Override
  public void succeeded() {
    if (!last) {
      // Not deeper and deeper, as writing may call back at once.
      executor.execute(this::next);
    } else if (!ended.getAndSet(true)) {
      close();
      exchange.end("ok");
    }
  }

  @Override
  public void failed(Throwable why) {
    end(why);
  }

  private void end(Throwable why) {
    if (!ended.getAndSet(true)) {
      close();
      exchange.abort(why);
    }
  }

  private void close() {
    reader.close();
    whenEnded.run();
  }
}
