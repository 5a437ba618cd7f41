package dev.tka.core.authority;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.Aum;
import dev.tka.core.TkaException;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.testkit.Chains;
import dev.tka.testkit.PageExample;
import dev.tka.testkit.TestKeys;
import java.io.IOException;
import java.time.Clock;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The example of embedding in the README compiles, runs, and is what stands there. */
class ReadmeExampleTest {
  @Test
  void theExampleRuns() throws TkaException {
    Chains chains = Chains.draw(List.of(TestKeys.key(1, 1)), "A -> B");
    Aum genesis = chains.get("A");
    Aum update = chains.get("B");

    // begin
    AumStore store = new MemoryAumStore();
    LiveAuthority live =
        LiveAuthority.bootstrap(store, genesis, AdmissionPolicy.CONTROL, Clock.systemUTC());
    live.inform(List.of(update));
    Authority now = live.current();
    System.out.println(now.head() + " trusts " + now.state().keys().size() + " keys");
    // end

    assertThat(now.head()).isEqualTo(update.hash());
  }

  @Test
  void theExampleIsTheOneInTheReadme() throws IOException {
    PageExample.requireSame(ReadmeExampleTest.class, "tka-core", "README.md");
  }
}
