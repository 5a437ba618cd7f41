package dev.tka.cli.output;

import java.io.IOException;
import java.io.Writer;
import java.util.Locale;
import java.util.Optional;

/** Remembers the first failure to write, of which a PrintWriter keeps only that there was one. */
public final class RememberingWriter extends Writer {
  private final Writer target;
  private Optional<IOException> failure = Optional.empty();

  public RememberingWriter(Writer target) {
    this.target = target;
  }

  /** True when something could not be written. */
  public boolean hasFailed() {
    return failure.isPresent();
  }

  /** True when that was because the reader went away, as {@code head} does when it has enough. */
  public boolean readerIsGone() {
    // The JDK has no other sign of it than the system's message.
    return failure
        .map(IOException::getMessage)
        .filter(message -> message.toLowerCase(Locale.ROOT).contains("pipe"))
        .isPresent();
  }

  @Override
  public void write(char[] buffer, int offset, int length) throws IOException {
    remember(() -> target.write(buffer, offset, length));
  }

  @Override
  public void flush() throws IOException {
    remember(target::flush);
  }

  @Override
  public void close() throws IOException {
    remember(target::close);
  }

  private void remember(Writing writing) throws IOException {
    try {
      writing.run();
    } catch (IOException e) {
      if (failure.isEmpty()) {
        failure = Optional.of(e);
      }
      throw e;
    }
  }

  @FunctionalInterface
  private interface Writing {
    void run() throws IOException;
  }
}
