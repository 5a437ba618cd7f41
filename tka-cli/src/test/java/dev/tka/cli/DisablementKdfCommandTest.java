package dev.tka.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.cli.output.ExitCode;
import dev.tka.core.DisablementSecret;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DisablementKdfCommandTest {
  private static final Map<String, Object> GOLDEN = Cli.golden("disablement", "length-32");
  private static final String SECRET = (String) GOLDEN.get("secret");
  private static final String PRINTED = "disablement:" + GOLDEN.get("value") + "\n";

  @TempDir Path folder;

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  @Test
  void theValueIsPrintedAsTailscaleDoes() throws Exception {
    Path file = Tailnet.in(folder).secretFile("secret", SECRET + "\n");
    for (Cli.Result result :
        List.of(
            Cli.run("disablement-kdf", file),
            Cli.runWithInput(bytes(SECRET), "disablement-kdf", "-"),
            Cli.runWithInput(bytes("disablement-secret:" + SECRET), "disablement-kdf", "-"),
            Cli.runAnswering(SECRET, "disablement-kdf"))) {
      assertThat(result.exitCode()).as(result.err()).isEqualTo(ExitCode.OK);
      assertThat(result.out()).isEqualTo(PRINTED);
      assertThat(result.err()).doesNotContain(SECRET);
    }
  }

  @Test
  void aSecretThatInitPrintedHasAValueOfTheState() throws Exception {
    Tailnet tailnet = Tailnet.in(folder);
    String ann = tailnet.newKey("ann");
    String printed = tailnet.edit("init", "ann", "--confirm", ann).out();
    String text =
        printed.lines().filter(line -> line.contains("-secret:")).findFirst().orElseThrow().strip();

    String value = Cli.runWithInput(bytes(text), "disablement-kdf", "-").out().strip();

    assertThat(value)
        .isEqualTo("disablement:" + tailnet.authority().state().disablementValues().get(0).toHex());
    assertThat(tailnet.authority().state().isDisabledBy(DisablementSecret.parse(text))).isTrue();
  }

  @Test
  void aSecretIsNeverAnArgumentAndNeverRepeated() {
    String secret = "5ec2e7".repeat(10) + "abcd";
    for (Cli.Result result :
        List.of(
            Cli.run("disablement-kdf", secret),
            Cli.run("disablement-kdf", "disablement-secret:" + secret))) {
      assertThat(result.exitCode()).isEqualTo(ExitCode.USAGE);
      assertThat(result.err()).contains("consider it compromised").doesNotContain("5ec2e7");
    }
    for (String bad :
        List.of(secret + "0", secret + "x", "disablement:" + secret, "nlpriv:" + secret)) {
      Cli.Result result = Cli.runWithInput(bytes(bad), "disablement-kdf", "-");
      assertThat(result.exitCode()).as(result.err()).isEqualTo(ExitCode.BAD_INPUT);
      assertThat(result.out()).isEmpty();
      assertThat(result.err()).hasLineCount(1).doesNotContain("5ec2e7");
    }
    assertThat(Cli.run("disablement-kdf").exitCode()).isEqualTo(ExitCode.USAGE);
  }
}
