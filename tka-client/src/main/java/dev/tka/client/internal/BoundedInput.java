package dev.tka.client.internal;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.function.Supplier;

/** An answer that may not go on for ever. */
public final class BoundedInput extends FilterInputStream {
  private final Supplier<IOException> longer;
  private long left;

  /**
   * Bounds an answer.
   *
   * @param most how many bytes it may have
   * @param longer what is thrown where it has more
   */
  public BoundedInput(InputStream in, long most, Supplier<IOException> longer) {
    super(in);
    this.left = most;
    this.longer = longer;
  }

  @Override
  public int read() throws IOException {
    int next = in.read();
    count(next < 0 ? 0 : 1);
    return next;
  }

  @Override
  public int read(byte[] target, int offset, int length) throws IOException {
    int read = in.read(target, offset, length);
    count(Math.max(read, 0));
    return read;
  }

  private void count(int read) throws IOException {
    left -= read;
    if (left < 0) {
      throw longer.get();
    }
  }
}
