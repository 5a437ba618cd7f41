package dev.tka.cli;

import dev.tka.core.TextException;
import dev.tka.signer.SignerKind;
import dev.tka.signer.SignerPlace;
import dev.tka.signer.internal.AgentKind;
import java.time.Duration;
import java.util.List;

/** {@code hasty-agent:SOCKET}, an ssh-agent that is waited for only shortly. */
public final class HastyAgentKind implements SignerKind {
  private final AgentKind kind = new AgentKind(Duration.ofMillis(100));

  @Override
  public List<String> schemes() {
    return List.of("hasty-agent");
  }

  @Override
  public String form() {
    return "hasty-agent:SOCKET";
  }

  @Override
  public SignerPlace parse(String scheme, String rest) throws TextException.BadUrl {
    return kind.parse(scheme, rest);
  }
}
