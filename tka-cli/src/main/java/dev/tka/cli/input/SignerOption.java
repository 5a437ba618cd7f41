package dev.tka.cli.input;

import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The place of a private key, wherever it is kept. */
public final class SignerOption {
  @Option(
      names = "--signer",
      paramLabel = "URL",
      converter = SignerText.Reader.class,
      description = {
        "The private key, wherever it is kept: file:PATH; agent:, the Ed25519 key of your ssh-agent"
            + " (agent:SOCKET another's; ?key=tlpub:... names one of several);"
            + " 'command:PROGRAM ARGUMENTS', a program that signs; pkcs11:..., a key in a token. See"
            + " docs/command.md, 'Signers'."
      })
  private @Nullable SignerText signer;

  /** What was given. */
  public Optional<SignerText> get() {
    return Optional.ofNullable(signer);
  }
}
