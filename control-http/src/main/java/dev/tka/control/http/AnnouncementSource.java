package dev.tka.control.http;

import dev.tka.control.Announcement;
import dev.tka.control.ControlException;
import java.time.Duration;
import java.util.Optional;

/** Tells when what is announced to a node is no longer what it knows (service, section 4). */
public interface AnnouncementSource extends AutoCloseable {
  /** Receives one answer, by any thread. */
  interface Sink {
    /** What is announced: something else than was known, or the same when time is over. */
    void announced(Announcement announcement);

    /** It cannot be told. */
    void failed(ControlException why);
  }

  /**
   * Waits for a change without holding a thread.
   *
   * @param node a node, or empty for what most nodes are told
   * @param known what the client knows; when the announcement is another already, that is told at
   *     once
   * @param wait for how long
   * @return what ends the wait; the sink may still be told once after it
   */
  Runnable await(String tailnet, Optional<Long> node, Announcement known, Duration wait, Sink sink);

  /** The number of clients that wait. */
  int waiting();

  /** Tells all that wait what is announced now, and takes no more. */
  @Override
  void close();
}
