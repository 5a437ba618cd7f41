package dev.tka.cli.command;

import dev.tka.cli.input.KeyArgument;
import dev.tka.cli.input.SigningKeyOption;
import dev.tka.cli.input.StoreArgument;
import dev.tka.cli.input.Tka;
import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.cli.output.SignatureOutput;
import dev.tka.cli.output.Texts;
import dev.tka.core.LockPrivateKey;
import dev.tka.core.LockPublicKey;
import dev.tka.core.NodeKey;
import dev.tka.core.TextException;
import dev.tka.core.TkaException;
import dev.tka.core.authority.Authority;
import dev.tka.core.nodekey.DeepLink;
import dev.tka.core.nodekey.DeepLinkException;
import dev.tka.core.nodekey.NodeKeySigning;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code tka sign}: signs a node key, which admits the node. */
@Command(
    name = "sign",
    description = {
      "Signs a node key, which admits the node to the tailnet.",
      "Prints the signature, for control or a peers file. Nothing is written.",
      "A sign-device link is checked first: it has to belong to this tailnet and be unchanged."
    },
    mixinStandardHelpOptions = true,
    footerHeading = "%nExamples:%n",
    footer = {
      "  tka sign DIR nodekey:... --key-file admin.key",
      "  tka sign DIR nodekey:... tlpub:... --key-file admin.key",
      "  tka sign DIR 'tailscale://sign-device/v1/?...' --key-file admin.key",
      "  tka sign DIR nodekey:... --key-file admin.key --json | jq .NodeKeySignature"
    })
public final class SignCommand implements Callable<Integer> {
  private static final String LINK = "tailscale:";

  /** What to sign. */
  private record Wanted(NodeKey nodeKey, Optional<LockPublicKey> rotationKey) {}

  @Spec private CommandSpec spec;
  @ParentCommand private Tka tka;
  @Mixin private StoreArgument store;

  @Parameters(
      index = "1",
      paramLabel = "NODEKEY",
      description = "The node key, nodekey:..., or a sign-device link, tailscale://...")
  private String nodeKeyText;

  @Parameters(
      index = "2",
      arity = "0..1",
      paramLabel = "ROTATIONKEY",
      description = {
        "The node's own key, tlpub:... or nlpub:..., with which it may rotate its node key."
            + " Without it, the node needs a new signature for every new node key."
      })
  private @Nullable String rotationKeyText;

  @Mixin private SigningKeyOption signingKey;
  @Mixin private SignatureOutput output;

  @Override
  public Integer call() throws TkaException, IOException, CommandFailure {
    boolean link = nodeKeyText.startsWith(LINK);
    Optional<Wanted> named = link ? Optional.empty() : Optional.of(named());
    if (link && rotationKeyText != null) {
      throw new ParameterException(
          spec.commandLine(), "a link names its own rotation key: omit ROTATIONKEY");
    }
    Authority authority = StoreEdit.look(store, spec.commandLine().getErr()).authority();
    Wanted wanted = named.isPresent() ? named.get() : linked(authority);
    if (wanted.nodeKey().isZero()) {
      throw new CommandFailure(
          ExitCode.BAD_INPUT, "expected a node key, found the zero key, which means none");
    }
    LockPrivateKey signer = signingKey.read(tka.in(), spec);
    if (!authority.state().trusts(signer.publicKey().bytes())) {
      throw new CommandFailure(
          ExitCode.VERIFICATION_FAILED,
          "expected a signing key that is trusted now, found "
              + signer.publicKey()
              + ": no node would accept its signature");
    }
    output.print(
        wanted.nodeKey(),
        NodeKeySigning.direct(wanted.nodeKey(), wanted.rotationKey(), signer),
        spec.commandLine().getOut());
    return ExitCode.OK;
  }

  private Wanted named() {
    return new Wanted(
        KeyArgument.parse(NodeKey::parse, nodeKeyText, spec),
        rotationKeyText == null
            ? Optional.empty()
            : Optional.of(KeyArgument.parse(LockPublicKey::parse, rotationKeyText, spec)));
  }

  /** The content of a link, once it is known to belong to this authority. */
  private Wanted linked(Authority authority) throws DeepLinkException, TextException {
    DeepLink link = DeepLink.verify(nodeKeyText, authority.state().stateId1());
    spec.commandLine()
        .getErr()
        .println(
            Texts.printable(
                "tka: the link asks to sign "
                    + link.deviceName()
                    + " ("
                    + link.osName()
                    + ") of "
                    + link.loginName()));
    return new Wanted(
        NodeKey.parse(link.nodeKey()), Optional.of(LockPublicKey.parse(link.rotationKey())));
  }
}
