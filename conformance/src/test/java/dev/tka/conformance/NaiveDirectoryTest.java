package dev.tka.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.AumHash;
import dev.tka.testkit.GoldenData;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * The naive reading of damaged directories against results worked out by hand for our own golden
 * data, case by case with the reason, in {@code damaged-directories.jsonl}.
 */
class NaiveDirectoryTest {
  @TestFactory
  List<DynamicTest> damagedDirectoriesComeToWhatWasWorkedOutByHand() throws IOException {
    Map<String, String> golden =
        GoldenData.lines("chonk").stream()
            .collect(
                Collectors.toMap(
                    line -> line.replaceAll("^\\{\"name\":\"([^\"]*)\".*", "$1"), line -> line));
    try (InputStream in =
            Objects.requireNonNull(
                NaiveDirectoryTest.class.getResourceAsStream("damaged-directories.jsonl"));
        BufferedReader reader =
            new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
      return reader
          .lines()
          .map(
              line ->
                  DynamicTest.dynamicTest(
                      line.replaceAll("^\\{\"name\":\"([^\"]*)\".*", "$1"),
                      () -> check(line, golden)))
          .toList();
    }
  }

  private static void check(String line, Map<String, String> golden) throws Exception {
    GoldenCase expected = GoldenCase.parse("expected", line);
    GoldenCase directory =
        GoldenCase.parse("case", Objects.requireNonNull(golden.get(expected.text("name"))));

    NaiveDirectory read =
        NaiveDirectory.read(
            directory.optionalTextMap("files").orElseThrow(),
            directory.optionalTexts("dirs").orElse(List.of()));

    assertThat(read.damaged().values().stream().flatMap(places -> places.stream()).toList())
        .isEqualTo(expected.optionalTexts("damaged").orElseThrow());
    assertThat(read.head().map(AumHash::toString)).isEqualTo(expected.optionalText("head"));
    assertThat(read.isDegraded()).isEqualTo(!read.damaged().isEmpty());
    assertThat(read.isRecordReadable()).isTrue();
  }
}
