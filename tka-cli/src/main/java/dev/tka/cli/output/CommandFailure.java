package dev.tka.cli.output;

import java.util.List;

/** A command that cannot continue, with the line to print, the exit status, and what to do. */
public final class CommandFailure extends Exception {
  private final int exitCode;
  private final String message;
  private final transient Advising advising;

  /** Advice that depends on what was typed, because it repeats it with a word changed. */
  @FunctionalInterface
  public interface Advising {
    /**
     * The advice.
     *
     * @param typed the arguments of the command, the verb first
     */
    List<Advice> of(List<String> typed);
  }

  /** A failure for which there is advice, or none. */
  public CommandFailure(int exitCode, String message, Advice... advice) {
    this(exitCode, message, List.of(advice));
  }

  /** A failure for which there is advice, or none. */
  public CommandFailure(int exitCode, String message, List<Advice> advice) {
    this(exitCode, message, typed -> advice);
  }

  /** A failure whose advice repeats what was typed. */
  public CommandFailure(int exitCode, String message, Advising advising) {
    super(message);
    this.exitCode = exitCode;
    this.message = message;
    this.advising = advising;
  }

  @Override
  public String getMessage() {
    return message;
  }

  public int exitCode() {
    return exitCode;
  }

  /**
   * What to do about it.
   *
   * @param typed the arguments of the command, the verb first
   */
  public List<Advice> advice(List<String> typed) {
    return List.copyOf(advising.of(typed));
  }
}
