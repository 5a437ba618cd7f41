package dev.tka.cli.output;

/**
 * The exit statuses of the command. They are part of its interface: scripts depend on the numbers.
 */
public final class ExitCode {
  /** Success. */
  public static final int OK = 0;

  /**
   * The verification failed: an AUM does not verify or apply, or a golden case fails. Or no node
   * would accept the request, a key that anybody can sign for or that never can was to be trusted
   * or signed, the two ends of a sync disagree, {@code doctor} found a problem, or what control
   * shows is not what its witnesses saw.
   */
  public static final int VERIFICATION_FAILED = 1;

  /** Invalid usage. */
  public static final int USAGE = 2;

  /**
   * The input cannot be understood or is damaged, or a newer version wrote it. The difference does
   * not matter to a script.
   */
  public static final int BAD_INPUT = 3;

  /** Not found. */
  public static final int NOT_FOUND = 4;

  /**
   * Another writer was first, the target already exists, or the tailnet is being moved or lives
   * elsewhere.
   */
  public static final int CONFLICT = 5;

  /** Reading or writing failed. */
  public static final int IO = 6;

  /** A peer is dropped. */
  public static final int PEER_DROPPED = 7;

  /**
   * What was asked for was done, but what it printed could not be written: to run the command again
   * would do it twice.
   */
  public static final int OUTPUT_LOST = 8;

  /** A question was answered with no, and nothing was changed. */
  public static final int DECLINED = 9;

  /**
   * Of several things that were asked for, some were not done, or none; each is named with the
   * reason. The others were done.
   */
  public static final int PARTLY_DONE = 10;

  /** An internal error: a bug in this program, or out of memory. */
  public static final int INTERNAL = 70;

  private ExitCode() {}
}
