package dev.tka.node;

import dev.tka.tlog.heads.HeadWatch;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * Control's log of heads, for one look, which ends after some time: rounds with control wait for
 * it.
 */
final class ServedLog implements HeadWatch.Source {
  private static final int OK = 200;
  private static final int NOT_FOUND = 404;

  private final ControlTransport transport;
  private final Duration whole;
  private final long began = System.nanoTime();

  /**
   * A log.
   *
   * @param whole how long all answers together may take
   */
  ServedLog(ControlTransport transport, Duration whole) {
    this.transport = transport;
    this.whole = whole;
  }

  @Override
  public Optional<byte[]> fetch(String path) throws IOException {
    CompletableFuture<ControlTransport.Reply> answer =
        transport.send(new ControlTransport.ReadLog(path, HeadWatch.MOST_BYTES));
    try {
      ControlTransport.Reply reply =
          ControlCalls.await(answer, whole.minusNanos(System.nanoTime() - began));
      if (reply.status() == NOT_FOUND) {
        return Optional.empty();
      }
      if (reply.status() != OK) {
        throw new ControlFailure.Refused(reply);
      }
      return Optional.of(reply.body().toByteArray());
    } catch (ControlFailure e) {
      throw new IOException(e.getMessage(), e);
    }
  }
}
