package dev.tka.control;

import java.io.IOException;

/** Brings requests to witnesses (C2SP, tlog-witness). Called by one thread at a time. */
@FunctionalInterface
public interface WitnessTransport {
  /**
   * What a witness answered.
   *
   * @param type the media type of the body; empty if none was named
   */
  @SuppressWarnings("ArrayRecordComponent") // Made once and read once.
  record Reply(int status, String type, byte[] body) {}

  /**
   * Sends a request by POST, and waits for the answer for some seconds at most.
   *
   * @param url that of the witness, as the policy names it
   * @param path below the URL
   * @throws IOException if there is no answer
   */
  Reply post(String url, String path, byte[] body) throws IOException;
}
