package dev.tka.node;

import dev.tka.core.Bytes;
import dev.tka.sync.rpc.Rpc;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * A way to control. It carries bytes and decides nothing. Safe for use by many threads.
 *
 * <p>An answer is bounded by {@link Ask#most} bytes and a time that the transport sets; whoever
 * sends more, or takes longer, has not answered.
 */
public interface ControlTransport {
  /**
   * Asks control.
   *
   * @return completed with what control answered, whatever its status, or with a {@link
   *     ControlFailure.Unreachable}
   */
  CompletableFuture<Reply> send(Ask ask);

  /** What a node asks control. */
  sealed interface Ask {
    /** The longest answer that is read, in bytes. */
    int most();
  }

  /**
   * One of the requests of protocol, section 8.
   *
   * @param body its JSON
   */
  record Call(Rpc rpc, Bytes body, int most) implements Ask {}

  /**
   * Asks what the node is told about the lock (service, section 10), and waits for something else
   * than it knows.
   *
   * @param known the entity tag of the last answer
   * @param patience how long control may wait; zero for an answer at once
   */
  record Announced(Optional<String> known, Duration patience, int most) implements Ask {}

  /**
   * Tells control the node's key (service, section 10).
   *
   * @param body its JSON
   */
  record LogIn(Bytes body, int most) implements Ask {}

  /**
   * Asks for the node's peers (service, section 10), unless they are what the node knows.
   *
   * @param known the entity tag of the last answer
   */
  record ListPeers(Optional<String> known, int most) implements Ask {}

  /**
   * Reads control's log of the tailnet's heads (service, section 11).
   *
   * @param path {@code checkpoint}, or that of a tile, without a slash before it
   */
  record ReadLog(String path, int most) implements Ask {}

  /**
   * What control answered.
   *
   * @param status the HTTP status
   * @param etag the entity tag, quotes included
   * @param retryAfter how long control asks the node to wait before it asks again
   * @param code a stable word for what went wrong, from a control of ours
   */
  record Reply(
      int status,
      Bytes body,
      Optional<String> etag,
      Optional<Duration> retryAfter,
      Optional<String> code) {
    /** An answer without anything but a body. */
    public static Reply of(int status, Bytes body) {
      return new Reply(status, body, Optional.empty(), Optional.empty(), Optional.empty());
    }
  }
}
