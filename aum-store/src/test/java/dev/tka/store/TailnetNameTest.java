package dev.tka.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Service, section 10: names of new tailnets. */
class TailnetNameTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "example.com",
        "two words",
        "bücher.example",
        "日本語",
        "\ud83d\ude00",
        "...",
        "a:b@c+d=e&f,g!h*i(j)k'l\"m~n$o[p]q{r}|s<t>^`",
      })
  void whatPeopleCallTheirTailnetsIsAName(String name) {
    assertThat(TailnetName.problem(name)).isEmpty();
    assertThat(TailnetName.printable(name)).isEqualTo(name);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        ".",
        "..",
        "a/b",
        "a\\b",
        "a%2Fb",
        "a;b",
        "a?b",
        "a#b",
        " a",
        "a ",
        "\u00a0a",
        "a\u3000",
        "a\nb",
        "a\0b",
        "\u001b[31m",
        "a\u007f",
        "a\u0085",
        "a\u202eb",
        "a\u200bb",
        "\ufeffa",
        "a\u2028b",
        "a\ufffdb",
        "a\ud800",
        "a\u0378",
        "\udb40\udc41a",
      })
  void whatWouldBeMoreThanASegmentOfAUrlOrHideSomethingIsNone(String name) {
    assertThat(TailnetName.problem(name)).isPresent();
    assertThatThrownBy(() -> TailnetName.requireNew(name))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("in the name of a new tailnet, found ");
    assertThat(TailnetName.problem(name).orElseThrow().codePoints())
        .allMatch(c -> c >= ' ' && c < 0x7f);
  }

  @Test
  void aNameIsNoLongerThanAStoreKeeps() {
    assertThat(TailnetName.problem("x".repeat(Tailnets.LONGEST_NAME))).isEmpty();
    assertThat(TailnetName.problem("x".repeat(Tailnets.LONGEST_NAME + 1))).isPresent();
  }

  @Test
  void aNameIsPrintedWithoutWhatMovesATerminal() {
    assertThat(TailnetName.printable("a\u001b[31m\u202e\udb40\udc41b\n"))
        .isEqualTo("a\\u001b[31m\\u202e\\udb40\\udc41b\\u000a");
  }
}
