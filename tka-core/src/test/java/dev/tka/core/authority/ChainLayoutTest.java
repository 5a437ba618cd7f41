package dev.tka.core.authority;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.AumHash;
import dev.tka.testkit.Chains;
import dev.tka.testkit.TestKeys;
import dev.tka.testkit.TestStores;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ChainLayoutTest {
  private static final Chains CHAINS =
      Chains.draw(
          List.of(TestKeys.key(1, 2), TestKeys.key(2, 1)),
          """
          A -> B -> C -> D
          B -> P(2) -> Q(2) -> R(2)
          P -> S(2)
          B -> T(2)
          A -> U(2)
          """);

  private static List<String> drawn(Authority authority) {
    List<String> lines = new ArrayList<>();
    for (ChainLayout.Row row : ChainLayout.of(authority)) {
      lines.add(
          "| ".repeat(row.lane())
              + (row.tip() ? "^" : "")
              + CHAINS.nameOf(row.entry().hash())
              + switch (row.below()) {
                case GOES_ON -> "";
                case JOINS -> " joins";
                case ENDS -> " ends";
              });
    }
    return lines;
  }

  @Test
  void theActiveChainIsOnTheLeftAndEachBranchJoinsTheLaneBesideIt() throws Exception {
    List<String> lines = drawn(Authority.open(TestStores.holding(CHAINS.all())));

    assertThat(lines)
        .filteredOn(line -> !line.startsWith("|"))
        .containsExactly("^D", "C", "B", "A ends");
    assertThat(lines).contains("| ^T joins", "| P joins", "| ^U joins");
    // Of the two branches over P, the one that is drawn second joins the other.
    assertThat(lines).filteredOn(line -> line.startsWith("| | ")).isNotEmpty();
    assertThat(lines.get(lines.size() - 1)).isEqualTo("A ends");
  }

  @Test
  void eachLineLeadsToTheParentThatIsDrawnBelow() throws Exception {
    Authority authority = Authority.open(TestStores.holding(CHAINS.all()));
    Map<Integer, AumHash> waiting = new HashMap<>();
    Set<AumHash> drawn = new HashSet<>();
    for (ChainLayout.Row row : ChainLayout.of(authority)) {
      AumHash hash = row.entry().hash();
      assertThat(drawn.add(hash)).isTrue();
      assertThat(waiting.containsKey(row.lane()) && waiting.get(row.lane()).equals(hash))
          .isEqualTo(!row.tip());
      waiting.remove(row.lane());
      assertThat(waiting.keySet()).allMatch(lane -> lane < row.lane()).hasSize(row.lane());
      if (row.below() == ChainLayout.Below.JOINS) {
        assertThat(waiting.get(row.lane() - 1)).isEqualTo(row.entry().parent().orElseThrow());
      } else if (row.below() == ChainLayout.Below.GOES_ON) {
        waiting.put(row.lane(), row.entry().parent().orElseThrow());
      }
      assertThat(waiting).hasSize(row.lanesBelow());
    }
    assertThat(drawn).hasSize(CHAINS.all().size());
    assertThat(waiting).isEmpty();
  }
}
