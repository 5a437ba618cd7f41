package dev.tka.cli.output;

import java.io.IOException;
import java.io.Writer;
import java.util.Locale;
import java.util.Optional;

/** Remembers the first failure to write; a PrintWriter only knows that there was one. */
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

  /** True when the reader went away, as {@code head} does after its last line. */
  public boolean readerIsGone() {
    // The system's message is the only sign of it in the JDK.
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
