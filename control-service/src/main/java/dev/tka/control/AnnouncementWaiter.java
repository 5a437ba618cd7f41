package dev.tka.control;

import dev.tka.sync.rpc.Announcement;

/**
 * Waits for something else to be announced than it knows. It is told one thing, and must not block.
 */
public interface AnnouncementWaiter {
  /** Something else is announced. */
  void announced(Announcement now);

  /** The service is about to stop: another one may tell. */
  void stopping();

  /** The tailnet no longer lives here ({@link ControlException.Moved}). */
  void failed(ControlException why);
}
