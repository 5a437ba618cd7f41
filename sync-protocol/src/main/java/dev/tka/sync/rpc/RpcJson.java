package dev.tka.sync.rpc;

import dev.tka.core.TextException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/** Requests to control and its answers as JSON (protocol, section 8). */
@SuppressWarnings("DoNotCallSuggester")
public final class RpcJson {
  private RpcJson() {}

  /**
   * Reads a request. What follows it is not read.
   *
   * @throws TextException if it is not such a request; the message quotes nothing of it
   * @throws IOException if the stream cannot be read
   */
  public static RpcRequest readRequest(Rpc rpc, InputStream in) throws TextException, IOException {
    throw new UnsupportedOperationException(rpc + " " + in);
  }

  /** Writes a request; the stream stays open. */
  public static void writeRequest(RpcRequest request, OutputStream out) throws IOException {
    throw new UnsupportedOperationException(request + " " + out);
  }

  /**
   * Reads an answer. What follows it is not read.
   *
   * @throws TextException if it is not such an answer; the message quotes nothing of it
   * @throws IOException if the stream cannot be read
   */
  public static RpcAnswer readAnswer(Rpc rpc, InputStream in) throws TextException, IOException {
    throw new UnsupportedOperationException(rpc + " " + in);
  }

  /** Writes an answer; the stream stays open. */
  public static void writeAnswer(RpcAnswer answer, OutputStream out) throws IOException {
    throw new UnsupportedOperationException(answer + " " + out);
  }
}
