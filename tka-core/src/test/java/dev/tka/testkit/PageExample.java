package dev.tka.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** An example on a page of the documents, which a test runs: it stands there between two marks. */
public final class PageExample {
  private PageExample() {}

  /**
   * Requires that the first example after a test's name on a page is what the test runs.
   *
   * @param module the folder of the test's module
   * @param page the path of the page, from the root of the checkout
   */
  public static void requireSame(Class<?> test, String module, String page) throws IOException {
    Path root = GoldenData.root();
    String source =
        Files.readString(
            root.resolve(module)
                .resolve("src/test/java")
                .resolve(test.getName().replace('.', '/') + ".java"));
    String text = Files.readString(root.resolve(page));
    String after = text.substring(text.indexOf(test.getSimpleName()));

    assertThat(between(after, "```java\n", "```"))
        .isEqualTo(between(source, "// begin\n", "    // end").indent(-4));
  }

  private static String between(String text, String begin, String end) {
    int from = text.indexOf(begin) + begin.length();
    return text.substring(from, text.indexOf(end, from));
  }
}
