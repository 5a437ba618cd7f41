package dev.tka.node;

import dev.tka.core.Bytes;
import java.io.InputStream;
import java.util.Objects;

/** Reads bytes without a copy of them: an answer of control may be long. */
final class BytesInput extends InputStream {
  private final Bytes bytes;
  private int at;

  BytesInput(Bytes bytes) {
    this.bytes = bytes;
  }

  @Override
  public int read() {
    return at == bytes.size() ? -1 : bytes.get(at++) & 0xff;
  }

  @Override
  public int read(byte[] to, int from, int count) {
    Objects.checkFromIndexSize(from, count, to.length);
    int most = Math.min(count, available());
    if (most == 0) {
      return count == 0 ? 0 : -1;
    }
    for (int i = 0; i < most; i++) {
      to[from + i] = bytes.get(at + i);
    }
    at += most;
    return most;
  }

  @Override
  public int available() {
    return bytes.size() - at;
  }
}
