package dev.tka.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.cli.output.ExitCode;
import dev.tka.core.Bytes;
import dev.tka.core.nodekey.NodeKeySignature;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The life of a tailnet whose admin signs with any signer, and all that the command printed. */
final class SignerLife {
  private static final String NODE = "nodekey:" + "ab".repeat(32);

  private final String signer;
  private final Tailnet tailnet;
  private final List<String> printed = new ArrayList<>();

  private SignerLife(Path folder, String signer) {
    this.signer = signer;
    this.tailnet = Tailnet.in(folder);
  }

  /**
   * Lives it: init, add, sign, wrap an auth key, revoke with a co-signature, remove.
   *
   * @return everything that was printed, and what the tailnet's files hold
   */
  static List<byte[]> live(Path folder, String signer) throws Exception {
    SignerLife life = new SignerLife(folder, signer);
    life.live();
    List<byte[]> seen = new ArrayList<>();
    life.printed.forEach(text -> seen.add(text.getBytes(StandardCharsets.UTF_8)));
    life.tailnet.content().values().forEach(hex -> seen.add(hex.getBytes(StandardCharsets.UTF_8)));
    return seen;
  }

  private void live() throws Exception {
    Path directory = tailnet.directory();
    String key = signing("pubkey").out().strip();
    assertThat(signing("pubkey", "--json").json()).containsEntry("PublicKey", key);
    String dora = tailnet.newKey("dora");
    String thief = tailnet.newKey("thief");

    assertThat(signing("init", directory, key + "?2", dora).out()).contains(" --signer ");
    signing("init", directory, key + "?2", dora, "--confirm");
    assertThat(tailnet.trusted()).containsExactlyInAnyOrder(key + "?2", dora + "?1");

    signing("add", directory, thief);
    signing("update", directory, thief + "?3");

    NodeKeySignature signature =
        NodeKeySignature.decode(
            Bytes.parseHex(signing("sign", directory, NODE).out().strip()).toByteArray());
    assertThat(signature.isSigned()).isTrue();
    Path plain = tailnet.secretFile("plain", "tskey-auth-kABC-" + "s3cretPart".repeat(3));
    signing("authkey", "wrap", directory, plain);

    Object recovery = signing("revoke-keys", directory, thief, "--json").json().get("Recovery");
    Object cosigned =
        note(Cli.run(
                "revoke-keys",
                directory,
                "--cosign",
                recovery,
                "--json",
                "--signer",
                "file:" + tailnet.keyFile("dora")))
            .json()
            .get("Recovery");
    note(Cli.run("revoke-keys", directory, "--finish", cosigned, "--confirm"));
    assertThat(tailnet.trusted()).containsExactlyInAnyOrder(key + "?2", dora + "?1");

    // The other way round: this signer adds its signature to another's.
    String second = tailnet.newKey("second");
    signing("add", directory, second);
    Object begun =
        note(Cli.run(
                "revoke-keys", directory, second, "--json", "--key-file", tailnet.keyFile("dora")))
            .json()
            .get("Recovery");
    Object both =
        signing("revoke-keys", directory, "--cosign", begun, "--json").json().get("Recovery");
    note(Cli.run("revoke-keys", directory, "--finish", both, "--confirm"));

    signing("remove", directory, dora, "--re-sign=false");
    assertThat(tailnet.trusted()).containsExactly(key + "?2");
    note(Cli.run("verify", directory));
    tailnet.requireSound();
  }

  private Cli.Result signing(Object... arguments) {
    Object[] all = Arrays.copyOf(arguments, arguments.length + 2);
    all[arguments.length] = "--signer";
    all[arguments.length + 1] = signer;
    return note(Cli.run(all));
  }

  private Cli.Result note(Cli.Result result) {
    assertThat(result.exitCode()).as(result.err()).isEqualTo(ExitCode.OK);
    printed.add(result.out() + result.err());
    return result;
  }
}
