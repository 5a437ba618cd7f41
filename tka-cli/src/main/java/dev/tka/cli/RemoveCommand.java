package dev.tka.cli;

import dev.tka.core.BuildException;
import dev.tka.core.LockPrivateKey;
import dev.tka.core.SigningException;
import dev.tka.core.UpdateBuilder;
import java.io.IOException;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code tka remove}: trusts fewer keys. */
@Command(
    name = "remove",
    description = {
      "Removes trusted signing keys, from now on.",
      "What they signed before stands; for a stolen key, see 'tka revoke-keys'."
    },
    mixinStandardHelpOptions = true,
    footerHeading = "%nExamples:%n",
    footer = {
      "  tka remove DIR tlpub:... --key-file admin.key",
      "  tka remove DIR tlpub:... --key-file own.key --confirm     the key that signs",
    })
final class RemoveCommand extends EditCommand {
  @Mixin private Confirmation confirmation;

  @Override
  void check(List<KeyArgument> named, LockPrivateKey signer) throws CommandFailure, IOException {
    for (KeyArgument key : named) {
      if (key.votes().isPresent()) {
        throw usage("a key to remove has no votes: " + key.key());
      }
      if (key.key().equals(signer.publicKey())) {
        confirmation.require(
            "This removes the key that signs it, which could not sign again.",
            main(),
            inputIsTaken(),
            err());
      }
    }
  }

  @Override
  void change(UpdateBuilder builder, KeyArgument key) throws BuildException, SigningException {
    builder.removeKey(key.key().bytes());
  }
}
