package dev.tka.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.cli.output.ExitCode;
import dev.tka.core.nodekey.DeepLink;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DeepLinkCommandTest {
  private static final String NODE_KEY = "nodekey:" + "ab".repeat(32);
  private static final String ROTATION_KEY = "tlpub:" + "cd".repeat(32);

  @TempDir Path folder;

  private Tailnet tailnet;

  @BeforeEach
  void anAuthority() {
    tailnet = Tailnet.of(folder, "ann");
  }

  static Object[] newArguments(Tailnet tailnet, String device, Object... more) {
    List<Object> all =
        new ArrayList<>(
            List.of(
                "deeplink",
                "new",
                tailnet.directory(),
                NODE_KEY,
                ROTATION_KEY,
                "--device",
                device,
                "--os",
                "linux",
                "--login",
                "ann@example.com"));
    all.addAll(List.of(more));
    return all.toArray();
  }

  private String link(String device) {
    return tailnet.run(newArguments(tailnet, device)).out().strip();
  }

  private Cli.Result verify(String link) {
    return Cli.run("deeplink", "verify", tailnet.directory(), link);
  }

  private static void requireFailure(Cli.Result result, int exitCode, String message) {
    assertThat(result.exitCode()).as(result.err()).isEqualTo(exitCode);
    assertThat(result.out()).isEmpty();
    assertThat(result.err()).startsWith("tka: ").contains(message);
    assertThat(Tailnet.withoutAdvice(result.err())).hasLineCount(1);
  }

  @Test
  void aLinkIsForTheAuthorityOfTheDirectory() throws Exception {
    String link = link("Ann's laptop");

    assertThat(DeepLink.verify(link, tailnet.authority().state().stateId1()))
        .isEqualTo(
            new DeepLink(NODE_KEY, ROTATION_KEY, "Ann's laptop", "linux", "ann@example.com"));
    assertThat(verify(link).out())
        .isEqualTo(
            "NodeKey: "
                + NODE_KEY
                + "\nRotationKey: "
                + ROTATION_KEY
                + "\nDeviceName: Ann's laptop\nOSName: linux\nLoginName: ann@example.com\n");
    byte[] piped = (link + "\n").getBytes(StandardCharsets.UTF_8);
    assertThat(Cli.runWithInput(piped, "deeplink", "verify", tailnet.directory(), "-").out())
        .isEqualTo(verify(link).out());
  }

  @Test
  void anotherTailnetsLinkOrAChangedOneFails() throws Exception {
    Tailnet other = Tailnet.of(Files.createDirectory(folder.resolve("other")), "bob");
    String link = link("laptop");

    requireFailure(
        Cli.run("deeplink", "verify", other.directory(), link),
        ExitCode.VERIFICATION_FAILED,
        "hm: expected the HMAC of its fields");
    requireFailure(
        verify(link.replace("laptop", "Laptop")), ExitCode.VERIFICATION_FAILED, "was changed");
  }

  @Test
  void anInvalidLinkIsBadInput() {
    String link = link("laptop");

    requireFailure(verify(""), ExitCode.BAD_INPUT, "scheme: expected tailscale, found \"\"");
    requireFailure(
        verify(link.replace("v1", "v2")), ExitCode.BAD_INPUT, "version: expected v1, found \"v2\"");
    requireFailure(verify(link.replaceFirst("&os=[^&]*", "")), ExitCode.BAD_INPUT, "os: expected");
    byte[] endless = "x".repeat(10_000_000).getBytes(StandardCharsets.UTF_8);
    requireFailure(
        Cli.runWithInput(endless, "deeplink", "verify", tailnet.directory(), "-"),
        ExitCode.BAD_INPUT,
        "expected at most 65536 characters");
    requireFailure(
        Cli.runWithInput(new byte[] {(byte) 0xff}, "deeplink", "verify", tailnet.directory(), "-"),
        ExitCode.BAD_INPUT,
        "expected UTF-8 text");
  }

  @Test
  void theTextOfALinkCannotBreakTheTerminal() {
    assertThat(verify(link("a\u001b[31m\nNodeKey: evil")).out())
        .hasLineCount(5)
        .contains("DeviceName: a\ufffd[31m\ufffdNodeKey: evil");
  }

  @Test
  void keysAndNamesAreRequired() {
    requireFailure(Cli.run(newArguments(tailnet, "")), ExitCode.USAGE, "expected text");
    Object[] arguments = newArguments(tailnet, "laptop");
    arguments[3] = "nodekey:ab";
    requireFailure(Cli.run(arguments), ExitCode.USAGE, "node key: expected 72 characters");
    arguments[3] = NODE_KEY;
    arguments[4] = NODE_KEY;
    requireFailure(Cli.run(arguments), ExitCode.USAGE, "lock key: expected to begin with");
    requireFailure(
        Cli.run("deeplink", "new", tailnet.directory(), NODE_KEY, ROTATION_KEY),
        ExitCode.USAGE,
        "--device");
    requireFailure(Cli.run("deeplink"), ExitCode.USAGE, "subcommand");
    requireFailure(
        Cli.run("deeplink", "verify", folder.resolve("none"), "x"),
        ExitCode.NOT_FOUND,
        "no such directory");
  }
}
