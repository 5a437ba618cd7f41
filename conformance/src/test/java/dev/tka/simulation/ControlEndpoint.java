package dev.tka.simulation;

import dev.tka.core.TkaException;
import dev.tka.core.authority.Authority;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.sync.SyncOffer;
import dev.tka.sync.rpc.Announcement;
import java.time.Instant;
import java.util.Optional;

/** A control under test. It keeps everything. */
interface ControlEndpoint extends ControlPort, AutoCloseable {
  /** What it holds now. */
  Authority authority();

  @Override
  default Announcement announced() {
    return new Announcement.Enabled(authority().head());
  }

  /** What it tells operators of a node that makes such an offer, if no answer can help that. */
  Optional<String> diagnosis(SyncOffer remote);

  /** The own time of its store, to the second. */
  Instant ownTime();

  /** It has run for at most a day since it noted its time last, and notes it again. */
  void goOn() throws TkaException;

  /** Starts again from its store. */
  void restart() throws TkaException;

  /**
   * Goes on from an older copy of its store, in the setting of a restored control where there is
   * one.
   */
  void restore(MemoryAumStore copy) throws TkaException;

  /** Every node has synced since it was restored: the operator clears the setting. */
  void recovered() throws TkaException;

  /** Its program ends. */
  @Override
  default void close() {}
}
