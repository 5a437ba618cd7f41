package dev.tka.simulation;

import dev.tka.core.Aum;
import dev.tka.core.TkaException;
import dev.tka.core.authority.SharedVerification;

/** Ends that follow protocol section 10. */
record EngineEnds(SharedVerification verification) implements EndFactory {
  @Override
  public ControlEndpoint control(Aum genesis, MachineClock clock) throws TkaException {
    return new EngineControl(genesis, clock, verification);
  }

  @Override
  public NodeEndpoint node(Aum genesis, MachineClock clock) throws TkaException {
    return new EngineNode(genesis, clock, verification);
  }
}
