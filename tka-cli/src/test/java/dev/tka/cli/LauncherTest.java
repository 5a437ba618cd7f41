package dev.tka.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.testkit.GoldenData;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.io.TempDirFactory;

/** The script {@code ./tka}, in a checkout of its own, with a java that tells how it was called. */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "the launcher is a POSIX shell script")
class LauncherTest {
  /** Appends its arguments to a file beside it; makes the archive that it is asked for, if told. */
  private static final String JAVA =
      """
      #!/bin/sh
      echo "$*" >> "${0%/*}/calls"
      for argument; do
        case $argument in
          -XX:ArchiveClassesAtExit=*) MAKE ;;
          -Xshare:dump) mkdir -p "${0%/*}/../lib/server"; echo classes > "${0%/*}/../lib/server/classes.jsa" ;;
        esac
      done
      """;

  @TempDir(factory = TempDirFactory.Standard.class)
  Path folder;

  private Path jars;

  @BeforeEach
  void checkOut() throws IOException {
    script(folder.resolve("tka"), Files.readString(GoldenData.root().resolve("tka")));
    jars = Files.createDirectories(folder.resolve("tka-cli/target"));
    Files.createFile(jars.resolve("tka.jar"));
  }

  @Test
  void everyJdkHasAnArchiveOfItsOwnMadeOnce() throws Exception {
    Path one = jdk("one", "echo classes > \"${argument#*=}\"");
    Path other = jdk("other", "echo classes > \"${argument#*=}\"");

    for (int i = 0; i < 3; i++) {
      assertThat(launch(one, "status", "DIR").exitCode()).isZero();
      assertThat(launch(other, "status", "DIR").exitCode()).isZero();
    }

    assertThat(archives()).hasSize(2);
    for (Path jdk : List.of(one, other)) {
      assertThat(calls(jdk)).hasSize(4);
      assertThat(calls(jdk).get(0)).contains("-XX:ArchiveClassesAtExit=", "dev.tka.cli.Rehearsal");
      String archive = calls(jdk).get(1).replaceAll(".*-XX:SharedArchiveFile=(\\S+).*", "$1");
      assertThat(archives()).contains(Path.of(archive));
      assertThat(calls(jdk)).last().asString().endsWith(" status DIR").contains(archive);
    }
    assertThat(calls(one)).doesNotContainAnyElementsOf(calls(other));
  }

  @Test
  void aJdkThatWasReplacedGetsANewArchive() throws Exception {
    Path jdk = jdk("any", "echo classes > \"${argument#*=}\"");
    launch(jdk, "status", "DIR");

    for (int seconds : List.of(-1_000, 1_000)) {
      FileTime other = FileTime.fromMillis(System.currentTimeMillis() + seconds * 1_000L);
      Files.setLastModifiedTime(jdk.resolve("bin/java"), other);
      Files.writeString(jdk.resolve("bin/calls"), "");

      launch(jdk, "status", "DIR");
      launch(jdk, "status", "DIR");

      assertThat(calls(jdk)).hasSize(3);
      assertThat(calls(jdk).get(0)).contains("-XX:ArchiveClassesAtExit=");
    }
    assertThat(archives()).hasSize(1);
  }

  @Test
  void aStartNeedsNoOtherProgram() throws Exception {
    Path jdk = jdk("any", "echo classes > \"${argument#*=}\"");
    launch(jdk, "status", "DIR");

    Cli.Result again = launch("", jdk.toString(), "status", "DIR");

    assertThat(again.err()).isEmpty();
    assertThat(again.exitCode()).isZero();
    assertThat(calls(jdk)).last().asString().contains("SharedArchiveFile").endsWith(" status DIR");
  }

  @Test
  void anArchiveThatCannotBeMadeIsNotTriedAgain() throws Exception {
    for (String failing : List.of("echo part > \"${argument#*=}\"; exit 1", ":")) {
      Path jdk = jdk("failing" + failing.length(), failing);

      launch(jdk, "status", "DIR");
      launch(jdk, "status", "DIR");

      assertThat(calls(jdk)).hasSize(3);
      assertThat(calls(jdk).subList(1, 3))
          .allMatch(call -> call.endsWith(" status DIR") && !call.contains("SharedArchiveFile"));
    }
    assertThat(archives()).hasSize(2).allSatisfy(archive -> assertThat(archive).isEmptyFile());
  }

  @Test
  void longWorkIsLeftToTheJdksOwnSettings() throws Exception {
    Path jdk = jdk("any", "echo classes > \"${argument#*=}\"");
    for (List<String> words :
        List.of(
            List.of("serve"),
            List.of("node", "run", "DIR"),
            List.of("broker", "run", "FILE"),
            List.of("witness", "run", "FILE"),
            List.of("node", "status", "DIR"))) {
      launch(jdk, words.toArray(String[]::new));
      assertThat(calls(jdk).get(calls(jdk).size() - 1).contains("TieredStopAtLevel"))
          .as("%s", words)
          .isEqualTo(words.contains("status"));
    }
  }

