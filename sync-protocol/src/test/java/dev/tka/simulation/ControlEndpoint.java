package dev.tka.simulation;

import dev.tka.core.Authority;
import dev.tka.core.MemoryAumStore;
import dev.tka.core.TkaException;

/** A control under test. It keeps everything. */
interface ControlEndpoint extends ControlPort {
  /** What it holds now. */
  Authority authority();

  /** Starts again from its store. */
  void restart() throws TkaException;

  /**
   * Goes on from an older copy of its store, in the setting of a restored control where there is
   * one.
   */
  void restore(MemoryAumStore copy) throws TkaException;

  /** Every node has synced since it was restored: the operator clears the setting. */
  void recovered() throws TkaException;
}
