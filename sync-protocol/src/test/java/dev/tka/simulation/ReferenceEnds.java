package dev.tka.simulation;

import dev.tka.core.Aum;
import dev.tka.core.TkaException;
import dev.tka.core.authority.SharedVerification;
import java.time.Clock;

/** Ends that follow protocol sections 4 to 6 only. */
record ReferenceEnds(SharedVerification verification) implements EndFactory {
  @Override
  public ControlEndpoint control(Aum genesis, Clock clock) throws TkaException {
    return new ReferenceControl(genesis, clock, verification);
  }

  @Override
  public NodeEndpoint node(Aum genesis, Clock clock) throws TkaException {
    return new ReferenceNode(genesis, clock, verification);
  }
}
