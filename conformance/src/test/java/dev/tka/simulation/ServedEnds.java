package dev.tka.simulation;

import dev.tka.core.Aum;
import dev.tka.core.TkaException;
import dev.tka.core.authority.SharedVerification;
import java.util.Optional;

/** Our node agent, and our control service, which it reaches by messages in bytes. */
final class ServedEnds implements EndFactory {
  private Optional<ServiceControl> control = Optional.empty();
  private long nodes;

  @Override
  public ControlEndpoint control(Aum genesis, MachineClock clock) throws TkaException {
    ServiceControl made = new ServiceControl(genesis, clock);
    control = Optional.of(made);
    return made;
  }

  @Override
  public ControlEndpoint oldControl(Aum genesis, MachineClock clock) throws TkaException {
    return new EngineControl(genesis, clock, new SharedVerification());
  }

  @Override
  public NodeEndpoint node(Aum genesis, MachineClock clock) throws TkaException {
    nodes++;
    return new AgentNode(genesis, clock, control.orElseThrow(), nodes);
  }
}
