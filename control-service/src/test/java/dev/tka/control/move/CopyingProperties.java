package dev.tka.control.move;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.store.MemoryTailnets;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

/** Whatever happens at the source between two rounds, the copy holds the same afterwards. */
final class CopyingProperties {
  private static final int WHICH = 12;

  @Property(tries = 200)
  void aCopyThatFollowsHoldsWhatTheSourceHolds(
      @ForAll @Size(max = 25) List<@IntRange(max = Edits.KINDS * WHICH * 3 - 1) Integer> choices)
      throws Exception {
    try (Pair pair = new Pair(new MemoryTailnets(), new MemoryTailnets())) {
      Edits edits = new Edits(pair.a.tailnets());
      edits.make();
      Mirror mirror = pair.mirror();
      for (int choice : choices) {
        edits.edit(choice % Edits.KINDS, choice / Edits.KINDS % WHICH);
        if (choice / Edits.KINDS / WHICH == 0) {
          mirror.once();
          requireSame(pair);
        }
      }
      mirror.once();
      requireSame(pair);
      assertThat(pair.differences).isEmpty();
      pair.move(pair.a, pair.b).run();
      assertThat(pair.writable()).containsExactly(pair.b);
    }
  }

  private static void requireSame(Pair pair) throws Exception {
    assertThat(Edits.contentOf(Pair.records(pair.b).under(Edits.TAILNET, Pair.fence(pair.b)), true))
        .isEqualTo(Edits.contentOf(pair.a.tailnets(), true));
  }
}
