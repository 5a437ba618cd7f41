package dev.tka.cli.output;

/** What the command's exit status says. Part of the interface: scripts depend on the numbers. */
public final class ExitCode {
  /** All is well. */
  public static final int OK = 0;

  /**
   * What was looked at is not right: an AUM that does not verify or apply, a golden case that
   * fails. Or no node would accept what was asked for, two ends of a sync do not agree, or a doctor
   * found a problem.
   */
  public static final int VERIFICATION_FAILED = 1;

  /** The command line does not make sense. */
  public static final int USAGE = 2;

  /**
   * The input cannot be understood, or is damaged, or a newer version wrote it. That one of these
   * may be right for another program makes no difference to a script.
   */
  public static final int BAD_INPUT = 3;

  /** There is nothing at the place that was named. */
  public static final int NOT_FOUND = 4;

  /** Somebody else was first, or something is there already. */
  public static final int CONFLICT = 5;

  /** Reading or writing failed. */
  public static final int IO = 6;

  /** A peer is dropped. */
  public static final int PEER_DROPPED = 7;

  /** An internal error: a bug in this program, or too little memory. */
  public static final int INTERNAL = 70;

  private ExitCode() {}
}
