package dev.tka.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.cli.output.ExitCode;
import dev.tka.signer.pkcs11.testkit.SoftHsm;
import dev.tka.signer.testkit.FalseAgent;
import dev.tka.signer.testkit.SignerContract;
import dev.tka.signer.testkit.SigningProgram;
import dev.tka.signer.testkit.SshAgent;
import dev.tka.store.KeyFile;
import dev.tka.testkit.TestKeys;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every verb that signs does so with any signer, and changes nothing where a signer fails. */
class SignersTest {
  private static final int NUMBER = 7;
  private static final String KEY = TestKeys.publicKey(NUMBER).toString();
  private static final String PIN = "73819264";
  private static final String NODE = "nodekey:" + "ab".repeat(32);

  @TempDir Path folder;

  private static void requireKept(byte[] secret, List<byte[]> seen) {
    assertThat(seen).hasSizeGreaterThan(15);
    for (byte[] what : seen) {
      assertThat(SecretsTest.isIn(secret, what)).isFalse();
    }
  }

  @Test
  void aTailnetLivesByAnSshAgentAlone() throws Exception {
    try (SshAgent agent = SshAgent.start(folder)) {
      SshAgent.Made made = agent.add("ann", "ed25519");
      requireKept(made.seed(), SignerLife.live(folder, "agent:" + agent.socket()));
    }
  }

  @Test
  void theAgentOfTheSessionIsFound() throws Exception {
    try (SshAgent agent = SshAgent.start(folder)) {
      SshAgent.Made made = agent.add("ann", "ed25519");
      ProcessBuilder tka = new ProcessBuilder(Cli.process("pubkey", "--signer", "agent:"));
      tka.environment().put("SSH_AUTH_SOCK", agent.socket().toString());
      tka.environment().remove("SSH_CONNECTION");
      assertThat(outputOf(tka)).isEqualTo(made.publicKey() + "\n");
      tka.environment().put("SSH_CONNECTION", "192.0.2.1 50000 192.0.2.2 22");
      assertThat(outputOf(tka))
          .startsWith("tka: warning: if this ssh-agent was forwarded here")
          .endsWith("\n" + made.publicKey() + "\n");
    }
  }

  private static String outputOf(ProcessBuilder tka) throws Exception {
    Process process = tka.redirectErrorStream(true).start();
    process.getOutputStream().close();
    byte[] output = process.getInputStream().readAllBytes();
    assertThat(process.waitFor()).isEqualTo(ExitCode.OK);
    return new String(output, StandardCharsets.UTF_8);
  }

  @Test
  void aTailnetLivesByAProgramAloneWhoseArgumentsHoldNoSecret() throws Exception {
    SigningProgram program = SigningProgram.make(folder, "kms", NUMBER);
    Path called = folder.resolve("called");
    Path noting =
        SigningProgram.script(
            folder,
            "noting",
            "{ tr '\\0' ' ' < /proc/$$/cmdline; env; } >> '" + called + "'",
            "exec '" + program.file() + "' \"$1\"");
    List<byte[]> seen = SignerLife.live(folder, "command:" + noting);
    seen.add(Files.readAllBytes(called));
    requireKept(TestKeys.seed(NUMBER), seen);
    assertThat(Files.readString(called)).contains(noting + " public-key ", noting + " sign ");
  }

  @Test
  void aTailnetLivesByATokenAlone() throws Exception {
    SoftHsm token = SoftHsm.make(folder, PIN);
    String url = token.url("made here");
    String key = Cli.run("keygen", "--signer", url).out().strip();
    assertThat(Cli.run("pubkey", "--signer", url).out().strip()).isEqualTo(key);
    requireRefusedKeygen(url);
    List<byte[]> seen = new ArrayList<>();
    // The library that talks to the token would print what it does.
    assertThat(SecretsTest.capture(() -> seen.addAll(SignerLife.live(folder, url)))).isEmpty();
    requireKept(bytes(PIN), seen);

    Tailnet tailnet = Tailnet.of(Files.createDirectory(folder.resolve("other")), "ann");
    tailnet.edit("add", "ann", key);
    Object[] add = {"add", tailnet.directory(), TestKeys.publicKey(9), "--signer", url};
    Files.writeString(token.pinFile(), "00000000");
    tailnet.requireRefused(ExitCode.BAD_INPUT, "object=made here: wrong PIN", add);
    Files.writeString(token.pinFile(), PIN);
    Files.setPosixFilePermissions(token.pinFile(), PosixFilePermissions.fromString("rw-r--r--"));
    tailnet.requireRefused(ExitCode.BAD_INPUT, "that only its owner can read", add);
    Files.setPosixFilePermissions(token.pinFile(), PosixFilePermissions.fromString("rw-------"));
    add[4] = token.url("unknown");
    tailnet.requireRefused(ExitCode.BAD_INPUT, "has no such private key", add);
    add[4] = url.replaceFirst("pin-source=.*", "pin-value=" + PIN);
    assertThat(tailnet.requireRefused(ExitCode.USAGE, "consider the PIN compromised", add).err())
        .doesNotContain(PIN);
    token.remove();
    add[4] = url;
    tailnet.requireRefused(ExitCode.BAD_INPUT, "expected one such token, found 0", add);
  }

