package dev.tka.control;

/** Has a service do at once what it does for its logs of heads each second. */
public final class LogWork {
  private LogWork() {}

  /** Adds new heads, and asks witnesses. */
  public static void once(ControlService service) throws Exception {
    service.workOnLogs();
  }
}
