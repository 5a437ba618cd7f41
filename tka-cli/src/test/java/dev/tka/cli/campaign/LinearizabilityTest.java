package dev.tka.cli.campaign;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The judge in Go is held to its own tests, which plant faults in histories. */
class LinearizabilityTest {
  @Test
  void theJudgeOfHeadsFindsWhatNoRegisterDoes() throws Exception {
    assumeTrue(Linearizability.isInstalled());
    assertThat(Linearizability.go(List.of("test", "./..."))).startsWith("ok");
  }

  @Test
  void theJudgeIsLeftOutWithALineWhereItsModuleCannotBeFetched(@TempDir Path empty)
      throws Exception {
    assertThat(Linearizability.missing(Map.of("GOPROXY", "off", "GOMODCACHE", empty.toString())))
        .isPresent();
  }
}
