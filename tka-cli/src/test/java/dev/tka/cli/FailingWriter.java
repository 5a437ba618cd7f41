package dev.tka.cli;

import java.io.IOException;
import java.io.Writer;

/** Takes nothing, as the file or the pipe behind it cannot. */
final class FailingWriter extends Writer {
  private final String message;

  FailingWriter(String message) {
    this.message = message;
  }

  @Override
  public void write(char[] buffer, int offset, int length) throws IOException {
    throw new IOException(message);
  }

  @Override
  public void flush() {}

  @Override
  public void close() {}
}
