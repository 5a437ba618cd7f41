package dev.tka.store.etcd;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;

/** A transport that a test bends. */
final class BentTransport implements Transport {
  private final Transport real;
  private final CountDownLatch thaw = new CountDownLatch(1);

  /** Whether what a stream sends is held back, until this is closed. */
  volatile boolean frozen;

  /** What is done in place of a request. */
  volatile Doing doing = (asking, path, json) -> asking.ask();

  /** What is done in place of the opening of a stream. */
  volatile Opening opening = Asking::ask;

  /** Does something else at a request. */
  interface Doing {
    byte[] ask(Asking<byte[]> real, String path, String json) throws EtcdFailure;
  }

  /** Does something else where a stream is opened. */
  interface Opening {
    Stream open(Asking<Stream> real) throws EtcdFailure;
  }

  /** Makes the request. */
  interface Asking<T> {
    T ask() throws EtcdFailure;
  }

  BentTransport() throws IOException {
    real = Gateway.open(Optional.empty());
  }

  @Override
  public byte[] ask(Member member, String path, byte[] json, String token, Duration patience)
      throws EtcdFailure {
    return doing.ask(
        () -> real.ask(member, path, json, token, patience),
        path,
        new String(json, StandardCharsets.UTF_8));
  }

  @Override
  public Stream open(Member member, String path, byte[] json, String token, Duration patience)
      throws EtcdFailure {
    Stream stream = opening.open(() -> real.open(member, path, json, token, patience));
    return new Stream(
        new InputStream() {
          @Override
          public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
          }

          @Override
          public int read(byte[] to, int offset, int length) throws IOException {
            int found = stream.body().read(to, offset, length);
            while (frozen && thaw.getCount() > 0) {
              try {
                thaw.await();
              } catch (InterruptedException e) {
                throw new IOException(e);
              }
            }
            return found;
          }
        },
        stream.silence(),
        stream::close);
  }

  @Override
  public void close() {
    thaw.countDown();
    real.close();
  }
}
