package dev.tka.control.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.control.ControlSettings;
import dev.tka.testkit.GoldenData;
import dev.tka.witness.Witness;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** docs/operations.md says what the server's metrics mean, and what to do about them. */
class OperationsPageTest {
  private static final Pattern TYPE = Pattern.compile("(?m)^# TYPE (\\S+) (\\S+)$");
  private static final Pattern NAME = Pattern.compile("tka_[a-z_]+[a-z]");

  @TempDir Path folder;

  private static String page() throws Exception {
    return Files.readString(GoldenData.root().resolve("docs/operations.md"));
  }

  private static Set<String> names(String text) {
    Set<String> names = new TreeSet<>();
    Matcher name = NAME.matcher(text);
    while (name.find()) {
      names.add(name.group());
    }
    return names;
  }

  /** What a scraper sees when a tailnet that metrics name is locked and a witness was asked. */
  private Set<String> exported() throws Exception {
    ServerSettings plain = Kit.sockets(folder);
    ServerSettings settings =
        new ServerSettings(
            plain.listeners(),
            Optional.empty(),
            Optional.empty(),
            List.of(),
            false,
            Set.of(Kit.TAILNET),
            plain.limits());
    String witness =
        "witness one " + Witness.keyOf(folder, "one") + " http://127.0.0.1:1\nquorum one\n";
    HeadsLogSettings logs =
        new HeadsLogSettings(
            folder.resolve("log.key"),
            Optional.of(Files.writeString(folder.resolve("witnesses"), witness)));
    try (Kit kit = new Kit(folder, ControlSettings.DEFAULTS, settings);
        HttpWitnesses witnesses = logs.keep(kit.service)) {
      kit.lock(1);
      while (kit.service.witnessSilences().isEmpty()) {
        assertThat(witnesses).isNotNull();
        Thread.sleep(10);
      }
      String text = kit.ask(Role.OPERATOR, "GET", "/metrics", "").body();
      assertThat(text).contains("tka_witness_last_cosigned_age_seconds{witness=\"one\"}");
      Set<String> names = new TreeSet<>();
      Matcher type = TYPE.matcher(text);
      while (type.find()) {
        names.add(type.group(1) + (type.group(2).equals("counter") ? "_total" : ""));
      }
      return names;
    }
  }

  @Test
  void theTableHasExactlyTheMetricsThatTheServerExports() throws Exception {
    String page = page();
    Set<String> table = new TreeSet<>();
    page.lines()
        .filter(line -> line.startsWith("| `tka_"))
        .forEach(line -> table.addAll(names(line.split("\\|", 3)[1])));

    assertThat(exported()).hasSizeGreaterThan(15).isEqualTo(table);
  }

  @Test
  void everyMetricThatThePageNamesIsInItsTableAndThereIsAnEntryForEach() throws Exception {
    String page = page();
    Set<String> alarms = names(page.substring(page.indexOf("## Alarms")));

    assertThat(alarms).isEqualTo(exported());
    assertThat(names(page)).isEqualTo(exported());
  }

  @Test
  void thePageSaysWhatToDoAboutEachCheckAndEachCodeOfTheServersOwn() throws Exception {
    String page = page();
    String alarms = page.substring(page.indexOf("## Alarms"));

    for (String check : List.of("database", "draining")) {
      assertThat(alarms).contains("`/readyz` fails with `" + check + "`");
    }
    for (String code :
        List.of(
            "unauthorized",
            "forbidden",
            "wrong-secret",
            "refused",
            "conflict",
            "too-large",
            "too-many",
            "in-doubt",
            "unavailable")) {
      assertThat(alarms).contains('"' + code + '"');
    }
  }
}
