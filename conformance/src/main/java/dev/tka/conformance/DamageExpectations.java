package dev.tka.conformance;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * What protocol section 9 makes of the damaged directories in the golden data, where the reference
 * gives up: written down by hand, case by case with the reason, in {@code
 * damaged-directories.jsonl}.
 */
final class DamageExpectations {
  private static final String RESOURCE = "damaged-directories.jsonl";

  private final Map<String, Expected> byName;

  private DamageExpectations(Map<String, Expected> byName) {
    this.byName = byName;
  }

  /**
   * What reading a directory must come to.
   *
   * @param damaged the files that are named, in order
   * @param head the head of the degraded authority; empty when the store is refused
   */
  record Expected(List<String> damaged, Optional<String> head) {}

  static DamageExpectations load() {
    Map<String, Expected> byName = new HashMap<>();
    try (InputStream in =
            Objects.requireNonNull(DamageExpectations.class.getResourceAsStream(RESOURCE));
        BufferedReader reader =
            new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        GoldenCase golden = GoldenCase.parse(RESOURCE, line);
        byName.put(
            golden.text("name"),
            new Expected(
                golden.optionalTexts("damaged").orElse(List.of()), golden.optionalText("head")));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (Mismatch e) {
      throw new AssertionError(e);
    }
    return new DamageExpectations(byName);
  }

  Optional<Expected> find(String name) {
    return Optional.ofNullable(byName.get(name));
  }
}
