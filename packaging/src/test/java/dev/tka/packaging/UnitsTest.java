package dev.tka.packaging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What of the packages can be checked without building them: the units, and the scripts of the
 * package.
 */
class UnitsTest {
  private static final Path PACKAGING = Path.of(System.getProperty("tka.root"), "packaging");

  /** Ten times the exposure that systemd may find, of 10. */
  private static final String MOST_EXPOSED = "15";

  @TempDir Path root;

  private List<Path> units;

  /** Puts the units, and what they name, where an installed system has them. */
  @BeforeEach
  void install() throws IOException {
    Path system = Files.createDirectories(root.resolve("usr/lib/systemd/system"));
    Path sources = PACKAGING.resolve("systemd");
    try (Stream<Path> files = Files.walk(sources)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Path target = system.resolve(sources.relativize(file));
        Files.createDirectories(target.getParent());
        Files.copy(file, target);
      }
    }
    try (Stream<Path> files = Files.list(system)) {
      units = files.filter(file -> file.toString().endsWith(".service")).sorted().toList();
    }
    for (String target : List.of("basic", "multi-user", "network-online", "shutdown", "sysinit")) {
      Files.writeString(system.resolve(target + ".target"), "[Unit]\nDescription=" + target + "\n");
    }
    for (String program : List.of("tka", "cp")) {
      Path file = Files.createDirectories(root.resolve("usr/bin")).resolve(program);
      Files.writeString(file, "#!/bin/sh\n");
      Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
  }

  @Test
  void systemdTakesEachUnitAndFindsLittleExposed() throws Exception {
    assertThat(units)
        .extracting(unit -> unit.getFileName().toString())
        .containsExactly(
            "tka-broker.service", "tka-node.service", "tka-serve.service", "tka-witness.service");
    List<String> words = new ArrayList<>(List.of("verify", "--man=no", "--root=" + root));
    units.forEach(unit -> words.add(unit.getFileName().toString()));
    assertThat(analyze(words)).isEmpty();
    for (Path unit : units) {
      assertThat(
              analyze(
                  List.of(
                      "security",
                      "--offline=true",
                      "--threshold=" + MOST_EXPOSED,
                      "--root=" + root,
                      unit.getFileName().toString())))
          .contains("Overall exposure level for " + unit.getFileName());
    }
  }

  @Test
  void eachUnitSaysWhenItIsReadyAndHasItsOwnUserAndState() throws IOException {
    for (Path unit : units) {
      String name = unit.getFileName().toString().replace(".service", "");
      String verb = name.substring("tka-".length());
      assertThat(Files.readAllLines(unit))
          .contains(
              "Type=notify", "Documentation=man:tka-" + verb + "(1)", "StateDirectoryMode=0700")
          .anyMatch(line -> line.startsWith("ExecStart=/usr/bin/tka " + verb + " "));
      // The service of control has the plain name, which its documentation has.
      String own = verb.equals("serve") ? "tka" : name;
      assertThat(Files.readAllLines(unit)).contains("User=" + own, "StateDirectory=" + own);
    }
  }

  @Test
  void theScriptsAreOnesThatAShellReads() throws Exception {
    for (String script : List.of("build.sh", "deb/postinst", "deb/prerm", "deb/postrm")) {
      assertThat(run("sh", "-n", PACKAGING.resolve(script).toString())).as(script).isEmpty();
      assertThat(PACKAGING.resolve(script)).content().startsWith("#!/bin/sh\n").contains("set -e");
    }
  }

  /** What {@code systemd-analyze} prints, which has to end well. */
  private String analyze(List<String> words) throws Exception {
    List<String> command = new ArrayList<>(List.of("systemd-analyze"));
    command.addAll(words);
    try {
      return run(command.toArray(String[]::new));
    } catch (IOException e) {
      System.out.println("left out, as systemd-analyze is not installed: the units of systemd");
      assumeTrue(false, "systemd-analyze");
      throw e;
    }
  }

  private String run(String... command) throws Exception {
    Path said = root.resolve("said");
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(said.toFile()).start();
    int status = process.waitFor();
    String text = Files.readString(said, StandardCharsets.UTF_8);
    assertThat(status).as("%s: %s", List.of(command), text).isZero();
    return text;
  }
}
