package dev.tka.cli.command;

import dev.tka.cli.input.KeyArgument;
import dev.tka.cli.input.StoreArgument;
import dev.tka.cli.output.Advice;
import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.cli.output.Texts;
import dev.tka.core.IllFormedException;
import dev.tka.core.Key;
import dev.tka.core.LockPublicKey;
import dev.tka.core.Signer;
import dev.tka.core.SigningException;
import dev.tka.core.State;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.BuildException;
import dev.tka.core.authority.UpdateBuilder;
import dev.tka.core.nodekey.UnsoundKeyException;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Command;

/** {@code tka add}: trusts more keys. */
@Command(
    name = "add",
    description = {
      "Adds trusted signing keys.",
      "A key without votes gets one.",
      DaemonEdit.HELP,
      StoreArgument.RULES
    },
    mixinStandardHelpOptions = true,
    footerHeading = "%nExamples:%n",
    footer = {
      "  tka add DIR tlpub:... --key-file admin.key",
      "  tka add DIR tlpub:...?2 tlpub:... --key-file admin.key --json",
      "  tka add tailscaled: tlpub:...",
      "  tka add DIR tlpub:... --signer agent:",
    })
public final class AddCommand extends EditCommand {
  /** Each once, however often it is named. */
  @Override
  List<KeyArgument> inOrder(List<KeyArgument> named, Signer signer) {
    return named.stream().distinct().toList();
  }

  @Override
  DaemonChange onDaemon(
      DaemonEdit edit, Authority before, LockPublicKey own, List<KeyArgument> keys)
      throws UnsoundKeyException, IllFormedException, CommandFailure {
    List<Key> added = keys.stream().distinct().map(KeyArgument::toKey).toList();
    for (Key key : added) {
      UnsoundKeyException.requireSound("signing key", key.id());
      key.requireWellFormed();
      Optional<Key> there = before.state().findKey(key.id());
      if (there.isPresent()) {
        throw new CommandFailure(
            ExitCode.VERIFICATION_FAILED,
            Texts.keyId(key.id())
                + " is trusted already, with "
                + Texts.count(there.get().votes(), "vote"),
            Advice.person("leave it out; 'tka status " + store() + "' lists the trusted keys"));
      }
    }
    int most = State.MAX_KEYS - before.state().keys().size();
    if (added.size() > most) {
      throw new CommandFailure(
          ExitCode.VERIFICATION_FAILED,
          "expected at most " + most + " more keys, found " + added.size());
    }
    return () -> new DaemonEdit.Change(added, List.of());
  }

  @Override
  void change(UpdateBuilder builder, KeyArgument key) throws BuildException, SigningException {
    builder.addKey(key.toKey());
  }
}
