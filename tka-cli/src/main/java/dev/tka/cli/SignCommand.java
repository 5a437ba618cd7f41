package dev.tka.cli;

import dev.tka.core.Authority;
import dev.tka.core.LockPrivateKey;
import dev.tka.core.LockPublicKey;
import dev.tka.core.NodeKey;
import dev.tka.core.NodeKeySigning;
import dev.tka.core.TextException;
import dev.tka.core.TkaException;
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

/** {@code tka sign}: makes a node part of the tailnet. */
@Command(
    name = "sign",
    description = {
      "Signs a node key, so that nodes with this authority keep the node.",
      "Prints the signature, for control or a file of peers. Nothing is written."
    },
    mixinStandardHelpOptions = true,
    footerHeading = "%nExamples:%n",
    footer = {
      "  tka sign DIR nodekey:... --key-file admin.key",
      "  tka sign DIR nodekey:... tlpub:... --key-file admin.key",
      "  tka sign DIR nodekey:... --key-file admin.key --json | jq .NodeKeySignature"
    })
final class SignCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;
  @ParentCommand private Main main;
  @Mixin private DirectoryArgument directory;

  @Parameters(index = "1", paramLabel = "NODEKEY", description = "The node key, nodekey:...")
  private String nodeKeyText;

  @Parameters(
      index = "2",
      arity = "0..1",
      paramLabel = "ROTATIONKEY",
      description = {
        "The node's own key, tlpub:... or nlpub:..., with which it may rotate its node key. Without"
            + " one, it needs a new signature for every new node key."
      })
  private @Nullable String rotationKeyText;

  @Mixin private SigningKeyOption signingKey;
  @Mixin private SignatureOutput output;

  @Override
  public Integer call() throws TkaException, IOException, CommandFailure {
    NodeKey nodeKey = parse(NodeKey::parse, nodeKeyText);
    Optional<LockPublicKey> rotationKey =
        rotationKeyText == null
            ? Optional.empty()
            : Optional.of(parse(LockPublicKey::parse, rotationKeyText));
    Authority authority =
        DirectoryEdit.look(directory, spec.commandLine().getErr()).authority();
    LockPrivateKey signer = signingKey.read(main.in(), spec);
    if (!authority.state().trusts(signer.publicKey().bytes())) {
      throw new CommandFailure(
          ExitCode.VERIFICATION_FAILED,
          "expected a key that is trusted now, found "
              + signer.publicKey()
              + ": no node would accept its signature");
    }
    output.print(
        nodeKey,
        NodeKeySigning.direct(nodeKey, rotationKey, signer),
        spec.commandLine().getOut());
    return ExitCode.OK;
  }

  /** What makes a key of a text. */
  private interface Parser<T> {
    T parse(String text) throws TextException;
  }

  private <T> T parse(Parser<T> parser, String text) {
    try {
      return parser.parse(text);
    } catch (TextException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage());
    }
  }
}
