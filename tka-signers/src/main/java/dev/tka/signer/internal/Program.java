package dev.tka.signer.internal;

import dev.tka.core.SigningException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A program that is run for each question, for bounded time and output. */
final class Program {
  /** The longest text that is read from it, in bytes. */
  static final int MAX_TEXT = 1024;

  private final List<String> words;
  private final Duration limit;

  /**
   * For a program and its arguments.
   *
   * @param limit how long it may run
   */
  Program(List<String> words, Duration limit) {
    this.words = List.copyOf(words);
    this.limit = limit;
  }

  /**
   * Runs it.
   *
   * @param action its last argument
   * @param max the most bytes that it may print
   * @return what it printed to standard output
   * @throws SigningException if it cannot be run, prints more, fails or takes too long; it does not
   *     run any longer then
   */
  byte[] run(String action, byte[] input, int max) throws SigningException {
    long end = System.nanoTime() + limit.toNanos();
    List<String> command = new ArrayList<>(words);
    command.add(action);
    Process process;
    try {
      process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    } catch (IOException e) {
      throw new SigningException(this + ": this program is not there, or may not be run", e);
    }
    try {
      FutureTask<byte[]> output = reading(process.getInputStream(), max + 1);
      give(input, process.getOutputStream());
      byte[] printed = output.get(end - System.nanoTime(), TimeUnit.NANOSECONDS);
      if (printed.length > max) {
        throw failure(
            action, "expected at most " + max + " bytes on its standard output, found more");
      }
      if (!process.waitFor(end - System.nanoTime(), TimeUnit.NANOSECONDS)) {
        throw new TimeoutException();
      }
      if (process.exitValue() != 0) {
        throw failure(action, "it failed with exit status " + process.exitValue());
      }
      return printed;
    } catch (TimeoutException e) {
      throw failure(action, "it did not end in time");
    } catch (ExecutionException e) {
      throw new SigningException(this + " " + action + ": its output cannot be read", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw failure(action, "interrupted");
    } finally {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
  }

  private static FutureTask<byte[]> reading(InputStream output, int most) {
    FutureTask<byte[]> task = new FutureTask<>(() -> output.readNBytes(most));
    Thread thread = new Thread(task, "output of a signer");
    thread.setDaemon(true);
    thread.start();
    return task;
  }

  /** A program that needs none of it may have ended; so few bytes never block. */
  @SuppressWarnings("EmptyCatch")
  private static void give(byte[] input, OutputStream target) {
    try (target) {
      target.write(input);
    } catch (IOException ignored) {
      // Its answer decides.
    }
  }

  private SigningException failure(String action, String what) {
    return new SigningException(this + " " + action + ": " + what);
  }

  /** For messages: the program without its arguments, of which one may be a secret by mistake. */
  @Override
  public String toString() {
    return words.get(0) + (words.size() > 1 ? " ..." : "");
  }
}
