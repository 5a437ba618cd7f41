package dev.tka.client.localapi;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.jr.ob.JSON;
import dev.tka.core.nodekey.NodeKeySignature;
import dev.tka.testkit.GoldenData;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;

/**
 * Whatever a daemon answers is understood or refused: no other exception, and no endless reading.
 */
class AnyAnswerProperties {
  /** Answers to status, log and affected-sigs, as a real one gave them. */
  private static final List<byte[]> RECORDED = answers();

  private static List<byte[]> answers() {
    List<byte[]> all = new ArrayList<>();
    try {
      for (String line : GoldenData.lines("recorded/localapi")) {
        Map<String, Object> exchange = JSON.std.mapFrom(line);
        String text = JSON.std.asString(exchange.get("response"));
        if (text.length() > 10 && text.length() < 20_000) {
          all.add(text.getBytes(StandardCharsets.UTF_8));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return all;
  }

  @Provide
  Arbitrary<byte[]> damaged() {
    return Combinators.combine(
            Arbitraries.of(RECORDED),
            Arbitraries.integers().between(0, 1 << 20),
            Arbitraries.of(
                "", "\"", "[", "{", "null", "-1", "1e9", "9".repeat(40), "\\", "\0", "é"))
        .as(
            (answer, at, inserted) -> {
              String text = new String(answer, StandardCharsets.UTF_8);
              int place = at % (text.length() + 1);
              int end = Math.min(text.length(), place + at % 3);
              return (text.substring(0, place) + inserted + text.substring(end))
                  .getBytes(StandardCharsets.UTF_8);
            });
  }

  @Property
  void anyBytesAreReadOrRefused(@ForAll byte[] bytes) {
    read(bytes);
  }

  @Property
  void damagedAnswersAreReadOrRefused(@ForAll("damaged") byte[] bytes) {
    read(bytes);
  }

  /** Reads an answer as each call would. */
  private static void read(byte[] bytes) {
    List<GoJson.Value<?>> readings =
        List.of(
            LockStatus::read,
            OwnNode::read,
            in -> in.list(1000, LockPeer::encoded),
            in ->
                Chain.verified(in.list(1000, LogEntry::read), false, Instant.EPOCH.plusSeconds(9)));
    for (GoJson.Value<?> reading : readings) {
      try {
        Object value = GoJson.read(new ByteArrayInputStream(bytes), reading);
        if (value instanceof LockStatus status) {
          assertThat(status.signature().map(NodeKeySignature::encoded)).isNotNull();
        }
      } catch (IOException e) {
        assertThat(e).hasMessageNotContaining("java.");
      }
    }
  }

  @Property
  void anyErrorBecomesOneShortLine(
      @ForAll @IntRange(min = 100, max = 599) int status, @ForAll String text) {
    LocalApiException error = Refusals.of(status, text);
    assertThat(error.getMessage()).isNotBlank().hasSizeLessThan(700).doesNotContain("\n");
  }
}
