package dev.tka.cli.input;

import java.io.IOException;
import java.util.Optional;

/** A time in which the terminal that is standard input does not show what is typed. */
final class EchoOff implements AutoCloseable {
  private final Thread atExit;

  private EchoOff(Thread atExit) {
    this.atExit = atExit;
  }

  /**
   * Begins it; it also ends when the program is interrupted. Empty if the terminal cannot be told.
   */
  static Optional<EchoOff> begin() {
    Thread atExit =
        new Thread(
            () -> {
              try {
                stty("echo");
              } catch (IOException e) {
                // Nothing more can be done at the end of the program.
              }
            });
    try {
      stty("-echo");
    } catch (IOException e) {
      return Optional.empty();
    }
    Runtime.getRuntime().addShutdownHook(atExit);
    return Optional.of(new EchoOff(atExit));
  }

  @Override
  public void close() throws IOException {
    Runtime.getRuntime().removeShutdownHook(atExit);
    stty("echo");
  }

  private static void stty(String mode) throws IOException {
    Process process =
        new ProcessBuilder("stty", mode)
            .redirectInput(ProcessBuilder.Redirect.INHERIT)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    try {
      if (process.waitFor() != 0) {
        throw new IOException("stty " + mode + " failed");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }
}
