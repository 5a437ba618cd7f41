package dev.tka.cli.command;

import dev.tka.cli.input.SigningKeyOption;
import dev.tka.cli.input.Tka;
import dev.tka.cli.output.ExitCode;
import dev.tka.core.KeyDefect;
import dev.tka.core.LockPublicKey;
import dev.tka.core.SigningException;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code tka pubkey}: the public half of a signing key. */
@Command(
    name = "pubkey",
    description = {
      "Prints the public half of a signing key.",
      "It is the text with which a tailnet can trust the key. Nothing is signed."
    },
    mixinStandardHelpOptions = true,
    footerHeading = "%nExamples:%n",
    footer = {
      "  tka pubkey --key-file admin.key",
      "  tka pubkey --signer agent:",
      "  tka pubkey --signer command:/usr/local/bin/kms-sign --json"
    })
public final class PubkeyCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;
  @ParentCommand private Tka tka;
  @Mixin private SigningKeyOption signingKey;

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  @Override
  public Integer call() throws SigningException, IOException {
    LockPublicKey key = signingKey.read(tka.in(), spec).publicKey();
    Optional<KeyDefect> defect = KeyDefect.of(key.bytes());
    if (defect.isPresent()) {
      throw new SigningException("signer of " + key + ": " + defect.get().reason());
    }
    KeygenCommand.print(key, json, spec.commandLine().getOut());
    return ExitCode.OK;
  }
}
