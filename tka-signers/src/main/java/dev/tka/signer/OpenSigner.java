package dev.tka.signer;

import dev.tka.core.Signer;

/** A signer that was opened, and may hold a connection or a session. */
public interface OpenSigner extends Signer, AutoCloseable {
  /** Gives up what it holds; it cannot sign any longer. */
  @Override
  void close();
}
