package dev.tka.cli.command;

import dev.tka.cli.input.OpenStore;
import dev.tka.cli.input.PeersFile;
import dev.tka.cli.input.PeersSource;
import dev.tka.cli.input.StoreArgument;
import dev.tka.cli.input.StreamArgument;
import dev.tka.cli.input.Tka;
import dev.tka.cli.output.Advice;
import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.cli.output.Json;
import dev.tka.client.ServerException;
import dev.tka.core.TkaException;
import dev.tka.core.authority.Authority;
import dev.tka.core.nodekey.KeyAlarm;
import dev.tka.core.nodekey.PeerVerdict;
import dev.tka.core.store.AumSnapshot;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code tka peers}: which nodes of a network are signed. */
@Command(
    name = "peers",
    description = {
      "Shows which peers a node with this store keeps, which it drops, and why.",
      "The exit status is "
          + ExitCode.PEER_DROPPED
          + " if a peer is dropped, and 3 if an entry of the file is broken; the other entries"
          + " are still handled.",
      KeyAlarms.HELP
    },
    mixinStandardHelpOptions = true,
    footerHeading = "%nExamples:%n",
    footer = {
      "  tka peers DIR peers.json",
      "  tka peers unix:tka-data/operator.sock --tailnet example.com     the server's own nodes",
      "  tka peers tailscaled:                          the nodes that this machine's daemon knows",
      "  tailscale lock status --json | tka peers DIR -",
      "  tka peers DIR peers.json --json | jq '.Peers[] | select(.Kept | not)'"
    })
public final class PeersCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;
  @ParentCommand private Tka tka;
  @Mixin private StoreArgument store;

  @Parameters(
      index = "1",
      arity = "0..1",
      paramLabel = "PEERS",
      converter = StreamArgument.File.class,
      description = {
        "The peers file: the output of 'tailscale lock status --json', or a file as"
            + " docs/peers-file.md describes it; - for standard input. A running server, or"
            + " tailscaled, is asked for its nodes if there is none."
      })
  private @Nullable StreamArgument peers;

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  @Override
  public Integer call() throws TkaException, IOException, CommandFailure, ServerException {
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    PeersSource source = PeersSource.of(Optional.ofNullable(peers), "PEERS", store, spec);
    OpenStore opened = store.open();
    AumSnapshot snapshot = opened.aums().read();
    Authority authority = StoreArgument.openAuthority(snapshot, Authority::open, err);
    PeersFile file = source.read(opened, tka, err);
    Map<PeersFile.Entry, PeerVerdict> verdicts = PeerText.filter(authority, file);
    List<KeyAlarm> alarms = new ArrayList<>(KeyAlarm.ofTrusted(authority.state()));
    alarms.addAll(KeyAlarms.ofNodes(verdicts.keySet()));
    long kept = verdicts.values().stream().filter(PeerText::isKept).count();
    long dropped = verdicts.size() - kept;
    if (json) {
      Map<String, Object> object = new LinkedHashMap<>();
      object.put("SchemaVersion", Json.SCHEMA_VERSION);
      object.put("Head", authority.head().toString());
      object.put("Kept", kept);
      object.put("Dropped", dropped);
      List<Map<String, Object>> list = new ArrayList<>();
      verdicts.forEach((entry, verdict) -> list.add(PeerText.toJson(entry, verdict)));
      object.put("Peers", list);
      object.put("Alarms", KeyAlarms.toJson(alarms));
      Json.print(out, object);
    } else {
      verdicts.forEach(
          (entry, verdict) ->
              out.printf(
                  "%-7s  %-7s  %s: %s%n",
                  PeerText.isKept(verdict) ? "kept" : "dropped",
                  entry.peer().nodeKey().toShortText(),
                  entry.title(),
                  PeerText.reason(verdict)));
      out.println(kept + " kept, " + dropped + " dropped");
    }
    KeyAlarms.print(alarms, err);
    if (verdicts.values().stream().anyMatch(PeerText::isUnsigned)) {
      err.println(
          "tka: why a peer is dropped, and what to do, says 'tka explain "
              + (store.words() + " NODE" + source.option() + "'"));
      Advice.print(source.signAll(store.words()), "tka: ", err);
    }
    return PeerText.exitCode(StoreArgument.reportDamage(snapshot, err), file, dropped > 0);
  }
}
