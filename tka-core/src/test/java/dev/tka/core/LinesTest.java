package dev.tka.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The lines of the project's own pages fit where people read them: in a terminal, in a diff. */
class LinesTest {
  private static final Path ROOT = Path.of(System.getProperty("tka.root"));

  private static final int LONGEST = 120;

  /** Copied as they are. */
  private static final Set<String> COPIED = Set.of("protocol.md", "service.md", "localapi.md");

  /** What cannot be broken: a link, or words in a code span. */
  private static final Pattern UNBROKEN = Pattern.compile("\\[[^\\]]*\\]\\([^)]*\\)|`[^`]*`|\\S+");

  @Test
  void noLineOutsideTablesAndCodeIsLongerThanOneThatFits() throws IOException {
    List<Path> pages = new ArrayList<>();
    for (Path folder : List.of(ROOT, ROOT.resolve("docs"))) {
      try (Stream<Path> files = Files.list(folder)) {
        files
            .filter(file -> file.toString().endsWith(".md"))
            .filter(file -> !COPIED.contains(file.getFileName().toString()))
            .forEach(pages::add);
      }
    }
    assertThat(pages).hasSizeGreaterThan(5);
    List<String> tooLong = new ArrayList<>();
    for (Path page : pages) {
      boolean code = false;
      int number = 0;
      for (String line : Files.readAllLines(page)) {
        number++;
        if (line.strip().startsWith("```")) {
          code = !code;
        } else if (!code && isTooLong(line)) {
          tooLong.add(ROOT.relativize(page) + ", line " + number);
        }
      }
    }
    assertThat(tooLong).isEmpty();
  }

  private static boolean isTooLong(String line) {
    return line.length() > LONGEST
        && !line.strip().startsWith("|")
        && UNBROKEN.matcher(line.strip()).results().limit(2).count() > 1;
  }
}
