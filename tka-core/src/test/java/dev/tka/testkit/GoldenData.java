package dev.tka.testkit;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.GZIPInputStream;

/** The golden data of the reference, in {@code testdata/} at the root of the checkout. */
public final class GoldenData {
  private GoldenData() {}

  /** The folder. */
  public static Path folder() {
    return Path.of(System.getProperty("tka.testdata", "../testdata"));
  }

  /** The root of the checkout. */
  public static Path root() {
    return folder().resolve("..").normalize();
  }

  /**
   * The cases of one file, a line of JSON each.
   *
   * @param name such as {@code aum} or {@code recorded/cli}
   */
  public static List<String> lines(String name) {
    Path file = folder().resolve(name + ".jsonl.gz");
    try (BufferedReader reader =
        new BufferedReader(
            new InputStreamReader(
                new GZIPInputStream(Files.newInputStream(file)), StandardCharsets.UTF_8))) {
      return reader.lines().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
