package dev.tka.core.authority;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.Aum;
import dev.tka.core.TkaException;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.testkit.Chains;
import dev.tka.testkit.TestKeys;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * The reference stops walking after 2,000 AUMs; here a chain of any length opens and is informed.
 */
class NoCapTest {
  private static final int LENGTH = 2_500;

  @Test
  void aChainPastTheReferencesCapIsInformedAndOpened() throws TkaException {
    List<Aum> chain = new ArrayList<>();
    chain.add(Chains.genesis(List.of(TestKeys.key(1, 1)), 1));
    while (chain.size() < LENGTH) {
      chain.add(Chains.noOp(chain.get(chain.size() - 1), "n" + chain.size(), 1));
    }
    MemoryAumStore store = new MemoryAumStore();
    LiveAuthority live =
        LiveAuthority.bootstrap(store, chain.get(0), AdmissionPolicy.REFERENCE, Clock.systemUTC());

    live.inform(chain.subList(1, LENGTH - 1));
    live.inform(List.of(chain.get(LENGTH - 1)));

    assertThat(live.current().head()).isEqualTo(chain.get(LENGTH - 1).hash());
    assertThat(live.current().length()).isEqualTo(LENGTH);
    Authority opened = Authority.open(store);
    assertThat(opened.head()).isEqualTo(live.current().head());
    assertThat(opened.state()).isEqualTo(live.current().state());
    assertThat(opened.newestFirst(LENGTH)).isEqualTo(live.current().newestFirst(LENGTH));
  }
}
