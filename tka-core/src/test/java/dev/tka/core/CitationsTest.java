package dev.tka.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/**
 * Citations of the specification, in every source and page of the project, name one of its two
 * pages and a section that the page has. A title that is quoted after the number is a title there.
 */
class CitationsTest {
  private static final Path ROOT = Path.of(System.getProperty("tka.root"));

  /** The lines of the changelog belong to versions of the pages that are gone. */
  private static final List<String> NOT_CITING =
      List.of("docs/protocol.md", "docs/service.md", "CHANGELOG.md");

  private static final Set<String> BUILT = Set.of("target", ".git");

  /** The golden data's words, which a source may repeat. */
  private static final String GOLDEN = "the reference is stuck; section " + "10 decides";

  private static final Pattern HEADING = Pattern.compile("(?m)^## (\\d+)\\. ");

  /** The beginning of a line within a comment says nothing. */
  private static final Pattern LINE_BREAK = Pattern.compile("\\s*\\n\\s*(?:\\*(?!/)|//|--)?\\s*");

  private static final Pattern CITATION =
      Pattern.compile(
          "(?i)(?<page>\\b(?:protocol|service)(?:\\.md)?,? )?\\bsections? (?<first>\\d+)"
              + "(?<more>(?:(?:, | and | to )\\d+)*)(?:, \"(?<title>[^\"]+)\")?");

  private static final Pattern NUMBER = Pattern.compile("\\d+");

  @Test
  void everyCitationNamesASectionThatItsPageHas() throws IOException {
    Map<String, Map<Integer, String>> pages =
        Map.of("protocol", sections("protocol"), "service", sections("service"));
    List<String> wrong = new ArrayList<>();
    int citations = 0;
    for (Path file : files()) {
      String name = ROOT.relativize(file).toString();
      String text = LINE_BREAK.matcher(Files.readString(file)).replaceAll(" ").replace(GOLDEN, "");
      for (Matcher citation = CITATION.matcher(text); citation.find(); ) {
        citations++;
        problem(citation, pages).ifPresent(why -> wrong.add(name + ": " + why));
      }
    }
    assertThat(wrong).isEmpty();
    assertThat(citations).as("citations that were looked at").isGreaterThan(200);
  }

  private static Optional<String> problem(
      Matcher citation, Map<String, Map<Integer, String>> pages) {
    String found = "'" + citation.group() + "'";
    if (citation.group("page") == null) {
      return Optional.of(found + " names no page");
    }
    boolean service = citation.group("page").toLowerCase(Locale.ROOT).startsWith("service");
    Map<Integer, String> sections = pages.get(service ? "service" : "protocol");
    String titled = "";
    for (Matcher number = NUMBER.matcher(citation.group("first") + citation.group("more"));
        number.find(); ) {
      String section = sections.get(Integer.valueOf(number.group()));
      if (section == null) {
        return Optional.of(found + ": there is no section " + number.group());
      }
      titled += section;
    }
    String title = citation.group("title");
    return title == null || titled.contains(title)
        ? Optional.empty()
        : Optional.of(found + ": the section has no such words");
  }

  @Test
  void everyPackageNamesItsPage() throws IOException {
    for (Path file : files()) {
      if (file.endsWith("package-info.java") && file.toString().contains("/src/main/")) {
        assertThat(Files.readString(file))
            .as(file.toString())
            .containsPattern("docs/(protocol|service)\\.md");
      }
    }
  }

  private static List<Path> files() throws IOException {
    List<Path> files = new ArrayList<>();
    Files.walkFileTree(
        ROOT,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
            // What a build makes comes and goes while this looks.
            boolean sources = !BUILT.contains(folder.getFileName().toString());
            return sources ? FileVisitResult.CONTINUE : FileVisitResult.SKIP_SUBTREE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            if (mayCite(file)) {
              files.add(file);
            }
            return FileVisitResult.CONTINUE;
          }
        });
    return files;
  }

  private static boolean mayCite(Path file) {
    String name = ROOT.relativize(file).toString();
    return (name.endsWith(".java") || name.endsWith(".md") || name.endsWith(".sql"))
        && !NOT_CITING.contains(name);
  }

  /** The text of each section of a page, in one line. */
  private static Map<Integer, String> sections(String page) throws IOException {
    String text = Files.readString(ROOT.resolve("docs/" + page + ".md"));
    Map<Integer, String> sections = new HashMap<>();
    Matcher heading = HEADING.matcher(text);
    int number = 0;
    int begin = 0;
    while (heading.find()) {
      sections.put(number, text.substring(begin, heading.start()).replaceAll("\\s+", " "));
      number = Integer.parseInt(heading.group(1));
      begin = heading.start();
    }
    sections.put(number, text.substring(begin).replaceAll("\\s+", " "));
    sections.remove(0);
    return sections;
  }
}
