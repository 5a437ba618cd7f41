package dev.tka.simulation;

import dev.tka.core.Aum;
import dev.tka.core.TkaException;
import java.time.Clock;

/** Makes the two ends that follow one set of rules. */
interface EndFactory {
  /** A control that begins with a genesis. */
  ControlEndpoint control(Aum genesis, Clock clock) throws TkaException;

  /** A node that begins with a genesis. */
  NodeEndpoint node(Aum genesis, Clock clock) throws TkaException;
}
