package dev.tka.control;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What is known of tailnets without an access to the store. */
class TailnetViewsTest {
  private long now = -7;
  private final TailnetViews views = views();

  private TailnetViews views() {
    return new TailnetViews(tailnet -> TailnetView.NONE, () -> now);
  }

  private String version(String tailnet) {
    return views.version(tailnet).orElseThrow();
  }

  @Test
  void aVersionHoldsUntilAChangeAndIsNeverGivenAgain() {
    views.caughtUp(now);
    Set<String> seen = new HashSet<>();
    for (int i = 0; i < 10; i++) {
      assertThat(seen.add(version("a"))).isTrue();
      assertThat(seen.add(version("b"))).isTrue();
      assertThat(seen).contains(version("a"), version("b"));
      String other = version("b");
      views.changed("a");
      assertThat(version("b")).isEqualTo(other);
      assertThat(seen.add(version("a"))).isTrue();
      views.allChanged();
    }
    TailnetViews another = views();
    another.caughtUp(now);
    assertThat(seen).doesNotContain(another.version("a").orElseThrow());
  }

  @Test
  void thereIsNoVersionWhileChangesMayBeUnknownForLongerThanASecond() {
    assertThat(views.version("a")).isEmpty();
    views.caughtUp(now);
    Optional<String> version = views.version("a");
    now += Duration.ofSeconds(1).toNanos();
    assertThat(version).isPresent().isEqualTo(views.version("a"));
    now++;
    assertThat(views.version("a")).isEmpty();
    views.caughtUp(now);
    assertThat(views.version("a")).isEqualTo(version);
  }
}
