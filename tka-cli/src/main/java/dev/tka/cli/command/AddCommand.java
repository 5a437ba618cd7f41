package dev.tka.cli.command;

import dev.tka.cli.input.KeyArgument;
import dev.tka.cli.input.StoreArgument;
import dev.tka.core.Signer;
import dev.tka.core.SigningException;
import dev.tka.core.authority.BuildException;
import dev.tka.core.authority.UpdateBuilder;
import java.util.List;
import picocli.CommandLine.Command;

/** {@code tka add}: trusts more keys. */
@Command(
    name = "add",
    description = {
      "Adds trusted signing keys.",
      "A key without votes gets one.",
      StoreArgument.RULES
    },
    mixinStandardHelpOptions = true,
    footerHeading = "%nExamples:%n",
    footer = {
      "  tka add DIR tlpub:... --key-file admin.key",
      "  tka add DIR tlpub:...?2 tlpub:... --key-file admin.key --json",
      "  tka add DIR tlpub:... --signer agent:",
    })
public final class AddCommand extends EditCommand {
  /** Each once, however often it is named. */
  @Override
  List<KeyArgument> inOrder(List<KeyArgument> named, Signer signer) {
    return named.stream().distinct().toList();
  }

  @Override
  void change(UpdateBuilder builder, KeyArgument key) throws BuildException, SigningException {
    builder.addKey(key.toKey());
  }
}
