package dev.tka.cli.command;

import dev.tka.cli.input.KeyArgument;
import dev.tka.cli.input.StoreArgument;
import dev.tka.cli.output.Advice;
import dev.tka.core.Key;
import dev.tka.core.Signer;
import dev.tka.core.SigningException;
import dev.tka.core.authority.BuildException;
import dev.tka.core.authority.UpdateBuilder;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code tka update}: changes trusted keys' votes or metadata. */
@Command(
    name = "update",
    description = {
      "Changes the votes or the metadata of trusted signing keys.",
      "A key named with votes gets these votes; --meta replaces the metadata of every named key.",
      "To lower a key for good, remove it and add it again: fewer votes alone count only against"
          + " checkpoints that rewrite what came before.",
      StoreArgument.RULES
    },
    mixinStandardHelpOptions = true,
    footerHeading = "%nExamples:%n",
    footer = {
      "  tka update DIR tlpub:...?3 --key-file admin.key",
      "  tka update DIR tlpub:... --meta owner=ann --meta purpose=signing --key-file admin.key",
    })
public final class UpdateCommand extends EditCommand {
  @Option(
      names = "--meta",
      paramLabel = "NAME=VALUE",
      description = "Metadata, at most 512 bytes per key in total; can be repeated.")
  private Map<String, String> meta = new LinkedHashMap<>();

  @Override
  void check(List<KeyArgument> named, Signer signer) {
    if (meta.size() > Key.MAX_META_BYTES) {
      throw usage(
          "--meta: expected at most 512 bytes per key in total, found more pairs than that");
    }
    // Java's replacement for bytes that the locale cannot decode; it would be signed, and stay.
    if (meta.toString().indexOf('\ufffd') >= 0) {
      throw usage("--meta: expected UTF-8, found bytes that the locale cannot decode: set LC_ALL");
    }
    for (KeyArgument key : named) {
      if (key.votes().isEmpty() && meta.isEmpty()) {
        throw usage("nothing to change about " + key.key() + ": add ?VOTES or --meta");
      }
    }
  }

  @Override
  void change(UpdateBuilder builder, KeyArgument key) throws BuildException, SigningException {
    if (key.votes().isPresent()) {
      builder.setVotes(key.key().bytes(), key.votes().getAsLong());
    }
    if (!meta.isEmpty()) {
      builder.setMeta(key.key().bytes(), meta);
    }
  }

  /** A key that gets votes is to be trusted. */
  @Override
  Advice absent(KeyArgument key) {
    return key.votes().isEmpty()
        ? super.absent(key)
        : Advice.addKey(
            store(),
            key.key() + "?" + Long.toUnsignedString(key.votes().getAsLong()),
            "it is not trusted; to trust it with these votes");
  }
}
