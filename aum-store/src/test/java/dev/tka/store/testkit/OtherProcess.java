package dev.tka.store.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs programs of the tests in processes that may do less than this one. */
public final class OtherProcess {
  private OtherProcess() {}

  /** What is to stand before a command that permission bits bind, also if its user is root. */
  public static List<String> boundByPermissions() {
    String powers = "-dac_override,-dac_read_search";
    return "root".equals(System.getProperty("user.name"))
        ? List.of("setpriv", "--bounding-set=" + powers, "--inh-caps=" + powers, "--")
        : List.of();
  }

  /**
   * What a program with this test's class path prints.
   *
   * @param before what stands before the command
   */
  public static String run(List<String> before, Class<?> program, String argument)
      throws Exception {
    List<String> command = new ArrayList<>(before);
    command.addAll(
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xshare:auto",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            System.getProperty("surefire.real.class.path", System.getProperty("java.class.path")),
            program.getName(),
            argument));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    return output.strip();
  }
}
