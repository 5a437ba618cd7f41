package dev.tka.cli.command;

import dev.tka.cli.input.FileText;
import dev.tka.cli.input.ServedPeers;
import dev.tka.cli.input.StoreArgument;
import dev.tka.cli.input.StreamArgument;
import dev.tka.cli.input.Tka;
import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.cli.output.Json;
import dev.tka.client.ServerClient;
import dev.tka.client.ServerException;
import dev.tka.client.ServerPlace;
import dev.tka.core.Bytes;
import dev.tka.core.TextException;
import dev.tka.core.TkaException;
import dev.tka.store.export.ExportFile;
import dev.tka.store.records.NodeToken;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code tka node}: nodes that come to a running server by themselves. */
@Command(
    name = "node",
    description = {
      "Runs a node's agent, and makes, lists and revokes the tokens with which nodes come to a running"
          + " server by themselves.",
      "A token stands for one node of one tailnet. To replace one, make another, give it to the"
          + " node, and revoke the one of before: both are valid meanwhile."
    },
    mixinStandardHelpOptions = true,
    subcommands = {
      NodeAgentCommands.Run.class,
      NodeAgentCommands.Once.class,
      NodeAgentCommands.Peers.class,
      NodeAgentCommands.Status.class,
      NodeCommand.MakeToken.class,
      NodeCommand.ListTokens.class,
      NodeCommand.Revoke.class
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  tka node token unix:tka-data/operator.sock --tailnet example.com --node 7 --out node7.token",
      "  tka node tokens unix:tka-data/operator.sock --tailnet example.com",
      "  tka node revoke unix:tka-data/operator.sock --tailnet example.com ID",
      "  tka node run /var/lib/tka-node https://tka.example.com:8443 --token-file node7.token --node-key nodekey:...",
      "  tka node peers /var/lib/tka-node"
    })
public final class NodeCommand {
  @ParentCommand private Tka tka;

  /** What is done with a server's client, for one tailnet. */
  @FunctionalInterface
  private interface Work<T> {
    T with(ServerClient client, String tailnet)
        throws TkaException, IOException, CommandFailure, ServerException;
  }

  private static <T> T onServer(StoreArgument store, Work<T> work)
      throws TkaException, IOException, CommandFailure, ServerException {
    ServerPlace place = ServedPeers.require(store.place());
    String tailnet = store.open().tailnet().orElseThrow();
    try (ServerClient client = ServerClient.open(place.access())) {
      return work.with(client, tailnet);
    }
  }

  private static Map<String, Object> toJson(NodeToken token) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("ID", token.hash().toHex());
    object.put("Node", Long.toString(token.node()));
    object.put("Made", token.made().toString());
    return object;
  }

  /** {@code tka node token}: makes one. */
  @Command(
      name = "token",
      description = {
        "Makes a token that stands for a node.",
        "It is printed once, or written to a file that only its owner can read; the server keeps its"
            + " hash alone."
      },
      mixinStandardHelpOptions = true,
      footerHeading = "%nExamples:%n",
      footer = {
        "  tka node token https://tka.example.com --tailnet example.com --node 7 --out node7.token"
      })
  static final class MakeToken implements Callable<Integer> {
    @Spec private CommandSpec spec;
    @ParentCommand private NodeCommand command;
    @Mixin private StoreArgument store;

    @Option(
        names = "--node",
        required = true,
        paramLabel = "N",
        description = "Control's number for the node.")
    private long node;

    @Option(
        names = "--out",
        paramLabel = "FILE",
        converter = FileText.class,
        description = "Write the token to this file, which must not exist, and print nothing.")
    private @Nullable StreamArgument file;

    @Override
    public Integer call() throws TkaException, IOException, CommandFailure, ServerException {
      if (node < 1) {
        throw new ParameterException(
            spec.commandLine(), "--node: expected a number of 1 or more, found " + node);
      }
      if (file == null || file.isStandard()) {
        String token = onServer(store, (client, tailnet) -> client.makeToken(tailnet, node));
        command.tka.noteChange();
        spec.commandLine().getOut().println(token);
        return ExitCode.OK;
      }
      StreamArgument target = file;
      // Before a token is made that nobody would know.
      if (Files.exists(target.path(), LinkOption.NOFOLLOW_LINKS)) {
        throw new FileAlreadyExistsException(target.text());
      }
      onServer(
          store,
          (client, tailnet) -> {
            byte[] line =
                (client.makeToken(tailnet, node) + "\n").getBytes(StandardCharsets.US_ASCII);
            return ExportFile.write(
                target.path(),
                out -> {
                  out.write(line);
                  return line.length;
                });
          });
      command.tka.noteChange();
      return ExitCode.OK;
    }
  }

  /** {@code tka node tokens}: lists them. */
  @Command(
      name = "tokens",
      description =
          "Lists the tokens of a tailnet's nodes: their IDs, which are their hashes, the node's"
              + " number, and when they were made.",
      mixinStandardHelpOptions = true,
      footerHeading = "%nExamples:%n",
      footer = {
        "  tka node tokens STORE --tailnet example.com --json | jq '.Tokens[] | select(.Node == \"7\")'"
      })
  static final class ListTokens implements Callable<Integer> {
    @Spec private CommandSpec spec;
    @Mixin private StoreArgument store;

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Override
    public Integer call() throws TkaException, IOException, CommandFailure, ServerException {
      List<NodeToken> tokens = onServer(store, ServerClient::tokens);
      PrintWriter out = spec.commandLine().getOut();
      if (json) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("SchemaVersion", Json.SCHEMA_VERSION);
        object.put("Tokens", tokens.stream().map(NodeCommand::toJson).toList());
        Json.print(out, object);
      } else {
        tokens.forEach(
            token ->
                out.println(token.hash().toHex() + "\tnode " + token.node() + "\t" + token.made()));
      }
      return ExitCode.OK;
    }
  }

  /** {@code tka node revoke}: ends some. */
  @Command(
      name = "revoke",
      description = {
        "Revokes tokens by their IDs, with effect from now on.",
        "If there is no such token, the exit status is 4, and none is revoked."
      },
      mixinStandardHelpOptions = true,
      footerHeading = "%nExamples:%n",
      footer = {"  tka node revoke STORE --tailnet example.com ID"})
  static final class Revoke implements Callable<Integer> {
    @Spec private CommandSpec spec;
    @ParentCommand private NodeCommand command;
    @Mixin private StoreArgument store;

    @Parameters(
        index = "1..*",
        arity = "1..*",
        paramLabel = "ID",
        description = "The ID of a token, as 'tka node tokens' lists it.")
    private List<String> ids = List.of();

    @Override
    public Integer call() throws TkaException, IOException, CommandFailure, ServerException {
      List<Bytes> hashes = new ArrayList<>();
      for (String id : ids) {
        try {
          hashes.add(Bytes.parseHex(id));
        } catch (TextException e) {
          // The argument may be the token itself.
          throw new ParameterException(spec.commandLine(), "ID: " + e.getMessage());
        }
      }
      onServer(
          store,
          (client, tailnet) -> {
            List<Bytes> there = client.tokens(tailnet).stream().map(NodeToken::hash).toList();
            for (Bytes hash : hashes) {
              if (!there.contains(hash)) {
                throw new CommandFailure(
                    ExitCode.NOT_FOUND,
                    "no token has the ID " + hash.toHex() + " ('tka node tokens' lists them)");
              }
            }
            for (Bytes hash : hashes) {
              client.revokeToken(tailnet, hash);
              command.tka.noteChange();
            }
            return hashes;
          });
      return ExitCode.OK;
    }
  }
}
