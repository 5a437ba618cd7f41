package dev.tka.cli.command;

import dev.tka.cli.input.KeyArgument;
import dev.tka.cli.input.OpenStore;
import dev.tka.cli.input.Pasted;
import dev.tka.cli.input.PeersFile;
import dev.tka.cli.input.PeersSource;
import dev.tka.cli.input.StoreArgument;
import dev.tka.cli.input.StreamArgument;
import dev.tka.cli.input.Tka;
import dev.tka.cli.output.Advice;
import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.cli.output.Json;
import dev.tka.cli.output.Texts;
import dev.tka.client.ServerException;
import dev.tka.core.NodeKey;
import dev.tka.core.TkaException;
import dev.tka.core.authority.Authority;
import dev.tka.core.nodekey.KeyAlarm;
import dev.tka.core.nodekey.NodeKeySignature;
import dev.tka.core.nodekey.PeerVerdict;
import dev.tka.core.nodekey.SignatureLayer;
import dev.tka.core.store.AumSnapshot;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code tka explain}: explains why one peer is kept or dropped. */
@Command(
    name = "explain",
    description = {
      "Explains why a peer is kept or dropped: its chain of signatures, from the outermost to the"
          + " one made by a trusted key, and the first rule that fails; and what to do if it is"
          + " dropped.",
      "The exit status is " + ExitCode.PEER_DROPPED + " if it is dropped.",
      KeyAlarms.HELP
    },
    mixinStandardHelpOptions = true,
    footerHeading = "%nExamples:%n",
    footer = {
      "  tka explain DIR nodekey:... --peers peers.json",
      "  tka explain DIR laptop --peers peers.json     its name or ID in the file",
      "  tka explain https://tka.example.com laptop --tailnet example.com",
      "  tka explain tailscaled: laptop",
      "  tailscale lock status --json | tka explain DIR nodekey:... --peers -"
    })
public final class ExplainCommand implements Callable<Integer> {
  private static final String NODE_KEY = "nodekey:";

  @Spec private CommandSpec spec;
  @ParentCommand private Tka tka;
  @Mixin private StoreArgument store;

  @Parameters(
      index = "1",
      paramLabel = "NODE",
      description = "The node: its node key, nodekey:..., or its ID or name in the peers file.")
  private String node;

  @Option(
      names = "--peers",
      paramLabel = "PEERS",
      converter = StreamArgument.File.class,
      description =
          "The peers file, as for 'tka peers'; - for standard input. A running server, or"
              + " tailscaled, is asked for its nodes if there is none.")
  private @Nullable StreamArgument peers;

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  @Override
  public Integer call() throws TkaException, IOException, CommandFailure, ServerException {
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    if (Pasted.clean(node).startsWith(NODE_KEY)) {
      KeyArgument.parse(NodeKey::parse, node, spec);
    }
    PeersSource source = PeersSource.of(Optional.ofNullable(peers), "--peers", store, spec);
    OpenStore opened = store.open();
    AumSnapshot snapshot = opened.aums().read();
    Authority authority = StoreArgument.openAuthority(snapshot, Authority::open, err);
    PeersFile file = source.read(opened, tka, err);
    Map<PeersFile.Entry, PeerVerdict> verdicts = PeerText.all(authority, file);
    verdicts.keySet().retainAll(file.find(node));
    if (verdicts.isEmpty()) {
      throw new CommandFailure(
          file.sound() ? ExitCode.NOT_FOUND : ExitCode.BAD_INPUT,
          "expected a peer "
              + (Pasted.clean(node).startsWith(NODE_KEY) ? "with " : "with the ID or name ")
              + Pasted.clean(node)
              + ", found none among the valid entries of "
              + source,
          file.sound() ? source.list(store.words()) : PeersFile.correctIt());
    }
    List<KeyAlarm> alarms = new ArrayList<>(KeyAlarm.ofTrusted(authority.state()));
    alarms.addAll(KeyAlarms.ofNodes(verdicts.keySet()));
    List<Map<String, Object>> list = new ArrayList<>();
    verdicts.forEach(
        (entry, verdict) -> {
          List<SignatureLayer> layers = SignatureLayer.of(authority, entry.peer().signature());
          List<Advice> advice =
              Advice.at(
                  List.of(store.place()),
                  PeerText.advice(entry, verdict, store.words(), Advice.CONTROL));
          if (json) {
            Map<String, Object> object = PeerText.toJson(entry, verdict);
            object.put("Layers", layers.stream().map(ExplainCommand::toJson).toList());
            Advice.put(advice, object);
            list.add(object);
          } else {
            print(entry, verdict, layers, out);
            Advice.print(advice, "", out);
          }
        });
    if (json) {
      Map<String, Object> object = new LinkedHashMap<>();
      object.put("SchemaVersion", Json.SCHEMA_VERSION);
      object.put("Head", authority.head().toString());
      object.put("Peers", list);
      object.put("Alarms", KeyAlarms.toJson(alarms));
      Json.print(out, object);
    }
    KeyAlarms.print(alarms, err);
    return PeerText.exitCode(
        StoreArgument.reportDamage(snapshot, err),
        file,
        verdicts.values().stream().anyMatch(verdict -> !PeerText.isKept(verdict)));
  }

  private static void print(
      PeersFile.Entry entry, PeerVerdict verdict, List<SignatureLayer> layers, PrintWriter out) {
    out.println(entry.title() + " " + entry.peer().nodeKey());
    OptionalInt failing = SignatureLayer.failing(verdict);
    String indent = "  ";
    for (int i = 0; i < layers.size(); i++) {
      boolean fails = failing.isPresent() && failing.getAsInt() == i;
      out.println(indent + Texts.printable(layers.get(i).describe()) + (fails ? "  <- fails" : ""));
      indent += "  ";
    }
    out.println((PeerText.isKept(verdict) ? "kept: " : "dropped: ") + PeerText.reason(verdict));
  }

  private static Map<String, Object> toJson(SignatureLayer layer) {
    NodeKeySignature at = layer.signature();
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("SigKind", at.kindName());
    at.nodeKey().ifPresent(key -> json.put("NodeKey", key.toString()));
    at.signingKey().ifPresent(key -> json.put("SignedBy", Texts.keyId(key)));
    json.put("Verifies", layer.verifies());
    if (at.kind() != NodeKeySignature.ROTATION) {
      json.put("Trusted", layer.trusted().isPresent());
    }
    return json;
  }
}
