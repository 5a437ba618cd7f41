package dev.tka.compaction;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.TkaException;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.store.AumStore;
import dev.tka.testkit.Chains;
import dev.tka.testkit.FakeClock;
import dev.tka.testkit.PageExample;
import dev.tka.testkit.TestKeys;
import dev.tka.testkit.TestStores;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The example of compaction in docs/embedding.md compiles, runs, and is the same as here. */
class CompactionReadmeTest {
  @Test
  void theExampleRuns() throws TkaException {
    StringBuilder drawing = new StringBuilder("A -> B[checkpoint]");
    for (int i = 0; i < 24; i++) {
      drawing.append(" -> N").append(i);
    }
    Chains chains = Chains.draw(List.of(TestKeys.key(1, 1)), drawing.toString());
    AumStore store = TestStores.holding(chains.all());
    FakeClock clock = new FakeClock();
    clock.advance(Duration.ofDays(14));
    LiveAuthority live = LiveAuthority.open(store, AdmissionPolicy.NODE, clock);

    // begin
    CompactionPlan plan =
        CompactionPlan.of(live.current(), CompactionPolicy.DEFAULT, clock.instant());
    if (plan instanceof CompactionPlan.Decided decided) {
      decided.applyTo(store, live.policy());
      live.refresh();
    }
    // end

    assertThat(live.current().oldestAncestor()).isEqualTo(chains.get("B").hash());
    assertThat(live.current().length()).isEqualTo(25);
  }

  @Test
  void theExampleIsTheOneInTheReadme() throws IOException {
    PageExample.requireSame(CompactionReadmeTest.class, "compaction", "docs/embedding.md");
  }
}
