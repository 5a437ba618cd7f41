package dev.tka.cli.command;

import dev.tka.cli.input.StoreArgument;
import dev.tka.cli.output.ChainGraph;
import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.Json;
import dev.tka.cli.output.Texts;
import dev.tka.core.Aum;
import dev.tka.core.Bytes;
import dev.tka.core.Key;
import dev.tka.core.State;
import dev.tka.core.TkaException;
import dev.tka.core.authority.Authority;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.BodyReader;
import dev.tka.core.store.StoreException;
import dev.tka.sync.rpc.AumJson;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code tka log}: lists the AUMs of the active chain, newest first. */
@Command(
    name = "log",
    description = "Lists the updates of a store's active chain, newest first.",
    mixinStandardHelpOptions = true,
    footerHeading = "%nExamples:%n",
    footer = {
      "  tka log DIR --limit 5",
      "  tka log DIR --graph            shows forks, with losing branches marked o",
      "  tka log DIR --json | jq -r '.Messages[].Hash'"
    })
public final class LogCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;
  @Mixin private StoreArgument store;

  @Option(
      names = "--limit",
      paramLabel = "N",
      description = "List at most N updates (default: ${DEFAULT-VALUE}).")
  private int limit = 50;

  @Option(names = "--json", description = "Print JSON, as 'tailscale lock log --json' does.")
  private boolean json;

  @Option(names = "--graph", description = "Draw the chain with its forks, one line per update.")
  private boolean graph;

  @Override
  public Integer call() throws TkaException, IOException, CommandFailure {
    if (limit < 1) {
      throw new ParameterException(spec.commandLine(), "--limit must be at least 1, not " + limit);
    }
    if (json && graph) {
      throw new ParameterException(spec.commandLine(), "--json cannot be combined with --graph");
    }
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    AumSnapshot snapshot = store.open().aums().read();
    Authority authority = StoreArgument.openAuthority(snapshot, Authority::open, err);
    if (graph) {
      new ChainGraph(authority, Ansi.AUTO).print(out, limit);
    } else if (json) {
      Json.print(out, toJson(authority));
    } else {
      BodyReader reader = new BodyReader(snapshot, authority.newestFirst(limit));
      while (reader.hasNext()) {
        print(reader.aum(), out);
      }
    }
    return StoreArgument.reportDamage(snapshot, err);
  }

  private Map<String, Object> toJson(Authority authority) throws StoreException {
    List<Map<String, Object>> messages = new ArrayList<>();
    BodyReader reader = new BodyReader(authority.snapshot(), authority.newestFirst(limit));
    while (reader.hasNext()) {
      messages.add(AumJson.message(reader.aum()));
    }
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("SchemaVersion", Json.SCHEMA_VERSION);
    object.put("Messages", messages);
    return object;
  }

  private static void print(Aum aum, PrintWriter out) {
    out.println(Ansi.AUTO.string("@|yellow update " + aum.hash() + "|@ (" + aum.kind() + ")"));
    aum.key().ifPresent(key -> print(key, "", out));
    aum.keyId().ifPresent(keyId -> out.println("KeyID: " + Texts.keyId(keyId)));
    aum.votes().ifPresent(votes -> out.println("Votes: " + Long.toUnsignedString(votes)));
    if (!aum.meta().isEmpty()) {
      out.println("Metadata: " + Texts.meta(aum.meta()));
    }
    aum.state().ifPresent(state -> print(state, out));
    out.println();
  }

  private static void print(State state, PrintWriter out) {
    out.println("Disablement values:");
    for (Bytes value : state.disablementValues()) {
      out.println(" - " + value.toHex());
    }
    out.println("Keys:");
    for (Key key : state.keys()) {
      print(key, "  ", out);
    }
  }

  private static void print(Key key, String indent, PrintWriter out) {
    out.println(indent + "Type: " + key.kindName());
    out.println(indent + "KeyID: " + Texts.keyId(key.id()));
    if (!key.meta().isEmpty()) {
      out.println(indent + "Metadata: " + Texts.meta(key.meta()));
    }
  }
}
