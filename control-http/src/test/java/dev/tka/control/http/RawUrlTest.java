package dev.tka.control.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RawUrlTest {
  @Test
  void eachSegmentIsDecodedOnceFromItsBytes() throws Exception {
    assertThat(RawUrl.segments("/v1/tailnets/a%2Fb/nodes"))
        .containsExactly("v1", "tailnets", "a/b", "nodes");
    assertThat(RawUrl.segments("/%252e")).containsExactly("%2e");
    assertThat(RawUrl.segments("/%C3%BC%3B%3f")).containsExactly("ü;?");
    assertThat(RawUrl.segments("/a//b/")).containsExactly("a", "", "b", "");
    assertThat(RawUrl.segments("/a+b")).containsExactly("a+b");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "x",
        "/a;b",
        "/;",
        "/.",
        "/..",
        "/a/../b",
        "/%2e",
        "/%2E%2e",
        "/.%2e/x",
        "/%",
        "/%4",
        "/%zz",
        "/a%2",
        "/%C3",
        "/%ff",
        "/%c0%ae",
        "/%ed%a0%80",
        "/ü",
        "/a b",
        "/a\u0001",
        "/a\u007f"
      })
  void aPathThatCanBeReadInTwoWaysIsRefused(String path) {
    assertThatThrownBy(() -> RawUrl.segments(path))
        .isInstanceOfSatisfying(
            HttpFailure.class,
            failure -> {
              assertThat(failure.status()).isEqualTo(400);
              assertThat(failure.code()).isEqualTo("malformed");
            });
  }

  @Test
  void aQueryKeepsEachValueOfAParameterInOrder() throws Exception {
    assertThat(RawUrl.query("node=1&node=2&x=a+b%2B"))
        .isEqualTo(Map.of("node", List.of("1", "2"), "x", List.of("a b+")));
    assertThat(RawUrl.query("")).isEmpty();
    assertThat(RawUrl.query("verbose")).isEqualTo(Map.of("verbose", List.of("")));
    assertThatThrownBy(() -> RawUrl.query("a=%")).isInstanceOf(HttpFailure.class);
  }
}
