package dev.tka.cli.command;

import dev.tka.cli.input.InspectInput;
import dev.tka.cli.input.KeyArgument;
import dev.tka.cli.input.SigningKeyOption;
import dev.tka.cli.input.StreamArgument;
import dev.tka.cli.input.Tka;
import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.cli.output.SignatureOutput;
import dev.tka.core.DecodeException;
import dev.tka.core.NodeKey;
import dev.tka.core.TkaException;
import dev.tka.core.nodekey.NodeKeySignature;
import dev.tka.core.nodekey.NodeKeySigning;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code tka resign}: renews a node's signature when its node key changes. */
@Command(
    name = "resign",
    description = {
      "Signs a new node key by rotation: under a signature that names the signing key as its"
          + " wrapping key, or under an auth key's credential.",
      "Prints the new signature, which makes the old node key obsolete. Nothing is written."
    },
    mixinStandardHelpOptions = true,
    footerHeading = "%nExamples:%n",
    footer = {
      "  tka resign a501... nodekey:... --key-file node.key",
      "  cat old.hex | tka resign - nodekey:... --key-file node.key --json"
    })
public final class ResignCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;
  @ParentCommand private Tka tka;

  @Parameters(
      index = "0",
      paramLabel = "SIGNATURE",
      converter = StreamArgument.Value.class,
      description =
          "The node's current signature, in hexadecimal or base64, or - for standard input.")
  private StreamArgument old;

  @Parameters(index = "1", paramLabel = "NODEKEY", description = "The new node key, nodekey:...")
  private String nodeKeyText;

  @Mixin private SigningKeyOption wrappingKey;
  @Mixin private SignatureOutput output;

  @Override
  public Integer call() throws TkaException, IOException, CommandFailure {
    if (old.isStandard() && wrappingKey.isStandardInput()) {
      throw usage("SIGNATURE and --key-file cannot both be standard input");
    }
    NodeKey nodeKey = KeyArgument.parse(NodeKey::parse, nodeKeyText, spec);
    NodeKeySignature made =
        NodeKeySigning.rotate(readOld(), nodeKey, wrappingKey.read(tka.in(), spec));
    output.print(new SignatureOutput.Signed(nodeKey, made), spec.commandLine().getOut());
    return ExitCode.OK;
  }

  private NodeKeySignature readOld() throws IOException, CommandFailure, DecodeException {
    return NodeKeySignature.decode(InspectInput.only("signature", old, tka.in()));
  }

  private ParameterException usage(String what) {
    return new ParameterException(spec.commandLine(), what);
  }
}