  @Test
  void anInstalledOneUsesTheRuntimeBesideItAndNoOther() throws Exception {
    Files.move(jars.resolve("tka.jar"), folder.resolve("tka.jar"));
    Path runtime = jdk("runtime", "echo classes > \"${argument#*=}\"");
    Path other = jdk("other", ":");

    for (int i = 0; i < 2; i++) {
      assertThat(launch(other, "status", "DIR").exitCode()).isZero();
    }

    assertThat(other.resolve("bin/calls")).doesNotExist();
    // A runtime of jlink's has no archive of its own classes, to which the command's are added.
    assertThat(calls(runtime)).hasSize(4);
    assertThat(calls(runtime).get(0)).isEqualTo("-Xshare:dump");
    assertThat(calls(runtime).get(1)).contains("-XX:ArchiveClassesAtExit=" + folder);
    assertThat(calls(runtime).subList(2, 4))
        .allMatch(
            call ->
                call.contains("-cp " + folder.resolve("tka.jar") + " dev.tka.cli.Main status DIR"));
  }

  @Test
  void argumentsAreReadAsUtf8WhereTheLocaleKnowsNone() throws Exception {
    Path jdk = jdk("any", "");
    script(jdk.resolve("bin/java"), "#!/bin/sh\necho \"$LC_ALL\"\n");
    for (String none : List.of("C", "POSIX")) {
      assertThat(launchIn(none, jdk).out()).isEqualTo("C.UTF-8\n");
    }
    assertThat(launchIn("de_DE.UTF-8", jdk).out()).isEqualTo("de_DE.UTF-8\n");
  }

  private Cli.Result launchIn(String locale, Path jdk) throws Exception {
    return launch(Map.of("LC_ALL", locale), System.getenv("PATH"), jdk.toString(), "status", "DIR");
  }

  @Test
  void aClosedStreamIsNotTakenForAFileThatJavaOpens() throws Exception {
    Path jdk = jdk("any", "");
    script(
        jdk.resolve("bin/java"),
        "#!/bin/sh\ntrue 3<&0 3>&1 3>&2 || exit 9\nread -r line && exit 3\necho read || exit 6\n");
    for (List<String> one :
        List.of(List.of("<&-", "0"), List.of("<&- >&-", "6"), List.of("2>&- < /dev/null", "0"))) {
      ProcessBuilder builder =
          new ProcessBuilder("/bin/sh", "-c", folder.resolve("tka") + " status DIR " + one.get(0))
              .redirectErrorStream(true)
              .directory(folder.toFile())
              .redirectOutput(ProcessBuilder.Redirect.DISCARD);
      builder.environment().put("JAVA_HOME", jdk.toString());
      Process process = builder.start();
      assertThat(process.waitFor()).as(one.get(0)).isEqualTo(Integer.parseInt(one.get(1)));
    }
  }

  @Test
  void noJava() throws Exception {
    // All that the script calls, but for java.
    Path tools = Files.createDirectories(folder.resolve("tools"));
    for (String tool : List.of("dirname", "readlink")) {
      Path found =
          Stream.of("/bin", "/usr/bin")
              .map(bin -> Path.of(bin, tool))
              .filter(Files::exists)
              .findFirst()
              .orElseThrow();
      Files.createSymbolicLink(tools.resolve(tool), found);
    }

    Cli.Result result = launch(tools.toString(), "", "status", "DIR");

    assertThat(result.exitCode()).isEqualTo(127);
    assertThat(result.err()).startsWith("tka: no java found");
  }

  @Test
  void aBuildThatFails() throws Exception {
    Files.delete(jars.resolve("tka.jar"));
    script(folder.resolve("mvnw"), "#!/bin/sh\nexit 1\n");

    Cli.Result result = launch(jdk("any", ":"), "status", "DIR");

    assertThat(result.exitCode()).isEqualTo(126);
    assertThat(result.err()).endsWith("tka: the build failed\n");
    assertThat(result.out()).isEmpty();
  }

  @Test
  void thePageDocumentsTheLaunchersExitCodes() throws IOException {
    assertThat(Files.readString(GoldenData.root().resolve("docs/command.md")))
        .contains("127,", "126,");
  }

  private Path jdk(String name, String makeArchive) throws IOException {
    Path bin = Files.createDirectories(folder.resolve(name).resolve("bin"));
    script(bin.resolve("java"), JAVA.replace("MAKE", makeArchive));
    return bin.getParent();
  }

  private static List<String> calls(Path jdk) throws IOException {
    return Files.readAllLines(jdk.resolve("bin/calls"));
  }

  private List<Path> archives() throws IOException {
    try (Stream<Path> files = Files.list(jars)) {
      return files.filter(file -> file.toString().endsWith(".jsa")).toList();
    }
  }

  private Cli.Result launch(Path jdk, String... arguments) throws Exception {
    return launch(System.getenv("PATH"), jdk.toString(), arguments);
  }

  private Cli.Result launch(String path, String javaHome, String... arguments) throws Exception {
    return launch(Map.of(), path, javaHome, arguments);
  }

  private Cli.Result launch(
      Map<String, String> environment, String path, String javaHome, String... arguments)
      throws Exception {
    ProcessBuilder builder =
        new ProcessBuilder(
            Stream.concat(
                    Stream.of("/bin/sh", folder.resolve("tka").toString()), Stream.of(arguments))
                .toList());
    builder.environment().putAll(environment);
    builder.environment().put("PATH", path);
    builder.environment().put("JAVA_HOME", javaHome);
    Path out = folder.resolve("out");
    Path err = folder.resolve("err");
    Process process = builder.redirectOutput(out.toFile()).redirectError(err.toFile()).start();
    int exitCode = process.waitFor();
    return new Cli.Result(
        exitCode,
        Files.readString(out, StandardCharsets.UTF_8),
        Files.readString(err, StandardCharsets.UTF_8));
  }

  private static void script(Path path, String text) throws IOException {
    Files.writeString(path, text);
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwxr-xr-x"));
  }
}
