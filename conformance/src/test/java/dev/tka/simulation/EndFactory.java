package dev.tka.simulation;

import dev.tka.core.Aum;
import dev.tka.core.TkaException;

/** Makes the two ends that follow one set of rules. */
interface EndFactory {
  /** A control that begins with a genesis. */
  ControlEndpoint control(Aum genesis, MachineClock clock) throws TkaException;

  /** A control that still answers by a copy that is put into it, for a liar. */
  default ControlEndpoint oldControl(Aum genesis, MachineClock clock) throws TkaException {
    return control(genesis, clock);
  }

  /** A node that begins with a genesis. */
  NodeEndpoint node(Aum genesis, MachineClock clock) throws TkaException;
}
