package dev.tka.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.cli.output.ExitCode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Every secret that is typed at a terminal, a pseudo terminal of {@code script}, is not shown. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@EnabledOnOs(value = OS.LINUX, disabledReason = "other systems' script takes other options")
class TypedSecretsTest {
  private static final Path SCRIPT = Path.of("/usr/bin/script");

  @TempDir Path folder;

  private Tailnet tailnet;
  private String key;

  @BeforeEach
  void aKey() throws Exception {
    boolean there = Files.isExecutable(SCRIPT);
    if (!there) {
      System.out.println("left out: typed secrets, without a pseudo terminal (" + SCRIPT + ")");
    }
    Assumptions.assumeTrue(there);
    tailnet = Tailnet.of(folder, "ann");
    key = Files.readString(tailnet.keyFile("ann")).strip();
  }

  @Test
  void aPrivateKeyIsTypedUnseen() throws Exception {
    String bob = tailnet.newKey("bob");

    Typed typed =
        type("", "private key", key + "\n", "add", tailnet.directory(), bob, "--key-file", "-");

    assertThat(typed.exitCode()).as(typed.screen()).isEqualTo(ExitCode.OK);
    assertThat(typed.screen()).doesNotContain(key.substring(10, 30));
    assertThat(tailnet.trusted()).contains(bob + "?1");
  }

  @Test
  void anAuthKeyIsTypedUnseenWhereTheOutputGoesToAFile() throws Exception {
    Path out = folder.resolve("out");

    Typed typed = type(" > " + out, "auth key", "tskey-auth-k-1\n", "authkey", "unwrap", "-");

    assertThat(typed.exitCode()).as(typed.screen()).isEqualTo(ExitCode.OK);
    assertThat(typed.screen()).doesNotContain("tskey-");
    assertThat(Files.readString(out)).isEqualTo("tskey-auth-k-1\n");
  }

  @Test
  void aWholePasteIsTakenSoThatNothingIsLeftForTheShell() throws Exception {
    String pasted = "Take note of them:\n\tdisablement-secret:" + "ab".repeat(32) + "\ndone.\n";

    Typed typed = type("; cat", "disablement secret", pasted + "\u0004", "disablement-kdf", "-");

    assertThat(typed.screen()).contains("disablement:").doesNotContain("abab", "done.");
  }

  private record Typed(int exitCode, String screen) {}

  /** Types something when it is asked for, at a terminal that runs the command. */
  private static Typed type(String after, String prompt, String text, Object... words)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(Cli.process(words));
    // As the launcher says it.
    command.add(1, "-Dtka.stdin.terminal=true");
    String line =
        command.stream().map(word -> "'" + word + "'").collect(Collectors.joining(" ")) + after;
    Process process =
        new ProcessBuilder(SCRIPT.toString(), "-qec", line, "/dev/null")
            .redirectErrorStream(true)
            .start();
    StringBuilder screen = new StringBuilder();
    InputStream in = process.getInputStream();
    boolean typed = false;
    for (int c = in.read(); c >= 0; c = in.read()) {
      screen.append((char) c);
      if (!typed && screen.toString().endsWith(prompt + " (not shown): ")) {
        typed = true;
        process.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
        process.getOutputStream().flush();
      }
    }
    return new Typed(process.waitFor(), screen.toString());
  }
}
