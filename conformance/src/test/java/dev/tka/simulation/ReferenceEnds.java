package dev.tka.simulation;

import dev.tka.core.Aum;
import dev.tka.core.TkaException;
import dev.tka.core.authority.SharedVerification;

/** Ends that follow protocol sections 4 to 6 only. */
record ReferenceEnds(SharedVerification verification) implements EndFactory {
  @Override
  public ControlEndpoint control(Aum genesis, MachineClock clock) throws TkaException {
    return new ReferenceControl(genesis, clock, verification);
  }

  @Override
  public NodeEndpoint node(Aum genesis, MachineClock clock) throws TkaException {
    return new ReferenceNode(genesis, clock, verification);
  }
}
