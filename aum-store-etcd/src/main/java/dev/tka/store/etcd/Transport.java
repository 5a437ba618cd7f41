package dev.tka.store.etcd;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;

/** Carries requests to members of etcd, and their answers back. Safe for use by many threads. */
interface Transport extends AutoCloseable {
  /**
   * Asks a member.
   *
   * @param path of the request, such as {@code kv/range}
   * @param token names the user; empty if nobody did
   * @param patience for each part of the request and of the answer
   */
  byte[] ask(Member member, String path, byte[] json, String token, Duration patience)
      throws EtcdFailure;

  /**
   * Asks a member for a stream, which goes on until it is closed.
   *
   * @param patience for each part, until the stream may be silent
   */
  Stream open(Member member, String path, byte[] json, String token, Duration patience)
      throws EtcdFailure;

  /** Lets a stream be silent. */
  interface Silence {
    void allow() throws IOException;
  }

  /**
   * A stream that a member goes on to send.
   *
   * @param silence lets it be silent: what is awaited next may come at any time
   * @param ending ends it
   */
  record Stream(InputStream body, Silence silence, Runnable ending) implements AutoCloseable {
    /** Ends it; who waits for more gets an exception. */
    @Override
    public void close() {
      ending.run();
    }
  }

  /** Ends all requests. */
  @Override
  void close();
}
