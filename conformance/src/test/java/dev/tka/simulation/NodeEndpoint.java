package dev.tka.simulation;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.TkaException;
import dev.tka.core.authority.Authority;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** A node under test. */
interface NodeEndpoint {
  /** What it holds now. */
  Authority authority();

  /**
   * Takes in edits that were made here.
   *
   * @param base what they were built on
   */
  void takeOwn(Authority base, List<Aum> updates) throws TkaException;

  /** Takes in what a person gives it in a file. */
  void takeFile(List<Aum> aums) throws TkaException;

  /** The own time of its store, to the second. */
  Instant ownTime();

  /**
   * It has run for at most a day since it noted its time last, and notes it again.
   *
   * @param agreed until when it was connected and its head was control's, in own time; empty if it
   *     was not
   */
  void goOn(Optional<Instant> agreed) throws TkaException;

  /** Syncs with control; where it fails, what was taken in before stays. */
  SyncReport sync(ControlPort control) throws TkaException;

  /**
   * Forgets what the default policy lets go.
   *
   * @return the AUMs that went
   */
  Set<AumHash> compact() throws TkaException;

  /** Starts again from its store. */
  void restart() throws TkaException;

  /** The edits of its own that it has reported so far: set aside, refused, or displaced. */
  Set<AumHash> reportedEdits();

  /**
   * How a sync ended.
   *
   * @param failure why the node will not compact, if so
   * @param refused what the node kept out by its policy
   */
  record SyncReport(Optional<RoundFailed> failure, List<ControlPort.Refused> refused) {
    public SyncReport {
      refused = List.copyOf(refused);
    }

    static SyncReport success() {
      return new SyncReport(Optional.empty(), List.of());
    }
  }
}
