package dev.tka.cli.command;

import dev.tka.cli.input.KeyArgument;
import dev.tka.cli.input.Pasted;
import dev.tka.cli.input.StoreArgument;
import dev.tka.cli.input.StreamArgument;
import dev.tka.cli.input.Tka;
import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.cli.output.InspectText;
import dev.tka.cli.output.Json;
import dev.tka.core.LockPublicKey;
import dev.tka.core.NodeKey;
import dev.tka.core.TkaException;
import dev.tka.core.nodekey.DeepLink;
import dev.tka.core.nodekey.DeepLinkException;
import dev.tka.core.nodekey.UnsoundKeyException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code tka deeplink}: links that ask an admin's device to sign another one. */
@Command(
    name = "deeplink",
    description = {
      "Makes and checks links that ask an admin's device to sign another one.",
      "A link is a convenience, not a proof: anyone who knows the tailnet's state ids can make one."
    },
    mixinStandardHelpOptions = true,
    subcommands = {DeepLinkCommand.New.class, DeepLinkCommand.Verify.class},
    footerHeading = "%nExamples:%n",
    footer = {
      "  tka deeplink new DIR nodekey:... tlpub:... --device laptop --os linux --login a@example.com",
      "  tka deeplink verify DIR 'tailscale://sign-device/v1/?...'"
    })
public final class DeepLinkCommand {
  @ParentCommand private Tka tka;

  private static Map<String, Object> toJson(String link, DeepLink fields) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("SchemaVersion", Json.SCHEMA_VERSION);
    object.put("Link", link);
    object.put("NodeKey", fields.nodeKey());
    object.put("RotationKey", fields.rotationKey());
    object.put("DeviceName", fields.deviceName());
    object.put("OSName", fields.osName());
    object.put("LoginName", fields.loginName());
    return object;
  }

  /** {@code tka deeplink new}: makes a link. */
  @Command(
      name = "new",
      description = "Makes a link that asks to sign a device for the authority of a store.",
      mixinStandardHelpOptions = true,
      footerHeading = "%nExamples:%n",
      footer = {
        "  tka deeplink new DIR nodekey:... tlpub:... --device laptop --os linux --login a@example.com"
      })
  static final class New implements Callable<Integer> {
    @Spec private CommandSpec spec;
    @Mixin private StoreArgument store;

    @Parameters(
        index = "1",
        paramLabel = "NODEKEY",
        description = "The device's node key, nodekey:...")
    private String nodeKey;

    @Parameters(
        index = "2",
        paramLabel = "ROTATIONKEY",
        description = "The device's own tailnet-lock key, tlpub:... or nlpub:...")
    private String rotationKey;

    @Option(
        names = "--device",
        required = true,
        paramLabel = "NAME",
        description = "The name of the device.")
    private String deviceName = "";

    @Option(
        names = "--os",
        required = true,
        paramLabel = "NAME",
        description = "Its operating system.")
    private String osName = "";

    @Option(
        names = "--login",
        required = true,
        paramLabel = "NAME",
        description = "The device's owner, such as an email address.")
    private String loginName = "";

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Override
    public Integer call() throws TkaException, IOException, CommandFailure {
      DeepLink fields = fields();
      String link = fields.toText(stateId1(store, spec));
      PrintWriter out = spec.commandLine().getOut();
      if (json) {
        Json.print(out, toJson(link, fields));
      } else {
        out.println(link);
      }
      return ExitCode.OK;
    }

    private DeepLink fields() throws UnsoundKeyException {
      NodeKey node = KeyArgument.parse(NodeKey::parse, nodeKey, spec);
      LockPublicKey rotation = KeyArgument.parse(LockPublicKey::parse, rotationKey, spec);
      // Whoever gets the link would refuse to sign it.
      UnsoundKeyException.requireSound("rotation key", rotation.bytes());
      try {
        return new DeepLink(node.toString(), rotation.toString(), deviceName, osName, loginName);
      } catch (IllegalArgumentException e) {
        throw new ParameterException(
            spec.commandLine(), "--device, --os and --login: expected text, found an empty one");
      }
    }
  }

  /** {@code tka deeplink verify}: checks that a link belongs to this tailnet. */
  @Command(
      name = "verify",
      description = {
        "Checks that a link was made for the authority of a store and has not changed since, and"
            + " shows what it asks for.",
        "The exit status is 1 if it was changed or belongs to another tailnet, 3 if it is not"
            + " such a link."
      },
      mixinStandardHelpOptions = true,
      footerHeading = "%nExamples:%n",
      footer = {
        "  tka deeplink verify DIR 'tailscale://sign-device/v1/?...'",
        "  cat link.txt | tka deeplink verify DIR - --json"
      })
  static final class Verify implements Callable<Integer> {
    /** Room for the longest link in UTF-8. */
    private static final int MAX_SIZE = 4 * DeepLink.MAX_LENGTH;

    @Spec private CommandSpec spec;
    @ParentCommand private DeepLinkCommand command;
    @Mixin private StoreArgument store;

    @Parameters(
        index = "1",
        paramLabel = "LINK",
        converter = StreamArgument.Value.class,
        description = "The link, quoted for the shell, or - for standard input.")
    private StreamArgument argument;

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Override
    public Integer call() throws TkaException, IOException, CommandFailure {
      long stateId1 = stateId1(store, spec);
      String link = Pasted.link(argument.isStandard() ? read() : argument.text());
      Map<String, Object> object = toJson(link, verify(link, stateId1));
      if (json) {
        Json.print(spec.commandLine().getOut(), object);
      } else {
        object.remove("SchemaVersion");
        object.remove("Link");
        InspectText.print(object, spec.commandLine().getOut());
      }
      return ExitCode.OK;
    }

    private String read() throws IOException, CommandFailure {
      byte[] content = command.tka.in().readNBytes(MAX_SIZE + 1);
      try {
        // DeepLink reports a link that is too long, cut or not.
        return StandardCharsets.UTF_8
            .newDecoder()
            .decode(ByteBuffer.wrap(content))
            .toString()
            .strip();
      } catch (CharacterCodingException e) {
        throw new CommandFailure(
            ExitCode.BAD_INPUT, "deep link: expected UTF-8 text, found other bytes");
      }
    }
  }

  /**
   * Reads a link.
   *
   * @throws CommandFailure if a part of it is missing
   */
  static DeepLink verify(String link, long stateId1) throws DeepLinkException, CommandFailure {
    try {
      return DeepLink.verify(link, stateId1);
    } catch (DeepLinkException.MissingField e) {
      throw new CommandFailure(
          ExitCode.BAD_INPUT,
          e.getMessage()
              + (link.indexOf('&') < 0
                  ? "; the link ends before its first '&': quote it for the shell"
                  : "; the link may have been cut: ask for it again"));
    }
  }

  private static long stateId1(StoreArgument store, CommandSpec spec)
      throws TkaException, CommandFailure {
    return StoreEdit.look(store, spec.commandLine().getErr()).authority().state().stateId1();
  }
}
