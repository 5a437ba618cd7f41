package dev.tka.cli.campaign;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

/** The judge in Go is held to its own tests, which plant faults in histories. */
class LinearizabilityTest {
  @Test
  void theJudgeOfHeadsFindsWhatNoRegisterDoes() throws Exception {
    assumeTrue(Linearizability.isInstalled());
    assertThat(Linearizability.go(List.of("test", "./...")).orElseThrow()).startsWith("ok");
  }
}