  private static void requireRefusedKeygen(String url) {
    Cli.Result again = Cli.run("keygen", "--signer", url);
    assertThat(again.exitCode()).isEqualTo(ExitCode.CONFLICT);
    assertThat(again.err())
        .contains("object=made here: such a key is there already; nothing was made");
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /** With a false {@code aws} that does what the cloud does. */
  @Test
  void theExampleForACloudsKmsSigns() throws Exception {
    SigningProgram.make(folder, "key", NUMBER);
    String page = Files.readString(Path.of("..", "docs", "command.md"));
    int begin = page.indexOf("#!/bin/sh\n");
    Path example =
        SigningProgram.script(
            folder, "kms-sign", page.substring(begin, page.indexOf("```", begin)));
    Path bin = Files.createDirectory(folder.resolve("bin"));
    SigningProgram.script(
        bin,
        "aws",
        "set -eu",
        "[ \"$1 $3 $4\" = 'kms --key-id alias/tka' ]",
        "case $2 in",
        "get-public-key)",
        "  [ \"$5 $6 $7 $8\" = '--query PublicKey --output text' ]",
        "  openssl pkey -in '" + folder.resolve("key.pem") + "' -pubout -outform DER | base64 -w 0",
        "  ;;",
        "sign)",
        "  [ \"$5 $7 $8 $9\" = '--message --message-type RAW --signing-algorithm' ]",
        "  [ \"${10}\" = ED25519_SHA_512 ]",
        "  openssl pkeyutl -sign -rawin -inkey '"
            + folder.resolve("key.pem")
            + "' -in \"${6#fileb://}\" | base64 -w 0",
        "  ;;",
        "esac");
    String signer = "command:env PATH=" + bin + ":/usr/bin:/bin " + example + " alias/tka";
    assertThat(Cli.run("pubkey", "--signer", signer).out().strip()).isEqualTo(KEY);
    requireKept(TestKeys.seed(NUMBER), SignerLife.live(folder, signer));
  }

  @Test
  void aTailnetLivesByAKeyFileNamedByUrl() throws Exception {
    Path file = folder.resolve("admin.key");
    String key = Cli.run("keygen", "--signer", "file:" + file).out().strip();
    byte[] secret = seed(file);
    // Proves that the check would find a leak.
    assertThat(SecretsTest.isIn(secret, Files.readAllBytes(file))).isTrue();
    assertThat(Cli.run("pubkey", "--key-file", file).out().strip()).isEqualTo(key);
    requireKept(secret, SignerLife.live(folder, "file:" + file));
  }

  private static byte[] seed(Path file) throws Exception {
    return Arrays.copyOf(KeyFile.read(file).exposeToByteArray(), 32);
  }

  @Test
  void keygenMakesNoKeyTwiceAndSaysHowOthersAreMade() throws Exception {
    Path file = folder.resolve("admin.key");
    String url = "file:" + file;
    assertThat(Cli.run("keygen", "--signer", url).exitCode()).isEqualTo(ExitCode.OK);
    assertThat(Cli.run("keygen", "--signer", url).exitCode()).isEqualTo(ExitCode.CONFLICT);
    Cli.Result agent = Cli.run("keygen", "--signer", "agent:");
    assertThat(agent.exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(agent.err())
        .contains("ssh-keygen -t ed25519", "ssh-add", "'tka pubkey --signer agent:'");
    Cli.Result program = Cli.run("keygen", "--signer", "command:kms --key tka");
    assertThat(program.exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(program.err()).contains("the program's own means make the key");
    for (Cli.Result wrong : List.of(Cli.run("keygen"), Cli.run("keygen", file, "--signer", url))) {
      assertThat(wrong.exitCode()).isEqualTo(ExitCode.USAGE);
      assertThat(wrong.err()).contains("expected the FILE to make, or --signer URL");
    }
  }

  /** The verbs that sign, without the signer. */
  private static List<List<Object>> signing(Tailnet tailnet) throws Exception {
    Path directory = tailnet.directory();
    String other = TestKeys.publicKey(9).toString();
    Path plain = tailnet.secretFile("plain", "tskey-auth-kABC-" + "s3cretPart".repeat(3));
    Object recovery =
        tailnet
            .edit("revoke-keys", "ann", tailnet.publicKey("bob"), "--json")
            .json()
            .get("Recovery");
    Object rotated = tailnet.edit("sign", "ann", NODE, KEY).out().strip();
    return List.of(
        List.of("init", directory.resolveSibling("new"), KEY, "--confirm"),
        List.of("add", directory, other),
        List.of("update", directory, tailnet.publicKey("bob") + "?2"),
        List.of("remove", directory, tailnet.publicKey("bob"), "--re-sign=false"),
        List.of("revoke-keys", directory, tailnet.publicKey("bob")),
        List.of("revoke-keys", directory, "--cosign", recovery),
        List.of("sign", directory, NODE),
        List.of("resign", rotated, "nodekey:" + "cd".repeat(32)),
        List.of("authkey", "wrap", directory, plain),
        List.of("authkey", "wrap", directory, plain, "--own-key"));
  }

  private Tailnet trusting() throws Exception {
    Tailnet tailnet = Tailnet.of(folder, "ann");
    tailnet.edit("add", "ann", KEY);
    tailnet.edit("add", "ann", tailnet.newKey("bob"));
    return tailnet;
  }

  @Test
  void whereASignerFailsEachVerbEndsInOneLineAndChangesNothing() throws Exception {
    Tailnet tailnet = trusting();
    List<String> signers = new ArrayList<>();
    for (SignerContract.Fault fault : SignerContract.Fault.values()) {
      Path socket = folder.resolve(fault.name());
      switch (fault) {
        case ABSENT, UNKNOWN_KEY -> {}
        default -> FalseAgent.start(socket, NUMBER, fault);
      }
      signers.add("hasty-agent:" + socket);
    }
    signers.add("command:/nowhere/kms");
    signers.add("command:" + SigningProgram.script(folder, "mute", "exit 0"));
    signers.add("file:" + folder.resolve("none.key"));
    for (List<Object> verb : signing(tailnet)) {
      for (String signer : signers) {
        List<Object> call = new ArrayList<>(verb);
        call.addAll(List.of("--signer", signer));
        Cli.Result result = requireUnchanged(tailnet, call.toArray());
        assertThat(result.exitCode())
            .as(call + result.err())
            .isIn(ExitCode.BAD_INPUT, ExitCode.IO, ExitCode.NOT_FOUND);
      }
    }
  }

  /**
   * What a verb says before it signs may stand before the one line, or the secrets are worthless.
   */
  private static Cli.Result requireUnchanged(Tailnet tailnet, Object... call) throws Exception {
    Map<String, String> before = tailnet.content();
    Cli.Result result = Cli.run(call);
    assertThat(result.out()).as(Arrays.toString(call)).isEmpty();
    assertThat(
            Tailnet.withoutAdvice(result.err())
                .lines()
                .filter(line -> !line.startsWith("tka: signs ")))
        .as(Arrays.toString(call))
        .hasSize(1)
        .allMatch(line -> line.startsWith("tka: "));
    assertThat(tailnet.content()).isEqualTo(before);
    assertThat(tailnet.directory().resolveSibling("new")).doesNotExist();
    return result;
  }

  @Test
  void anAgentThatIsMissingOrHangsIsAFailureToReadAndABadSignatureIsBadInput() throws Exception {
    Tailnet tailnet = trusting();
    Path hanging = folder.resolve("hanging");
    FalseAgent.start(hanging, NUMBER, SignerContract.Fault.HANGS);
    Path lying = folder.resolve("lying");
    FalseAgent.start(lying, NUMBER, SignerContract.Fault.OTHER_BYTES);
    Object[] add = {"add", tailnet.directory(), TestKeys.publicKey(9), "--signer", ""};

    add[4] = "hasty-agent:" + folder.resolve("none");
    tailnet.requireRefused(ExitCode.IO, "none: no such socket", add);
    add[4] = "hasty-agent:" + hanging;
    tailnet.requireRefused(ExitCode.IO, "hanging: no answer in time", add);
    add[4] = "hasty-agent:" + lying;
    tailnet.requireRefused(
        ExitCode.BAD_INPUT, "expected a signature that verifies, found one that does not", add);
    add[4] = "hasty-agent:" + lying + "?key=" + TestKeys.publicKey(9);
    tailnet.requireRefused(ExitCode.BAD_INPUT, "found " + KEY, add);
    add[4] = "file:" + folder.resolve("none.key");
    tailnet.requireRefused(ExitCode.NOT_FOUND, "none.key: no such file", add);
  }

  @Test
  void oneKeyIsNamed() throws Exception {
    Tailnet tailnet = trusting();
    Object[] add = {"add", tailnet.directory(), TestKeys.publicKey(9)};
    tailnet.requireRefused(ExitCode.USAGE, "missing option --key-file FILE, or --signer URL", add);
    Object[] both = Arrays.copyOf(add, 7);
    both[3] = "--signer";
    both[4] = "agent:";
    both[5] = "--key-file";
    both[6] = tailnet.keyFile("ann");
    tailnet.requireRefused(ExitCode.USAGE, "--key-file cannot be combined with --signer", both);
    Object[] unknown = Arrays.copyOf(add, 5);
    unknown[3] = "--signer";
    for (String text : List.of("nlpriv:" + "12".repeat(64), "12".repeat(64), "yubikey:1212")) {
      unknown[4] = text;
      Cli.Result refused = tailnet.requireRefused(ExitCode.USAGE, "expected agent:", unknown);
      assertThat(refused.err()).doesNotContain("1212");
    }
  }
}
